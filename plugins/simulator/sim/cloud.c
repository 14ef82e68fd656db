/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the platform does by itself: guards, self-healing and elasticity. Left on during an upgrade they
 * interfere as real ones do: an instance that is being upgraded looks dead and is rebuilt from its old
 * image, and one that is empty because it was just upgraded is the first to be scaled in.
 */
#include "sim/model.h"

#include <string.h>

const char *const sim_guard_names[GUARDS] = {
    [GUARD_HEALING] = "healing",         [GUARD_SCALING] = "scaling",
    [GUARD_ALARM_MARK] = "alarm-mark",   [GUARD_CONFIG_FREEZE] = "config-freeze",
    [GUARD_BACKUP] = "scheduled-backup",
};

static const struct {
    const char *state;
    const char *member; /* the boolean that says whether it does anything */
    const char *help;
} guards[GUARDS] = {
    [GUARD_HEALING] = {"{\"enabled\":true,\"detect_s\":30}", "enabled", "self-healing"},
    [GUARD_SCALING] = {"{\"enabled\":true,\"min\":16,\"max\":24}", "enabled", "elasticity"},
    [GUARD_ALARM_MARK] = {"{\"marked\":false}", "marked", "alarms are marked as maintenance"},
    [GUARD_CONFIG_FREEZE] = {"{\"frozen\":false}", "frozen", "configuration is frozen"},
    [GUARD_BACKUP] = {"{\"enabled\":true,\"at\":\"02:30\"}", "enabled", "scheduled backups"},
};

int sim_guard_find(const char *name)
{
    for (int guard = 0; name && guard < GUARDS; guard++)
        if (strcmp(sim_guard_names[guard], name) == 0)
            return guard;
    return -1;
}

/* {"enabled":false}, false and "off" all say the same. */
bool sim_guard_on(const struct sim_world *world, enum sim_guard guard)
{
    const json_t *state = world->guard[guard].state;
    if (json_is_object(state))
        state = json_object_get(state, guards[guard].member);
    if (json_is_string(state))
        return strcmp(json_string_value(state), "on") == 0;
    return json_is_true(state);
}

void sim_guards_reset(struct sim_world *world)
{
    for (int guard = 0; guard < GUARDS; guard++)
        world->guard[guard].state = json_loads(guards[guard].state, 0, NULL);
    json_t *scaling = world->guard[GUARD_SCALING].state;
    json_object_set_new(scaling, "min", json_integer(world->set.svc_min));
    json_object_set_new(scaling, "max", json_integer(world->set.svc_max));
    json_object_set_new(world->guard[GUARD_HEALING].state, "detect_s",
                        json_integer(world->set.heal_detect_ms / 1000));
    for (int guard = 0; guard < GUARDS; guard++)
        sim_guard_change(world, (enum sim_guard)guard, world->guard[guard].state, "at first");
}

/* ---- self-healing ---- */

void sim_heal_event(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    bool own =
        instance->why == BUILD_HEALING || instance->why == BUILD_SCALING || instance->why == BUILD_CREATE;
    bool dead = instance->state == INST_ERROR || (instance->state == INST_BUILDING && !own);
    if (!dead || world->set.instances || !sim_guard_on(world, GUARD_HEALING))
        return;
    world->truth.healing_interfered += instance->why != BUILD_HEALING;
    sim_build(world, index, &instance->before, BUILD_HEALING);
}

/* ---- elasticity ---- */

static uint32_t count_services(const struct sim_world *world, bool building)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        bool created = here->state == INST_BUILDING && here->why == BUILD_SCALING;
        count += here->vdu == VDU_SVC && (here->state == INST_RUNNING || (building && created));
    }
    return count;
}

/* Elasticity that acts while versions are being changed gets in the way; otherwise it does its work. */
static bool upgrading(const struct sim_world *world)
{
    bool building = false;
    for (uint32_t i = 0; i < world->instance_count; i++)
        building |= world->instances[i].state == INST_BUILDING && world->instances[i].why == BUILD_UPGRADE;
    return world->split || building;
}

