/* SPDX-License-Identifier: Apache-2.0 */
/* Where each user is. Every change of place goes through here, so that the counts cannot drift. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sim_segment_names[SEGMENTS] = {"5g", "4g"};
const char *const sim_domain_names[DOMAINS] = {"source", "target"};
const char *const sim_drop_words[DROP_WHYS] = {
    [DROP_UPGRADE] = "instance upgraded under its sessions",
    [DROP_REMOVE] = "instance removed under its sessions",
    [DROP_HEALING] = "instance rebuilt by self-healing",
    [DROP_SCALING] = "instance removed by elasticity",
    [DROP_PAIR] = "both of a pair down",
    [DROP_STORAGE] = "no session database replica in sync",
    [DROP_RESTORE] = "session wiped by restoring older data",
    [DROP_NO_ROOM] = "no instance left to serve it",
    [DROP_DEATH] = "instance crashed",
};

int64_t sim_weight(const struct sim_world *world, const struct sim_user *user)
{
    return world->set.shape == SHAPE_SMF ? user->sessions : 1;
}

bool sim_in_call(const struct sim_world *world, const struct sim_user *user)
{
    return user->call_until > world->now;
}

void sim_supi(const struct sim_user *user, char supi[32])
{
    (void)snprintf(supi, 32, "imsi-46000%010llu", (unsigned long long)(user->id % 10000000000U));
}

uint32_t sim_user_find(const struct sim_world *world, const char *subscriber)
{
    if (strncmp(subscriber, "test-", 5) == 0) {
        long number = strtol(subscriber + 5, NULL, 10);
        return number >= 1 && number <= world->set.test_subscribers ? world->tests[number - 1].user
                                                                    : SIM_NONE;
    }
    for (uint32_t i = 0; i < world->user_count; i++) {
        char supi[32];
        if (world->users[i].state == USER_FREE)
            continue;
        sim_supi(&world->users[i], supi);
        if (strcmp(supi, subscriber) == 0)
            return i;
    }
    return SIM_NONE;
}

/* The emptiest stratum of ranks, so that any ratio splits each segment fairly. */
static uint16_t choose_rank(struct sim_world *world, enum sim_segment segment)
{
    const int64_t *strata = world->strata[segment];
    uint32_t first = sim_random_below(&world->traffic, SIM_STRATA), best = first;
    for (uint32_t i = 1; i < SIM_STRATA; i++) {
        uint32_t here = (first + i) % SIM_STRATA;
        if (strata[here] < strata[best])
            best = here;
    }
    const uint32_t width = SIM_RANKS / SIM_STRATA;
    return (uint16_t)(best * width + sim_random_below(&world->traffic, width));
}

static uint32_t free_slot(struct sim_world *world)
{
    if (world->free_user != SIM_NONE) {
        uint32_t slot = world->free_user;
        world->free_user = world->users[slot].next;
        return slot;
    }
    if (world->user_count == world->user_room) {
        world->user_room = world->user_room ? world->user_room + world->user_room / 2 : 1024;
        world->users = sim_grow(world->users, world->user_room, sizeof(*world->users));
    }
    world->users[world->user_count] = (struct sim_user){0};
    return world->user_count++;
}

uint32_t sim_user_new(struct sim_world *world, enum sim_segment segment)
{
    uint32_t slot = free_slot(world);
    struct sim_user *user = &world->users[slot];
    uint32_t timer = user->timer + 1; /* events of the slot's former user are stale */
    *user = (struct sim_user){.id = ++world->next_id,
                              .timer = timer,
                              .next = SIM_NONE,
                              .prev = SIM_NONE,
                              .instance = SIM_NONE,
                              .tick = SIM_NONE,
                              .state = USER_ATTACHING,
                              .segment = (uint8_t)segment};
    uint64_t hash = sim_mix(user->id ^ (uint64_t)world->set.seed << 32);
    user->sessions = world->set.shape == SHAPE_SMF ? (uint8_t)(1 + hash % 3) : 1;
    user->rank = choose_rank(world, segment);
    world->strata[segment][user->rank / (SIM_RANKS / SIM_STRATA)] += sim_weight(world, user);
    user->class = (uint8_t)sim_class_of(world, user);
    world->attaching++;
    return slot;
}

