/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: one page for the morning meeting. It is made from the records of the run (in report_read.c) and
 * written twice, as JSON and as Markdown; both say the same.
 */
#include "run/report.h"

#include "base/mem.h"
#include "base/time.h"
#include "run/sample.h"
#include "run/view.h"

#include <string.h>

/* ---- Markdown
 * ----------------------------------------------------------------------------------------------- */

static void put_time(struct fy_buf *buf, const char *title, int64_t planned_ms, int64_t actual_ms)
{
    char planned[FY_TIME_TEXT] = "-", actual[FY_TIME_TEXT] = "-";
    if (planned_ms != 0)
        fy_time_format(planned_ms, planned);
    if (actual_ms != 0)
        fy_time_format(actual_ms, actual);
    fy_buf_format(buf, "| %s | %s | %s |\n", title, planned, actual);
}

static void md_head(const struct fy_report *report, struct fy_buf *buf)
{
    const struct fy_run *run = report->run;
    const struct fy_order_request *request = &run->order->request;
    fy_buf_format(buf, "# %s: %s from %s to %s\n\n", run->id, request->vnf_instance, request->source.version,
                  request->target.version);
    fy_buf_format(buf, "**%s**: %s. Run %s %s", fy_state_name(run->state), fy_state_means(run->state),
                  run->id, report->waiting);
    fy_buf_text(buf, ".\n\n");
    if (run->error.message != NULL)
        fy_buf_format(buf, "Error: %s. %s\n\n", run->error.message,
                      run->error.hint != NULL ? run->error.hint : "");
    if (run->base.scale != 1)
        fy_buf_format(buf, "A trial: simulated network function, time x %lld.\n\n",
                      (long long)run->base.scale);
    fy_buf_text(buf, "| | planned | actual |\n|---|---|---|\n");
    put_time(buf, "accepted", 0, run->accepted_ms);
    put_time(buf, "start", request->window.start_ms, run->started_ms);
    put_time(buf, "end", report->planned_end_ms, run->ended_ms);
    fy_buf_text(buf, "\n");
}

static void md_users(const struct fy_report *report, struct fy_buf *buf)
{
    const struct fy_run *run = report->run;
    int64_t source = run->users[0][0] + run->users[1][0], target = run->users[0][1] + run->users[1][1];
    int64_t all = source + target;
    fy_buf_format(buf, "Ratio reached: %lld.%lld %% of the users (%lld of %lld).",
                  (long long)(report->permille / 10), (long long)(report->permille % 10), (long long)target,
                  (long long)all);
    fy_buf_format(buf, " Steps: %llu, plan revisions: %lld, engine restarts survived: %lld.\n",
                  (unsigned long long)run->steps, (long long)run->revision, (long long)report->restarts);
    fy_buf_format(buf, "Users at risk, as forecast: %lld.\n\n", (long long)report->users_at_risk);
}

static void md_ratio(struct fy_buf *buf, const struct fy_count *count)
{
    int64_t bp = fy_success_bp(count);
    if (bp < 0)
        fy_buf_text(buf, " no data |");
    else
        fy_buf_format(buf, " %lld.%02lld |", (long long)(bp / 100), (long long)(bp % 100));
}

static void md_table_head(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_text(buf, "| KPI |");
    for (size_t i = 0; i < run->snapshot_count; i++) {
        char label[32];
        fy_snapshot_label(&run->snapshots[i], label, sizeof label);
        fy_buf_format(buf, " %s L | %s R |", label, label);
    }
    fy_buf_text(buf, "\n|---|");
    for (size_t i = 0; i < 2 * run->snapshot_count; i++)
        fy_buf_text(buf, "---|");
    for (size_t segment = 0; segment < 2; segment++) {
        fy_buf_format(buf, "\n| %s users |", fy_segments[segment]);
        for (size_t i = 0; i < run->snapshot_count; i++)
            fy_buf_format(buf, " %lld | %lld |", (long long)run->snapshots[i].users[segment][0],
                          (long long)run->snapshots[i].users[segment][1]);
    }
    fy_buf_text(buf, "\n");
}

