/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/state.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define BRIDGED_TICKS  3
#define MINUTE_MS      60000
#define CONTROL_LEAST  50    /* one user in so many on the source is still something to compare with */
#define STORM_MEMORY   2     /* beyond its limit, as a logarithm */
#define KEPT_BACK      0.001 /* of the evidence for a pass, in each tick */
#define HIGHEST_FACTOR 600.0 /* of one tick, as a logarithm: beyond it a double ends */
#define LATELY_PARTS   5     /* of the planned soak: how long a block of "of late" is */

const struct fy_judge_rules fy_judge_rules_default = {
    .alpha = 0.01, .alpha_pass = 0.05, .noise = 1, .planned_ms = 15L * MINUTE_MS, .ratio_tolerance = 0};

static void begin(struct fy_watched *kpi, const struct fy_gate *gate)
{
    kpi->gate = *gate;
    kpi->slower = FY_NEW_ARRAY(struct fy_bucket, gate->edges + 1);
    fy_odds_begin(&kpi->odds);
    fy_exact_begin(&kpi->exact);
}

struct fy_judge *fy_judge_new(const struct fy_gate *gates, size_t count, int64_t period_ms,
                              const struct fy_judge_rules *rules)
{
    struct fy_judge *judge = FY_NEW(struct fy_judge);
    judge->rules = rules != NULL ? *rules : fy_judge_rules_default;
    judge->kpis = FY_NEW_ARRAY(struct fy_watched, count + 1);
    judge->count = count;
    judge->period_ms = period_ms;
    judge->shares.wanted = -1;
    fy_odds_points(&judge->points, judge->rules.noise);
    for (size_t i = 0; i < count; i++) {
        begin(&judge->kpis[i], &gates[i]);
        judge->weight += fy_weights(&judge->kpis[i]);
    }
    return judge;
}

