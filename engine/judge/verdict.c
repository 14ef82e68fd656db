/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From evidence to a verdict. The order matters: counts that cannot be, then what is certain without
 * statistics, then the test against the source and the floors, then whether the comparison is fair, and only
 * then whether enough was seen to pass. Each question is a row of "questions"; the first that has an answer
 * gives the verdict.
 */
#include "judge/state.h"

#include "base/mem.h"
#include "judge/special.h"

#include <stdarg.h>
#include <stdio.h>

const char *fy_verdict_name(enum fy_verdict_kind kind)
{
    static const char *const names[] = {"pass", "rollback", "inconclusive", "invalid", "hold", "error"};
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

/* "1 to 250": an e-value in words people know from odds; the log may be beyond what a double holds. */
static struct shown odds_words(double log_e)
{
    struct shown shown;
    if (log_e > log(1e6))
        (void)snprintf(shown.text, sizeof(shown.text), "more than a million to 1");
    else
        (void)snprintf(shown.text, sizeof(shown.text), "%.3g to 1", exp(log_e));
    return shown;
}

static struct shown span(int64_t ms)
{
    struct shown shown;
    if (ms < 0)
        (void)snprintf(shown.text, sizeof(shown.text), "cannot be told");
    else if (ms < 120000)
        (void)snprintf(shown.text, sizeof(shown.text), "%lld s", (long long)ms / 1000);
    else
        (void)snprintf(shown.text, sizeof(shown.text), "%lld min", (long long)(ms + 59999) / 60000);
    return shown;
}

static const char *segment_name(int segment)
{
    return segment == 0 ? "5G" : "4G";
}

static bool counts(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return !fy_waived(judge, kpi->waived_until_ms);
}

/* ---- the questions ---- */

static bool invalid(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        if (!judge->kpis[i].impossible || !counts(judge, &judge->kpis[i]))
            continue;
        *ret = say(FY_VERDICT_INVALID,
                   "%s: more users failed than tried in a tick; these counts cannot be trusted",
                   fy_gate_title(&judge->kpis[i].gate));
        return true;
    }
    return false;
}

static bool dead(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->gate.kpi == NULL || kpi->dead[FY_SIDE_TARGET] < FY_JUDGE_DEAD_USERS || !counts(judge, kpi))
            continue;
        const bool both = kpi->dead[FY_SIDE_SOURCE] >= FY_JUDGE_DEAD_USERS;
        *ret = both ? say(FY_VERDICT_HOLD,
                          "%s: the last %lld users failed on the target and the last %lld on the source: an "
                          "outage elsewhere; nobody is moved in it",
                          fy_gate_title(&kpi->gate), (long long)kpi->dead[FY_SIDE_TARGET],
                          (long long)kpi->dead[FY_SIDE_SOURCE])
                    : say(FY_VERDICT_ROLLBACK, "%s: the last %lld users on the target all failed",
                          fy_gate_title(&kpi->gate), (long long)kpi->dead[FY_SIDE_TARGET]);
        return true;
    }
    return false;
}

static bool alarmed(const struct fy_judge *judge, struct fy_verdict *ret)
{
    if (judge->alarm[0] == '\0' || fy_waived(judge, judge->alarms_waived_ms))
        return false;
    *ret = say(FY_VERDICT_ROLLBACK, "a new alarm on the target: %s", judge->alarm);
    return true;
}

static bool unheard(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count && !fy_waived(judge, judge->attempts_waived_ms); i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->gate.kpi == NULL || !fy_attempts_missing(kpi) || !counts(judge, kpi))
            continue;
        const struct fy_attempts *attempts = &kpi->attempts;
        *ret = say(
            FY_VERDICT_ROLLBACK,
            "%s: attempts are missing on the target: %.0f were counted where %.0f belong by its share of the "
            "users (of late %.0f of %.0f); it may refuse them before it counts",
            fy_gate_title(&kpi->gate), attempts->seen, attempts->expected, attempts->seen_late,
            attempts->expected_late);
        return true;
    }
    return false;
}

static bool regresses(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return counts(judge, kpi) && (kpi->gate.kpi == NULL || !fy_tolerated(judge, kpi));
}

static struct fy_verdict say_worse(const struct fy_judge *judge, const struct fy_watched *kpi, double log_sum)
{
    const bool slow = kpi->gate.edges > 0 && fy_latency_log_e(kpi) > fy_worse_log_e(kpi);
    const bool lonely = fy_excess_log_e(&kpi->excess) > fy_odds_log_e(&kpi->odds);
    if (kpi->gate.kpi == NULL)
        return say(FY_VERDICT_ROLLBACK,
                   "%s: %lld events on the target against %lld on the source; %s that it has more",
                   fy_gate_title(&kpi->gate), (long long)kpi->sum[FY_SIDE_TARGET].failed,
                   (long long)kpi->sum[FY_SIDE_SOURCE].failed, odds_words(log_sum).text);
    return say(
        FY_VERDICT_ROLLBACK,
        "%s: %s failed on the target against %s on the source%s; it is %s%s, %s (limit %.0f); about %lld "
        "users were harmed in %s",
        fy_gate_title(&kpi->gate), show(kpi->sum[FY_SIDE_TARGET]).text,
        show(lonely ? fy_known(kpi) : kpi->sum[FY_SIDE_SOURCE]).text,
        lonely ? " before, nobody being left there to compare with" : "", slow ? "slower" : "worse",
        kpi->gate.margin > 0 && !slow ? ", and that it is within the margin is not shown" : "",
        odds_words(log_sum).text, exp(fy_limit_now(judge)), (long long)fy_harmed(kpi),
        span(judge->covered_ms).text);
}