static void md_table(const struct fy_run *run, struct fy_buf *buf)
{
    if (run->snapshot_count == 0)
        return;
    fy_buf_text(buf, "## Source (L) and target (R), success in %\n\n");
    md_table_head(run, buf);
    for (size_t kpi = 0; kpi < FY_RUN_KPIS && fy_kpis[kpi].name != NULL; kpi++) {
        fy_buf_format(buf, "| %s |", fy_kpis[kpi].title);
        for (size_t i = 0; i < run->snapshot_count; i++)
            for (size_t side = 0; side < 2; side++)
                md_ratio(buf, &run->snapshots[i].counts.kpi[kpi][side]);
        fy_buf_text(buf, "\n");
    }
    fy_buf_text(buf, "\n");
}

static void md_list(const char *title, const struct fy_report_lines *lines, struct fy_buf *buf)
{
    if (lines->count == 0)
        return;
    fy_buf_format(buf, "## %s\n\n", title);
    for (size_t i = 0; i < lines->count; i++) {
        char at[FY_TIME_TEXT];
        fy_time_format(lines->line[i].at_ms, at);
        fy_buf_format(buf, "- %s: %s\n", at, lines->line[i].text);
    }
    fy_buf_text(buf, "\n");
}

static void md(const struct fy_report *report, struct fy_buf *buf)
{
    char hex[FY_SHA256_HEX];
    md_head(report, buf);
    md_users(report, buf);
    md_table(report->run, buf);
    for (size_t i = 0; i < FY_REPORT_LISTS; i++)
        md_list(fy_report_titles[i], &report->lists[i], buf);
    fy_sha256_hex(report->run->hash, hex);
    fy_buf_format(buf, "%llu records; the last one's hash is `%s`.\n", (unsigned long long)report->run->seq,
                  hex);
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------------------------
 */

static void json_list(const char *key, const struct fy_report_lines *lines, struct fy_buf *buf)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < lines->count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member_int(buf, "at_ms", lines->line[i].at_ms);
        fy_buf_member(buf, "text", lines->line[i].text);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static bool json(struct fy_engine *engine, const struct fy_report *report, struct fy_buf *buf,
                 struct fy_err *err)
{
    const struct fy_run *run = report->run;
    char hex[FY_SHA256_HEX];
    struct fy_buf part = {0};
    fy_sha256_hex(run->hash, hex);
    bool ok = fy_engine_show(engine, run->id, &part, err);
    if (ok) {
        fy_buf_open(buf, '{');
        fy_buf_member_raw(buf, "run", part.data);
        fy_buf_clear(&part);
        ok = fy_engine_show_kpis(engine, run->id, &part, err);
    }
    if (ok) {
        fy_buf_member_raw(buf, "kpis", part.data);
        fy_buf_member_int(buf, "planned_end_ms", report->planned_end_ms);
        fy_buf_member_int(buf, "permille", report->permille);
        fy_buf_member_int(buf, "users_at_risk", report->users_at_risk);
        fy_buf_member_int(buf, "restarts", report->restarts);
        for (size_t i = 0; i < FY_REPORT_LISTS; i++)
            json_list(fy_report_keys[i], &report->lists[i], buf);
        fy_buf_member(buf, "hash", hex);
        fy_buf_close(buf, '}');
    }
    fy_buf_free(&part);
    return ok;
}

bool fy_engine_report(struct fy_engine *engine, const char *run, const char *format, struct fy_buf *buf,
                      struct fy_err *err)
{
    struct fy_report report;
    if (strcmp(format, "md") != 0 && strcmp(format, "json") != 0)
        return fy_fail(err, FY_ERR_INVALID, "a report is \"md\" or \"json\", not \"%s\"", format);
    if (!fy_report_read(engine, run, &report, err))
        return false;
    bool ok = true;
    if (strcmp(format, "md") == 0)
        md(&report, buf);
    else
        ok = json(engine, &report, buf, err);
    fy_report_done(&report);
    return ok;
}
