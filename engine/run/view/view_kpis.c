/* SPDX-License-Identifier: Apache-2.0 */
/* Table 1 of a run: users and success ratios of both domains, at the start and at the end of each soak. */
#include "run/view/view.h"
#include "run/watch/kpis.h"
#include "run/watch/sample.h"

#include <stdio.h>

/* Success in hundredths of a percent, -1: nobody tried. */
static int64_t success_bp(const struct fy_count *count)
{
    return count->users > 0 ? 10000 * (count->users - count->failed) / count->users : -1;
}

static void put_label(const struct fy_snapshot *snapshot, char *text, size_t size)
{
    (void)snprintf(text, size, "%lld %%", (long long)snapshot->permille / 10);
}

static void put_counts(struct fy_buf *buf, const struct fy_kpi *kpis, const struct fy_run_counts *counts)
{
    for (size_t i = 0; i < FY_RUN_KPIS && kpis[i].name != NULL; i++) {
        const struct fy_count *pair = counts->kpi[i];
        if (pair[0].users == 0 && pair[1].users == 0)
            continue;
        fy_buf_key(buf, kpis[i].name);
        fy_buf_format(buf, "[%lld,%lld,%lld,%lld]", (long long)pair[0].users, (long long)pair[0].failed,
                      (long long)pair[1].users, (long long)pair[1].failed);
    }
}

static void put_snapshot(struct fy_buf *buf, const struct fy_kpi *kpis, const struct fy_snapshot *snapshot)
{
    char label[32];
    put_label(snapshot, label, sizeof label);
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "label", label);
    fy_buf_member_int(buf, "at_ms", snapshot->at_ms);
    fy_buf_key(buf, "users");
    fy_buf_open(buf, '{');
    for (size_t segment = 0; segment < 2; segment++) {
        fy_buf_key(buf, fy_segments[segment]);
        fy_buf_format(buf, "[%lld,%lld]", (long long)snapshot->users[segment][0],
                      (long long)snapshot->users[segment][1]);
    }
    fy_buf_close(buf, '}');
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '{');
    put_counts(buf, kpis, &snapshot->counts);
    fy_buf_close(buf, '}');
    fy_buf_close(buf, '}');
}

/* A ratio that was soaked twice (on the way up and on the way back) has its last snapshot in the table. */
static bool comes_again(const struct fy_run *run, size_t index)
{
    for (size_t later = index + 1; index > 0 && later < run->snapshot_count; later++)
        if (run->snapshots[later].permille / 10 == run->snapshots[index].permille / 10)
            return true;
    return false;
}

/* One row of the table: per snapshot both domains' success in hundredths of a percent, null for no data. */
static void put_row(struct fy_buf *buf, const struct fy_run *run, size_t kpi)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "kpi", fy_run_kpis(run)[kpi].name);
    fy_buf_member(buf, "title", fy_run_kpis(run)[kpi].title);
    fy_buf_key(buf, "snapshots");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < run->snapshot_count; i++) {
        char key[32];
        const struct fy_snapshot *snapshot = &run->snapshots[i];
        if (comes_again(run, i))
            continue;
        (void)snprintf(key, sizeof key, "%lld", (long long)snapshot->permille / 10);
        fy_buf_key(buf, i == 0 ? "before" : key);
        for (size_t side = 0; side < 2; side++) {
            int64_t bp = success_bp(&snapshot->counts.kpi[kpi][side]);
            fy_buf_text(buf, side == 0 ? "[" : ",");
            if (bp < 0)
                fy_buf_text(buf, "null");
            else
                fy_buf_format(buf, "%lld", (long long)bp);
        }
        fy_buf_text(buf, "]");
    }
    fy_buf_close(buf, '}');
    fy_buf_close(buf, '}');
}

static void put_gates(struct fy_buf *buf, const struct fy_order_gate *gate)
{
    fy_buf_key(buf, "gates");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < gate->kpi_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "kpi", gate->kpis[i].name);
        fy_buf_member_int(buf, "margin_bp", gate->kpis[i].margin_bp);
        if (gate->kpis[i].floor_bp != FY_ABSENT)
            fy_buf_member_int(buf, "floor_bp", gate->kpis[i].floor_bp);
        fy_buf_member_bool(buf, "critical", gate->kpis[i].critical);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static void put_kpis(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "period_ms", run->order->gate.period_ms);
    fy_buf_member_int(buf, "at_ms", run->sample_end_ms);
    fy_buf_member_int(buf, "ticks", run->ticks);
    put_gates(buf, &run->order->gate);
    fy_buf_key(buf, "rows");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < FY_RUN_KPIS && fy_run_kpis(run)[i].name != NULL; i++)
        put_row(buf, run, i);
    fy_buf_close(buf, ']');
    fy_buf_key(buf, "now");
    fy_buf_open(buf, '{');
    if (run->counts != NULL)
        put_counts(buf, fy_run_kpis(run), run->counts);
    fy_buf_close(buf, '}');
    fy_buf_key(buf, "snapshots");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < run->snapshot_count; i++)
        put_snapshot(buf, fy_run_kpis(run), &run->snapshots[i]);
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

void fy_show_kpi_catalogue(struct fy_buf *buf)
{
    fy_buf_text(buf, "{\"kpis\":[");
    for (const struct fy_kpi *kpi = fy_kpis; kpi->name != NULL; kpi++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "name", kpi->name);
        fy_buf_member(buf, "title", kpi->title);
        fy_buf_member(buf, "nf", kpi->nf);
        fy_buf_member(buf, "segment", kpi->segment);
        fy_buf_member(buf, "numerator", kpi->numerator);
        fy_buf_member(buf, "denominator", kpi->denominator);
        fy_buf_member(buf, "failures", kpi->failures);
        fy_buf_member(buf, "exclude", kpi->causes);
        fy_buf_member(buf, "direction", fy_kpi_direction_name(kpi->direction));
        fy_buf_member_bool(buf, "critical", kpi->critical);
        fy_buf_member_int(buf, "margin_bp", kpi->margin_bp);
        fy_buf_member(buf, "standard", kpi->standard);
        fy_buf_close(buf, '}');
    }
    fy_buf_text(buf, "]}");
}

bool fy_engine_show_kpis(struct fy_engine *engine, const char *id, struct fy_buf *buf, struct fy_err *err)
{
    struct fy_shown shown;
    if (!fy_shown_find(engine, id, &shown, err))
        return false;
    put_kpis(shown.run, buf);
    fy_shown_done(&shown);
    return true;
}