/* Being slower is not what the margin is about. */
static double part_of(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    const double failing = regresses(judge, kpi) ? fy_weighed(judge, kpi) : -INFINITY;
    return counts(judge, kpi) ? fy_log_add(failing, fy_weighed_slow(judge, kpi)) : -INFINITY;
}

static bool worse(const struct fy_judge *judge, struct fy_verdict *ret)
{
    const struct fy_watched *worst = NULL;
    double sum = -INFINITY, most = -INFINITY;
    for (size_t i = 0; i < judge->count; i++) {
        const double part = part_of(judge, &judge->kpis[i]);
        sum = fy_log_add(sum, part);
        worst = part > most ? &judge->kpis[i] : worst;
        most = fmax(part, most);
    }
    if (!worst || sum < fy_limit_now(judge))
        return false;
    *ret = say_worse(judge, worst, sum);
    return true;
}

static bool worse_at_the_end(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count && judge->ended; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->gate.kpi == NULL || kpi->log_p > fy_limit_end(judge, kpi) || !regresses(judge, kpi))
            continue;
        *ret = say(
            FY_VERDICT_ROLLBACK,
            "%s: %s failed on the target against %s on the source; by chance that happens once in %.0f soaks "
            "(exact test at the planned end, limit %.0f)",
            fy_gate_title(&kpi->gate), show(kpi->sum[FY_SIDE_TARGET]).text,
            show(kpi->sum[FY_SIDE_SOURCE]).text, exp(-kpi->log_p), exp(-fy_limit_end(judge, kpi)));
        return true;
    }
    return false;
}

/* A floor is one more part of the weighed sum: alone it must outweigh all the others. */
static bool below_floor(const struct fy_judge *judge, struct fy_verdict *ret)
{
    const double limit = fy_limit_now(judge) + log(judge->weight);
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (fy_floor_log_e_of(kpi, FY_SIDE_TARGET) < limit || !counts(judge, kpi))
            continue;
        const bool both = fy_floor_log_e_of(kpi, FY_SIDE_SOURCE) >= limit;
        *ret = say(both ? FY_VERDICT_HOLD : FY_VERDICT_ROLLBACK,
                   "%s: %s failed on the target and %s on the source; the floor is %.2f %% success%s",
                   fy_gate_title(&kpi->gate), show(kpi->sum[FY_SIDE_TARGET]).text,
                   show(kpi->sum[FY_SIDE_SOURCE]).text, (double)kpi->gate.floor / 100,
                   both ? "; both are below it and do not differ: an outage elsewhere" : "");
        return true;
    }
    return false;
}

static bool unfair(const struct fy_judge *judge, struct fy_verdict *ret)
{
    bool arrivals = false;
    if (fy_waived(judge, judge->ratio_waived_ms))
        return false;
    const int biased = fy_shares_biased(judge, &arrivals), off = biased < 0 ? fy_shares_off(judge) : -1;
    if (biased < 0 && off < 0)
        return false;
    const int segment = biased >= 0 ? biased : off;
    const int64_t *pair = arrivals ? judge->shares.arrivals[segment] : judge->shares.users[segment];
    const int64_t all = pair[0] + pair[1];
    *ret = say(biased >= 0 ? FY_VERDICT_INVALID : FY_VERDICT_INCONCLUSIVE,
               "%s: %.2f %% of %lld %s are on the target where %.1f %% belong%s", segment_name(segment),
               100.0 * (double)pair[1] / (double)all, (long long)all, arrivals ? "arrivals" : "users",
               (double)judge->shares.wanted / 10,
               biased >= 0 ? ": this is not chance, so the routing is biased and the two cannot be compared"
                           : "; the ratio is not reached");
    return true;
}

static bool storm(const struct fy_judge *judge, struct fy_verdict *ret)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (fy_excess_log_e(&kpi->storm) < fy_limit_now(judge) + log((double)judge->count) ||
            !counts(judge, kpi))
            continue;
        *ret = say(
            FY_VERDICT_HOLD,
            "%s: the source itself fails more than it used to, %s, and the target, %s, does not differ: an "
            "outage elsewhere; nobody is moved in it",
            fy_gate_title(&kpi->gate), show(kpi->sum[FY_SIDE_SOURCE]).text,
            show(kpi->sum[FY_SIDE_TARGET]).text);
        return true;
    }
    return false;
}

