/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen from outside: inventory, health, version path, synchronisation. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {"running", "building", "error", "removed"};

static const char *zone_of(uint32_t host)
{
    return host % 2 ? "az2" : "az1";
}

void sim_host_name(uint32_t host, char name[16])
{
    (void)snprintf(name, 16, "host-%02u", host + 1);
}

static json_t *hosts_json(const struct sim_world *world)
{
    json_t *hosts = json_array();
    int64_t slots = (world->set.svc_max + 12) * 2 / world->set.hosts + 2;
    for (uint32_t host = 0; host < world->set.hosts; host++) {
        char name[16];
        int64_t used = 0;
        for (uint32_t i = 0; i < world->instance_count; i++)
            used += world->instances[i].host == host && world->instances[i].state != INST_REMOVED;
        sim_host_name(host, name);
        json_array_append_new(hosts, json_pack("{s:s,s:s,s:I}", "id", name, "zone", zone_of(host), "free",
                                               (json_int_t)(slots > used ? slots - used : 0)));
    }
    return hosts;
}

static void look_inventory(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    (void)args;
    json_t *list = json_array();
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        char host[16];
        if (here->state == INST_REMOVED)
            continue;
        sim_host_name(here->host, host);
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", here->id, "vdu",
                                        sim_vdu_names[here->vdu], "image", here->runs.image, "digest",
                                        here->runs.digest, "version", here->runs.version, "host", host,
                                        "zone", zone_of(here->host), "state", state_names[here->state]));
    }
    sim_answer(reply, json_pack("{s:o,s:o}", "instances", list, "hosts", hosts_json(world)));
}

static bool ready(const struct sim_world *world, const struct sim_instance *here)
{
    return here->state == INST_RUNNING && here->admitted && !here->sick &&
           (!sim_replicates(here) || sim_in_sync(world, here));
}

static json_t *instance_json(const struct sim_world *world, const struct sim_instance *here)
{
    json_t *object = json_pack(
        "{s:s,s:s,s:s,s:s,s:b,s:I,s:I,s:I}", "id", here->id, "vdu", sim_vdu_names[here->vdu], "domain",
        sim_domain_names[sim_domain_of(world, here)], "version", here->runs.version, "ready",
        ready(world, here), "users", (json_int_t)here->users, "sessions", (json_int_t)here->sessions,
        "capacity", (json_int_t)(here->vdu == VDU_SVC ? world->set.svc_capacity : 0));
    if (here->mate != SIM_NONE) {
        json_object_set_new(object, "role", json_string(here->active ? "active" : "standby"));
        json_object_set_new(object, "pair", json_string(here->pair));
    }
    if (sim_replicates(here))
        json_object_set_new(object, "in_sync", json_boolean(sim_in_sync(world, here)));
    return object;
}

static json_t *domain_json(const struct sim_world *world, int domain)
{
    int64_t users = (int64_t)world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
    return json_pack("{s:s,s:I,s:I,s:I}", "version", world->versions[domain], "users", (json_int_t)users,
                     "sessions", (json_int_t)world->sessions[domain], "capacity",
                     (json_int_t)world->capacity[domain]);
}

static void look_health(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    (void)args;
    json_t *list = json_array();
    for (uint32_t i = 0; i < world->instance_count; i++)
        if (world->instances[i].state != INST_REMOVED)
            json_array_append_new(list, instance_json(world, &world->instances[i]));
    bool able = !sim_pair_down(world, VDU_LB) && sim_any_instance(world, world->home, SIM_NONE) != SIM_NONE &&
                sim_storage_in_sync(world) > 0;
    sim_answer(reply, json_pack("{s:s,s:s,s:s,s:b,s:b,s:s,s:{s:o,s:o},s:o}", "nf", world->set.nf, "type",
                                world->set.shape == SHAPE_AMF ? "AMF" : "SMF", "version",
                                world->versions[world->split ? SOURCE : world->home], "ready", able, "split",
                                world->split, "mobility", sim_mobility_name(world->set.mobility), "domains",
                                "source", domain_json(world, SOURCE), "target", domain_json(world, TARGET),
                                "instances", list));
}

/* One minor version at a time, up or down, inside a major one. */
static void look_version_path(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    (void)world;
    const char *from = json_string_value(json_object_get(args, "from"));
    const char *to = json_string_value(json_object_get(args, "to"));
    char *from_end = NULL, *to_end = NULL;
    long from_major = strtol(from ? from : "", &from_end, 10), to_major = strtol(to ? to : "", &to_end, 10);
    if (!from || !to || *from_end != '.' || *to_end != '.') {
        sim_refuse(reply, FERRY_FAILURE_INVALID, NULL, "from and to must be versions like 1.2.0");
        return;
    }
    long from_minor = strtol(from_end + 1, NULL, 10), to_minor = strtol(to_end + 1, NULL, 10);
    bool supported = from_major == to_major && labs(from_minor - to_minor) <= 1;
    char why[160];
    (void)snprintf(why, sizeof(why),
                   supported ? "%s and %s keep compatible sessions"
                             : "from %s to %s is more than one minor version in a major one",
                   from, to);
    sim_answer(reply, json_pack("{s:b,s:s}", "supported", supported, "why", why));
}

static bool named(const json_t *list, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), id) == 0)
            return true;
    }
    return false;
}

static void look_sync(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    const json_t *list = json_object_get(args, "instances");
    int64_t lag = 0;
    size_t n;
    json_t *item;
    json_array_foreach(list, n, item)
    {
        bool there = sim_instance_find(world, json_string_value(item)) != SIM_NONE;
        if (!there && world->set.instances)
            lag = world->set.sync_ms; /* somebody else's, and on its way */
        else if (!there) {
            sim_refuse(reply, FERRY_FAILURE_PERMANENT, "look at the inventory again",
                       "there is no instance \"%s\"", json_is_string(item) ? json_string_value(item) : "");
            return;
        }
    }
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        bool asked = here->state != INST_REMOVED && (!list || named(list, here->id));
        if (asked && sim_lag(world, here) > lag)
            lag = sim_lag(world, here);
    }
    sim_answer(reply, json_pack("{s:b,s:I}", "in_sync", lag == 0, "lag_ms", (json_int_t)lag));
}

static void look_alarms(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    (void)args;
    json_t *list = json_array();
    sim_alarms_refresh(world);
    for (int i = 0; i < ALARMS; i++) {
        const struct sim_alarm *alarm = &world->alarm[i];
        if (alarm->raised == 0)
            continue;
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:I,s:b}", "id", alarm->id, "severity",
                                              alarm->severity, "domain",
                                              alarm->domain < 0 ? "both" : sim_domain_names[alarm->domain],
                                              "text", alarm->text, "raised", (json_int_t)alarm->raised,
                                              "maintenance", sim_guard_on(world, GUARD_ALARM_MARK)));
    }
    sim_answer(reply, json_pack("{s:o}", "alarms", list));
}

const struct sim_verb sim_verbs_look[] = {
    {"inventory", SIM_VIM, look_inventory, NULL, NULL, NULL},
    {"health", SIM_NF, look_health, NULL, NULL, NULL},
    {"version_path", SIM_NF, look_version_path, NULL, NULL, NULL},
    {"sync_state", SIM_NF, look_sync, NULL, NULL, NULL},
    {"alarms", SIM_NF, look_alarms, NULL, NULL, NULL},
    {"counters", SIM_NF, sim_look_counters, NULL, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
