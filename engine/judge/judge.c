/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/state.h"

#include "base/mem.h"

#include <math.h>

#define BRIDGED_TICKS 3

struct fy_judge *fy_judge_new(const struct fy_gate *gates, size_t count, int64_t period_ms)
{
    struct fy_judge *judge = FY_NEW(struct fy_judge);
    judge->kpis = FY_NEW_ARRAY(struct fy_watched, count + 1);
    judge->count = count;
    judge->period_ms = period_ms;
    for (size_t i = 0; i < count; i++) {
        judge->kpis[i].gate = gates[i];
        judge->weight += fy_weight(&judge->kpis[i]);
    }
    return judge;
}

void fy_judge_free(struct fy_judge *judge)
{
    if (!judge)
        return;
    free(judge->kpis);
    free(judge);
}

void fy_judge_follow(struct fy_judge *judge, const struct fy_judge *former)
{
    if (!former)
        return;
    for (size_t i = 0; i < judge->count && i < former->count; i++)
        judge->kpis[i].reference = fy_known(&former->kpis[i]);
}

/* The source's failure rate as the past showed it: a hundredth until there is something to go by. */
static double past_rate(struct fy_count past)
{
    return ((double)past.failed + 0.5) / ((double)past.users + 50);
}

/* The same, no lower than it may well be: three standard deviations up. Before there are users it is 1. */
static double past_rate_at_most(struct fy_count past)
{
    const double failed = (double)past.failed;
    if (past.users == 0)
        return 1;
    return (failed + 3 * sqrt(failed + 1) + 3) / (double)past.users;
}

static bool possible(struct fy_count count)
{
    return count.users >= 0 && count.failed >= 0 && count.failed <= count.users;
}

static void count_dead(int64_t *dead, struct fy_count count)
{
    *dead = count.failed == count.users ? *dead + count.users : 0;
}

/* Whatever a factor compares with is taken from ticks before this one: that is what makes it fair. */
static void add(struct fy_watched *kpi, const struct fy_count counts[2])
{
    const struct fy_count past = fy_known(kpi);
    const double margin = (double)kpi->gate.margin / 10000, most = past_rate_at_most(past) + margin;
    const struct fy_table table = {counts[FY_SIDE_SOURCE].users, counts[FY_SIDE_SOURCE].failed,
                                   counts[FY_SIDE_TARGET].users, counts[FY_SIDE_TARGET].failed};
    fy_odds_add(&kpi->odds, &table, fy_odds_of_margin(past_rate(past), margin));
    fy_excess_add(&kpi->excess, table.n1, table.k1, most);
    fy_excess_restart(&kpi->storm);
    fy_excess_add(&kpi->storm, table.n0, table.k0, most);
    for (int d = FY_SIDE_SOURCE; d <= FY_SIDE_TARGET; d++) {
        if (kpi->gate.floor > 0 && kpi->gate.floor < 10000)
            fy_excess_add(&kpi->below[d], counts[d].users, counts[d].failed,
                          1 - (double)kpi->gate.floor / 10000);
        count_dead(&kpi->dead[d], counts[d]);
        kpi->sum[d].users += counts[d].users;
        kpi->sum[d].failed += counts[d].failed;
    }
}

static void cover(struct fy_judge *judge, int64_t end_ms)
{
    const int64_t step = end_ms - judge->last_ms;
    if (judge->ticks > 0 && step <= (BRIDGED_TICKS + 1) * judge->period_ms) {
        judge->covered_ms += step;
    } else {
        judge->covered_ms += judge->period_ms;
        judge->gaps += judge->ticks > 0;
    }
    if (judge->ticks++ == 0)
        judge->first_ms = end_ms - judge->period_ms;
    judge->last_ms = end_ms;
}

bool fy_judge_tick(struct fy_judge *judge, const struct fy_tick *tick, struct fy_err *err)
{
    if (judge->ticks > 0 && tick->end_ms <= judge->last_ms)
        return fy_fail(err, FY_ERR_INVALID, "the tick that ends at %lld is not after the last one at %lld",
                       (long long)tick->end_ms, (long long)judge->last_ms);
    cover(judge, tick->end_ms);
    for (size_t i = 0; i < judge->count; i++) {
        struct fy_watched *kpi = &judge->kpis[i];
        if (possible(tick->counts[i][FY_SIDE_SOURCE]) && possible(tick->counts[i][FY_SIDE_TARGET]))
            add(kpi, tick->counts[i]);
        else
            kpi->impossible = true;
    }
    return true;
}

int64_t fy_judge_covered_ms(const struct fy_judge *judge)
{
    return judge->covered_ms;
}
