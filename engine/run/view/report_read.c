/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "run/view/report.h"

#include <string.h>

const char *const fy_report_keys[FY_REPORT_LISTS] = {"course", "verdicts", "people",
                                                     "guards", "trouble",  "observation"};

struct reading {
    struct fy_report *report;
    struct fy_err err;
    bool failed;
};

static void add(struct fy_report *report, enum fy_report_list list, const struct fy_row *row)
{
    struct fy_report_lines *lines = &report->lists[list];
    struct fy_buf text = {0};
    fy_describe(row, &text);
    lines->line = fy_realloc(lines->line, (lines->count + 1) * sizeof *lines->line);
    lines->line[lines->count].at_ms = row->time_ms;
    lines->line[lines->count++].text = fy_buf_take(&text);
}

static bool has(const struct fy_row *row, const char *text)
{
    return memmem(row->body, row->body_length, text, strlen(text)) != NULL;
}

static void first_plan(struct fy_report *report, const struct fy_row *row)
{
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "plan", NULL);
    if (report->planned_end_ms != 0)
        return;
    report->planned_end_ms = fy_json_int_or(doc, "ends_ms", 0);
    report->users_at_risk = fy_json_int_or(json_object_get(doc, "plan"), "users_at_risk", 0);
}

/* Which kinds go into which list. An approval is told by its command, which has the reason, too. */
static void sort(struct fy_report *report, const struct fy_row *row)
{
    static const struct {
        uint32_t kind;
        enum fy_report_list list;
        const char *only; /* if the body has this; NULL: always */
    } rows[] = {
        {FY_REC_STATE_CHANGED, FY_REPORT_COURSE, NULL},
        {FY_REC_PROGRAM_STARTED, FY_REPORT_COURSE, NULL},
        {FY_REC_PHASE, FY_REPORT_COURSE, NULL},
        {FY_REC_CHECKED, FY_REPORT_VERDICTS, NULL},
        {FY_REC_VERDICT, FY_REPORT_VERDICTS, NULL},
        {FY_REC_COMMAND, FY_REPORT_PEOPLE, NULL},
        {FY_REC_APPROVAL_ASKED, FY_REPORT_PEOPLE, NULL},
        {FY_REC_DECIDED, FY_REPORT_PEOPLE, NULL},
        {FY_REC_OUTCOME, FY_REPORT_PEOPLE, "\"by\":{"},
        {FY_REC_ALARM, FY_REPORT_OBSERVATION, NULL},
        {FY_REC_GUARD_TAKEN, FY_REPORT_GUARDS, NULL},
        {FY_REC_GUARD_RELEASED, FY_REPORT_GUARDS, NULL},
        {FY_REC_OUTCOME, FY_REPORT_TROUBLE, "\"ok\":false"},
        {FY_REC_STATE_CHANGED, FY_REPORT_TROUBLE, "\"error\":"},
        {FY_REC_RESUMED, FY_REPORT_TROUBLE, NULL},
        {FY_REC_NOTE, FY_REPORT_OBSERVATION, "\"about\":"}, /* the engine's own */
        {FY_REC_AMENDED, FY_REPORT_PEOPLE, NULL},
        {FY_REC_OBSERVED, FY_REPORT_OBSERVATION, NULL},
        {FY_REC_HANDED_OVER, FY_REPORT_TROUBLE, NULL},
        {FY_REC_FREED, FY_REPORT_PEOPLE, NULL},
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++)
        if (rows[i].kind == row->kind && (rows[i].only == NULL || has(row, rows[i].only)))
            add(report, rows[i].list, row);
}

static bool read_row(void *context, const struct fy_row *row)
{
    struct reading *reading = context;
    struct fy_report *report = reading->report;
    reading->failed = !fy_fold(report->run, row, &reading->err);
    if (reading->failed)
        return false;
    report->restarts += row->kind == FY_REC_RESUMED;
    if (row->kind == FY_REC_PLAN_MADE)
        first_plan(report, row);
    sort(report, row);
    return true;
}

static void sum_up(struct fy_report *report)
{
    const struct fy_run *run = report->run;
    int64_t source = run->users[0][0] + run->users[1][0], target = run->users[0][1] + run->users[1][1];
    report->permille = source + target > 0 ? 1000 * target / (source + target) : 0;
}

bool fy_report_read(struct fy_engine *engine, const char *run, struct fy_report *ret, struct fy_err *err)
{
    struct fy_store *store = engine->world.store;
    *ret = (struct fy_report){.run = fy_run_new(run)};
    struct reading reading = {.report = ret};
    bool ok = store->read(store, run, 0, read_row, &reading, err);
    if (ok && reading.failed) {
        if (err != NULL)
            *err = reading.err;
        ok = false;
    }
    if (ok && ret->run->order == NULL)
        ok = fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s", run) ||
             fy_hint(err, "\"ferry list\" shows the runs of this store");
    if (ok)
        sum_up(ret);
    else
        fy_report_done(ret);
    return ok;
}

void fy_report_done(struct fy_report *report)
{
    for (size_t i = 0; i < FY_REPORT_LISTS; i++) {
        for (size_t j = 0; j < report->lists[i].count; j++)
            free(report->lists[i].line[j].text);
        free(report->lists[i].line);
    }
    fy_run_free(report->run);
}
