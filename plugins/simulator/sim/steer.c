/* SPDX-License-Identifier: Apache-2.0 */
/* The NF manager's verbs that move users: steer to a ratio, drain instances. mover.c does the moving. */
#include "sim/model.h"

#include <stdlib.h>

/* ---- steering ---- */

static json_t *pair_json(int64_t source, int64_t target)
{
    return json_pack("{s:I,s:I}", "source", (json_int_t)source, "target", (json_int_t)target);
}

static json_t *measured(const struct sim_world *world)
{
    const uint32_t(*n)[SEGMENTS] = world->attached;
    json_t *segments = json_object();
    for (int segment = 0; segment < SEGMENTS; segment++)
        json_object_set_new(segments, sim_segment_names[segment],
                            pair_json(n[SOURCE][segment], n[TARGET][segment]));
    return json_pack("{s:o,s:o,s:o}", "users",
                     pair_json((int64_t)n[SOURCE][SEG_5G] + n[SOURCE][SEG_4G],
                               (int64_t)n[TARGET][SEG_5G] + n[TARGET][SEG_4G]),
                     "sessions", pair_json(world->sessions[SOURCE], world->sessions[TARGET]), "segments",
                     segments);
}

static void steering_done(struct sim_world *world, struct sim_op *op, int64_t waiting)
{
    json_t *result = json_pack("{s:o,s:I,s:I}", "measured", measured(world), "permille",
                               (json_int_t)world->permille, "moved", (json_int_t)op->moved);
    if (waiting > 0)
        json_object_set_new(result, "waiting", json_integer(waiting));
    sim_op_done(op, result);
}

/* Only arrivals change the share: it is reached when it is measured, within half a point. */
static bool share_reached(const struct sim_world *world, int64_t *ret_left)
{
    bool sessions = world->set.shape == SHAPE_SMF;
    int64_t target = sessions ? world->sessions[TARGET]
                              : world->attached[TARGET][SEG_5G] + world->attached[TARGET][SEG_4G];
    int64_t source = sessions ? world->sessions[SOURCE]
                              : world->attached[SOURCE][SEG_5G] + world->attached[SOURCE][SEG_4G];
    int64_t wanted = (target + source) * world->permille / 1000;
    *ret_left = wanted > target ? wanted - target : target - wanted;
    bool end = world->permille == 0 || world->permille == 1000;
    return *ret_left * 1000 <= (end ? 0 : 5 * (target + source));
}

/* How many are not where they belong, and how many of those wait for their call to end. */
static int64_t count_misplaced(const struct sim_world *world, int64_t *ret_in_call)
{
    int64_t left = 0;
    *ret_in_call = 0;
    for (uint32_t slot = 0; slot < world->user_count; slot++) {
        const struct sim_user *user = &world->users[slot];
        if (user->state != USER_ATTACHED || sim_wanted(world, user) == sim_place_of(world, user))
            continue;
        left++;
        *ret_in_call += sim_in_call(world, user);
    }
    return left;
}

static void poll_steer(struct sim_world *world, struct sim_op *op)
{
    int64_t left = 0, in_call = 0;
    if (world->set.mobility == FERRY_MOBILITY_NEW_ONLY) {
        op->due = world->now + 10000;
        if (share_reached(world, &left))
            steering_done(world, op, 0);
    } else {
        left = count_misplaced(world, &in_call);
        bool waits = world->set.mobility == FERRY_MOBILITY_ON_IDLE;
        op->due = world->now + left * 1000 / world->steer_rate + 500;
        if (left == 0 || (waits && left == in_call))
            steering_done(world, op, left);
    }
    if (left > op->total)
        op->total = left;
    op->done = op->total - left;
}

static bool pin(struct sim_world *world, struct sim_op *op, const json_t *subscribers)
{
    json_t *subscriber;
    size_t i;
    json_array_foreach(subscribers, i, subscriber)
    {
        const char *name = json_string_value(subscriber);
        uint32_t slot = name ? sim_user_find(world, name) : SIM_NONE;
        if (slot == SIM_NONE) {
            sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "no subscriber \"%s\" to steer", name ? name : "");
            return false;
        }
        world->users[slot].pinned = true;
    }
    return true;
}

/* Only one domain: everybody is where that share has them, or steering makes no sense. */
static bool is_so_already(const struct sim_world *world, int64_t permille)
{
    return !world->split && permille == (world->home == TARGET ? 1000 : 0);
}

static bool may_steer(const struct sim_world *world, struct sim_op *op, int64_t permille)
{
    static const struct {
        enum sim_domain domain;
        int64_t not_for; /* the share that needs nobody there */
    } needed[] = {{SOURCE, 1000}, {TARGET, 0}};
    if (!world->split) {
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "split first",
                      "%s is one domain: there is nothing to steer between", world->set.nf);
        return false;
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (permille != needed[i].not_for &&
            sim_least_loaded(world, needed[i].domain, SIM_NONE) == SIM_NONE) {
            sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade and join one instance first",
                          "no instance serves in the %s domain", sim_domain_names[needed[i].domain]);
            return false;
        }
    return true;
}

