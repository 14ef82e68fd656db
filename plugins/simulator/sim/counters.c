/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of each domain: distinct users a tick, and who was attached at its end. */
#include "sim/model.h"

#include <string.h>

#define MOST_TICKS 120 /* in one answer */

void sim_count(struct sim_world *world, struct sim_user *user, enum sim_domain domain, int kpi, bool failed)
{
    struct sim_count *count = &world->current.kpi[domain][kpi];
    uint16_t bit = (uint16_t)(1u << ((unsigned)domain * SIM_KPIS + (unsigned)kpi));
    if (user->tick != (uint32_t)world->tick) {
        user->tick = (uint32_t)world->tick;
        user->tried = user->failed = 0;
    }
    if (!(user->tried & bit))
        count->tried++;
    if (failed && !(user->failed & bit))
        count->failed++;
    user->tried |= bit;
    if (failed)
        user->failed |= bit;
}

void sim_ticks_restart(struct sim_world *world)
{
    world->current = (struct sim_tick){.end = (world->now / world->set.tick_ms + 1) * world->set.tick_ms};
    sim_queue_put(&world->things, world->current.end, EV_TICK, 0, 0);
}

void sim_tick_event(struct sim_world *world)
{
    struct sim_tick *tick = &world->current;
    memcpy(tick->users, world->attached, sizeof(tick->users));
    sim_watch_tick(world);
    sim_alarms_refresh(world);
    world->ticks[world->tick++ % SIM_TICKS] = *tick;
    if (world->split && world->selectors)
        sim_thresholds(world); /* the classes' shares drift as users come and go */
    *tick = (struct sim_tick){.end = tick->end + world->set.tick_ms};
    sim_queue_put(&world->things, tick->end, EV_TICK, 0, 0);
}

static json_t *domain_json(const struct sim_world *world, const struct sim_tick *tick, int domain)
{
    json_t *kpis = json_object();
    for (size_t i = 0; i < world->kpi_count; i++) {
        const struct sim_count *count = &tick->kpi[domain][i];
        if (count->tried > 0)
            json_object_set_new(kpis, world->kpi[i].name, json_pack("[ii]", count->tried, count->failed));
    }
    return json_pack("{s:{s:i,s:i},s:o}", "users", "5g", tick->users[domain][SEG_5G], "4g",
                     tick->users[domain][SEG_4G], "kpis", kpis);
}

void sim_look_counters(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    int64_t after = json_integer_value(json_object_get(args, "after"));
    const json_t *period = json_object_get(args, "period_ms");
    if (period && json_integer_value(period) != world->set.tick_ms) {
        sim_refuse(reply, FERRY_FAILURE_INVALID, "set the gate's period, or tick_ms in the world file",
                   "this NF counts in periods of %lld ms, not %lld", (long long)world->set.tick_ms,
                   (long long)json_integer_value(period));
        return;
    }
    json_t *ticks = json_array();
    uint64_t first = world->tick > SIM_TICKS ? world->tick - SIM_TICKS : 0;
    for (uint64_t n = first; n < world->tick && json_array_size(ticks) < MOST_TICKS; n++) {
        const struct sim_tick *tick = &world->ticks[n % SIM_TICKS];
        if (tick->end > after)
            json_array_append_new(ticks, json_pack("{s:I,s:o,s:o}", "end", (json_int_t)tick->end, "source",
                                                   domain_json(world, tick, SOURCE), "target",
                                                   domain_json(world, tick, TARGET)));
    }
    sim_answer(reply, json_pack("{s:I,s:o}", "period_ms", (json_int_t)world->set.tick_ms, "ticks", ticks));
}
