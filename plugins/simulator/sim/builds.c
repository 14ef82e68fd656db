/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances that are built, rebuilt and lost. Honest: whatever served on an instance when its rebuild
 * begins is dropped there and then, and told.
 */
#include "sim/model.h"

#include <string.h>

#define FAILOVER_MS 5000 /* signalling stands still while an unannounced failover is found and done */

static const enum sim_drop_why why_dropped[] = {
    [BUILD_UPGRADE] = DROP_UPGRADE, [BUILD_REPLACE] = DROP_UPGRADE, [BUILD_RESTORE] = DROP_UPGRADE,
    [BUILD_CREATE] = DROP_REMOVE,   [BUILD_HEALING] = DROP_HEALING, [BUILD_SCALING] = DROP_SCALING,
};

#define NEVER_MS ((int64_t)10 * 365 * 86400000) /* from now: a build that hangs */

static void drop_everybody(struct sim_world *world, enum sim_drop_why why)
{
    for (uint32_t i = 0; i < world->instance_count; i++)
        sim_drop_instance(world, i, why);
}

/* An active member went away: its mate takes over if it can, otherwise the pair is down. */
static void lose_active(struct sim_world *world, struct sim_instance *gone)
{
    struct sim_instance *mate = &world->instances[gone->mate];
    bool takes_over = sim_in_sync(world, mate);
    gone->active = false;
    mate->active = takes_over;
    if (gone->vdu == VDU_LB)
        world->gap_until = world->now + FAILOVER_MS;
    if (takes_over)
        return;
    world->truth.pairs_down++;
    if (gone->vdu == VDU_LB)
        drop_everybody(world, DROP_PAIR);
}

static void watch_storage(struct sim_world *world)
{
    int64_t left = sim_storage_in_sync(world);
    if (left < world->truth.storage_least)
        world->truth.storage_least = left;
    if (left > 0)
        return;
    world->truth.storage_down++;
    drop_everybody(world, DROP_STORAGE);
}

void sim_leave_service(struct sim_world *world, uint32_t index, enum sim_drop_why why)
{
    struct sim_instance *instance = &world->instances[index];
    bool was_in_sync = sim_in_sync(world, instance);
    if (instance->users > 0 && why != DROP_DEATH)
        world->truth.upgraded_under_sessions++;
    instance->admitted = false;
    instance->draining = false;
    sim_drop_instance(world, index, why);
    instance->state = why == DROP_REMOVE || why == DROP_SCALING ? INST_REMOVED
                      : why == DROP_DEATH                       ? INST_ERROR
                                                                : INST_BUILDING;
    if (instance->mate != SIM_NONE && instance->active) {
        world->truth.upgraded_active += why != DROP_DEATH;
        lose_active(world, instance);
    }
    if (instance->vdu == VDU_SDB && was_in_sync)
        watch_storage(world);
}

static int64_t build_time(struct sim_world *world, const struct sim_software *software)
{
    int64_t time = sim_random_between(&world->random, world->set.build_min_ms, world->set.build_max_ms);
    const char *digest = json_string_value(json_object_get(world->staged, software->image));
    if (!digest)
        time += world->set.download_ms;
    return time * world->fault[FAULT_build_slow_permille] / 1000 + 1;
}

/* What may befall the build of an instance that has just begun. */
static void befall(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    instance->hung = sim_build_fault(world, FAULT_build_never_ends, index) != NULL;
    if (instance->hung)
        instance->built_at = world->now + NEVER_MS;
    bool upgrade = instance->why == BUILD_UPGRADE || instance->why == BUILD_REPLACE;
    if (upgrade && !instance->hung && sim_build_fault(world, FAULT_instance_dies, index))
        sim_queue_put(&world->things, world->now + (instance->built_at - world->now) / 2, EV_DIES, index,
                      instance->build + 1);
}

void sim_build(struct sim_world *world, uint32_t index, const struct sim_software *software,
               enum sim_build_why why)
{
    struct sim_instance *instance = &world->instances[index];
    struct sim_software next = *software; /* may be one of the instance's own */
    if (why != BUILD_HEALING)
        instance->before = instance->runs;
    instance->next = next;
    instance->why = why;
    instance->failed = instance->died = instance->sick = false;
    instance->healed = why == BUILD_HEALING;
    sim_leave_service(world, index, why_dropped[why]);
    instance->state = INST_BUILDING;
    instance->built_at = world->now + build_time(world, &next);
    world->truth.builds++;
    befall(world, index);
    sim_queue_put(&world->things, instance->built_at, EV_BUILT, index, ++instance->build);
    if (why != BUILD_HEALING && why != BUILD_SCALING && why != BUILD_CREATE)
        sim_queue_put(&world->things, world->now + world->set.heal_detect_ms, EV_HEAL, index,
                      instance->build);
    sim_capacity_changed(world);
    sim_alarms_refresh(world);
}

/* A rebuilt service instance waits for join or readmit; what the cloud itself built serves at once. */
static bool serves_at_once(const struct sim_instance *instance)
{
    if (instance->vdu != VDU_SVC)
        return instance->vdu != VDU_SDB || instance->why == BUILD_HEALING;
    return instance->why == BUILD_HEALING || instance->why == BUILD_SCALING;
}

void sim_built_event(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    if (sim_build_fault(world, FAULT_build_fails, index)) {
        instance->state = INST_ERROR;
        instance->failed = true;
        world->truth.builds_failed++;
        if (sim_guard_on(world, GUARD_HEALING))
            sim_queue_put(&world->things, world->now + world->set.heal_detect_ms, EV_HEAL, index,
                          instance->build);
        return;
    }
    sim_instance_up(world, index);
}

void sim_instance_up(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    instance->runs = instance->next;
    instance->state = INST_RUNNING;
    instance->synced_at = world->now;
    if (sim_replicates(instance))
        instance->synced_at += sim_random_between(&world->random, world->set.sync_ms / 2, world->set.sync_ms);
    instance->sick = sim_build_fault(world, FAULT_never_ready, index) != NULL;
    instance->admitted = serves_at_once(instance);
    if (instance->mate != SIM_NONE && !world->instances[instance->mate].active)
        instance->active = true;
    sim_capacity_changed(world);
    sim_mover_wake(world);
}

void sim_instance_remove(struct sim_world *world, uint32_t index, enum sim_drop_why why)
{
    struct sim_instance *instance = &world->instances[index];
    instance->build++;
    sim_leave_service(world, index, why);
    instance->state = INST_REMOVED;
    sim_capacity_changed(world);
    sim_alarms_refresh(world);
}

/* Whatever it did, it does no more: its users are dropped, and healing sees it if that is on. */
void sim_instance_dies(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    if (instance->state != INST_RUNNING && instance->state != INST_BUILDING)
        return;
    if (instance->state == INST_RUNNING)
        instance->before = instance->runs; /* what healing brings back */
    instance->died = instance->failed = true;
    sim_leave_service(world, index, DROP_DEATH);
    instance->state = INST_ERROR;
    world->truth.deaths++;
    sim_queue_put(&world->things, world->now + world->set.heal_detect_ms, EV_HEAL, index, ++instance->build);
    sim_capacity_changed(world);
    sim_alarms_refresh(world);
}
