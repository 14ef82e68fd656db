/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From evidence to a verdict. The order matters: counts that cannot be, then what is certain without
 * statistics, then the test against the source and the floors, and only then whether enough was seen to pass.
 */
#include "judge/state.h"

#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *fy_verdict_name(enum fy_verdict_kind kind)
{
    static const char *const names[] = {"pass", "rollback", "inconclusive", "invalid", "hold"};
    return (size_t)kind < FY_COUNT(names) ? names[kind] : "error";
}

static struct fy_verdict say(enum fy_verdict_kind kind, const char *format, ...) FY_PRINTF(2, 3);

static struct fy_verdict say(enum fy_verdict_kind kind, const char *format, ...)
{
    struct fy_verdict verdict = {.kind = kind};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(verdict.sentence, sizeof(verdict.sentence), format, args);
    va_end(args);
    return verdict;
}

/* "0.66 % (6 of 912 users)"; the share of users that failed, or that nobody tried. */
struct shown {
    char text[72];
};

static struct shown show(struct fy_count count)
{
    struct shown shown;
    if (count.users == 0)
        (void)snprintf(shown.text, sizeof(shown.text), "no data");
    else
        (void)snprintf(shown.text, sizeof(shown.text), "%.2f %% (%lld of %lld users)",
                       100.0 * (double)count.failed / (double)count.users, (long long)count.failed,
                       (long long)count.users);
    return shown;
}

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

static double limit_log(void)
{
    return log(FY_JUDGE_LIMIT);
}

/* The source itself fails far more than it used to: a storm, which is nobody's regression. */
static bool in_storm(const struct fy_watched *kpi)
{
    return fy_excess_log_e(&kpi->storm) >= log(10);
}

/* Target against source: the mean of two e-values is one. In a storm the comparison with the past says
 * nothing. */
static double worse_log_e(const struct fy_watched *kpi)
{
    const double odds = fy_odds_log_e(&kpi->odds), excess = fy_excess_log_e(&kpi->excess);
    if (in_storm(kpi))
        return odds - log(2);
    const double high = odds > excess ? odds : excess, low = odds > excess ? excess : odds;
    return high + log1p(exp(low - high)) - log(2);
}

/* Its part in the sum over all KPIs, which must reach the limit. */
static double weighed(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return worse_log_e(kpi) + log(fy_weight(kpi) / judge->weight);
}

static int64_t minimum(const struct fy_watched *kpi)
{
    return kpi->gate.min_users > 0 ? kpi->gate.min_users : FY_JUDGE_MIN_USERS;
}

/* Shown not to be worse than the margin allows? Where the order gives no margin there is nothing to show. */
static double equal_log_e(const struct fy_watched *kpi)
{
    const struct fy_count source = fy_known(kpi), target = kpi->sum[FY_SIDE_TARGET];
    if (source.users < FY_JUDGE_DEAD_USERS || kpi->gate.margin == 0)
        return INFINITY;
    const double f0 = (double)source.failed / (double)source.users + (double)kpi->gate.margin / 10000;
    return fy_below_log_e(target.users, target.failed, f0 > 0.999 ? 0.999 : f0);
}

static bool dead(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->dead[FY_SIDE_TARGET] < FY_JUDGE_DEAD_USERS)
            continue;
        const bool both = kpi->dead[FY_SIDE_SOURCE] >= FY_JUDGE_DEAD_USERS;
        *ret = both ? say(FY_VERDICT_HOLD,
                          "%s: the last %lld users failed on the target and the last %lld on the source: an "
                          "outage elsewhere; nobody is moved in it",
                          kpi->gate.kpi->title, (long long)kpi->dead[FY_SIDE_TARGET],
                          (long long)kpi->dead[FY_SIDE_SOURCE])
                    : say(FY_VERDICT_ROLLBACK, "%s: the last %lld users on the target all failed",
                          kpi->gate.kpi->title, (long long)kpi->dead[FY_SIDE_TARGET]);
        return true;
    }
    return false;
}

