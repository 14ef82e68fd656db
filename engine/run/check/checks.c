/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check/checks.h"

#include "base/mem.h"
#include "plan/plan.h"
#include "run/check/conflict.h"
#include "run/planning.h"
#include "run/step/step.h"

#include <string.h>

/* An adapter that is not there cannot be asked, and what it does cannot be relied on. */
static bool connections(struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_adapters *adapters = facts->live->engine->world.adapters;
    for (size_t i = 0; i < facts->order->vnf.connection_count; i++) {
        const char *ref = facts->order->vnf.connections[i].ref;
        const struct fy_adapter_info *info = adapters->describe(adapters->self, ref);
        if (info == NULL || info->state == FY_ADAPTER_READY)
            continue;
        return fy_fail(err, FY_ERR_REFUSED, "connection %s is %s%s%s", ref,
                       fy_adapter_state_name(info->state), info->problem != NULL ? ": " : "",
                       info->problem != NULL ? info->problem : "");
    }
    return true;
}

static bool seen(struct fy_facts *facts, struct fy_err *err)
{
    if (facts->landscape != NULL)
        return true;
    *err = facts->landscape_err;
    return false;
}

static bool nf_ready(struct fy_facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    const json_t *health = facts->questions[FY_FACT_HEALTH].result;
    const char *nf = fy_json_string_or(health, "nf", facts->order->request.vnf_instance);
    return fy_json_bool_or(health, "ready", false) ||
           fy_fail(err, FY_ERR_REFUSED, "%s says that it is not ready", nf);
}

/* An adapter without the verb cannot be asked: said, and no reason to stop. */
static bool answered(const struct fy_question *question, bool *ret_ok, struct fy_err *err)
{
    if (question->result != NULL)
        return true;
    *ret_ok = question->err.kind == FY_ERR_PERMANENT;
    *err = question->err;
    if (*ret_ok)
        fy_wrap(err, "not checked");
    return false;
}

static bool version_path(struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_order_request *request = &facts->order->request;
    const struct fy_question *question = &facts->questions[FY_FACT_PATH];
    bool ok;
    if (!answered(question, &ok, err))
        return ok;
    return fy_json_bool_or(question->result, "supported", false) ||
           fy_fail(err, FY_ERR_REFUSED, "there is no way from %s to %s: %s", request->source.version,
                   request->target.version, fy_json_string_or(question->result, "why", "no reason given"));
}

/* What an in-service upgrade needs the NF to say for itself: without an answer nothing may move. */
static bool issu_answered(const struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_question *question = &facts->questions[FY_FACT_ISSU];
    if (question->result != NULL)
        return true;
    *err = question->err;
    return false;
}

static bool issu_services(struct fy_facts *facts, struct fy_err *err)
{
    size_t index;
    json_t *service;
    if (!issu_answered(facts, err))
        return false;
    const json_t *services = json_object_get(facts->questions[FY_FACT_ISSU].result, "services");
    json_array_foreach(services, index, service)
    {
        if (!fy_json_bool_or(service, "supported", false))
            return fy_fail(err, FY_ERR_REFUSED, "%s cannot be upgraded while it serves: %s",
                           fy_json_string_or(service, "name", "a service"),
                           fy_json_string_or(service, "why", "no reason given"));
    }
    return json_array_size(services) > 0 ||
           fy_fail(err, FY_ERR_REFUSED, "%s names no service that can be upgraded while it serves",
                   facts->order->request.vnf_instance);
}

static bool gray_component(struct fy_facts *facts, struct fy_err *err)
{
    if (!issu_answered(facts, err))
        return false;
    return fy_json_string_or(facts->questions[FY_FACT_ISSU].result, "gray_component", NULL) != NULL ||
           fy_fail(err, FY_ERR_REFUSED,
                   "%s has no component for a gray configuration: nothing steers by version",
                   facts->order->request.vnf_instance);
}

/* Of an adapter that has not started nobody knows what it lacks. */
static bool has_verb(const struct fy_facts *facts, const char *verb)
{
    const struct fy_adapters *adapters = facts->live->engine->world.adapters;
    for (size_t i = 0; i < facts->order->vnf.connection_count; i++) {
        const struct fy_adapter_info *info =
            adapters->describe(adapters->self, facts->order->vnf.connections[i].ref);
        if (info == NULL || info->name == NULL || fy_adapter_verb(info, verb) != NULL)
            return true;
    }
    return false;
}

