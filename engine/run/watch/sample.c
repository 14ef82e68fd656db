/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch/sample.h"

#include "base/mem.h"
#include "run/watch/kpis.h"
#include "run/watch/signs.h"

#include <string.h>

const char *const fy_segments[2] = {"5g", "4g"};
static const char *const sides[2] = {"source", "target"};

/* ---- folding --------------------------------------------------------------------------------------- */

static int64_t at(const json_t *row, size_t index)
{
    return json_integer_value(json_array_get(row, index));
}

static void fold_users(struct fy_run *run, const json_t *users)
{
    for (size_t segment = 0; segment < 2; segment++) {
        const json_t *pair = json_object_get(users, fy_segments[segment]);
        for (size_t side = 0; side < 2; side++)
            run->users[segment][side] = at(pair, side);
    }
}

static void fold_counts(struct fy_run *run, json_t *kpis)
{
    if (run->counts == NULL)
        run->counts = FY_NEW(struct fy_run_counts);
    const char *name;
    json_t *row;
    json_object_foreach(kpis, name, row)
    {
        int index = fy_run_kpi_index(run, name);
        for (size_t side = 0; index >= 0 && side < 2; side++) {
            run->counts->kpi[index][side].users += at(row, 2 * side);
            run->counts->kpi[index][side].failed += at(row, 2 * side + 1);
        }
    }
}

static bool soaks(const struct fy_run *run)
{
    return run->step.open && strcmp(run->step.call, "soak") == 0 && fy_state_runs(run->state);
}

/* KPIs that say where users go who come: the ratio is to hold among them as well. By segment. */
static const char *const arrivals[FY_SEGMENTS][2] = {
    {"amf.initial_registration", "smf.pdu_session_establishment"}, {"mme.attach", "smf.pdn_connectivity"}};

/* Only a soak has a ratio to be compared with, and only where no selector prefers some users. */
static void split_of(const struct fy_run *run, const json_t *kpis, struct fy_split *split)
{
    *split = (struct fy_split){.wanted = -1};
    memcpy(split->users, run->users, sizeof split->users);
    if (soaks(run) && run->order->gray.selector_count == 0)
        split->wanted = run->stage_permille;
    for (size_t segment = 0; segment < FY_SEGMENTS; segment++)
        for (size_t i = 0; i < FY_COUNT(arrivals[segment]); i++)
            for (size_t side = 0; side < 2; side++)
                split->arrivals[segment][side] += at(json_object_get(kpis, arrivals[segment][i]), 2 * side);
}

static bool feed_judge(struct fy_run *run, const json_t *doc, int64_t end_ms, struct fy_err *err)
{
    const struct fy_order_gate *gate = &run->order->gate;
    const json_t *kpis = json_object_get(doc, "kpis");
    struct fy_count counts[FY_RUN_GATES][2] = {0};
    struct fy_split split;
    for (size_t i = 0; i < gate->kpi_count && i < FY_RUN_KPIS; i++) {
        const json_t *row = json_object_get(kpis, gate->kpis[i].name);
        for (size_t side = 0; side < 2; side++)
            counts[i][side] = (struct fy_count){.users = at(row, 2 * side), .failed = at(row, 2 * side + 1)};
    }
    split_of(run, kpis, &split);
    fy_signs_counts(run, doc, counts);
    struct fy_tick tick = {
        .end_ms = end_ms, .counts = counts, .split = &split, .alarm = fy_json_string_or(doc, "alarm", NULL)};
    return fy_judge_tick(run->judge, &tick, err);
}

static const struct fy_order_stage *stage_of(const struct fy_run *run)
{
    const struct fy_order_gray *gray = &run->order->gray;
    const size_t index = (size_t)run->stage_index;
    return index < gray->stage_count ? &gray->stages[index] : NULL;
}

bool fy_sample_fold(struct fy_run *run, const json_t *doc, struct fy_err *err)
{
    json_t *kpis = json_object_get(doc, "kpis");
    int64_t end_ms = fy_json_int_or(doc, "end", 0);
    int64_t span_ms = fy_json_int_or(doc, "span", 0);
    fold_users(run, json_object_get(doc, "users"));
    fold_counts(run, kpis);
    run->sample_end_ms = end_ms;
    run->ticks++;
    if (soaks(run) && end_ms > run->step.since_ms)
        run->step.covered_ms += span_ms;
    if (run->judge == NULL || !run->watching)
        return true;
    if (!feed_judge(run, doc, end_ms, err))
        return false;
    if (soaks(run) && stage_of(run) != NULL && run->step.covered_ms >= stage_of(run)->soak_ms)
        fy_judge_planned_end(run->judge);
    return true;
}

