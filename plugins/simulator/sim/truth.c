/* SPDX-License-Identifier: Apache-2.0 */
/* What is true in the world, for people and tests. None of it can be seen through the adapters' verbs. */
#include "sim/model.h"

#include <string.h>

static json_t *segments_json(const struct sim_world *world, int domain)
{
    return json_pack("{s:i,s:i}", "5g", world->attached[domain][SEG_5G], "4g",
                     world->attached[domain][SEG_4G]);
}

static int64_t users_of(const struct sim_world *world, int domain)
{
    return (int64_t)world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
}

static json_t *status(const struct sim_world *world)
{
    json_t *object = json_pack(
        "{s:s,s:s,s:s,s:I,s:i,s:b,s:I,s:s,s:I}", "nf", world->set.nf, "shape",
        world->set.shape == SHAPE_AMF ? "AMF" : "SMF", "version",
        world->versions[world->split ? SOURCE : world->home], "now_ms", (json_int_t)sim_world_now(world),
        "scale", world->scale, "split", world->split, "permille", (json_int_t)world->permille, "mobility",
        sim_mobility_name(world->set.mobility), "epoch_ms", (json_int_t)(world->begun ? world->born : 0));
    json_t *domains = json_object();
    for (int domain = 0; domain < DOMAINS; domain++)
        json_object_set_new(domains, sim_domain_names[domain],
                            json_pack("{s:s,s:I,s:I,s:o}", "version", world->versions[domain], "users",
                                      (json_int_t)users_of(world, domain), "capacity",
                                      (json_int_t)world->capacity[domain], "segments",
                                      segments_json(world, domain)));
    json_object_set_new(object, "domains", domains);
    json_t *guards = json_object();
    for (int i = 0; i < GUARDS; i++)
        json_object_set(guards, sim_guard_names[i], world->guard[i].state);
    json_object_set_new(object, "guards", guards);
    return object;
}

static json_t *whys_json(const struct sim_world *world)
{
    json_t *whys = json_object();
    for (int i = 0; i < DROP_WHYS; i++)
        if (world->truth.dropped_why[i] > 0)
            json_object_set_new(whys, sim_drop_words[i], json_integer(world->truth.dropped_why[i]));
    return whys;
}

static json_t *drops_json(const struct sim_world *world)
{
    json_t *drops = json_array();
    for (size_t i = 0; i < world->drop_count && i < 100; i++) {
        const struct sim_drop *drop = &world->drops[i];
        struct sim_user user = {.id = drop->user};
        char supi[32];
        sim_supi(&user, supi);
        json_array_append_new(drops,
                              json_pack("{s:I,s:s,s:s,s:b,s:s}", "at", (json_int_t)drop->at, "subscriber",
                                        supi, "instance", world->instances[drop->instance].id, "in_call",
                                        drop->call, "why", drop->why));
    }
    return drops;
}

static json_t *keys_json(const struct sim_world *world, int64_t *ret_repeated)
{
    json_t *keys = json_object();
    for (uint32_t i = 0; i < world->op_count; i++) {
        const struct sim_op *op = world->ops[i];
        static const char *const states[] = {"new", "running", "done", "failed"};
        *ret_repeated += op->effects > 1;
        json_object_set_new(keys, op->key,
                            json_pack("{s:s,s:I,s:s,s:I}", "verb", op->verb->name, "effects",
                                      (json_int_t)op->effects, "state", states[op->state], "attempt",
                                      (json_int_t)op->attempt));
    }
    return keys;
}

static void add(json_t *object, const char *member, int64_t value)
{
    json_object_set_new(object, member, json_integer(value));
}

/* A least that nothing has lowered is that of nobody: a domain without users. */
static void add_least(json_t *object, const char *member, int64_t value)
{
    if (value != INT64_MAX)
        add(object, member, value);
}

