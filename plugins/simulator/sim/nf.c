/* SPDX-License-Identifier: Apache-2.0 */
/* The NF manager's acting verbs: two domains, and who serves in them. steer.c has who goes where. */
#include "sim/model.h"

#include <string.h>

/* ---- versions and domains ---- */

static void start_soon(struct sim_world *world, struct sim_op *op)
{
    sim_op_due(world, op, world->set.nf_ms, 1);
}

static void due_load(struct sim_world *world, struct sim_op *op)
{
    json_object_set_new(world->loaded, sim_text(op->args, "version"), json_true());
    sim_op_done(op, json_object());
}

static void start_split(struct sim_world *world, struct sim_op *op)
{
    const char *version = sim_text(op->args, "version");
    const char *now = world->versions[world->split ? SOURCE : world->home];
    bool is_target = world->split && strcmp(version, world->versions[TARGET]) == 0;
    if (strcmp(version, now) == 0)
        sim_op_failed(op, FERRY_FAILURE_REFUSED, NULL, "%s runs %s already", world->set.nf, now);
    else if (!is_target && !json_object_get(world->loaded, version))
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "load it first", "%s does not know version %s",
                      world->set.nf, version);
    else
        start_soon(world, op);
}

static void due_split(struct sim_world *world, struct sim_op *op)
{
    if (world->split) { /* for another version: what runs the former one stays in the domain until it is
                           upgraded */
        sim_copy(world->versions[TARGET], sizeof(world->versions[TARGET]), sim_text(op->args, "version"));
    } else {
        char now[sizeof(world->versions[0])];
        sim_copy(now, sizeof(now), world->versions[world->home]);
        sim_copy(world->versions[SOURCE], sizeof(now), now);
        sim_copy(world->versions[TARGET], sizeof(now), sim_text(op->args, "version"));
        world->split = true;
        world->permille = 0;
        sim_thresholds(world);
        sim_capacity_changed(world);
    }
    sim_op_done(op, json_pack("{s:b}", "split", true));
}

/* Somebody else's instance that is not there yet has not registered with the NF: whoever named it waits. */
static bool all_registered(const struct sim_world *world, const struct sim_op *op)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(op->args, "instances"), i, item)
    {
        uint32_t index = sim_instance_find(world, json_string_value(item));
        if (index == SIM_NONE || world->instances[index].state != INST_RUNNING)
            return false;
    }
    return true;
}

static void start_instances(struct sim_world *world, struct sim_op *op)
{
    if (world->set.instances && !all_registered(world, op)) {
        start_soon(world, op);
        return;
    }
    if (!sim_op_instances(world, op))
        return;
    const char *domain = sim_text(op->args, "domain");
    for (size_t i = 0; i < op->count; i++) {
        const struct sim_instance *here = &world->instances[op->instances[i]];
        const char *is = sim_domain_names[sim_domain_of(world, here)];
        if (here->state != INST_RUNNING) {
            sim_op_failed(op, FERRY_FAILURE_REFUSED, "wait until it runs", "%s is not running", here->id);
            return;
        }
        if (domain[0] && here->vdu == VDU_SVC && strcmp(domain, is) != 0) {
            sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade it first",
                          "%s runs %s and belongs to the %s domain", here->id, here->runs.version, is);
            return;
        }
    }
    start_soon(world, op);
}

static void due_admit(struct sim_world *world, struct sim_op *op)
{
    if (world->set.instances && op->count < json_array_size(json_object_get(op->args, "instances"))) {
        start_instances(world, op);
        return;
    }
    for (size_t i = 0; i < op->count; i++)
        if (world->instances[op->instances[i]].sick) {
            sim_op_due(world, op, world->set.nf_ms, (int64_t)op->count); /* not ready: looked at again */
            return;
        }
    for (size_t i = 0; i < op->count; i++) {
        struct sim_instance *here = &world->instances[op->instances[i]];
        here->admitted = here->state == INST_RUNNING;
        here->draining = false;
        world->rebalance[sim_domain_of(world, here)] = true;
    }
    sim_capacity_changed(world);
    sim_mover_wake(world);
    sim_op_done(op, json_object());
}