static void scale_out(struct sim_world *world)
{
    uint32_t index = sim_instance_add(world, VDU_SVC);
    world->truth.scaling_interfered += upgrading(world);
    world->instances[index].admitted = false;
    sim_build(world, index, &world->blueprint[VDU_SVC], BUILD_SCALING);
}

/* The running service instance with the fewest users goes, after its users were moved to the others. */
static void scale_in(struct sim_world *world)
{
    uint32_t least = SIM_NONE;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->vdu == VDU_SVC && here->state == INST_RUNNING &&
            (least == SIM_NONE || here->users < world->instances[least].users))
            least = i;
    }
    if (least == SIM_NONE)
        return;
    world->truth.scaling_interfered += upgrading(world);
    while (world->instances[least].head != SIM_NONE) {
        uint32_t other = sim_any_instance(world, sim_domain_of(world, &world->instances[least]), least);
        if (other == SIM_NONE)
            break;
        sim_user_move(world, world->instances[least].head, other);
    }
    sim_instance_remove(world, least, DROP_SCALING);
}

void sim_scale_event(struct sim_world *world)
{
    sim_queue_put(&world->things, world->now + world->set.scale_every_ms, EV_SCALE, 0, 0);
    if (world->set.instances || !sim_guard_on(world, GUARD_SCALING))
        return;
    int64_t running = count_services(world, false), coming = count_services(world, true);
    int64_t users = 0;
    for (int domain = 0; domain < DOMAINS; domain++)
        users += world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
    int64_t used = coming > 0 ? users * 1000 / (coming * world->set.svc_capacity) : 1000;
    if (coming < world->set.svc_min || (used > world->set.scale_out_permille && coming < world->set.svc_max))
        scale_out(world);
    else if (running > world->set.svc_min &&
             (used < world->set.scale_in_permille || running > world->set.svc_max))
        scale_in(world);
}

/* ---- guards as verbs ---- */

static void look_guard(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    const char *name = json_string_value(json_object_get(args, "guard"));
    int guard = sim_guard_find(name);
    if (guard < 0) {
        sim_refuse(reply, FERRY_FAILURE_INVALID,
                   "healing, scaling, alarm-mark, config-freeze, scheduled-backup",
                   "there is no guard \"%s\"", name ? name : "");
        return;
    }
    sim_answer(reply, json_pack("{s:s,s:O}", "guard", name, "state", world->guard[guard].state));
}

static void start_guard(struct sim_world *world, struct sim_op *op)
{
    const char *name = json_string_value(json_object_get(op->args, "guard"));
    int guard = sim_guard_find(name);
    json_t *state = json_object_get(op->args, "state");
    if (guard < 0 || !state) {
        sim_op_failed(op, FERRY_FAILURE_INVALID,
                      "healing, scaling, alarm-mark, config-freeze, scheduled-backup",
                      "there is no guard \"%s\", or no state was given", name ? name : "");
        return;
    }
    struct sim_guard_state *held = &world->guard[guard];
    int64_t lease = json_integer_value(json_object_get(op->args, "lease_ms"));
    bool renewed = held->lease_until > 0 && lease > 0 && json_equal(held->state, state);
    held->renewed += renewed;
    if (!renewed)
        sim_guard_change(world, (enum sim_guard)guard, state, op->key);
    held->lease_until = lease > 0 ? world->now + lease : 0;
    json_decref(held->prior);
    held->prior = json_incref(json_object_get(op->args, "prior"));
    if (lease > 0)
        sim_queue_put(&world->things, held->lease_until, EV_LEASE, (uint32_t)guard, 0);
    sim_op_done(op, json_pack("{s:O}", "state", state));
}

void sim_lease_event(struct sim_world *world, uint32_t guard)
{
    struct sim_guard_state *held = &world->guard[guard];
    if (held->lease_until == 0 || world->now < held->lease_until)
        return;
    held->lease_until = 0;
    held->expired++;
    if (held->prior && !json_is_null(held->prior))
        sim_guard_change(world, (enum sim_guard)guard, held->prior, "lease");
}

const struct sim_verb sim_verbs_guard[] = {
    {"guard_read", SIM_VIM | SIM_NF, look_guard, NULL, NULL, NULL},
    {"guard_set", SIM_VIM | SIM_NF, NULL, start_guard, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