static json_t *counters(const struct sim_world *world)
{
    const struct sim_truth *truth = &world->truth;
    json_t *object = json_object();
    int64_t repeated = 0, held = 0;
    json_t *keys = keys_json(world, &repeated);
    for (int64_t i = 0; i < world->set.test_subscribers; i++)
        held += world->tests[i].alive;
    add(object, "users_dropped", truth->dropped);
    add(object, "calls_dropped", truth->calls_dropped);
    add(object, "held_calls_dropped", truth->held_dropped);
    add(object, "held_calls_alive", held / 2);
    add(object, "users_disturbed", truth->disturbed);
    add(object, "users_moved", truth->moved);
    add(object, "instances_upgraded_under_sessions", truth->upgraded_under_sessions);
    add(object, "actives_upgraded_without_switchover", truth->upgraded_active);
    add(object, "pairs_down", truth->pairs_down);
    add(object, "storage_down", truth->storage_down);
    add(object, "storage_least_in_sync", truth->storage_least);
    add(object, "ticks", (int64_t)world->tick);
    add(object, "ticks_source_overloaded", truth->overloaded_ticks[SOURCE]);
    add(object, "ticks_target_overloaded", truth->overloaded_ticks[TARGET]);
    add(object, "ticks_below_demand", truth->below_demand_ticks);
    add_least(object, "capacity_least_permille_source", truth->capacity_least[SOURCE]);
    add_least(object, "capacity_least_permille_target", truth->capacity_least[TARGET]);
    add(object, "source_overloaded_at", truth->first_overload[SOURCE]);
    add(object, "target_overloaded_at", truth->first_overload[TARGET]);
    add(object, "users_unserved_most", truth->unserved_most);
    add(object, "users_unserved_s", truth->unserved_ms / 1000);
    add(object, "pairs_both_down", truth->both_down);
    add(object, "instances_died", truth->deaths);
    add(object, "calls_reset", sim_fault_hits(world, FAULT_connection_reset));
    add(object, "replies_lost", sim_fault_hits(world, FAULT_reply_lost));
    add(object, "effects_late", truth->late_landed);
    add(object, "effects_late_refused", truth->late_refused);
    add(object, "healing_interferences", truth->healing_interfered);
    add(object, "scaling_interferences", truth->scaling_interfered);
    add(object, "builds", truth->builds);
    add(object, "builds_failed", truth->builds_failed);
    add(object, "fences_refused", truth->refused_fences);
    add(object, "keys_repeated", repeated);
    json_object_set_new(object, "dropped_by_why", whys_json(world));
    json_object_set_new(object, "drops", drops_json(world));
    json_object_set_new(object, "keys", keys);
    return object;
}

static json_t *users(const struct sim_world *world)
{
    json_t *instances = json_array(), *domains = json_object();
    for (int domain = 0; domain < DOMAINS; domain++)
        json_object_set_new(domains, sim_domain_names[domain], segments_json(world, domain));
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->state == INST_REMOVED || here->vdu != VDU_SVC)
            continue;
        json_array_append_new(instances, json_pack("{s:s,s:s,s:s,s:i}", "id", here->id, "domain",
                                                   sim_domain_names[sim_domain_of(world, here)], "version",
                                                   here->runs.version, "users", here->users));
    }
    int64_t in_call = 0;
    for (uint32_t i = 0; i < world->user_count; i++)
        in_call += world->users[i].state == USER_ATTACHED && sim_in_call(world, &world->users[i]);
    return json_pack("{s:i,s:I,s:o,s:o}", "registering", world->attaching, "in_call", (json_int_t)in_call,
                     "domains", domains, "instances", instances);
}

json_t *sim_world_truth(const struct sim_world *world, const char *what)
{
    static const struct {
        const char *name;
        json_t *(*make)(const struct sim_world *world);
    } views[] = {{"status", status},
                 {"counters", counters},
                 {"users", users},
                 {"guards", sim_guards_json},
                 {"faults", sim_faults_json}};
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        if (strcmp(views[i].name, what) == 0)
            return views[i].make(world);
    return NULL;
}