static json_t *needs_of_workflow(const struct fy_facts *facts)
{
    const struct fy_engine_world *world = &facts->live->engine->world;
    for (size_t i = 0; i < world->workflow_count; i++)
        if (strcmp(world->workflows[i].name, facts->order->workflow.name) == 0 && world->workflows[i].needs)
            return json_loads(world->workflows[i].needs, 0, NULL);
    return NULL;
}

/* A verb that is missing is found out now, not in the middle. */
static bool verbs_there(struct fy_facts *facts, struct fy_err *err)
{
    size_t index;
    json_t *verb;
    FY_AUTO(fy_json_unref) json_t *needs = needs_of_workflow(facts);
    json_array_foreach(needs, index, verb)
    {
        const char *name = json_string_value(verb);
        if (name != NULL && !has_verb(facts, name))
            return fy_fail(err, FY_ERR_REFUSED,
                           "workflow %s needs the verb %s, which no connection of the order serves",
                           facts->order->workflow.name, name);
    }
    return true;
}

/* Somebody took the function as it stood: what its instances ran then is known, and no surprise. */
static bool is_known(const struct fy_run *run, const struct fy_instance *instance)
{
    bool known = false;
    FY_AUTO(fy_json_unref)
    json_t *doc = run->known != NULL ? fy_json_parse(run->known, strlen(run->known), "known", NULL) : NULL;
    const json_t *one;
    size_t index;
    json_array_foreach(json_object_get(doc, "instances"), index, one) known |=
        strcmp(fy_json_string_or(one, "id", ""), instance->id) == 0 && instance->version != NULL &&
        strcmp(fy_json_string_or(one, "version", ""), instance->version) == 0;
    return known;
}

/* Instances of VDUs that change run this version. */
static bool runs_version(struct fy_facts *facts, bool target, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    const struct fy_order_request *request = &facts->order->request;
    const char *wanted = target ? request->target.version : request->source.version;
    for (size_t i = 0; i < facts->landscape->count; i++) {
        const struct fy_instance *instance = &facts->landscape->instances[i];
        const struct fy_order_vdu *vdu = fy_order_find_vdu(facts->order, instance->vdu);
        if (vdu == NULL || fy_order_vdu_unchanged(vdu) || instance->left_out)
            continue;
        bool runs = instance->version != NULL && strcmp(instance->version, wanted) == 0;
        if (!runs && (target || !is_known(facts->live->run, instance)))
            return fy_fail(err, FY_ERR_REFUSED, "%s runs %s, the order says %s", instance->id,
                           instance->version != NULL ? instance->version : "an unknown version", wanted);
    }
    return true;
}

static bool source_version(struct fy_facts *facts, struct fy_err *err)
{
    return runs_version(facts, false, err);
}

static bool target_version(struct fy_facts *facts, struct fy_err *err)
{
    return runs_version(facts, true, err);
}

static bool no_critical_alarms(struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_question *question = &facts->questions[FY_FACT_ALARMS];
    size_t index;
    json_t *alarm;
    bool ok;
    if (!answered(question, &ok, err))
        return ok;
    json_array_foreach(json_object_get(question->result, "alarms"), index, alarm)
    {
        if (strcmp(fy_json_string_or(alarm, "severity", ""), "critical") == 0)
            return fy_fail(err, FY_ERR_REFUSED, "critical alarm %s: %s", fy_json_string_or(alarm, "id", "?"),
                           fy_json_string_or(alarm, "text", ""));
    }
    return true;
}

static bool instances_running(struct fy_facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    for (size_t i = 0; i < facts->landscape->count; i++) {
        const struct fy_instance *instance = &facts->landscape->instances[i];
        if (!fy_in_service(instance) && !instance->aside)
            return fy_fail(err, FY_ERR_REFUSED, "%s is not %s", instance->id,
                           instance->running ? "ready" : "running");
    }
    return true;
}

