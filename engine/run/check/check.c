/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check/check.h"

#include "base/mem.h"
#include "run/check/checks.h"
#include "run/planning.h"
#include "run/prep.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/retarget.h"

#include <string.h>

const char fy_checks_before[] = "[\"nf_ready\",\"version_path\",\"source_version_is_what_runs\","
                                "\"no_critical_alarms\",\"instances_running\",\"pairs_in_sync\"]";
const char fy_checks_after[] = "[\"nf_ready\",\"target_version_is_what_runs\",\"no_critical_alarms\","
                               "\"instances_running\",\"pairs_in_sync\"]";
const char fy_checks_back[] = "[\"nf_ready\",\"source_version_is_what_runs\",\"instances_running\","
                              "\"pairs_in_sync\"]";

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

static size_t guards_end_of(const struct fy_order *order)
{
    size_t count = FY_FACT_GUARDS;
    const char *connection;
    for (size_t i = 0; i < order->guards.take.count && count < FY_ASK_MAX; i++)
        count += fy_bind_guard(order, order->guards.take.word[i], &connection, NULL, NULL);
    return count;
}

static bool serves(const struct fy_adapter_info *info, const struct fy_order *order, const char *mate)
{
    for (const char *const *name = info->serves; name != NULL && *name != NULL; name++)
        if (strcmp(*name, mate) == 0)
            return fy_adapter_allows(info, order->request.tenant);
    return false;
}

/* Through the connection that serves it, if there is one. */
static size_t ask_mates(const struct fy_order *order, const struct fy_adapters *adapters,
                        struct fy_question questions[FY_ASK_MAX], size_t count)
{
    const struct fy_adapter_info *info;
    for (size_t m = 0; m < order->vnf.mate_count; m++) {
        const char *mate = order->vnf.mates[m].vnf_instance;
        for (size_t i = 0; (info = adapters->at(adapters->self, i)) != NULL; i++)
            if (count < FY_ASK_MAX && serves(info, order, mate)) {
                questions[count++] =
                    (struct fy_question){.connection = info->connection, .verb = "health", .about = mate};
                break;
            }
    }
    return count;
}

size_t fy_check_ask(const struct fy_order *order, const struct fy_adapters *adapters,
                    struct fy_question questions[FY_ASK_MAX])
{
    fy_planning_ask(order, questions);
    questions[FY_FACT_ALARMS] =
        (struct fy_question){.connection = fy_bind_observe(order, adapters, "alarms"), .verb = "alarms"};
    questions[FY_FACT_PATH] =
        (struct fy_question){.connection = fy_bind_observe(order, adapters, "version_path"),
                             .verb = "version_path",
                             .args = path_args(order)};
    questions[FY_FACT_ISSU] =
        (struct fy_question){.connection = fy_bind_observe(order, adapters, "issu_support"),
                             .verb = "issu_support",
                             .args = path_args(order)};
    size_t count = FY_FACT_GUARDS;
    for (size_t i = 0; i < order->guards.take.count && count < FY_ASK_MAX; i++) {
        const char *guard = order->guards.take.word[i], *connection;
        if (fy_bind_guard(order, guard, &connection, NULL, NULL))
            questions[count++] = (struct fy_question){
                .connection = connection, .verb = "guard_read", .args = guard_args(guard), .about = guard};
    }
    return ask_mates(order, adapters, questions, count);
}

/* ---- judging ---------------------------------------------------------------------------------------- */

/* What failed, and is not waived: each check with its reason, none hiding another. */
struct failures {
    size_t count;
    struct fy_failing each[32];
    char hint[256]; /* the same for all of them; empty: they differ */
};

static void put_one(struct fy_buf *buf, const char *name, bool ok, const char *why,
                    const struct fy_waiver *waiver)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "check", name);
    fy_buf_member_bool(buf, "ok", ok);
    fy_buf_member(buf, "why", why);
    if (waiver != NULL) {
        fy_buf_key(buf, "waived");
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "who", waiver->who);
        fy_buf_member(buf, "why", waiver->why);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, '}');
}

static void run_one(const char *name, struct fy_facts *facts, struct fy_buf *results,
                    struct failures *failures)
{
    struct fy_err why = {0};
    const struct fy_check *check = fy_check_find(name);
    bool ok = check != NULL ? check->check(facts, &why)
                            : fy_fail(&why, FY_ERR_INVALID, "there is no check \"%s\"", name);
    const struct fy_waiver *waiver = ok ? NULL : fy_prep_waiver(facts->live->run, name);
    put_one(results, name, ok, why.message, waiver);
    if (ok || waiver != NULL || failures->count == FY_COUNT(failures->each))
        return;
    if (failures->count == 0)
        (void)snprintf(failures->hint, sizeof failures->hint, "%s", why.hint);
    else if (strcmp(failures->hint, why.hint) != 0)
        failures->hint[0] = '\0';
    failures->each[failures->count++] =
        (struct fy_failing){.check = fy_strdup(name), .why = fy_strdup(why.message)};
}

