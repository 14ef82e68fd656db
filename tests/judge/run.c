/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/judge/run.h"

#include <stdio.h>
#include <stdlib.h>

struct fy_gate table_gate(void)
{
    return (struct fy_gate){.kpi = fy_kpi_find("amf.initial_registration"), .margin = 30, .critical = true};
}

/* Ferry's rule: looked at each tick; the planned end comes after 15 minutes. */
static bool ferry_stops(struct fy_judge *judge, const struct fy_count counts[2], int tick)
{
    struct fy_count both[1][2] = {{counts[0], counts[1]}};
    struct fy_err err;
    if (!fy_judge_tick(judge, &(struct fy_tick){.end_ms = (int64_t)tick * TICK_MS, .counts = both}, &err))
        abort();
    if (tick == SOAK)
        fy_judge_planned_end(judge);
    return fy_judge_look(judge, tick >= SOAK, NULL).kind == FY_VERDICT_ROLLBACK;
}

static void stop(struct outcome *outcome, const struct scenario *s, const struct course *course, int tick)
{
    const int onset = s->onset < tick ? s->onset : tick;
    (void)course;
    outcome->stopped++;
    outcome->minutes += (double)(tick - onset) / A_MINUTE;
}

/* Users the source would not have failed: expected, from how many tried on the target since the onset. */
static double harm(const struct scenario *s, double users)
{
    return s->worse * users;
}

static bool rule_stops(const struct rule *rule, const struct course *course, int *memory)
{
    const bool minute = course->ticks % A_MINUTE == 0;
    if (!rule->every_tick && (!minute || course->minutes < rule->from || course->minutes > rule->until))
        return false;
    return rule->stops(course, memory, rule->table);
}

size_t run_all(const struct scenario *s, long soaks, int ticks, uint64_t seed, struct outcome ret[RULES_MOST])
{
    const struct fy_gate gate = table_gate();
    size_t count = 0;
    while (rules[count].name != NULL)
        count++;
    for (size_t r = 0; r <= count; r++)
        ret[r] = (struct outcome){.soaks = soaks};
    for (long i = 0; i < soaks; i++) {
        struct feed feed;
        struct course course = {0};
        struct fy_judge *judge = fy_judge_new(&gate, 1, TICK_MS, NULL);
        bool over[RULES_MOST] = {false};
        int memory[RULES_MOST] = {0};
        feed_begin(&feed, s, seed + (uint64_t)i);
        for (int t = 1; t <= ticks; t++) {
            struct fy_count counts[2];
            feed_next(&feed, counts);
            course_add(&course, counts);
            for (size_t r = 0; r <= count; r++) {
                if (over[r])
                    continue;
                ret[r].harmed += t > s->onset ? harm(s, (double)counts[1].users) : 0;
                over[r] =
                    r == count ? ferry_stops(judge, counts, t) : rule_stops(&rules[r], &course, &memory[r]);
                if (over[r])
                    stop(&ret[r], s, &course, t);
            }
        }
        fy_judge_free(judge);
    }
    return count + 1;
}

struct outcome run_ferry(const struct scenario *s, long soaks, int ticks, uint64_t seed)
{
    const struct fy_gate gate = table_gate();
    struct outcome outcome = {.soaks = soaks};
    for (long i = 0; i < soaks; i++) {
        struct feed feed;
        struct fy_judge *judge = fy_judge_new(&gate, 1, TICK_MS, NULL);
        feed_begin(&feed, s, seed + (uint64_t)i);
        bool over = false;
        for (int t = 1; t <= ticks && !over; t++) {
            struct fy_count counts[2];
            feed_next(&feed, counts);
            outcome.harmed += t > s->onset ? harm(s, (double)counts[1].users) : 0;
            over = ferry_stops(judge, counts, t);
            if (over)
                stop(&outcome, s, NULL, t);
        }
        fy_judge_free(judge);
    }
    return outcome;
}

struct outcome run_passes(const struct scenario *s, long soaks, int ticks, uint64_t seed)
{
    const struct fy_gate gate = table_gate();
    struct outcome outcome = {.soaks = soaks};
    for (long i = 0; i < soaks; i++) {
        struct feed feed;
        struct fy_judge *judge = fy_judge_new(&gate, 1, TICK_MS, NULL);
        enum fy_verdict_kind kind = FY_VERDICT_INCONCLUSIVE;
        feed_begin(&feed, s, seed + (uint64_t)i);
        for (int t = 1; t <= ticks && kind != FY_VERDICT_PASS && kind != FY_VERDICT_ROLLBACK; t++) {
            struct fy_count counts[2];
            feed_next(&feed, counts);
            if (!ferry_stops(judge, counts, t) && t >= SOAK)
                kind = fy_judge_look(judge, true, NULL).kind;
            if (kind == FY_VERDICT_PASS)
                stop(&outcome, s, NULL, t);
        }
        fy_judge_free(judge);
    }
    return outcome;
}

/* Clopper and Pearson's, by bisection on the binomial's lower tail; Poisson is near enough for shares this
 * small. */
double upper_limit(long of, long all)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        const double p = (low + high) / 2, mean = p * (double)all;
        double term = exp(-mean), tail = term;
        for (long k = 1; k <= of; k++) {
            term *= mean / (double)k;
            tail += term;
        }
        if (tail > 0.01)
            low = p;
        else
            high = p;
    }
    return high;
}