static bool pairs_in_sync(struct fy_facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    for (size_t i = 0; i < facts->landscape->count; i++)
        if (!facts->landscape->instances[i].in_sync && !facts->landscape->instances[i].left_out)
            return fy_fail(err, FY_ERR_REFUSED, "%s is not in sync with its mates",
                           facts->landscape->instances[i].id);
    return true;
}

static bool guard_free(const struct fy_order *order, const struct fy_question *question, struct fy_err *err)
{
    const char *guard = question->about, *connection, *off;
    bool ok;
    if (!answered(question, &ok, err) || !fy_bind_guard(order, guard, &connection, &off, err))
        return false;
    FY_AUTO(fy_json_unref) json_t *wanted = json_loads(off, 0, NULL);
    return !json_equal(json_object_get(question->result, "state"), wanted) ||
           fy_fail(err, FY_ERR_REFUSED, "guard %s is off already; somebody else may hold it", guard);
}

static bool guards_free(struct fy_facts *facts, struct fy_err *err)
{
    for (size_t i = FY_FACT_GUARDS; i < facts->guards_end; i++)
        if (!guard_free(facts->order, &facts->questions[i], err))
            return false;
    return true;
}

/* All instances of the VDUs that change run the same. */
static bool one_version(struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_instance *first = NULL;
    if (!seen(facts, err))
        return false;
    for (size_t i = 0; i < facts->landscape->count; i++) {
        const struct fy_instance *instance = &facts->landscape->instances[i];
        const struct fy_order_vdu *vdu = fy_order_find_vdu(facts->order, instance->vdu);
        if (vdu == NULL || fy_order_vdu_unchanged(vdu))
            continue;
        if (instance->version == NULL)
            return fy_fail(err, FY_ERR_REFUSED, "%s runs an unknown version", instance->id);
        if (first == NULL)
            first = instance;
        if (strcmp(first->version, instance->version) != 0)
            return fy_fail(err, FY_ERR_REFUSED, "%s runs %s and %s runs %s", first->id, first->version,
                           instance->id, instance->version);
    }
    return true;
}

static bool not_split(struct fy_facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    return !facts->landscape->split ||
           fy_fail(err, FY_ERR_REFUSED, "%s is split in two domains, with %lld users on the target",
                   facts->order->request.vnf_instance, (long long)facts->landscape->users[FY_TARGET]);
}

/* ---- mates ------------------------------------------------------------------------------------------ */

static bool mates_free(struct fy_facts *facts, struct fy_err *err)
{
    const struct fy_order *order = facts->order;
    for (size_t i = 0; i < order->vnf.mate_count; i++) {
        const char *mate = order->vnf.mates[i].vnf_instance;
        const struct fy_live *other = fy_conflict_changes(facts->live->engine, mate, order->request.tenant);
        if (other != NULL && other != facts->live)
            return fy_fail(err, FY_ERR_REFUSED, "mate %s is under change by run %s (%s)", mate,
                           other->run->id, fy_state_name(other->tail));
    }
    return true;
}

static const struct fy_question *asked_about(const struct fy_facts *facts, const char *mate)
{
    for (size_t i = facts->guards_end; i < facts->count; i++)
        if (strcmp(facts->questions[i].about, mate) == 0)
            return &facts->questions[i];
    return NULL;
}

static void add_domain(const json_t *health, const char *domain, int64_t *users, int64_t *capacity)
{
    const json_t *part = json_object_get(json_object_get(health, "domains"), domain);
    *users += fy_json_int_or(part, "users", 0);
    *capacity += fy_json_int_or(part, "capacity", 0);
}

static bool mate_is_ready(const struct fy_order_mate *mate, const struct fy_question *question,
                          struct fy_err *err)
{
    int64_t users = 0, capacity = 0;
    const json_t *health = question->result;
    if (health == NULL)
        return fy_fail(err, FY_ERR_REFUSED, "mate %s could not be asked through %s: %s", mate->vnf_instance,
                       question->connection, question->err.message);
    if (!fy_json_bool_or(health, "ready", false))
        return fy_fail(err, FY_ERR_REFUSED, "mate %s says that it is not ready", mate->vnf_instance);
    if (mate->min_headroom_permille == FY_ABSENT)
        return true;
    add_domain(health, "source", &users, &capacity);
    add_domain(health, "target", &users, &capacity);
    int64_t free_permille = capacity > 0 ? 1000 * (capacity - users) / capacity : 0;
    return free_permille >= mate->min_headroom_permille ||
           fy_fail(err, FY_ERR_REFUSED,
                   "mate %s has %lld.%lld %% of its capacity free, and the order wants %lld %%",
                   mate->vnf_instance, (long long)(free_permille / 10),
                   (long long)(free_permille > 0 ? free_permille % 10 : 0),
                   (long long)(mate->min_headroom_permille / 10));
}

