/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: what the morning meeting asks, from the views and from the records that count (in
 * report_read.c). What a page of it looks like is the reader's business.
 */
#include "run/view/report.h"

#include "base/mem.h"

typedef bool show_function(struct fy_engine *engine, const char *run, struct fy_buf *buf, struct fy_err *err);

/* A view as a member; a run that has none yet (no plan before its start) has no such member. */
static void put_view(struct fy_engine *engine, const char *run, const char *member, show_function *show,
                     struct fy_buf *buf)
{
    FY_AUTO(fy_buf_free) struct fy_buf view = {0};
    struct fy_err ignored;
    if (show(engine, run, &view, &ignored))
        fy_buf_member_raw(buf, member, view.data);
}

static void put_list(const char *key, const struct fy_report_lines *lines, struct fy_buf *buf)
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

static void put_sums(const struct fy_report *report, struct fy_buf *buf)
{
    if (report->planned_end_ms != 0)
        fy_buf_member_int(buf, "planned_end_ms", report->planned_end_ms);
    fy_buf_member_int(buf, "permille", report->permille);
    fy_buf_member_int(buf, "users_at_risk", report->users_at_risk);
    fy_buf_member_int(buf, "restarts", report->restarts);
    for (size_t i = 0; i < FY_REPORT_LISTS; i++)
        put_list(fy_report_keys[i], &report->lists[i], buf);
}

static void put_audit(const struct fy_run *run, struct fy_buf *buf)
{
    char hex[FY_SHA256_HEX];
    fy_sha256_hex(run->hash, hex);
    fy_buf_key(buf, "audit");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "records", (int64_t)run->seq);
    fy_buf_member(buf, "hash", hex);
    fy_buf_close(buf, '}');
}

bool fy_engine_report(struct fy_engine *engine, const char *run, struct fy_buf *buf, struct fy_err *err)
{
    struct fy_report report;
    struct fy_buf view = {0};
    if (!fy_report_read(engine, run, &report, err))
        return false;
    bool ok = fy_engine_show(engine, run, &view, err);
    if (ok) {
        fy_buf_open(buf, '{');
        fy_buf_member_raw(buf, "upgrade", view.data);
        put_view(engine, run, "plan", fy_engine_show_plan, buf);
        put_view(engine, run, "kpis", fy_engine_show_kpis, buf);
        put_view(engine, run, "instances", fy_engine_show_instances, buf);
        put_sums(&report, buf);
        put_audit(report.run, buf);
        fy_buf_close(buf, '}');
    }
    fy_buf_free(&view);
    fy_report_done(&report);
    return ok;
}