static void run_checks(const json_t *names, struct fy_facts *facts, struct fy_buf *results,
                       struct failures *failures)
{
    fy_buf_open(results, '[');
    for (size_t i = 0; names == NULL && i < fy_check_count; i++)
        if ((fy_checks[i].flags & FY_CHECK_BEFORE) != 0)
            run_one(fy_checks[i].name, facts, results, failures);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        run_one(name != NULL ? name : "?", facts, results, failures);
    }
    fy_buf_close(results, ']');
}

/* One cause fails many checks: it is said once, behind the last of them. */
static bool said_later(const struct failures *failures, size_t at)
{
    for (size_t i = at + 1; i < failures->count; i++)
        if (strcmp(failures->each[i].why, failures->each[at].why) == 0)
            return true;
    return false;
}

static size_t reasons(const struct failures *failures)
{
    size_t count = 0;
    for (size_t i = 0; i < failures->count; i++)
        count += !said_later(failures, i);
    return count;
}

static bool fail_all(struct failures *failures, const struct fy_run *run, struct fy_err *err)
{
    struct fy_buf text = {0};
    size_t said = reasons(failures);
    int room = said > 0 ? 640 / (int)said - 32 : 0;
    if (failures->count > 1)
        fy_buf_format(&text, "%zu checks failed: ", failures->count);
    for (size_t i = 0; i < failures->count; i++) {
        bool later = said_later(failures, i);
        fy_buf_format(&text, "%s%s", failures->each[i].check, later ? ", " : ": ");
        if (!later)
            fy_buf_format(&text, "%.*s%s", room > 40 ? room : 40, failures->each[i].why,
                          i + 1 < failures->count ? "; " : "");
    }
    if (failures->count > 0) {
        fy_fail(err, FY_ERR_REFUSED, "%s", text.data);
        if (failures->hint[0] != '\0')
            fy_hint(err, "%s", failures->hint);
        else
            fy_hint(err, "mend what is named, then %s", run->program == 0 ? "send the order again" : "retry");
    }
    fy_buf_free(&text);
    for (size_t i = 0; i < failures->count; i++) {
        free(failures->each[i].check);
        free(failures->each[i].why);
    }
    return failures->count == 0;
}

static void put_forecast(struct fy_buf *buf, const struct fy_forecast *forecast)
{
    if (forecast->at_ms == 0)
        return;
    fy_buf_key(buf, "forecast");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "at_ms", forecast->at_ms);
    fy_buf_member_int(buf, "starts_ms", forecast->starts_ms);
    fy_buf_member_int(buf, "ends_ms", forecast->ends_ms);
    fy_buf_member_int(buf, "last_safe_ms", forecast->last_safe_ms);
    fy_buf_member_int(buf, "users_at_risk", forecast->users_at_risk);
    fy_buf_member_int(buf, "batches", forecast->batches);
    fy_buf_close(buf, '}');
}

static void put_checked(struct fy_live *live, const char *when, const char *results,
                        const struct fy_forecast *forecast)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "when", when);
    fy_buf_member_raw(&body, "results", results);
    put_forecast(&body, forecast);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_CHECKED, &body);
}

bool fy_check_judge(struct fy_live *live, const char *when, const json_t *names,
                    const struct fy_question *questions, size_t count, struct fy_buf *result,
                    struct fy_err *err)
{
    struct fy_facts facts = {.order = live->run->order,
                             .live = live,
                             .questions = questions,
                             .guards_end = guards_end_of(live->run->order),
                             .count = count};
    struct failures failures = {0};
    if (fy_planning_landscape(questions, &facts.landscape, &facts.landscape_err)) {
        fy_seen_mark(live->run, facts.landscape);
        if (live->run->state != FY_STATE_SCHEDULED) /* runs that only wait are many: no picture for them */
            fy_planning_keep(live, facts.landscape);
    }
    struct fy_buf results = {0};
    run_checks(names, &facts, &results, &failures);
    put_checked(live, when, results.data, &facts.forecast);
    fy_buf_open(result, '{');
    fy_buf_member_raw(result, "results", results.data);
    fy_buf_close(result, '}');
    fy_buf_free(&results);
    fy_landscape_free(facts.landscape);
    return fail_all(&failures, live->run, err);
}

bool fy_check_waivable(const char *name, struct fy_err *err)
{
    struct fy_buf names = {0};
    const struct fy_check *check = fy_check_find(name);
    for (size_t i = 0; i < fy_check_count; i++)
        if ((fy_checks[i].flags & FY_CHECK_WAIVABLE) != 0)
            fy_buf_format(&names, "%s%s", names.length > 0 ? ", " : "", fy_checks[i].name);
    bool ok = check != NULL && (check->flags & FY_CHECK_WAIVABLE) != 0;
    if (check == NULL)
        fy_fail(err, FY_ERR_INVALID, "there is no check \"%.100s\"", name);
    else if (!ok)
        fy_fail(err, FY_ERR_REFUSED, "check %s cannot be waived: nothing can be done while it fails", name);
    if (!ok)
        fy_hint(err, "these can: %s", names.data);
    fy_buf_free(&names);
    return ok;
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