/* A mate that no connection serves is known to this engine by its runs only; that is said. */
static bool mates_ready(struct fy_facts *facts, struct fy_err *err)
{
    struct fy_err silent = {0};
    for (size_t i = 0; i < facts->order->vnf.mate_count; i++) {
        const struct fy_order_mate *mate = &facts->order->vnf.mates[i];
        const struct fy_question *question = asked_about(facts, mate->vnf_instance);
        if (question == NULL)
            fy_fail(&silent, FY_ERR_NONE,
                    "mate %s was not asked: no connection serves it; no run of this engine changes it",
                    mate->vnf_instance);
        else if (!mate_is_ready(mate, question, err))
            return false;
    }
    if (silent.message[0] != '\0')
        *err = silent;
    return true;
}

static int64_t batches_of(const struct fy_plan *plan)
{
    size_t count = plan->slice_count + plan->rest_count;
    for (size_t i = 0; i < plan->stage_count; i++)
        count += plan->stages[i].count;
    return (int64_t)count;
}

/* The plan itself is the proof: capacity, limits, and the window, as far ahead as it lies. */
static bool capacity(struct fy_facts *facts, struct fy_err *err)
{
    struct fy_plan *plan;
    if (!seen(facts, err))
        return false;
    struct fy_rtime now = {facts->live->run->program == 0 ? fy_live_now(facts->live).ms : 0};
    if (!fy_plan_make(facts->order, facts->landscape, NULL, now, &plan, err))
        return false;
    facts->forecast = (struct fy_forecast){.at_ms = fy_live_now(facts->live).ms,
                                           .starts_ms = plan->starts.ms,
                                           .ends_ms = plan->ends.ms,
                                           .last_safe_ms = plan->last_safe.ms,
                                           .users_at_risk = plan->users_at_risk,
                                           .batches = batches_of(plan)};
    fy_plan_free(plan);
    return true;
}

const struct fy_check fy_checks[] = {
    {"connections", connections, FY_CHECK_BEFORE},
    {"verbs_there", verbs_there, FY_CHECK_BEFORE},
    {"nf_ready", nf_ready, FY_CHECK_BEFORE},
    {"version_path", version_path, FY_CHECK_BEFORE},
    {"source_version_is_what_runs", source_version, FY_CHECK_BEFORE | FY_CHECK_WAIVABLE},
    {"target_version_is_what_runs", target_version, 0},
    {"no_critical_alarms", no_critical_alarms, FY_CHECK_BEFORE | FY_CHECK_WAIVABLE},
    {"instances_running", instances_running, FY_CHECK_BEFORE | FY_CHECK_WAIVABLE},
    {"pairs_in_sync", pairs_in_sync, FY_CHECK_BEFORE},
    {"issu_services", issu_services, 0}, /* asked for by workflows that go straight to 100 % */
    {"gray_component", gray_component, 0},
    {"guards_free", guards_free, FY_CHECK_BEFORE | FY_CHECK_WAIVABLE},
    {"mates_free", mates_free, FY_CHECK_BEFORE},
    {"mates_ready", mates_ready, FY_CHECK_BEFORE | FY_CHECK_WAIVABLE},
    {"capacity", capacity, FY_CHECK_BEFORE},
    {"one_version", one_version, 0},
    {"not_split", not_split, 0},
};
const size_t fy_check_count = FY_COUNT(fy_checks);

const struct fy_check *fy_check_find(const char *name)
{
    for (size_t i = 0; i < FY_COUNT(fy_checks); i++)
        if (strcmp(fy_checks[i].name, name) == 0)
            return &fy_checks[i];
    return NULL;
}
