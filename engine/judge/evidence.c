/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers behind a verdict, for the expert: per KPI the counts, the odds ratio, what could be seen and
 * what is missing. */
#include "judge/power.h"
#include "judge/special.h"
#include "judge/state.h"

#include <stdio.h>

#define INTERVAL_ALPHA 0.05

struct number {
    char text[32];
};

static struct number decimal(double log_e)
{
    struct number number;
    if (log_e > 600)
        (void)snprintf(number.text, sizeof(number.text), "1e%.0f", log_e / log(10));
    else
        (void)snprintf(number.text, sizeof(number.text), "%.4g", exp(log_e));
    return number;
}

static struct number rounded(double value)
{
    struct number number;
    (void)snprintf(number.text, sizeof(number.text), "%.3g", value);
    return number;
}

/* To the last bit: a verdict judged again from the journal must come out the same. */
static struct number exactly(double value)
{
    struct number number;
    (void)snprintf(number.text, sizeof(number.text), "%a", value);
    return number;
}

static void put_counts(struct fy_buf *buf, const char *key, struct fy_count count)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '[');
    fy_buf_format(buf, "%lld,%lld", (long long)count.users, (long long)count.failed);
    fy_buf_close(buf, ']');
}

/* Failure odds of the target over those of the source, halves added so that zeroes have one too. */
static double odds_ratio(const struct fy_watched *kpi)
{
    const struct fy_count source = fy_known(kpi), target = kpi->sum[FY_SIDE_TARGET];
    return ((double)target.failed + 0.5) / ((double)(target.users - target.failed) + 0.5) *
           ((double)(source.users - source.failed) + 0.5) / ((double)source.failed + 0.5);
}

static void put_interval(const struct fy_judge *judge, const struct fy_watched *kpi, struct fy_buf *buf)
{
    const struct fy_interval interval = fy_odds_interval(&kpi->odds, &judge->points, INTERVAL_ALPHA);
    fy_buf_key(buf, "odds_ratio_95");
    fy_buf_open(buf, '[');
    fy_buf_format(buf, "\"%.3g\",", interval.low);
    if (isinf(interval.high))
        fy_buf_text(buf, "null");
    else
        fy_buf_format(buf, "\"%.3g\"", interval.high);
    fy_buf_close(buf, ']');
}

/* The smallest difference this soak could have found with 80 % power, in points. */
static double smallest(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    const struct fy_count known = fy_known(kpi);
    const bool lonely = kpi->sum[FY_SIDE_SOURCE].users == 0;
    const struct fy_count source = lonely ? kpi->reference : kpi->sum[FY_SIDE_SOURCE];
    const double rate = ((double)known.failed + 0.5) / ((double)known.users + 1);
    return 100 * fy_power_smallest((double)source.users, (double)kpi->sum[FY_SIDE_TARGET].users, rate,
                                   exp(fy_limit_end(judge, kpi)));
}

static void put_compared(const struct fy_judge *judge, const struct fy_watched *kpi, struct fy_buf *buf)
{
    fy_buf_member_int(buf, "harmed", fy_harmed(kpi));
    fy_buf_member(buf, "odds_ratio", rounded(odds_ratio(kpi)).text);
    put_interval(judge, kpi, buf);
    fy_buf_member(buf, "e", decimal(fy_worse_log_e(kpi)).text);
    fy_buf_member(buf, "e_weighed", decimal(fy_weighed(judge, kpi)).text);
    fy_buf_member(buf, "log_e", exactly(fy_worse_log_e(kpi)).text);
    if (judge->ended)
        fy_buf_member(buf, "p_end", decimal(kpi->log_p).text);
    fy_buf_member(buf, "smallest_points", rounded(smallest(judge, kpi)).text);
    if (kpi->gate.margin <= 0)
        return;
    const int64_t missing_ms = fy_equal_missing_ms(judge, kpi);
    fy_buf_member(buf, "e_not_worse", decimal(fy_equal_log_e(kpi)).text);
    fy_buf_member(buf, "log_e_not_worse", exactly(fy_equal_log_e(kpi)).text);
    if (missing_ms != 0)
        fy_buf_member_int(buf, "missing_ms", missing_ms);
}