static void link_to(struct sim_world *world, uint32_t slot, uint32_t instance)
{
    struct sim_user *user = &world->users[slot];
    struct sim_instance *there = &world->instances[instance];
    user->instance = instance;
    user->since = world->now;
    user->prev = SIM_NONE;
    user->next = there->head;
    if (there->head != SIM_NONE)
        world->users[there->head].prev = slot;
    there->head = slot;
    there->users++;
    there->sessions += user->sessions;
    enum sim_domain domain = sim_domain_of(world, there);
    world->attached[domain][user->segment]++;
    world->sessions[domain] += user->sessions;
}

static void unlink_from(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    struct sim_instance *there = &world->instances[user->instance];
    if (user->prev != SIM_NONE)
        world->users[user->prev].next = user->next;
    else
        there->head = user->next;
    if (user->next != SIM_NONE)
        world->users[user->next].prev = user->prev;
    there->users--;
    there->sessions -= user->sessions;
    enum sim_domain domain = sim_domain_of(world, there);
    world->attached[domain][user->segment]--;
    world->sessions[domain] -= user->sessions;
    user->instance = user->next = user->prev = SIM_NONE;
}

void sim_user_place(struct sim_world *world, uint32_t slot, uint32_t instance)
{
    struct sim_user *user = &world->users[slot];
    link_to(world, slot, instance);
    if (user->state == USER_ATTACHING) {
        user->state = USER_ATTACHED;
        user->home = instance;
        user->attached = world->now;
        user->retries = 0;
        world->attaching--;
    }
    user->leaving = false;
    if (user->test)
        sim_test_hop(world, slot);
}

void sim_user_move(struct sim_world *world, uint32_t slot, uint32_t instance)
{
    unlink_from(world, slot);
    sim_user_place(world, slot, instance);
    world->truth.moved++;
}

void sim_user_unplace(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    unlink_from(world, slot);
    user->state = USER_ATTACHING;
    user->leaving = false;
    world->attaching++;
}

void sim_user_gone(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    if (user->state == USER_ATTACHED)
        sim_user_unplace(world, slot);
    world->strata[user->segment][user->rank / (SIM_RANKS / SIM_STRATA)] -= sim_weight(world, user);
    world->attaching--;
    user->state = USER_FREE;
    user->next = world->free_user;
    world->free_user = slot;
}

void sim_user_switch_segment(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    uint32_t stratum = user->rank / (SIM_RANKS / SIM_STRATA);
    enum sim_domain domain = sim_place_of(world, user);
    world->strata[user->segment][stratum] -= sim_weight(world, user);
    world->attached[domain][user->segment]--;
    user->segment = user->segment == SEG_5G ? SEG_4G : SEG_5G;
    world->attached[domain][user->segment]++;
    world->strata[user->segment][stratum] += sim_weight(world, user);
}

void sim_user_drop(struct sim_world *world, uint32_t slot, enum sim_drop_why why)
{
    struct sim_user *user = &world->users[slot];
    bool call = sim_in_call(world, user);
    world->truth.dropped++;
    world->truth.dropped_why[why]++;
    if (world->drop_count < SIM_DROPS)
        world->drops[world->drop_count++] =
            (struct sim_drop){world->now, user->id, user->instance, call, user->test, sim_drop_words[why]};
    if (call)
        sim_call_ended(world, slot, true);
    sim_user_unplace(world, slot);
    sim_user_retry(world, slot, 5000, 30000);
}

void sim_drop_instance(struct sim_world *world, uint32_t instance, enum sim_drop_why why)
{
    while (world->instances[instance].head != SIM_NONE)
        sim_user_drop(world, world->instances[instance].head, why);
}