static bool nothing(const struct fy_judge *judge, struct fy_verdict *ret)
{
    if (judge->ticks > 0 && judge->count > 0)
        return false;
    *ret = say(FY_VERDICT_INCONCLUSIVE, "no counts yet");
    return true;
}

/* What a critical KPI lacks for a PASS. */
static bool lacks(const struct fy_judge *judge, const struct fy_watched *kpi, struct fy_verdict *ret)
{
    const char *title = fy_gate_title(&kpi->gate);
    const struct fy_count target = kpi->sum[FY_SIDE_TARGET];
    if (target.users < fy_minimum(kpi))
        *ret = say(FY_VERDICT_INCONCLUSIVE, "%s: %lld users tried on the target, %lld are needed to judge",
                   title, (long long)target.users, (long long)fy_minimum(kpi));
    else if (kpi->gate.margin > 0 && fy_known(kpi).users < FY_JUDGE_DEAD_USERS)
        *ret = say(FY_VERDICT_INCONCLUSIVE,
                   "%s: nobody tried on the source: there is nothing to compare with", title);
    else if (kpi->gate.margin > 0 && fy_equal_log_e(kpi) < fy_limit_pass(judge))
        *ret = say(FY_VERDICT_INCONCLUSIVE,
                   "%s: %s failed on the target against %s on the source; too few users yet to exclude a "
                   "difference of "
                   "%.2f points (%s, needed %.0f to 1); at the users of now that takes another: %s",
                   title, show(target).text, show(fy_known(kpi)).text, (double)kpi->gate.margin / 100,
                   odds_words(fy_equal_log_e(kpi)).text, exp(fy_limit_pass(judge)),
                   span(fy_equal_missing_ms(judge, kpi)).text);
    else
        return false;
    return true;
}

/* Every critical KPI must have been seen; if the order calls none critical, one of them at least. */
static bool too_little(const struct fy_judge *judge, struct fy_verdict *ret)
{
    bool any = false, critical = false;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        if (kpi->gate.kpi == NULL)
            continue;
        any |= kpi->sum[FY_SIDE_TARGET].users >= fy_minimum(kpi);
        critical |= kpi->gate.critical;
        if (kpi->gate.critical && counts(judge, kpi) && lacks(judge, kpi, ret))
            return true;
    }
    if (any || critical)
        return false;
    *ret = say(FY_VERDICT_INCONCLUSIVE, "no KPI has enough users on the target to judge");
    return true;
}

static bool (*const questions[])(const struct fy_judge *judge, struct fy_verdict *ret) = {
    invalid, dead, alarmed, unheard, worse, worse_at_the_end, below_floor, storm, nothing, unfair, too_little,
};

/* ---- a pass ---- */

/* What the target was compared with, where that was not the source in the same ticks. */
static const char *control(const struct fy_judge *judge)
{
    bool before = false, none = false;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        const bool by_itself = kpi->sum[FY_SIDE_TARGET].users > 0 && kpi->sum[FY_SIDE_SOURCE].users == 0;
        before |= by_itself && kpi->reference.users > 0;
        none |= by_itself && kpi->reference.users == 0;
    }
    if (none)
        return "; some without a source to compare with";
    return before ? "; no concurrent control: compared with what the source showed before, since nobody is "
                    "left on it"
                  : "";
}

static struct fy_verdict passed(const struct fy_judge *judge)
{
    size_t seen = 0, kpis = 0;
    double widest = 0;
    const struct fy_watched *where = NULL;
    for (size_t i = 0; i < judge->count; i++) {
        const struct fy_watched *kpi = &judge->kpis[i];
        const struct fy_count source = fy_known(kpi), target = kpi->sum[FY_SIDE_TARGET];
        kpis += kpi->gate.kpi != NULL;
        seen += kpi->gate.kpi != NULL && target.users > 0;
        if (source.users == 0 || target.users == 0 || kpi->gate.kpi == NULL)
            continue;
        const double gap =
            (double)target.failed / (double)target.users - (double)source.failed / (double)source.users;
        if (gap > widest) {
            widest = gap;
            where = kpi;
        }
    }
    char gap[160] = "none is worse than on the source";
    if (where)
        (void)snprintf(gap, sizeof(gap), "the widest gap is %.2f points, in %s", 100 * widest,
                       fy_gate_title(&where->gate));
    return say(FY_VERDICT_PASS,
               "%zu of %zu KPIs had data over %lld s, no evidence that one is worse than its margin; %s%s",
               seen, kpis, (long long)judge->covered_ms / 1000, gap, control(judge));
}

struct fy_verdict fy_judge_look(const struct fy_judge *judge, bool final, struct fy_buf *evidence)
{
    struct fy_verdict verdict;
    if (evidence)
        fy_put_evidence(judge, evidence);
    for (size_t i = 0; i < FY_COUNT(questions); i++)
        if (questions[i](judge, &verdict))
            return verdict;
    return final ? passed(judge) : say(FY_VERDICT_INCONCLUSIVE, "nothing wrong so far; the soak goes on");
}
