/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: conditions of the world, looked at every tick; one is raised when its condition begins. */
#include "sim/model.h"

static bool overloaded(const struct sim_world *world, enum sim_domain domain)
{
    return (int64_t)world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G] >
           world->capacity[domain];
}

static bool source_overloaded(const struct sim_world *world)
{
    return overloaded(world, SOURCE);
}

static bool target_overloaded(const struct sim_world *world)
{
    return overloaded(world, TARGET);
}

static bool simplex(const struct sim_world *world)
{
    for (uint32_t i = 0; i < world->instance_count; i++)
        if (world->instances[i].mate != SIM_NONE && !sim_in_sync(world, &world->instances[i]))
            return true;
    return false;
}

static bool pair_down(const struct sim_world *world)
{
    return sim_pair_down(world, VDU_OMU) || sim_pair_down(world, VDU_LB);
}

static bool storage_degraded(const struct sim_world *world)
{
    return sim_storage_in_sync(world) < world->set.sdb;
}

static bool instance_failed(const struct sim_world *world)
{
    for (uint32_t i = 0; i < world->instance_count; i++)
        if (world->instances[i].state == INST_ERROR)
            return true;
    return false;
}

static const struct {
    const char *id, *severity, *text;
    int domain;
    bool (*holds)(const struct sim_world *world);
} conditions[ALARMS] = {
    [ALARM_OVERLOAD_SOURCE] = {"overload-source", "critical", "more users than the domain can carry", SOURCE,
                               source_overloaded},
    [ALARM_OVERLOAD_TARGET] = {"overload-target", "critical", "more users than the domain can carry", TARGET,
                               target_overloaded},
    [ALARM_SIMPLEX] = {"simplex", "minor", "a pair runs without its standby", -1, simplex},
    [ALARM_PAIR_DOWN] = {"pair-down", "critical", "both of a pair are down", -1, pair_down},
    [ALARM_STORAGE] = {"storage", "minor", "a session database replica is missing or behind", -1,
                       storage_degraded},
    [ALARM_INSTANCE] = {"instance", "major", "an instance is in error", -1, instance_failed},
};

void sim_alarms_refresh(struct sim_world *world)
{
    for (int i = 0; i < ALARMS; i++) {
        struct sim_alarm *alarm = &world->alarm[i];
        int64_t since = alarm->raised ? alarm->raised : world->now;
        *alarm = (struct sim_alarm){conditions[i].id, conditions[i].severity, conditions[i].text,
                                    conditions[i].domain, conditions[i].holds(world) ? since : 0};
    }
}