static bool worse(const struct fy_judge *judge, struct fy_verdict *ret)
{
    const struct fy_watched *worst = NULL;
    double sum = 0;
    for (size_t i = 0; i < judge->count; i++) {
        sum += exp(fmin(weighed(judge, &judge->kpis[i]), 600));
        if (!worst || weighed(judge, &judge->kpis[i]) > weighed(judge, worst))
            worst = &judge->kpis[i];
    }
    if (!worst || sum < FY_JUDGE_LIMIT)
        return false;
    *ret = say(FY_VERDICT_ROLLBACK,
               "%s: %s failed on the target against %s on the source, more than the margin of %.2f points; "
               "evidence %s, limit %d",
               worst->gate.kpi->title, show(worst->sum[FY_SIDE_TARGET]).text, show(fy_known(worst)).text,
               (double)worst->gate.margin / 100, decimal(log(sum)).text, FY_JUDGE_LIMIT);
    return true;
}

static bool below_floor(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        const double share = log((double)judge->count);
        if (fy_excess_log_e(&kpi->below[FY_SIDE_TARGET]) < limit_log() + share)
            continue;
        const bool both = fy_excess_log_e(&kpi->below[FY_SIDE_SOURCE]) >= limit_log() + share;
        *ret = say(both ? FY_VERDICT_HOLD : FY_VERDICT_ROLLBACK,
                   "%s: %s failed on the target and %s on the source; the floor is %.2f %% success%s",
                   kpi->gate.kpi->title, show(kpi->sum[FY_SIDE_TARGET]).text,
                   show(kpi->sum[FY_SIDE_SOURCE]).text, (double)kpi->gate.floor / 100,
                   both ? "; both are below it and do not differ: an outage elsewhere" : "");
        return true;
    }
    return false;
}

static bool storm(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (fy_excess_log_e(&kpi->storm) < limit_log() + log((double)judge->count))
            continue;
        *ret = say(FY_VERDICT_HOLD,
                   "%s: the source itself fails more than it used to, %s, and the target, %s, does not "
                   "differ: an outage "
                   "elsewhere; nobody is moved in it",
                   kpi->gate.kpi->title, show(kpi->sum[FY_SIDE_SOURCE]).text,
                   show(kpi->sum[FY_SIDE_TARGET]).text);
        return true;
    }
    return false;
}

static bool invalid(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        if (!judge->kpis[i].impossible)
            continue;
        *ret = say(FY_VERDICT_INVALID,
                   "%s: more users failed than tried in a tick; these counts cannot be trusted",
                   judge->kpis[i].gate.kpi->title);
        return true;
    }
    return false;
}

/* Every critical KPI must have been seen; if the order calls none critical, one of them at least. */
static bool too_little(const struct fy_judge *judge, struct fy_verdict *ret)
{
    bool any = false, critical = false;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        any |= kpi->sum[FY_SIDE_TARGET].users >= minimum(kpi);
        critical |= kpi->gate.critical;
        if (!kpi->gate.critical)
            continue;
        if (kpi->sum[FY_SIDE_TARGET].users < minimum(kpi)) {
            *ret =
                say(FY_VERDICT_INCONCLUSIVE, "%s: %lld users tried on the target, %lld are needed to judge",
                    kpi->gate.kpi->title, (long long)kpi->sum[FY_SIDE_TARGET].users, (long long)minimum(kpi));
            return true;
        }
        if (equal_log_e(kpi) < log(FY_JUDGE_PASS)) {
            *ret = say(FY_VERDICT_INCONCLUSIVE,
                       "%s: %s failed on the target against %s on the source; too few users yet to exclude a "
                       "difference of %.2f points (evidence %s, needed %d)",
                       kpi->gate.kpi->title, show(kpi->sum[FY_SIDE_TARGET]).text, show(fy_known(kpi)).text,
                       (double)kpi->gate.margin / 100, decimal(equal_log_e(kpi)).text, FY_JUDGE_PASS);
            return true;
        }
    }
    if (any || critical)
        return false;
    *ret = say(FY_VERDICT_INCONCLUSIVE, "no KPI has enough users on the target to judge");
    return true;
}

/* What the target was compared with, where that was not the source in the same ticks. */
static const char *control(const struct fy_judge *judge)
{
    bool before = false, nothing = false;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        const bool alone = kpi->sum[FY_SIDE_TARGET].users > 0 && kpi->sum[FY_SIDE_SOURCE].users == 0;
        before |= alone && kpi->reference.users > 0;
        nothing |= alone && kpi->reference.users == 0;
    }
    if (nothing)
        return "; some without a source to compare with";
    return before ? "; compared with what the source showed before, since nobody is left on it" : "";
}