static void fill_gates(const struct fy_run *run, struct fy_gate gates[FY_RUN_GATES], size_t *count)
{
    const struct fy_order_gate *gate = &run->order->gate;
    for (size_t i = 0; i < gate->kpi_count && i < FY_RUN_KPIS; i++) {
        const struct fy_order_kpi *kpi = &gate->kpis[i];
        gates[(*count)++] = (struct fy_gate){.kpi = fy_run_kpi_find(run, kpi->name),
                                             .name = kpi->name,
                                             .margin = kpi->margin_bp,
                                             .floor = kpi->floor_bp == FY_ABSENT ? 0 : kpi->floor_bp,
                                             .min_users = kpi->min_users == FY_ABSENT ? 0 : kpi->min_users,
                                             .critical = kpi->critical};
    }
    if (gate->security != NULL)
        gates[(*count)++] = (struct fy_gate){.name = "security"};
}

/* What the source showed before anybody was moved; afterwards that is what the judge before knows. */
static void know_before(struct fy_run *run, struct fy_judge *former)
{
    struct fy_count known[FY_RUN_GATES] = {0};
    const struct fy_order_gate *gate = &run->order->gate;
    if (former != NULL) {
        fy_judge_follow(run->judge, former);
        return;
    }
    for (size_t i = 0; i < gate->kpi_count && i < FY_RUN_KPIS && run->counts != NULL; i++) {
        const int index = fy_run_kpi_index(run, gate->kpis[i].name);
        if (index >= 0)
            known[i] = run->counts->kpi[index][0];
    }
    fy_judge_know(run->judge, known);
}

void fy_run_judge_new(struct fy_run *run)
{
    const struct fy_order_gate *gate = &run->order->gate;
    struct fy_judge_rules rules = fy_judge_rules_default;
    struct fy_gate gates[FY_RUN_GATES];
    size_t count = 0;
    if (stage_of(run) != NULL)
        rules.planned_ms = stage_of(run)->soak_ms;
    if (run->alpha_bp > 0)
        rules.alpha = (double)run->alpha_bp / 10000;
    rules.ratio_tolerance = run->order->gray.tolerance_bp;
    fill_gates(run, gates, &count);
    struct fy_judge *former = run->judge;
    run->judge = count > 0 ? fy_judge_new(gates, count, gate->period_ms, &rules) : NULL;
    if (run->judge != NULL)
        know_before(run, former);
    fy_judge_free(former);
    fy_signs_waive(run);
}

void fy_snapshot_take(struct fy_run *run, int64_t permille, int64_t at_ms)
{
    run->snapshots = fy_realloc(run->snapshots, (run->snapshot_count + 1) * sizeof *run->snapshots);
    struct fy_snapshot *snapshot = &run->snapshots[run->snapshot_count++];
    *snapshot = (struct fy_snapshot){.permille = permille, .at_ms = at_ms};
    memcpy(snapshot->users, run->users, sizeof run->users);
    if (run->counts != NULL) {
        snapshot->counts = *run->counts;
        *run->counts = (struct fy_run_counts){0};
    }
}

/* ---- writing --------------------------------------------------------------------------------------- */

static void put_users(const json_t *tick, struct fy_buf *buf)
{
    fy_buf_key(buf, "users");
    fy_buf_open(buf, '{');
    for (size_t segment = 0; segment < 2; segment++) {
        int64_t users[2];
        for (size_t side = 0; side < 2; side++)
            users[side] = fy_json_int_or(json_object_get(json_object_get(tick, sides[side]), "users"),
                                         fy_segments[segment], 0);
        fy_buf_key(buf, fy_segments[segment]);
        fy_buf_format(buf, "[%lld,%lld]", (long long)users[0], (long long)users[1]);
    }
    fy_buf_close(buf, '}');
}

/* Sum of one KPI over ticks: users and failures, source then target. False if nobody attempted it. */
static bool sum_kpi(const json_t *ticks, size_t first, size_t count, const char *kpi, int64_t sums[4])
{
    bool seen = false;
    for (size_t i = first; i < first + count; i++)
        for (size_t side = 0; side < 2; side++) {
            const json_t *domain = json_object_get(json_array_get(ticks, i), sides[side]);
            const json_t *row = json_object_get(json_object_get(domain, "kpis"), kpi);
            sums[2 * side] += at(row, 0);
            sums[2 * side + 1] += at(row, 1);
            seen |= row != NULL;
        }
    return seen;
}

void fy_sample_body(const struct fy_kpi *kpis, const struct fy_order_gate *gate,
                    const struct fy_sample_from *from, struct fy_buf *buf)
{
    const json_t *ticks = from->ticks, *last = json_array_get(ticks, from->first + from->count - 1);
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "end", fy_json_int_or(last, "end", 0));
    fy_buf_member_int(buf, "span", (int64_t)from->count * from->period_ms);
    put_users(last, buf);
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < FY_RUN_KPIS && kpis[i].name != NULL; i++) {
        int64_t sums[4] = {0};
        if (!sum_kpi(ticks, from->first, from->count, kpis[i].name, sums))
            continue;
        fy_buf_key(buf, kpis[i].name);
        fy_buf_format(buf, "[%lld,%lld,%lld,%lld]", (long long)sums[0], (long long)sums[1],
                      (long long)sums[2], (long long)sums[3]);
    }
    fy_buf_close(buf, '}');
    fy_signs_body(gate, ticks, from->first, from->count, buf);
    fy_buf_member(buf, "alarm", from->alarm);
    fy_buf_close(buf, '}');
}
