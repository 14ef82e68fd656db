/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted without being asked for: pairs, capacity against users, and who set which guard when. */
#include "sim/model.h"

#include <string.h>

#define MOST_CHANGES 1000 /* of guards, told one by one */

/* ---- pairs ---- */

void sim_watch_pairs(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->instance_count; i++) {
        struct sim_instance *here = &world->instances[i];
        if (here->mate == SIM_NONE || here->mate < i)
            continue;
        bool down = here->state != INST_RUNNING && world->instances[here->mate].state != INST_RUNNING;
        world->truth.both_down += down && !here->both_down;
        here->both_down = down;
    }
}

/* ---- capacity ---- */

static int64_t users_of(const struct sim_world *world, int domain)
{
    return (int64_t)world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
}

static void watch_domain(struct sim_world *world, int domain)
{
    struct sim_truth *truth = &world->truth;
    int64_t users = users_of(world, domain), capacity = world->capacity[domain];
    if (users == 0)
        return;
    if (capacity * 1000 / users < truth->capacity_least[domain])
        truth->capacity_least[domain] = capacity * 1000 / users;
    if (users <= capacity)
        return;
    truth->overloaded_ticks[domain]++;
    if (truth->first_overload[domain] == 0)
        truth->first_overload[domain] = world->now;
}

void sim_watch_tick(struct sim_world *world)
{
    struct sim_truth *truth = &world->truth;
    int64_t demand = users_of(world, SOURCE) + users_of(world, TARGET) + world->attaching;
    watch_domain(world, SOURCE);
    watch_domain(world, TARGET);
    truth->below_demand_ticks += world->capacity[SOURCE] + world->capacity[TARGET] < demand;
    truth->unserved_ms += world->attaching * world->set.tick_ms;
    if (world->attaching > truth->unserved_most)
        truth->unserved_most = world->attaching;
}

/* ---- guards ---- */

void sim_guard_change(struct sim_world *world, enum sim_guard guard, json_t *state, const char *by)
{
    struct sim_guard_state *held = &world->guard[guard];
    json_t *now = json_incref(state);
    json_decref(held->state);
    held->state = now;
    if (world->guard_change_count < MOST_CHANGES) {
        size_t count = world->guard_change_count++;
        world->guard_changes = sim_grow(world->guard_changes, count + 1, sizeof(*world->guard_changes));
        struct sim_guard_change *change = &world->guard_changes[count];
        *change = (struct sim_guard_change){
            .at = sim_world_now(world), .guard = guard, .state = json_incref(state)};
        sim_copy(change->by, sizeof(change->by), by);
    }
    for (uint32_t i = 0; guard == GUARD_HEALING && sim_guard_on(world, guard) && i < world->instance_count;
         i++)
        sim_queue_put(&world->things, world->now + world->set.heal_detect_ms, EV_HEAL, i,
                      world->instances[i].build); /* it sees at once who is dead */
}

static bool by_ferry(const char *by)
{
    return strcmp(by, "another hand") != 0 && strcmp(by, "at first") != 0 && strncmp(by, "by-hand/", 8) != 0;
}

/* owed: what others than the runs left it at, and so what it must be at their end. */
json_t *sim_guards_json(const struct sim_world *world)
{
    json_t *guards = json_object();
    for (int guard = 0; guard < GUARDS; guard++) {
        json_t *changes = json_array(), *owed = json_null();
        for (size_t i = 0; i < world->guard_change_count; i++) {
            const struct sim_guard_change *change = &world->guard_changes[i];
            if (change->guard != (enum sim_guard)guard)
                continue;
            if (!by_ferry(change->by))
                owed = change->state;
            json_array_append_new(changes, json_pack("{s:I,s:s,s:O}", "at", (json_int_t)change->at, "by",
                                                     change->by, "state", change->state));
        }
        const struct sim_guard_state *held = &world->guard[guard];
        json_object_set_new(guards, sim_guard_names[guard],
                            json_pack("{s:O,s:O,s:b,s:o,s:{s:I,s:I,s:I}}", "state", held->state, "owed", owed,
                                      "as_owed", json_equal(owed, held->state), "changes", changes, "lease",
                                      "until", (json_int_t)held->lease_until, "renewed",
                                      (json_int_t)held->renewed, "expired", (json_int_t)held->expired));
    }
    return guards;
}