static struct fy_verdict passed(const struct fy_judge *judge)
{
    size_t seen = 0;
    double widest = 0;
    const char *where = NULL;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        const struct fy_count source = fy_known(kpi), target = kpi->sum[FY_SIDE_TARGET];
        seen += target.users > 0;
        if (source.users == 0 || target.users == 0)
            continue;
        const double gap =
            (double)target.failed / (double)target.users - (double)source.failed / (double)source.users;
        if (gap > widest) {
            widest = gap;
            where = kpi->gate.kpi->title;
        }
    }
    char gap[128] = "none is worse than on the source";
    if (where)
        (void)snprintf(gap, sizeof(gap), "the widest gap is %.2f points, in %s", 100 * widest, where);
    return say(FY_VERDICT_PASS,
               "%zu of %zu KPIs had data over %lld s, no evidence that one is worse than its margin; %s%s",
               seen, judge->count, (long long)judge->covered_ms / 1000, gap, control(judge));
}

static struct fy_verdict decide(const struct fy_judge *judge, bool final)
{
    struct fy_verdict verdict;
    if (invalid(judge, &verdict) || dead(judge, &verdict) || worse(judge, &verdict) ||
        below_floor(judge, &verdict) || storm(judge, &verdict))
        return verdict;
    if (judge->ticks == 0 || judge->count == 0)
        return say(FY_VERDICT_INCONCLUSIVE, "no counts yet");
    if (too_little(judge, &verdict))
        return verdict;
    if (!final)
        return say(FY_VERDICT_INCONCLUSIVE, "nothing wrong so far; the soak goes on");
    return passed(judge);
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

static void put_kpi(struct fy_buf *buf, const struct fy_judge *judge, const struct fy_watched *kpi)
{
    const bool compared = kpi->sum[FY_SIDE_TARGET].users > 0 && fy_known(kpi).users > 0;
    char ratio[32];
    (void)snprintf(ratio, sizeof(ratio), "%.3g", odds_ratio(kpi));
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "kpi", kpi->gate.kpi->name);
    fy_buf_member_bool(buf, "critical", kpi->gate.critical);
    put_counts(buf, "source", kpi->sum[FY_SIDE_SOURCE]);
    put_counts(buf, "target", kpi->sum[FY_SIDE_TARGET]);
    if (kpi->reference.users > 0)
        put_counts(buf, "source_before", kpi->reference);
    fy_buf_member_int(buf, "margin_bp", kpi->gate.margin);
    fy_buf_member_int(buf, "min_users", minimum(kpi));
    fy_buf_member(buf, "odds_ratio", compared ? ratio : NULL);
    fy_buf_member(buf, "e", compared ? decimal(worse_log_e(kpi)).text : NULL);
    fy_buf_member(buf, "e_weighed", compared ? decimal(weighed(judge, kpi)).text : NULL);
    if (compared && isfinite(equal_log_e(kpi)))
        fy_buf_member(buf, "e_not_worse", decimal(equal_log_e(kpi)).text);
    if (kpi->gate.floor > 0) {
        fy_buf_member_int(buf, "floor_bp", kpi->gate.floor);
        fy_buf_member(buf, "e_floor", decimal(fy_excess_log_e(&kpi->below[FY_SIDE_TARGET])).text);
    }
    fy_buf_close(buf, '}');
}

static void put_evidence(const struct fy_judge *judge, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "ticks", judge->ticks);
    fy_buf_member_int(buf, "gaps", judge->gaps);
    fy_buf_member_int(buf, "from_ms", judge->first_ms);
    fy_buf_member_int(buf, "to_ms", judge->last_ms);
    fy_buf_member_int(buf, "covered_ms", judge->covered_ms);
    fy_buf_member_int(buf, "limit_rollback", FY_JUDGE_LIMIT);
    fy_buf_member_int(buf, "limit_pass", FY_JUDGE_PASS);
    fy_buf_key(buf, "kpis");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < judge->count; i++)
        put_kpi(buf, judge, &judge->kpis[i]);
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

struct fy_verdict fy_judge_look(const struct fy_judge *judge, bool final, struct fy_buf *evidence)
{
    if (evidence)
        put_evidence(judge, evidence);
    return decide(judge, final);
}