void fy_judge_free(struct fy_judge *judge)
{
    if (!judge)
        return;
    for (size_t i = 0; i < judge->count; i++) {
        fy_exact_end(&judge->kpis[i].exact);
        free(judge->kpis[i].slower);
    }
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

void fy_judge_know(struct fy_judge *judge, const struct fy_count *source)
{
    for (size_t i = 0; i < judge->count; i++)
        judge->kpis[i].reference = source[i];
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

/*
 * What both sides are expected to fail at in the next tick: all of the past, unless the last minute says
 * otherwise (a storm that has begun, or is over).
 */
static double expected_rate(const struct fy_watched *kpi)
{
    const double past = past_rate(fy_known(kpi)), users = kpi->lately_users;
    const double late = (kpi->lately_failed + past) / (users + 1);
    return users > 0 && fabs(late - past) > 2 * sqrt(fmax(late, past) / users) ? late : past;
}

static void remember(struct fy_watched *kpi, const struct fy_count counts[2], double keep)
{
    kpi->lately_users = kpi->lately_users * keep + (double)(counts[0].users + counts[1].users);
    kpi->lately_failed = kpi->lately_failed * keep + (double)(counts[0].failed + counts[1].failed);
}

/* Target and source in the same tick. A part of the wealth is kept out of each bet: a tick nobody could
 * foresee, as the first of a storm, must not cost all that was shown before. */
static void compare(const struct fy_judge *judge, struct fy_watched *kpi, const struct fy_table *table)
{
    const double factor = fy_equal_factor(table, expected_rate(kpi), fy_margin(kpi));
    const double step = log1p((1 - KEPT_BACK) * expm1(fmin(factor, HIGHEST_FACTOR)));
    fy_odds_add(&kpi->odds, &judge->points, table);
    if (!judge->ended)
        fy_exact_add(&kpi->exact, table);
    kpi->log_equal += step;
    kpi->log_lately[0] += step;
    kpi->log_fading = kpi->log_fading * exp(-(double)judge->period_ms / MINUTE_MS) + step;
}

/* Nobody to speak of is left on the source: there is only what it showed before. */
static void alone(struct fy_watched *kpi, struct fy_count target)
{
    const struct fy_count past = fy_known(kpi);
    fy_excess_add(&kpi->excess, target.users, target.failed, past_rate_at_most(past) + fy_margin(kpi));
    if (past.users >= FY_JUDGE_DEAD_USERS && kpi->gate.margin > 0)
        fy_below_add(&kpi->alone, target.users, target.failed,
                     fmin((double)past.failed / (double)past.users + fy_margin(kpi), 0.999));
}

/* Whatever a factor compares with is taken from ticks before this one: that is what makes it fair. */
static void add(struct fy_judge *judge, struct fy_watched *kpi, const struct fy_count counts[2],
                const struct fy_latency *latency)
{
    const struct fy_count source = counts[FY_SIDE_SOURCE], target = counts[FY_SIDE_TARGET];
    const struct fy_table table = {source.users, source.failed, target.users, target.failed};
    if (source.users * CONTROL_LEAST >= target.users)
        compare(judge, kpi, &table);
    else
        alone(kpi, target);
    fy_excess_restart(&kpi->storm, fy_limit_now(judge) + log((double)judge->count) + STORM_MEMORY);
    fy_excess_add(&kpi->storm, source.users, source.failed,
                  past_rate_at_most(fy_known(kpi)) + fy_margin(kpi));
    for (size_t e = 0; latency != NULL && e < kpi->gate.edges; e++) {
        const struct fy_table slow = {latency[0].users, latency[0].slower[e], latency[1].users,
                                      latency[1].slower[e]};
        fy_bucket_add(&kpi->slower[e], &judge->points, &slow);
    }
    remember(kpi, counts, exp(-(double)judge->period_ms / MINUTE_MS));
    for (int d = FY_SIDE_SOURCE; d <= FY_SIDE_TARGET; d++) {
        count_dead(&kpi->dead[d], counts[d]);
        kpi->sum[d].users += counts[d].users;
        kpi->sum[d].failed += counts[d].failed;
    }
}

static void add_events(struct fy_judge *judge, struct fy_watched *kpi, const struct fy_count counts[2])
{
    const struct fy_table table = {counts[0].users, counts[0].failed, counts[1].users, counts[1].failed};
    fy_events_add(&kpi->events, &judge->points, &table);
    for (int d = FY_SIDE_SOURCE; d <= FY_SIDE_TARGET; d++) {
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

/* Every minute a later change may begin (A7), and now and then "of late" does. */
static void turn_pages(struct fy_judge *judge)
{
    const int64_t a_minute = judge->period_ms < MINUTE_MS ? MINUTE_MS / judge->period_ms : 1;
    const int64_t planned = judge->rules.planned_ms / judge->period_ms, block = planned / LATELY_PARTS;
    for (size_t i = 0; i < judge->count; i++) {
        struct fy_watched *kpi = &judge->kpis[i];
        if (judge->ticks > 0 && judge->ticks % a_minute == 0)
            fy_odds_restart(&kpi->odds, planned / a_minute);
        if (judge->ticks > 0 && judge->ticks % (block > a_minute ? block : a_minute) == 0) {
            kpi->log_lately[1] = kpi->log_lately[0];
            kpi->log_lately[0] = 0;
        }
    }
}

bool fy_judge_tick(struct fy_judge *judge, const struct fy_tick *tick, struct fy_err *err)
{
    if (judge->ticks > 0 && tick->end_ms <= judge->last_ms)
        return fy_fail(err, FY_ERR_INVALID, "the tick that ends at %lld is not after the last one at %lld",
                       (long long)tick->end_ms, (long long)judge->last_ms);
    turn_pages(judge);
    cover(judge, tick->end_ms);
    for (size_t i = 0; i < judge->count; i++) {
        struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->gate.kpi == NULL) {
            add_events(judge, kpi, tick->counts[i]);
        } else if (possible(tick->counts[i][FY_SIDE_SOURCE]) && possible(tick->counts[i][FY_SIDE_TARGET])) {
            fy_attempts_add(judge, kpi, tick->counts[i], tick->split);
            add(judge, kpi, tick->counts[i], tick->latency != NULL ? tick->latency[i] : NULL);
        } else {
            kpi->impossible = true;
        }
    }
    if (tick->split != NULL)
        fy_shares_add(&judge->shares, tick->split);
    (void)snprintf(judge->alarm, sizeof judge->alarm, "%s", tick->alarm != NULL ? tick->alarm : "");
    return true;
}

void fy_judge_planned_end(struct fy_judge *judge)
{
    if (judge->ended)
        return;
    judge->ended = true;
    for (size_t i = 0; i < judge->count; i++)
        judge->kpis[i].log_p = fy_exact_log_p(&judge->kpis[i].exact);
}

bool fy_judge_waive(struct fy_judge *judge, const char *gate, int64_t until_ms)
{
    const struct {
        const char *name;
        int64_t *place;
    } others[] = {{"ratio", &judge->ratio_waived_ms},
                  {"alarms", &judge->alarms_waived_ms},
                  {"attempts", &judge->attempts_waived_ms}};
    for (size_t i = 0; i < FY_COUNT(others); i++)
        if (strcmp(others[i].name, gate) == 0) {
            *others[i].place = until_ms;
            return true;
        }
    for (size_t i = 0; i < judge->count; i++)
        if (strcmp(fy_gate_name(&judge->kpis[i].gate), gate) == 0) {
            judge->kpis[i].waived_until_ms = until_ms;
            return true;
        }
    return false;
}

int64_t fy_judge_covered_ms(const struct fy_judge *judge)
{
    return judge->covered_ms;
}