static void put_kpi(struct fy_buf *buf, const struct fy_judge *judge, const struct fy_watched *kpi)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "kpi", fy_gate_name(&kpi->gate));
    fy_buf_member_bool(buf, "critical", kpi->gate.critical);
    if (fy_waived(judge, kpi->waived_until_ms))
        fy_buf_member_int(buf, "waived_until_ms", kpi->waived_until_ms);
    put_counts(buf, "source", kpi->sum[FY_SIDE_SOURCE]);
    put_counts(buf, "target", kpi->sum[FY_SIDE_TARGET]);
    if (kpi->reference.users > 0)
        put_counts(buf, "source_before", kpi->reference);
    fy_buf_member_int(buf, "margin_bp", kpi->gate.margin);
    fy_buf_member_int(buf, "min_users", fy_minimum(kpi));
    if (kpi->gate.kpi == NULL)
        fy_buf_member(buf, "e", decimal(fy_worse_log_e(kpi)).text);
    else if (kpi->sum[FY_SIDE_TARGET].users > 0 && fy_known(kpi).users > 0)
        put_compared(judge, kpi, buf);
    if (kpi->gate.edges > 0)
        fy_buf_member(buf, "e_slower", decimal(fy_latency_log_e(kpi)).text);
    if (kpi->gate.floor > 0) {
        fy_buf_member_int(buf, "floor_bp", kpi->gate.floor);
        fy_buf_member(buf, "e_floor", decimal(fy_floor_log_e_of(kpi, FY_SIDE_TARGET)).text);
    }
    if (kpi->attempts.expected > 0) {
        fy_buf_member_int(buf, "attempts", (int64_t)kpi->attempts.seen);
        fy_buf_member_int(buf, "attempts_expected", (int64_t)kpi->attempts.expected);
    }
    fy_buf_close(buf, '}');
}

static void put_ratio(const struct fy_judge *judge, struct fy_buf *buf)
{
    static const char *const segments[FY_SEGMENTS] = {"5g", "4g"};
    const struct fy_shares *shares = &judge->shares;
    if (shares->wanted <= 0 || shares->wanted >= 1000)
        return;
    fy_buf_key(buf, "ratio");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "wanted_permille", shares->wanted);
    for (size_t i = 0; i < FY_SEGMENTS; i++) {
        const int64_t *users = shares->users[i], *came = shares->arrivals[i];
        const double w = (double)shares->wanted / 1000;
        fy_buf_key(buf, segments[i]);
        fy_buf_open(buf, '{');
        fy_buf_key(buf, "users");
        fy_buf_format(buf, "[%lld,%lld]", (long long)users[0], (long long)users[1]);
        fy_buf_member(buf, "e", decimal(fy_ratio_log_e(users[0] + users[1], users[1], w)).text);
        fy_buf_key(buf, "arrivals");
        fy_buf_format(buf, "[%lld,%lld]", (long long)came[0], (long long)came[1]);
        fy_buf_member(buf, "e_arrivals", decimal(fy_ratio_log_e(came[0] + came[1], came[1], w)).text);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, '}');
}

void fy_put_evidence(const struct fy_judge *judge, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "ticks", judge->ticks);
    fy_buf_member_int(buf, "gaps", judge->gaps);
    fy_buf_member_int(buf, "from_ms", judge->first_ms);
    fy_buf_member_int(buf, "to_ms", judge->last_ms);
    fy_buf_member_int(buf, "covered_ms", judge->covered_ms);
    fy_buf_member_int(buf, "limit_rollback", (int64_t)(exp(fy_limit_now(judge)) + 0.5));
    fy_buf_member_int(buf, "limit_pass", (int64_t)(exp(fy_limit_pass(judge)) + 0.5));
    if (judge->alarm[0] != '\0')
        fy_buf_member(buf, "alarm", judge->alarm);
    put_ratio(judge, buf);
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < judge->count; i++)
        put_kpi(buf, judge, &judge->kpis[i]);
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}
