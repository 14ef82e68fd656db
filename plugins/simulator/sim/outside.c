/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances that are somebody else's: pods or servers of a real cloud, told of by whoever watches it. The NF
 * stands on what it is told and nothing else, and is as honest about it as about its own: an instance that is
 * stopped, rebuilt or lost while it serves drops its users there and then.
 */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

#define PAIRED (1U << VDU_OMU | 1U << VDU_LB)

struct told {
    const char *id, *build, *state;
    int vdu;
    struct sim_software software;
};

static bool read_told(const json_t *item, struct told *ret, char *why, size_t why_size)
{
    *ret = (struct told){
        .id = sim_text(item, "id"), .build = sim_text(item, "build"), .state = sim_text(item, "state")};
    const char *vdu = sim_text(item, "vdu");
    while (ret->vdu < VDUS && strcmp(sim_vdu_names[ret->vdu], vdu) != 0)
        ret->vdu++;
    sim_copy(ret->software.image, sizeof(ret->software.image), sim_text(item, "image"));
    sim_copy(ret->software.digest, sizeof(ret->software.digest), sim_text(item, "digest"));
    sim_copy(ret->software.version, sizeof(ret->software.version), sim_text(item, "version"));
    if (ret->id[0] && ret->vdu < VDUS && ret->software.image[0] && ret->software.version[0] && ret->state[0])
        return true;
    (void)snprintf(
        why, why_size,
        "instance \"%s\" of VDU \"%s\": it needs id, a vdu of OMU, LB, SDB, SVC, image, version and state",
        ret->id, vdu);
    return false;
}

/* Also one that is gone: when it comes back it is the same one, with its mate. */
static uint32_t find(const struct sim_world *world, const char *id)
{
    for (uint32_t i = 0; i < world->instance_count; i++)
        if (strcmp(world->instances[i].id, id) == 0)
            return i;
    return SIM_NONE;
}

static void pair_up(struct sim_world *world, uint32_t index)
{
    struct sim_instance *here = &world->instances[index];
    uint32_t number = 1;
    for (uint32_t i = 0; i < index; i++) {
        struct sim_instance *other = &world->instances[i];
        number += other->vdu == here->vdu && other->mate != SIM_NONE && other->mate > i;
        if (other->vdu != here->vdu || other->mate != SIM_NONE)
            continue;
        char pair[32];
        (void)snprintf(pair, sizeof(pair), "%s-%u", sim_vdu_names[here->vdu], number);
        sim_copy(here->pair, sizeof(here->pair), pair);
        sim_copy(other->pair, sizeof(other->pair), pair);
        here->mate = i;
        other->mate = index;
        other->active = true;
        return;
    }
}

static uint32_t add(struct sim_world *world, const struct told *told)
{
    uint32_t index = sim_instance_add(world, (enum sim_vdu_kind)told->vdu);
    struct sim_instance *here = &world->instances[index];
    sim_copy(here->id, sizeof(here->id), told->id);
    here->state = INST_REMOVED; /* until it is said to run */
    here->admitted = false;
    if (PAIRED & 1U << told->vdu)
        pair_up(world, index);
    return index;
}

/* What runs the version that serves is let in at once; a new version waits for join or readmit. */
static void come_up(struct sim_world *world, uint32_t index, const struct told *told)
{
    struct sim_instance *here = &world->instances[index];
    const char *serving = world->versions[world->split ? SOURCE : world->home];
    here->before = here->runs;
    here->next = told->software;
    here->why = strcmp(told->software.version, serving) == 0 ? BUILD_HEALING : BUILD_UPGRADE;
    here->failed = here->died = here->sick = false;
    sim_copy(here->build_name, sizeof(here->build_name), told->build);
    sim_instance_up(world, index);
}

static void go_down(struct sim_world *world, uint32_t index, enum sim_instance_state state, bool by_itself)
{
    struct sim_instance *here = &world->instances[index];
    if (here->state == INST_RUNNING) {
        here->died = by_itself;
        world->truth.deaths += by_itself;
        sim_leave_service(world, index, by_itself ? DROP_DEATH : DROP_UPGRADE);
    }
    here->state = state;
}

static void hear(struct sim_world *world, uint32_t index, const struct told *told)
{
    struct sim_instance *here = &world->instances[index];
    bool another =
        strcmp(here->build_name, told->build) != 0 || strcmp(here->runs.image, told->software.image) != 0;
    if (strcmp(told->state, "running") == 0) {
        if (here->state == INST_RUNNING && !another)
            return;
        go_down(world, index, INST_BUILDING, false);
        come_up(world, index, told);
        return;
    }
    bool stopping = strcmp(told->state, "stopping") == 0;
    go_down(world, index, strcmp(told->state, "error") == 0 ? INST_ERROR : INST_BUILDING,
            !another && !stopping);
}

static bool mentioned(const json_t *list, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(sim_text(item, "id"), id) == 0)
            return true;
    }
    return false;
}

static bool check(const json_t *list, char *why, size_t why_size)
{
    size_t i;
    json_t *item;
    struct told told;
    if (!json_is_array(list)) {
        (void)snprintf(why, why_size, "instances is not a list");
        return false;
    }
    json_array_foreach(list, i, item)
    {
        if (!read_told(item, &told, why, why_size))
            return false;
    }
    return true;
}

bool sim_world_instances(struct sim_world *world, const json_t *list, int64_t now_ms, char *why,
                         size_t why_size)
{
    size_t i;
    json_t *item;
    struct told told;
    if (!world->set.instances) {
        (void)snprintf(why, why_size, "this world has a cloud of its own; its world file names no instances");
        return false;
    }
    if (!check(list, why, why_size))
        return false;
    if (world->begun && now_ms > 0 && world->scale <= 1)
        sim_world_advance(world, now_ms);
    json_array_foreach(list, i, item)
    {
        (void)read_told(item, &told, why, why_size);
        uint32_t index = find(world, told.id);
        hear(world, index == SIM_NONE ? add(world, &told) : index, &told);
    }
    for (uint32_t at = 0; at < world->instance_count; at++)
        if (!mentioned(list, world->instances[at].id))
            go_down(world, at, INST_REMOVED, false);
    sim_capacity_changed(world);
    sim_alarms_refresh(world);
    sim_mover_wake(world);
    return true;
}

bool sim_outside_landscape(struct sim_world *world, char *why, size_t why_size)
{
    if (!sim_world_instances(world, world->set.instances, 0, why, why_size))
        return false;
    for (uint32_t i = 0; i < world->instance_count; i++) { /* the first ones serve, and are in sync */
        struct sim_instance *here = &world->instances[i];
        here->admitted = here->state == INST_RUNNING;
        here->synced_at = 0;
        if (here->mate != SIM_NONE)
            here->active = i < here->mate;
        world->blueprint[here->vdu] = here->runs;
    }
    return true;
}