static void start_steer(struct sim_world *world, struct sim_op *op)
{
    const json_t *subscribers = json_object_get(op->args, "subscribers");
    const json_t *permille = json_object_get(op->args, "permille");
    bool only_some = json_array_size(subscribers) > 0;
    char why[128];
    if (!only_some && (!json_is_integer(permille) || json_integer_value(permille) < 0 ||
                       json_integer_value(permille) > 1000)) {
        sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "permille is not an integer of 0 to 1000");
        return;
    }
    if (!only_some && is_so_already(world, json_integer_value(permille))) {
        steering_done(world, op, 0);
        return;
    }
    if (!may_steer(world, op, only_some ? 500 : json_integer_value(permille))) /* some: both domains */
        return;
    if (only_some && !pin(world, op, subscribers))
        return;
    if (!only_some) {
        if (!sim_selectors_set(world, json_object_get(op->args, "selectors"), why, sizeof(why))) {
            sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "%s", why);
            return;
        }
        world->permille = json_integer_value(permille);
        for (uint32_t i = 0; world->permille == 0 && i < world->user_count; i++)
            world->users[i].pinned = false; /* everybody goes back */
        sim_thresholds(world);
    }
    if (world->steering && world->steering != op && world->steering->state == OP_RUNNING)
        sim_op_failed(world->steering, FERRY_FAILURE_REFUSED, NULL, "another steering (%s) took its place",
                      op->key);
    int64_t rate = json_integer_value(json_object_get(op->args, "rate"));
    world->steering = op;
    world->steer_rate = rate > 0 ? rate : world->set.move_rate;
    world->steer_budget = 0;
    sim_mover_wake(world);
    poll_steer(world, op);
}

/* ---- draining ---- */

static bool may_drain(const struct sim_world *world, struct sim_op *op, const struct sim_instance *instance)
{
    if (instance->mate != SIM_NONE && instance->active) {
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "switch over to its mate first",
                      "%s is the active one of %s", instance->id, instance->pair);
        return false;
    }
    enum sim_domain domain = sim_domain_of(world, instance);
    if (instance->users > 0 && sim_any_instance(world, domain, SIM_NONE) == SIM_NONE) {
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "steer them away, or bring another instance into service",
                      "no other instance of the %s domain is left to take the %u users of %s",
                      sim_domain_names[domain], instance->users, instance->id);
        return false;
    }
    return true;
}

static void drain_begin(struct sim_world *world, struct sim_op *op, int64_t rate)
{
    for (size_t i = 0; i < op->count; i++) {
        struct sim_instance *here = &world->instances[op->instances[i]];
        op->total += here->users;
        here->admitted = false;
        here->draining = here->users > 0;
        here->drain_rate = rate > 0 ? rate : 1;
        here->drain_budget = here->drain_moved = 0;
    }
}

/* All of the set leave together, so what is left is looked at without any of them. */
static void start_drain(struct sim_world *world, struct sim_op *op)
{
    if (!sim_op_instances(world, op))
        return;
    bool *was = sim_alloc(op->count + 1), allowed = true;
    for (size_t i = 0; i < op->count; i++) {
        was[i] = world->instances[op->instances[i]].admitted;
        world->instances[op->instances[i]].admitted = false;
    }
    for (size_t i = 0; i < op->count; i++)
        allowed = allowed && may_drain(world, op, &world->instances[op->instances[i]]);
    for (size_t i = 0; !allowed && i < op->count; i++)
        world->instances[op->instances[i]].admitted = was[i];
    free(was);
    if (!allowed)
        return;
    int64_t rate = json_integer_value(json_object_get(op->args, "rate"));
    drain_begin(world, op, (rate > 0 ? rate : world->set.move_rate) / (op->count ? (int64_t)op->count : 1));
    sim_capacity_changed(world);
    sim_mover_wake(world);
    sim_op_due(world, op, world->set.nf_ms, op->total);
}

static void poll_drain(struct sim_world *world, struct sim_op *op)
{
    int64_t left = 0, moved = 0, rate = 1;
    for (size_t i = 0; i < op->count; i++) {
        struct sim_instance *here = &world->instances[op->instances[i]];
        left += here->users;
        moved += here->drain_moved;
        rate = here->drain_rate;
        if (here->users > 0 && here->admitted) {
            sim_op_failed(op, FERRY_FAILURE_REFUSED, "drain it again", "%s was let into service again",
                          here->id);
            return;
        }
        if (!may_drain(world, op, here))
            return;
    }
    op->done = op->total - left;
    if (left == 0 && world->now >= op->started + world->set.nf_ms)
        sim_op_done(op, json_pack("{s:i,s:I}", "sessions", 0, "moved", (json_int_t)moved));
    else if (left > 0)
        op->due = world->now + left * 1000 / (rate * (int64_t)op->count) + 500;
}

const struct sim_verb sim_verbs_steer[] = {
    {"steer", SIM_NF, NULL, start_steer, poll_steer, NULL},
    {"drain", SIM_NF, NULL, start_drain, poll_drain, poll_drain},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
