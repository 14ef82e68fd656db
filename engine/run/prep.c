/* SPDX-License-Identifier: Apache-2.0 */
#include "run/prep.h"

#include "base/mem.h"
#include "run/fold.h"

#include <string.h>

#define HOUR_MS (60 * 60 * 1000LL)

/* When the prechecks are made, in the words of the record; the first as soon as the order is accepted. */
static const struct {
    const char *when;
    int64_t before_ms;
} moments[] = {
    {"accepted", INT64_MAX},
    {"3 days before", 72 * HOUR_MS},
    {"1 day before", 24 * HOUR_MS},
    {"1 hour before", HOUR_MS},
};

static struct fy_prep *prep_of(struct fy_run *run)
{
    if (run->prep == NULL)
        run->prep = FY_NEW(struct fy_prep);
    return run->prep;
}

static void free_failing(struct fy_prep *prep)
{
    for (size_t i = 0; i < prep->failing_count; i++) {
        free(prep->failing[i].check);
        free(prep->failing[i].why);
    }
    free(prep->failing);
    prep->failing = NULL;
    prep->failing_count = 0;
}

static void free_waiver(struct fy_waiver *waiver)
{
    free(waiver->check);
    free(waiver->who);
    free(waiver->why);
}

void fy_prep_free(struct fy_prep *prep)
{
    if (prep == NULL)
        return;
    free_failing(prep);
    for (size_t i = 0; i < prep->waiver_count; i++)
        free_waiver(&prep->waivers[i]);
    free(prep->waivers);
    free(prep->when);
    free(prep->forecast);
    free(prep);
}

/* ---- moments ---------------------------------------------------------------------------------------- */

const char *fy_prep_due(const struct fy_run *run, int64_t now_ms, int64_t *ret_next_ms)
{
    static const struct fy_prep none;
    const struct fy_prep *prep = run->prep != NULL ? run->prep : &none;
    int64_t since_ms = prep->since_ms != 0 ? prep->since_ms : run->accepted_ms;
    *ret_next_ms = INT64_MAX;
    for (size_t i = FY_COUNT(moments) - 1; i > 0; i--) {
        int64_t at_ms = run->order->request.window.start_ms - moments[i].before_ms;
        if (now_ms < at_ms)
            *ret_next_ms = at_ms;
        else if ((prep->done & 1u << i) != 0)
            return prep->wanted; /* it stands for the earlier ones, too */
        else if (at_ms > since_ms)
            return moments[i].when;
    }
    return prep->wanted != NULL || (prep->done & 1u) != 0 ? prep->wanted : moments[0].when;
}

/* ---- waivers ---------------------------------------------------------------------------------------- */

static struct fy_waiver *find_waiver(const struct fy_prep *prep, const char *check)
{
    for (size_t i = 0; prep != NULL && i < prep->waiver_count; i++)
        if (strcmp(prep->waivers[i].check, check) == 0)
            return &prep->waivers[i];
    return NULL;
}

const struct fy_waiver *fy_prep_waiver(const struct fy_run *run, const char *check)
{
    return run->snapshot_count == 0 ? find_waiver(run->prep, check) : NULL;
}

size_t fy_prep_failing(const struct fy_run *run)
{
    const struct fy_prep *prep = run->prep;
    size_t count = 0;
    for (size_t i = 0; prep != NULL && i < prep->failing_count; i++)
        count += find_waiver(prep, prep->failing[i].check) == NULL;
    return count;
}

static void forget_waiver(struct fy_prep *prep, const char *check)
{
    struct fy_waiver *found = find_waiver(prep, check);
    if (found == NULL)
        return;
    free_waiver(found);
    *found = prep->waivers[--prep->waiver_count];
}

static void waive(struct fy_prep *prep, int64_t time_ms, const char *check, const json_t *doc)
{
    forget_waiver(prep, check);
    prep->waivers = fy_realloc(prep->waivers, (prep->waiver_count + 1) * sizeof *prep->waivers);
    prep->waivers[prep->waiver_count++] = (struct fy_waiver){
        .check = fy_strdup(check),
        .who = fy_strdup(fy_json_string_or(json_object_get(doc, "caller"), "who", "?")),
        .why = fy_strdup(fy_json_string_or(json_object_get(doc, "args"), "why", "")),
        .at_ms = time_ms,
    };
}

/* ---- the fold --------------------------------------------------------------------------------------- */

void fy_prep_fold_waive(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    waive(prep_of(run), row->time_ms, fy_json_string_or(json_object_get(doc, "args"), "check", ""), doc);
}

