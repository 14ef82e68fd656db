/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users on the way: steering to the ratio, draining, evening out. Every half second of run time each of them
 * may move as many users as its rate allows, and in the way the NF's mobility allows.
 */
#include "sim/model.h"

#define SLICE_MS     500
#define EVEN_OUT     200 /* users a second */
#define IDLE_LEAST   1000
#define IDLE_MOST    90000
#define CALL_LOOK_MS 30000

void sim_mover_wake(struct sim_world *world)
{
    if (world->mover_on)
        return;
    world->mover_on = true;
    sim_queue_put(&world->things, world->now + SLICE_MS, EV_MOVE, 0, 0);
}

bool sim_movable(const struct sim_world *world, const struct sim_user *user)
{
    return world->set.mobility != FERRY_MOBILITY_NEW_ONLY && user->state == USER_ATTACHED && !user->leaving;
}

void sim_user_send(struct sim_world *world, uint32_t slot, uint32_t instance)
{
    struct sim_user *user = &world->users[slot];
    if (world->set.mobility == FERRY_MOBILITY_LIVE) {
        sim_user_move(world, slot, instance);
    } else if (world->set.mobility == FERRY_MOBILITY_ON_IDLE) {
        int64_t wait = sim_random_between(&world->traffic, IDLE_LEAST, IDLE_MOST);
        user->leaving = true;
        sim_queue_put(&world->things, world->now + wait, EV_IDLE, slot, (uint32_t)user->id);
    } else if (world->set.mobility == FERRY_MOBILITY_REATTACH) {
        world->truth.disturbed++;
        if (sim_in_call(world, user))
            sim_call_ended(world, slot, true);
        sim_user_unplace(world, slot);
        sim_user_retry(world, slot, 1000, 3000);
    }
}

/* The session is idle now, unless a call goes on: then it is looked at again when that may have ended. */
void sim_idle_event(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    if (user->state != USER_ATTACHED || !user->leaving)
        return;
    if (sim_in_call(world, user)) {
        int64_t at = world->now + CALL_LOOK_MS;
        sim_queue_put(&world->things, user->call_until < at ? user->call_until : at, EV_IDLE, slot,
                      (uint32_t)user->id);
        return;
    }
    user->leaving = false;
    uint32_t to = sim_move_away(world, user);
    bool must =
        sim_wanted(world, user) != sim_place_of(world, user) || !world->instances[user->instance].admitted;
    if (to == SIM_NONE || !must)
        return;
    sim_user_move(world, slot, to);
    world->truth.idle_moved++;
}

static int64_t refill(int64_t budget, int64_t rate)
{
    int64_t slice = rate * SLICE_MS;
    return budget < 1000 ? budget + slice : slice; /* what was not used does not pile up */
}

/* ---- steering ---- */

static bool misplaced(const struct sim_world *world, const struct sim_user *user)
{
    return user->state == USER_ATTACHED && sim_wanted(world, user) != sim_place_of(world, user);
}

/* True while somebody was moved or has yet to be. */
static bool steer_slice(struct sim_world *world)
{
    struct sim_op *op = world->steering;
    if (!op || op->state != OP_RUNNING)
        return false;
    world->steer_budget =
        refill(world->steer_budget, world->steer_rate * world->fault[FAULT_steer_slow_permille] / 1000);
    if (world->fault[FAULT_steer_stalls])
        world->steer_budget = 0;
    for (uint32_t looked = 0; looked < world->user_count && world->steer_budget >= 1000; looked++) {
        uint32_t slot = world->steer_cursor++ % world->user_count;
        struct sim_user *user = &world->users[slot];
        if (!misplaced(world, user) || !sim_movable(world, user))
            continue;
        uint32_t to = sim_move_to(world, user, sim_wanted(world, user));
        if (to == SIM_NONE)
            continue;
        sim_user_send(world, slot, to);
        world->steer_budget -= 1000;
        op->moved++;
    }
    op->verb->poll(world, op);
    return op->state == OP_RUNNING;
}

/* ---- draining ---- */

static void drain_one(struct sim_world *world, uint32_t index)
{
    struct sim_instance *instance = &world->instances[index];
    instance->drain_budget = refill(instance->drain_budget, instance->drain_rate);
    uint32_t slot = instance->head;
    while (slot != SIM_NONE && instance->drain_budget >= 1000) {
        struct sim_user *user = &world->users[slot];
        uint32_t next = user->next;
        uint32_t to = sim_move_away(world, user);
        if (to != SIM_NONE && sim_movable(world, user)) {
            sim_user_send(world, slot, to);
            instance->drain_budget -= 1000;
            instance->drain_moved++;
        }
        slot = next;
    }
    instance->draining = instance->users > 0;
    if (!instance->draining)
        sim_capacity_changed(world);
}

static bool drain_slice(struct sim_world *world)
{
    bool more = false;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        if (!world->instances[i].draining)
            continue;
        drain_one(world, i);
        more |= world->instances[i].draining;
    }
    return more;
}

/* ---- evening out: an instance that came back gets its share ---- */

/* One whom the move can neither hurt nor bring back: calls are not moved for the sake of evenness. */
static uint32_t choose_to_even(const struct sim_world *world, uint32_t from, uint32_t to)
{
    uint32_t slot = world->instances[from].head;
    for (int looked = 0; looked < 64 && slot != SIM_NONE; looked++) {
        const struct sim_user *user = &world->users[slot];
        if (!sim_in_call(world, user) && user->home != to)
            return slot;
        slot = user->next;
    }
    return SIM_NONE;
}

static bool even_out(struct sim_world *world, enum sim_domain domain)
{
    for (int moved = 0; moved < EVEN_OUT * SLICE_MS / 1000; moved++) {
        uint32_t least = sim_least_loaded(world, domain, SIM_NONE), most = least;
        for (uint32_t i = 0; i < world->instance_count; i++)
            if (sim_serves(&world->instances[i]) && sim_domain_of(world, &world->instances[i]) == domain &&
                world->instances[i].users > world->instances[most].users)
                most = i;
        if (least == SIM_NONE ||
            world->instances[most].users - world->instances[least].users <= world->set.svc_capacity / 100 + 1)
            return false;
        uint32_t slot = choose_to_even(world, most, least);
        if (slot == SIM_NONE)
            return false;
        sim_user_move(world, slot, least);
    }
    return true;
}

static bool rebalance_slice(struct sim_world *world)
{
    bool more = false;
    for (int domain = 0; domain < DOMAINS; domain++) {
        if (world->rebalance[domain] && world->set.mobility == FERRY_MOBILITY_LIVE)
            world->rebalance[domain] = even_out(world, (enum sim_domain)domain);
        more |= world->rebalance[domain] && world->set.mobility == FERRY_MOBILITY_LIVE;
    }
    return more;
}

void sim_move_event(struct sim_world *world)
{
    world->mover_on = false;
    bool steering = steer_slice(world), draining = drain_slice(world), evening = rebalance_slice(world);
    if (steering || draining || evening)
        sim_mover_wake(world);
}