/* "all": one domain again. Nobody may be left behind on the other version. */
static void start_join(struct sim_world *world, struct sim_op *op)
{
    if (!json_is_true(json_object_get(op->args, "all"))) {
        start_instances(world, op);
        return;
    }
    if (json_object_get(op->args, "instances")) {
        sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "join takes either instances or all");
        return;
    }
    uint32_t serving[DOMAINS] = {0}, former = 0;
    for (uint32_t i = 0; world->split && i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        enum sim_domain domain = sim_domain_of(world, here);
        serving[domain] += sim_serves(here);
        former += sim_serves(here) && strcmp(here->runs.version, world->versions[domain]) != 0;
    }
    if (serving[SOURCE] && serving[TARGET])
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade or drain the others first",
                      "%u instances serve on %s and %u on %s: they cannot be one domain", serving[SOURCE],
                      world->versions[SOURCE], serving[TARGET], world->versions[TARGET]);
    else if (former)
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade or drain them first",
                      "%u instances of the target domain serve on another version than %s", former,
                      world->versions[TARGET]);
    else
        start_soon(world, op);
}

static void unite(struct sim_world *world)
{
    world->home = sim_least_loaded(world, TARGET, SIM_NONE) != SIM_NONE ? TARGET : SOURCE;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->state == INST_RUNNING && sim_domain_of(world, here) == world->home)
            world->blueprint[here->vdu] = here->runs;
    }
    for (uint32_t i = 0; i < world->user_count; i++)
        world->users[i].pinned = false;
    world->split = false;
    world->permille = world->home == TARGET ? 1000 : 0;
    sim_capacity_changed(world);
}

static void due_join(struct sim_world *world, struct sim_op *op)
{
    if (!json_is_true(json_object_get(op->args, "all"))) {
        due_admit(world, op);
        return;
    }
    if (world->split)
        unite(world);
    sim_op_done(op, json_object());
}

/* ---- pairs ---- */

static void start_switchover(struct sim_world *world, struct sim_op *op)
{
    uint32_t index = sim_instance_find(world, sim_text(op->args, "active"));
    const struct sim_instance *to = index != SIM_NONE ? &world->instances[index] : NULL;
    const char *pair = sim_text(op->args, "pair");
    if (!to || to->mate == SIM_NONE || (pair[0] && strcmp(pair, to->pair) != 0))
        sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "\"%s\" is not a member of the pair \"%s\"",
                      sim_text(op->args, "active"), pair);
    else if (!to->active && !sim_in_sync(world, to))
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "wait until sync_state says it is in sync",
                      "%s cannot become active: it is %s", to->id,
                      to->state == INST_RUNNING ? "not in sync yet" : "not running");
    else
        sim_op_due(world, op, to->active ? 1 : world->set.nf_ms, 1);
}

static void due_switchover(struct sim_world *world, struct sim_op *op)
{
    uint32_t index = sim_instance_find(world, sim_text(op->args, "active"));
    struct sim_instance *to = index != SIM_NONE ? &world->instances[index] : NULL;
    if (!to || (!to->active && !sim_in_sync(world, to))) {
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "look at the inventory",
                      "%s went away during the switchover", sim_text(op->args, "active"));
        return;
    }
    world->instances[to->mate].active = false;
    to->active = true;
    sim_op_done(op, json_pack("{s:s}", "active", to->id));
}

const struct sim_verb sim_verbs_nf[] = {
    {"load", SIM_NF, NULL, start_soon, NULL, due_load},
    {"split", SIM_NF, NULL, start_split, NULL, due_split},
    {"join", SIM_NF, NULL, start_join, NULL, due_join},
    {"readmit", SIM_NF, NULL, start_instances, NULL, due_admit},
    {"switchover", SIM_NF, NULL, start_switchover, NULL, due_switchover},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
