/* SPDX-License-Identifier: Apache-2.0 */
/* The world's making and end, and the order in which things happen in it. */
#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

#define FAR_MS  (3 * 3600000) /* a leap further than this ... */
#define LIVE_MS 3600000       /* ... lives through its last hour only */

/* The faults of the world file: those it names, and those chance draws from {"seed":7,"profile":"rough"}. */
static bool misfortune(struct sim_world *world, const json_t *faults, const json_t *chance, char *why,
                       size_t why_size)
{
    uint64_t seed = (uint64_t)json_integer_value(json_object_get(chance, "seed"));
    return (!faults || sim_faults_read(world, faults, why, why_size)) &&
           (!chance || sim_chance_read(world, seed, chance, why, why_size));
}

struct sim_world *sim_world_new(const char *settings, char *why, size_t why_size)
{
    struct sim_world *world = sim_alloc(sizeof(*world));
    json_t *faults = NULL, *chance = NULL;
    if (!sim_settings_read(settings, &world->set, &faults, &chance, why, why_size)) {
        json_decref(faults);
        json_decref(chance);
        json_decref(world->set.instances);
        free(world);
        return NULL;
    }
    for (int i = 0; i < FAULTS; i++)
        world->fault[i] = sim_fault_rows[i].otherwise;
    world->random.state = sim_mix((uint64_t)world->set.seed + 1);
    world->traffic.state = sim_mix((uint64_t)world->set.seed + 2);
    world->chance.state = sim_mix((uint64_t)world->set.seed + 3);
    world->free_user = SIM_NONE;
    world->next_id = 100000;
    world->staged = json_object();
    world->loaded = json_object();
    world->ticks = sim_alloc(SIM_TICKS * sizeof(*world->ticks));
    world->drops = sim_alloc(SIM_DROPS * sizeof(*world->drops));
    sim_copy(world->versions[SOURCE], sizeof(world->versions[SOURCE]), world->set.version);
    sim_guards_reset(world);
    if (!world->set.instances)
        sim_landscape(world);
    bool ok = !world->set.instances || sim_outside_landscape(world, why, why_size);
    sim_capacity_changed(world);
    world->truth.storage_least = sim_storage_in_sync(world);
    world->truth.capacity_least[SOURCE] = world->truth.capacity_least[TARGET] = INT64_MAX;
    sim_populate(world);
    sim_tests_create(world);
    ok = ok && misfortune(world, faults, chance, why, why_size);
    json_decref(faults);
    json_decref(chance);
    if (ok)
        return world;
    sim_world_free(world);
    return NULL;
}

static void ops_free(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->op_count; i++) {
        struct sim_op *op = world->ops[i];
        json_decref(op->args);
        json_decref(op->result);
        free(op->instances);
        free(op->key);
        free(op->run);
        free(op);
    }
    free(world->ops);
    for (size_t i = 0; i < world->fence_count; i++)
        free(world->fences[i].run);
    free(world->fences);
}

static void faults_free(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->trouble_count; i++)
        json_decref(world->troubles[i].state);
    free(world->troubles);
    for (uint32_t i = 0; i < world->late_count; i++) {
        free(world->late[i].run);
        free(world->late[i].key);
        json_decref(world->late[i].args);
    }
    free(world->late);
    for (size_t i = 0; i < world->guard_change_count; i++)
        json_decref(world->guard_changes[i].state);
    free(world->guard_changes);
}

void sim_world_free(struct sim_world *world)
{
    if (!world)
        return;
    ops_free(world);
    faults_free(world);
    for (int64_t i = 0; i < world->set.test_subscribers; i++)
        free(world->tests[i].hops);
    for (int i = 0; i < GUARDS; i++) {
        json_decref(world->guard[i].state);
        json_decref(world->guard[i].prior);
    }
    for (size_t i = 0; i < world->backup_count; i++)
        json_decref(world->backups[i].software);
    json_decref(world->set.instances);
    json_decref(world->staged);
    json_decref(world->loaded);
    json_decref(world->selectors);
    sim_queue_free(&world->things);
    sim_queue_free(&world->people);
    free(world->backups);
    free(world->tests);
    free(world->instances);
    free(world->users);
    free(world->totals);
    free(world->ticks);
    free(world->drops);
    free(world);
}

/* ---- time ---- */

/* Until the clock starts the world stands at 0; then everything in it is moved to where the clock begins. */
static void shift_users(struct sim_world *world, int64_t by)
{
    sim_queue_shift(&world->people, by);
    for (uint32_t i = 0; i < world->user_count; i++)
        world->users[i].periodic += by;
}

