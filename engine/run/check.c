/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check.h"

#include "base/mem.h"
#include "run/planning.h"
#include "run/step.h"

#include <string.h>

const char fy_checks_before[] = "[\"nf_ready\",\"version_path\",\"source_version_is_what_runs\","
                                "\"no_critical_alarms\",\"instances_running\",\"pairs_in_sync\"]";
const char fy_checks_after[] = "[\"nf_ready\",\"target_version_is_what_runs\",\"no_critical_alarms\","
                               "\"instances_running\",\"pairs_in_sync\"]";

enum { INVENTORY, HEALTH, ALARMS, PATH, FIXED };

/* What the checks look at. */
struct facts {
    const struct fy_order *order;
    const struct fy_landscape *landscape; /* NULL: it could not be read; landscape_err says why */
    struct fy_err landscape_err;
    const struct fy_question *questions;
    size_t count;
};

/* ---- the checks: true, or one sentence -------------------------------------------------------------------
 */

typedef bool check_fn(const struct facts *facts, struct fy_err *err);

static bool seen(const struct facts *facts, struct fy_err *err)
{
    if (facts->landscape != NULL)
        return true;
    *err = facts->landscape_err;
    return false;
}

static bool nf_ready(const struct facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    const json_t *health = facts->questions[HEALTH].result;
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

static bool version_path(const struct facts *facts, struct fy_err *err)
{
    const struct fy_order_request *request = &facts->order->request;
    const struct fy_question *question = &facts->questions[PATH];
    bool ok;
    if (!answered(question, &ok, err))
        return ok;
    return fy_json_bool_or(question->result, "supported", false) ||
           fy_fail(err, FY_ERR_REFUSED, "there is no way from %s to %s: %s", request->source.version,
                   request->target.version, fy_json_string_or(question->result, "why", "no reason given"));
}

/* Instances of VDUs that change run this version. */
static bool runs_version(const struct facts *facts, bool target, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    const struct fy_order_request *request = &facts->order->request;
    const char *wanted = target ? request->target.version : request->source.version;
    for (size_t i = 0; i < facts->landscape->count; i++) {
        const struct fy_instance *instance = &facts->landscape->instances[i];
        const struct fy_order_vdu *vdu = fy_order_find_vdu(facts->order, instance->vdu);
        if (vdu == NULL || fy_order_vdu_unchanged(vdu))
            continue;
        if (instance->version == NULL || strcmp(instance->version, wanted) != 0)
            return fy_fail(err, FY_ERR_REFUSED, "%s runs %s, the order says %s", instance->id,
                           instance->version != NULL ? instance->version : "an unknown version", wanted);
    }
    return true;
}

static bool source_version(const struct facts *facts, struct fy_err *err)
{
    return runs_version(facts, false, err);
}

static bool target_version(const struct facts *facts, struct fy_err *err)
{
    return runs_version(facts, true, err);
}

static bool no_critical_alarms(const struct facts *facts, struct fy_err *err)
{
    const struct fy_question *question = &facts->questions[ALARMS];
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

static bool instances_running(const struct facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    for (size_t i = 0; i < facts->landscape->count; i++) {
        const struct fy_instance *instance = &facts->landscape->instances[i];
        if (!fy_in_service(instance))
            return fy_fail(err, FY_ERR_REFUSED, "%s is not %s", instance->id,
                           instance->running ? "ready" : "running");
    }
    return true;
}

static bool pairs_in_sync(const struct facts *facts, struct fy_err *err)
{
    if (!seen(facts, err))
        return false;
    for (size_t i = 0; i < facts->landscape->count; i++)
        if (!facts->landscape->instances[i].in_sync)
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

static bool guards_free(const struct facts *facts, struct fy_err *err)
{
    for (size_t i = FIXED; i < facts->count; i++)
        if (!guard_free(facts->order, &facts->questions[i], err))
            return false;
    return true;
}

static bool capacity(const struct facts *facts, struct fy_err *err)
{
    struct fy_plan *plan;
    if (!seen(facts, err))
        return false;
    if (!fy_plan_make(facts->order, facts->landscape, NULL, (struct fy_rtime){0}, &plan, err))
        return false;
    fy_plan_free(plan);
    return true;
}

static const struct {
    const char *name;
    check_fn *check;
    bool before; /* also while nothing is touched, in STARTING */
} checks[] = {
    {"nf_ready", nf_ready, true},
    {"version_path", version_path, true},
    {"source_version_is_what_runs", source_version, true},
    {"target_version_is_what_runs", target_version, false},
    {"no_critical_alarms", no_critical_alarms, true},
    {"instances_running", instances_running, true},
    {"pairs_in_sync", pairs_in_sync, true},
    {"guards_free", guards_free, true},
    {"capacity", capacity, false}, /* in STARTING the plan itself is the proof */
};

/* ---- asking
 * ------------------------------------------------------------------------------------------------ */

static char *path_args(const struct fy_order *order)
{
    static _Thread_local char args[512];
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "from", order->request.source.version);
    fy_buf_member(&buf, "to", order->request.target.version);
    fy_buf_close(&buf, '}');
    (void)snprintf(args, sizeof args, "%s", buf.data);
    fy_buf_free(&buf);
    return args;
}

/* Their arguments: {"guard":"..."} for the guards there are; names of guards need no escaping. */
static const char *guard_args(const char *guard)
{
    static _Thread_local char args[FY_ASK_MAX][80];
    static _Thread_local size_t next;
    char *place = args[next++ % FY_ASK_MAX];
    (void)snprintf(place, sizeof args[0], "{\"guard\":\"%s\"}", guard);
    return place;
}

size_t fy_check_ask(const struct fy_order *order, const struct fy_adapters *adapters,
                    struct fy_question questions[FY_ASK_MAX])
{
    fy_planning_ask(order, questions);
    questions[ALARMS] =
        (struct fy_question){.connection = fy_bind_observe(order, adapters, "alarms"), .verb = "alarms"};
    questions[PATH] = (struct fy_question){.connection = fy_bind_observe(order, adapters, "version_path"),
                                           .verb = "version_path",
                                           .args = path_args(order)};
    size_t count = FIXED;
    for (size_t i = 0; i < order->guards.take.count && count < FY_ASK_MAX; i++) {
        const char *guard = order->guards.take.word[i], *connection;
        if (fy_bind_guard(order, guard, &connection, NULL, NULL))
            questions[count++] = (struct fy_question){
                .connection = connection, .verb = "guard_read", .args = guard_args(guard), .about = guard};
    }
    return count;
}

/* ---- judging
 * ------------------------------------------------------------------------------------------------ */

static void put_one(struct fy_buf *buf, const char *name, bool ok, const struct fy_err *why)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "check", name);
    fy_buf_member_bool(buf, "ok", ok);
    fy_buf_member(buf, "why", why->message);
    fy_buf_close(buf, '}');
}