void fy_prep_fold_unwaive(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    (void)row;
    forget_waiver(prep_of(run), fy_json_string_or(json_object_get(doc, "args"), "check", ""));
}

void fy_prep_amended(struct fy_run *run, int64_t time_ms)
{
    struct fy_prep *prep = prep_of(run);
    prep->done &= 1u;
    prep->since_ms = time_ms;
    prep->wanted = "amended";
}

void fy_prep_want(struct fy_run *run, const char *what)
{
    prep_of(run)->wanted = what;
}

static void keep_failing(struct fy_prep *prep, const json_t *results)
{
    const json_t *result;
    size_t index;
    free_failing(prep);
    prep->count = json_array_size(results);
    prep->failing = FY_NEW_ARRAY(struct fy_failing, prep->count + 1);
    json_array_foreach(results, index, result)
    {
        if (fy_json_bool_or(result, "ok", false))
            continue;
        prep->failing[prep->failing_count++] =
            (struct fy_failing){.check = fy_strdup(fy_json_string_or(result, "check", "?")),
                                .why = fy_strdup(fy_json_string_or(result, "why", "no reason given"))};
    }
}

/* Checks that a workflow made are not prechecks. */
void fy_prep_checked(struct fy_run *run, int64_t time_ms, const json_t *doc)
{
    const char *when = fy_json_string_or(doc, "when", "");
    if (run->program > 0 && !fy_state_final(run->state))
        return;
    struct fy_prep *prep = prep_of(run);
    const json_t *forecast = json_object_get(doc, "forecast");
    for (size_t i = 0; i < FY_COUNT(moments); i++)
        if (strcmp(moments[i].when, when) == 0)
            prep->done |= 1u << i;
    prep->done |= 1u; /* whatever was checked, it was checked after it was accepted */
    if (prep->wanted != NULL && strcmp(prep->wanted, when) == 0)
        prep->wanted = NULL; /* what was under way when somebody asked does not answer them */
    prep->at_ms = time_ms;
    free(prep->when);
    prep->when = fy_strdup(when);
    free(prep->forecast);
    prep->forecast = forecast != NULL ? fy_json_text(forecast) : NULL;
    keep_failing(prep, json_object_get(doc, "results"));
}

/* ---- for people ------------------------------------------------------------------------------------- */

static void view_failing(const struct fy_prep *prep, struct fy_buf *buf)
{
    fy_buf_key(buf, "failed");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < prep->failing_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "check", prep->failing[i].check);
        fy_buf_member(buf, "why", prep->failing[i].why);
        fy_buf_member_bool(buf, "waived", find_waiver(prep, prep->failing[i].check) != NULL);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static void view_waivers(const struct fy_prep *prep, struct fy_buf *buf)
{
    fy_buf_key(buf, "waivers");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < prep->waiver_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "check", prep->waivers[i].check);
        fy_buf_member(buf, "who", prep->waivers[i].who);
        fy_buf_member(buf, "why", prep->waivers[i].why);
        fy_buf_member_int(buf, "at_ms", prep->waivers[i].at_ms);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

void fy_prep_view(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_prep *prep = run->prep;
    if (prep == NULL || (prep->when == NULL && prep->wanted == NULL && prep->waiver_count == 0))
        return;
    fy_buf_key(buf, "checks");
    fy_buf_open(buf, '{');
    if (prep->when != NULL) {
        fy_buf_member(buf, "when", prep->when);
        fy_buf_member_int(buf, "at_ms", prep->at_ms);
        fy_buf_member_int(buf, "count", (int64_t)prep->count);
    }
    fy_buf_member(buf, "wanted", prep->wanted);
    view_failing(prep, buf);
    view_waivers(prep, buf);
    if (prep->forecast != NULL)
        fy_buf_member_raw(buf, "forecast", prep->forecast);
    fy_buf_close(buf, '}');
}

void fy_prep_sentence(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_prep *prep = run->prep;
    size_t count = fy_prep_failing(run), said = 0;
    if (count == 0)
        return;
    fy_buf_format(buf, "%zu check%s: ", count, count == 1 ? " fails" : "s fail");
    for (size_t i = 0; i < prep->failing_count; i++)
        if (find_waiver(prep, prep->failing[i].check) == NULL)
            fy_buf_format(buf, "%s%s (%s)", said++ > 0 ? ", " : "", prep->failing[i].check,
                          prep->failing[i].why);
}