void sim_begin(struct sim_world *world, int64_t now_ms)
{
    int64_t start = now_ms / world->set.tick_ms * world->set.tick_ms;
    shift_users(world, start);
    for (uint32_t i = 0; i < world->user_count; i++) {
        struct sim_user *user = &world->users[i];
        user->since = user->attached = start;
        if (user->call_until > 0)
            user->call_until += start;
    }
    for (int64_t i = 0; i < world->set.test_subscribers; i++)
        for (size_t hop = 0; hop < world->tests[i].hop_count; hop++)
            world->tests[i].hops[hop].at = start;
    world->begun = true;
    world->now = world->born = start;
    sim_ticks_restart(world);
    sim_queue_put(&world->things, start + world->set.scale_every_ms, EV_SCALE, 0, 0);
    for (size_t i = 0; i < world->guard_change_count; i++)
        world->guard_changes[i].at = start;
    sim_faults_begin(world);
}

static void user_happens(struct sim_world *world, const struct sim_event *event)
{
    if (event->kind == EV_ARRIVAL)
        sim_arrival_event(world, (enum sim_segment)event->what, event->generation != 0);
    else if (world->users[event->what].timer == event->generation)
        sim_user_event(world, event->what);
}

static void thing_happens(struct sim_world *world, const struct sim_event *event)
{
    uint32_t what = event->what;
    switch ((enum sim_event_kind)event->kind) {
    case EV_TICK:
        sim_tick_event(world);
        break;
    case EV_OP:
        if (world->ops[what]->attempt == event->generation)
            sim_op_event(world, what);
        break;
    case EV_BUILT:
        if (world->instances[what].build == event->generation)
            sim_built_event(world, what);
        break;
    case EV_HEAL:
        if (world->instances[what].build == event->generation)
            sim_heal_event(world, what);
        break;
    case EV_SCALE:
        sim_scale_event(world);
        break;
    case EV_MOVE:
        sim_move_event(world);
        break;
    case EV_IDLE:
        if ((uint32_t)world->users[what].id == event->generation)
            sim_idle_event(world, what);
        break;
    case EV_LEASE:
        sim_lease_event(world, what);
        break;
    case EV_FAULT:
        sim_fault_event(world, what, event->generation != 0);
        break;
    case EV_LATE:
        sim_late_event(world, what);
        break;
    case EV_DIES:
        if (world->instances[what].build == event->generation)
            sim_instance_dies(world, what);
        break;
    case EV_USER:
    case EV_ARRIVAL:
        break; /* in the other queue */
    }
}

/*
 * Nobody looks during a leap of days (an upgrade under observation), and a week of 31,000 users is a minute
 * of CPU: their clocks stand still but for the last hour, and the ticks between are no data.
 */
static void leap(struct sim_world *world, int64_t now_ms)
{
    if (now_ms - world->now <= FAR_MS)
        return;
    int64_t by = (now_ms - world->now - LIVE_MS) / world->set.tick_ms * world->set.tick_ms;
    shift_users(world, by);
    int64_t end = world->now + by, at;
    while (sim_queue_next(&world->things, end, &at)) {
        struct sim_event event = sim_queue_take(&world->things);
        world->now = at > world->now ? at : world->now;
        if (event.kind == EV_TICK)
            continue;
        thing_happens(world, &event);
    }
    world->now = end;
    sim_ticks_restart(world);
}

void sim_world_advance(struct sim_world *world, int64_t now_ms)
{
    if (!world->begun)
        sim_begin(world, now_ms);
    leap(world, now_ms);
    for (;;) {
        int64_t thing = 0, person = 0;
        bool has_thing = sim_queue_next(&world->things, now_ms, &thing);
        bool has_person = sim_queue_next(&world->people, now_ms, &person);
        if (!has_thing && !has_person)
            break;
        bool take_thing = has_thing && (!has_person || thing <= person);
        struct sim_event event = sim_queue_take(take_thing ? &world->things : &world->people);
        if (event.at > world->now)
            world->now = event.at;
        if (take_thing)
            thing_happens(world, &event);
        else
            user_happens(world, &event);
    }
    if (now_ms > world->now)
        world->now = now_ms;
}

int64_t sim_world_now(const struct sim_world *world)
{
    return world->begun ? world->now : 0;
}

uint32_t sim_world_scale(const struct sim_world *world)
{
    return world->scale;
}

const char *sim_world_password(const struct sim_world *world)
{
    return world->set.password;
}