static void add_failure(struct fy_err *all, const struct fy_err *one, size_t failures)
{
    struct fy_err before = *all;
    if (failures == 0)
        fy_fail(all, FY_ERR_REFUSED, "%s", one->message);
    else if (strstr(before.message, one->message) == NULL) /* one cause fails many checks: it is said once */
        fy_fail(all, FY_ERR_REFUSED, "%.500s; %.250s", before.message, one->message);
}

static size_t run_one(const char *name, const struct facts *facts, struct fy_buf *results, struct fy_err *all,
                      size_t failures)
{
    struct fy_err why = {0};
    bool ok = fy_fail(&why, FY_ERR_INVALID, "there is no check \"%s\"", name);
    for (size_t i = 0; i < FY_COUNT(checks); i++)
        if (strcmp(checks[i].name, name) == 0) {
            why = (struct fy_err){0};
            ok = checks[i].check(facts, &why);
        }
    put_one(results, name, ok, &why);
    if (!ok)
        add_failure(all, &why, failures);
    return failures + !ok;
}

static size_t run_checks(const json_t *names, const struct facts *facts, struct fy_buf *results,
                         struct fy_err *err)
{
    size_t failures = 0;
    fy_buf_open(results, '[');
    for (size_t i = 0; names == NULL && i < FY_COUNT(checks); i++)
        if (checks[i].before)
            failures = run_one(checks[i].name, facts, results, err, failures);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        failures = run_one(name != NULL ? name : "?", facts, results, err, failures);
    }
    fy_buf_close(results, ']');
    return failures;
}

static void put_checked(struct fy_live *live, const char *when, const char *results)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "when", when);
    fy_buf_member_raw(&body, "results", results);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_CHECKED, &body);
}

bool fy_check_judge(struct fy_live *live, const char *when, const json_t *names,
                    const struct fy_question *questions, size_t count, struct fy_buf *result,
                    struct fy_err *err)
{
    struct facts facts = {.order = live->run->order, .questions = questions, .count = count};
    struct fy_landscape *landscape = NULL;
    if (fy_planning_landscape(questions, &landscape, &facts.landscape_err)) {
        facts.landscape = landscape;
        fy_planning_keep(live, landscape);
    }
    struct fy_buf results = {0};
    size_t failures = run_checks(names, &facts, &results, err);
    put_checked(live, when, results.data);
    fy_buf_open(result, '{');
    fy_buf_member_raw(result, "results", results.data);
    fy_buf_close(result, '}');
    fy_buf_free(&results);
    fy_landscape_free(landscape);
    if (failures > 0)
        fy_hint(err, "mend what is named, then %s",
                live->run->program == 0 ? "send the order again" : "retry");
    return failures == 0;
}

/* ---- the step
 * ------------------------------------------------------------------------------------------------- */

static void checked(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_buf result = {0};
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref)
    json_t *args = fy_json_parse(live->run->step.args, strlen(live->run->step.args), "check", &err);
    const json_t *names = json_object_get(args, "checks");
    bool ok = fy_check_judge(live, live->run->phase != NULL ? live->run->phase : "program", names, questions,
                             count, &result, &err);
    if (ok)
        fy_step_done(live, result.data);
    else
        fy_step_failed(live, &err);
    fy_buf_free(&result);
}

void fy_step_check(struct fy_live *live, const json_t *args)
{
    (void)args;
    struct fy_question questions[FY_ASK_MAX];
    size_t count = fy_check_ask(live->run->order, live->engine->world.adapters, questions);
    fy_ask_for(live, questions, count, checked);
}
