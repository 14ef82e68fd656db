/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define TICK      5000
#define SOAK      180 /* ticks of a quarter of an hour */
#define SOAKS     1000
#define A_TICK(n) ((n) / 12) /* of a minute's users */

struct luck {
    uint64_t state;
};

static double next(struct luck *luck)
{
    uint64_t z = (luck->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* By inversion: rates are small and so are the numbers. */
static int64_t binomial(struct luck *luck, int64_t n, double p)
{
    double u = next(luck), mass = pow(1 - p, (double)n);
    int64_t k = 0;
    while (u > mass && k < n) {
        u -= mass;
        mass *= (double)(n - k) / (double)(k + 1) * p / (1 - p);
        k++;
    }
    return k;
}

static struct fy_gate gate(const char *kpi, int64_t margin, bool critical)
{
    return (struct fy_gate){.kpi = fy_kpi_find(kpi), .margin = margin, .critical = critical};
}

static void feed(struct fy_judge *judge, int64_t tick, struct fy_count (*counts)[2])
{
    struct fy_err err;
    const struct fy_tick one = {.end_ms = tick * TICK, .counts = counts};
    assert_true(fy_judge_tick(judge, &one, &err));
}

/* Feeds ticks of n users a side until the verdict is a rollback; returns how many, 0 if it never is. */
static int64_t soak(struct fy_judge *judge, struct luck *luck, int64_t n, double old, double young)
{
    for (int64_t t = 1; t <= SOAK; t++) {
        struct fy_count counts[1][2] = {{{n, binomial(luck, n, old)}, {n, binomial(luck, n, young)}}};
        feed(judge, t, counts);
        if (fy_judge_look(judge, false, NULL).kind == FY_VERDICT_ROLLBACK)
            return t;
    }
    return 0;
}

static void test_judge_finds_five_points_within_half_a_minute(void **state)
{
    (void)state;
    struct luck luck = {7};
    int64_t ticks = 0, found = 0;
    for (int i = 0; i < 200; i++) {
        const struct fy_gate one = gate("amf.initial_registration", 30, true);
        struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
        const int64_t at = soak(judge, &luck, A_TICK(1000), 0.003, 0.053);
        found += at > 0;
        ticks += at;
        fy_judge_free(judge);
    }
    printf("5 points worse: %lld of 200 found, after %.0f s on average\n", (long long)found,
           (double)ticks * 5 / (double)found);
    assert_int_equal(found, 200);
    assert_true(ticks * 5 / found <= 30);
}

static void test_judge_finds_a_failing_kpi_that_never_failed_before(void **state)
{
    (void)state;
    struct luck luck = {11};
    const struct fy_gate one = gate("amf.initial_registration", 30, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    const int64_t at = soak(judge, &luck, A_TICK(150), 0.00002, 0.05);
    printf("5 points worse on a KPI that never fails, 150 users a minute: %lld s\n", (long long)at * 5);
    assert_true(at > 0 && at * 5 <= 300);
    fy_judge_free(judge);
}

/* A good upgrade: looked at every five seconds, the verdict must not be rollback more than once in a hundred.
 */
static void test_judge_leaves_good_upgrades_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t users, margin;
        double rate;
    } rows[] = {{"rare failures", A_TICK(1000), 30, 0.003},
                {"no margin", A_TICK(1000), 0, 0.003},
                {"frequent failures", A_TICK(300), 0, 0.0775},
                {"few users", A_TICK(60), 0, 0.01}};
    for (size_t row = 0; row < FY_COUNT(rows); row++) {
        struct luck luck = {1000 + row};
        int alarms = 0, holds = 0;
        for (int i = 0; i < SOAKS; i++) {
            const struct fy_gate one = gate("amf.paging", rows[row].margin, true);
            struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
            alarms += soak(judge, &luck, rows[row].users, rows[row].rate, rows[row].rate) > 0;
            holds += fy_judge_look(judge, false, NULL).kind == FY_VERDICT_HOLD;
            fy_judge_free(judge);
        }
        printf("%-18s %4d of %d good soaks were rolled back, %d held\n", rows[row].name, alarms, SOAKS,
               holds);
        assert_true(alarms <= 15 && holds <= 15); /* 10 expected at most */
    }
}

static void test_judge_calls_a_storm_nobodys_regression(void **state)
{
    (void)state;
    struct luck luck = {3};
    int rollbacks = 0, holds = 0;
    for (int i = 0; i < 200; i++) {
        const struct fy_gate one = gate("amf.paging", 30, true);
        struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
        struct fy_verdict verdict = {.kind = FY_VERDICT_PASS};
        for (int64_t t = 1; t <= 60; t++) {
            const double rate = t <= 36 ? 0.005 : 0.2;
            struct fy_count counts[1][2] = {
                {{80, binomial(&luck, 80, rate)}, {80, binomial(&luck, 80, rate)}}};
            feed(judge, t, counts);
            verdict = fy_judge_look(judge, false, NULL);
            if (verdict.kind == FY_VERDICT_ROLLBACK)
                break;
        }
        rollbacks += verdict.kind == FY_VERDICT_ROLLBACK;
        holds += verdict.kind == FY_VERDICT_HOLD;
        fy_judge_free(judge);
    }
    printf("storms: %d of 200 rolled back, %d held\n", rollbacks, holds);
    assert_true(rollbacks <= 20 && holds >= 175);
}

static void test_judge_never_passes_without_data(void **state)
{
    (void)state;
    const struct fy_gate gates[] = {gate("amf.initial_registration", 30, true),
                                    gate("amf.paging", 100, false)};
    struct fy_judge *judge = fy_judge_new(gates, 2, TICK, NULL);
    assert_int_equal(fy_judge_look(judge, true, NULL).kind, FY_VERDICT_INCONCLUSIVE);
    for (int64_t t = 1; t <= SOAK; t++) {
        struct fy_count counts[2][2] = {{{100, 0}, {0, 0}}, {{100, 1}, {100, 1}}};
        feed(judge, t, counts);
        assert_int_equal(fy_judge_look(judge, true, NULL).kind, FY_VERDICT_INCONCLUSIVE);
    }
    const struct fy_verdict verdict = fy_judge_look(judge, true, NULL);
    assert_non_null(strstr(verdict.sentence, "0 users tried on the target, 100 are needed"));
    fy_judge_free(judge);
}

static void test_judge_passes_a_good_soak_and_says_what_it_saw(void **state)
{
    (void)state;
    struct luck luck = {5};
    const struct fy_gate one = gate("amf.initial_registration", 30, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    assert_int_equal(soak(judge, &luck, A_TICK(200), 0.00002, 0.00002), 0);
    FY_AUTO(fy_buf_free) struct fy_buf evidence = {0};
    const struct fy_verdict verdict = fy_judge_look(judge, true, &evidence);
    printf("%s\n%s\n", verdict.sentence, evidence.data);
    assert_int_equal(verdict.kind, FY_VERDICT_PASS);
    assert_int_equal(fy_judge_look(judge, false, NULL).kind, FY_VERDICT_INCONCLUSIVE);
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(evidence.data, evidence.length, "evidence", &err);
    assert_int_equal(fy_json_int_or(doc, "ticks", 0), SOAK);
    fy_judge_free(judge);
}

static void test_judge_wants_enough_users_to_exclude_the_margin(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.initial_registration", 30, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    struct fy_count counts[1][2] = {{{300, 0}, {300, 0}}};
    feed(judge, 1, counts);
    const struct fy_verdict verdict = fy_judge_look(judge, true, NULL);
    assert_int_equal(verdict.kind, FY_VERDICT_INCONCLUSIVE);
    assert_non_null(strstr(verdict.sentence, "too few users yet to exclude a difference of 0.30 points"));
    fy_judge_free(judge);
}

static void test_judge_compares_with_the_stage_before_when_the_source_is_empty(void **state)
{
    (void)state;
    struct luck luck = {9};
    const struct fy_gate one = gate("amf.paging", 100, true);
    struct fy_judge *half = fy_judge_new(&one, 1, TICK, NULL), *good = fy_judge_new(&one, 1, TICK, NULL),
                    *bad = fy_judge_new(&one, 1, TICK, NULL);
    assert_int_equal(soak(half, &luck, 80, 0.0066, 0.0066), 0);
    fy_judge_follow(good, half);
    fy_judge_follow(bad, half);
    fy_judge_free(half);
    int64_t found = 0;
    for (int64_t t = 1; t <= SOAK; t++) {
        struct fy_count same[1][2] = {{{0, 0}, {80, binomial(&luck, 80, 0.0066)}}};
        struct fy_count worse[1][2] = {{{0, 0}, {80, binomial(&luck, 80, 0.06)}}};
        feed(good, t, same);
        feed(bad, t, worse);
        if (found == 0 && fy_judge_look(bad, false, NULL).kind == FY_VERDICT_ROLLBACK)
            found = t;
    }
    const struct fy_verdict verdict = fy_judge_look(good, true, NULL);
    printf("%s\n", verdict.sentence);
    assert_int_equal(verdict.kind, FY_VERDICT_PASS);
    assert_true(found > 0 && found <= 24);
    fy_judge_free(good);
    fy_judge_free(bad);
}

static void test_judge_stops_at_once_when_nobody_succeeds(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, false);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    struct fy_count counts[1][2] = {{{10, 0}, {10, 10}}}, both[1][2] = {{{10, 10}, {10, 10}}};
    feed(judge, 1, counts);
    feed(judge, 2, counts);
    const struct fy_verdict verdict = fy_judge_look(judge, false, NULL);
    assert_int_equal(verdict.kind, FY_VERDICT_ROLLBACK);
    assert_non_null(strstr(verdict.sentence, "the last 20 users on the target all failed"));
    feed(judge, 3, both);
    feed(judge, 4, both);
    assert_int_equal(fy_judge_look(judge, false, NULL).kind, FY_VERDICT_HOLD);
    fy_judge_free(judge);
}

static void test_judge_keeps_floors(void **state)
{
    (void)state;
    struct fy_gate one = gate("amf.paging", 0, true);
    one.floor = 9900;
    for (int both = 0; both <= 1; both++) {
        struct luck luck = {21};
        struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
        for (int64_t t = 1; t <= 24; t++) {
            struct fy_count counts[1][2] = {
                {{80, binomial(&luck, 80, both ? 0.04 : 0.004)}, {80, binomial(&luck, 80, 0.04)}}};
            feed(judge, t, counts);
        }
        const struct fy_verdict verdict = fy_judge_look(judge, false, NULL);
        printf("%s\n", verdict.sentence);
        assert_int_equal(verdict.kind, both ? FY_VERDICT_HOLD : FY_VERDICT_ROLLBACK);
        fy_judge_free(judge);
    }
}

static void test_judge_counts_time_only_where_there_are_ticks(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, false);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    struct fy_count counts[1][2] = {{{10, 0}, {10, 0}}};
    feed(judge, 1, counts);
    feed(judge, 2, counts);
    assert_int_equal(fy_judge_covered_ms(judge), 2 * TICK);
    feed(judge, 6, counts); /* three are lost: bridged */
    assert_int_equal(fy_judge_covered_ms(judge), 6 * TICK);
    feed(judge, 11, counts); /* four: a gap */
    assert_int_equal(fy_judge_covered_ms(judge), 7 * TICK);
    struct fy_err err;
    assert_false(fy_judge_tick(judge, &(struct fy_tick){.end_ms = 11 * TICK, .counts = counts}, &err));
    fy_judge_free(judge);
}

static void test_judge_trusts_no_impossible_counts(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    struct fy_count counts[1][2] = {{{10, 0}, {10, 11}}};
    feed(judge, 1, counts);
    assert_int_equal(fy_judge_look(judge, true, NULL).kind, FY_VERDICT_INVALID);
    fy_judge_free(judge);
}

static void feed_split(struct fy_judge *judge, int64_t tick, int64_t target_users, int64_t target_tried)
{
    struct fy_err err;
    const struct fy_split split = {.users = {{10000 - target_users, target_users}}, .wanted = -1};
    struct fy_count counts[1][2] = {{{1000 - target_tried, 0}, {target_tried, 0}}};
    const struct fy_tick one = {.end_ms = tick * TICK, .counts = counts, .split = &split};
    assert_true(fy_judge_tick(judge, &one, &err));
}

static void test_judge_misses_no_attempts_of_users_who_moved_within_the_tick(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    feed_split(judge, 1, 0, 0);
    feed_split(judge, 2, 5000, 30); /* half of them, in its last moments */
    feed_split(judge, 3, 5000, 500);
    assert_int_not_equal(fy_judge_look(judge, false, NULL).kind, FY_VERDICT_ROLLBACK);
    feed_split(judge, 4, 5000, 5); /* but these were there all the time */
    feed_split(judge, 5, 5000, 5);
    feed_split(judge, 6, 5000, 5);
    assert_int_equal(fy_judge_look(judge, false, NULL).kind, FY_VERDICT_ROLLBACK);
    fy_judge_free(judge);
}

static enum fy_verdict_kind kind_after(struct fy_judge *judge, const struct fy_tick *tick)
{
    struct fy_err err;
    assert_true(fy_judge_tick(judge, tick, &err));
    return fy_judge_look(judge, false, NULL).kind;
}

static void test_judge_takes_an_alarm_on_the_target_for_a_reason(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    struct fy_count counts[1][2] = {{{80, 0}, {80, 0}}};
    struct fy_tick tick = {.end_ms = TICK, .counts = counts, .alarm = "overload-target: too many users"};
    assert_int_equal(kind_after(judge, &tick), FY_VERDICT_ROLLBACK);
    assert_non_null(strstr(fy_judge_look(judge, false, NULL).sentence, "overload-target"));
    assert_true(fy_judge_waive(judge, "alarms", 3 * TICK));
    tick.end_ms = 2 * TICK;
    assert_int_equal(kind_after(judge, &tick), FY_VERDICT_INCONCLUSIVE);
    tick.end_ms = 3 * TICK; /* the waiver is over */
    assert_int_equal(kind_after(judge, &tick), FY_VERDICT_ROLLBACK);
    fy_judge_free(judge);
}

static void test_judge_counts_security_events_against_the_exposure(void **state)
{
    (void)state;
    const struct fy_gate gates[] = {gate("amf.paging", 100, true), {.name = "security"}};
    for (int bad = 0; bad <= 1; bad++) {
        struct fy_judge *judge = fy_judge_new(gates, 2, TICK, NULL);
        enum fy_verdict_kind kind = FY_VERDICT_INCONCLUSIVE;
        for (int64_t t = 1; t <= 40 && kind != FY_VERDICT_ROLLBACK; t++) {
            /* a tenth of the users is on the target: one event in ten there is as it should be */
            struct fy_count counts[2][2] = {{{80, 0}, {80, 0}}, {{27000, 3}, {3000, bad ? 3 : t % 3 == 0}}};
            kind = kind_after(judge, &(struct fy_tick){.end_ms = t * TICK, .counts = counts});
        }
        const struct fy_verdict verdict = fy_judge_look(judge, false, NULL);
        printf("%s\n", verdict.sentence);
        assert_int_equal(verdict.kind, bad ? FY_VERDICT_ROLLBACK : FY_VERDICT_INCONCLUSIVE);
        fy_judge_free(judge);
    }
}

static void test_judge_misses_attempts_that_never_come(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 100, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    const struct fy_split split = {.wanted = -1, .users = {{15000, 15000}, {1500, 1500}}};
    enum fy_verdict_kind kind = FY_VERDICT_INCONCLUSIVE;
    int64_t t = 0;
    while (++t <= SOAK && kind != FY_VERDICT_ROLLBACK) {
        struct fy_count counts[1][2] = {{{80, 0}, {t < 60 ? 80 : 5, 0}}}; /* from minute 5 on it refuses */
        kind = kind_after(judge, &(struct fy_tick){.end_ms = t * TICK, .counts = counts, .split = &split});
    }
    printf("%lld s later: %s\n", (long long)(t - 60) * 5, fy_judge_look(judge, false, NULL).sentence);
    assert_int_equal(kind, FY_VERDICT_ROLLBACK);
    assert_true(t - 60 <= 40);
    fy_judge_free(judge);
}

static void test_judge_compares_nothing_where_the_ratio_is_biased(void **state)
{
    (void)state;
    static const struct {
        struct fy_split split;
        enum fy_verdict_kind kind;
    } rows[] = {
        {{.wanted = 500, .users = {{13856, 13961}, {1696, 1608}}}, FY_VERDICT_PASS}, /* the paper's */
        {{.wanted = 500, .users = {{13000, 14800}, {1696, 1608}}}, FY_VERDICT_INVALID},
        {{.wanted = 500, .users = {{14236, 13581}, {1696, 1608}}}, FY_VERDICT_INCONCLUSIVE}, /* not reached */
        {{.wanted = -1, .users = {{20000, 8000}, {3000, 300}}}, FY_VERDICT_PASS},            /* on the move */
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        struct fy_judge_rules rules = fy_judge_rules_default;
        const struct fy_gate one = gate("amf.paging", 100, true);
        rules.ratio_tolerance = 50;
        struct fy_judge *judge = fy_judge_new(&one, 1, TICK, &rules);
        for (int64_t t = 1; t <= SOAK; t++) {
            struct fy_count counts[1][2] = {{{80, 0}, {80, 0}}};
            (void)kind_after(
                judge, &(struct fy_tick){.end_ms = t * TICK, .counts = counts, .split = &rows[i].split});
        }
        const struct fy_verdict verdict = fy_judge_look(judge, true, NULL);
        printf("%s: %s\n", fy_verdict_name(verdict.kind), verdict.sentence);
        assert_int_equal(verdict.kind, rows[i].kind);
        fy_judge_free(judge);
    }
}

/* 0.03 points worse where half a million users try a minute: seen, and shown to be within the margin of 0.3.
 */
static void test_judge_tolerates_what_is_shown_to_be_within_the_margin(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 30, true), strict = gate("amf.paging", 0, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL), *other = fy_judge_new(&strict, 1, TICK, NULL);
    for (int64_t t = 1; t <= SOAK; t++) {
        struct fy_count counts[1][2] = {{{20000, 60}, {20000, 66}}};
        feed(judge, t, counts);
        feed(other, t, counts);
    }
    assert_int_equal(fy_judge_look(other, false, NULL).kind, FY_VERDICT_ROLLBACK);
    assert_int_equal(fy_judge_look(judge, true, NULL).kind, FY_VERDICT_PASS);
    int64_t t = SOAK; /* and then it gets worse in earnest: the good beginning does not hide it */
    while (fy_judge_look(judge, false, NULL).kind != FY_VERDICT_ROLLBACK && t < SOAK + 60) {
        struct fy_count counts[1][2] = {{{20000, 60}, {20000, 260}}};
        feed(judge, ++t, counts);
    }
    printf("1 point worse after a good quarter of an hour: seen %lld s later\n", (long long)(t - SOAK) * 5);
    assert_true(t - SOAK <= 24);
    fy_judge_free(judge);
    fy_judge_free(other);
}

static void test_judge_tests_exactly_at_the_planned_end(void **state)
{
    (void)state;
    const struct fy_gate one = gate("amf.paging", 0, true);
    struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
    for (int64_t t = 1; t <= SOAK; t++) { /* 30 of 15,000 against 60 */
        struct fy_count counts[1][2] = {{{83, t % 6 == 0}, {83, t % 3 == 0}}};
        feed(judge, t, counts);
    }
    assert_int_equal(fy_judge_look(judge, true, NULL).kind, FY_VERDICT_PASS);
    fy_judge_planned_end(judge);
    const struct fy_verdict verdict = fy_judge_look(judge, true, NULL);
    printf("%s\n", verdict.sentence);
    assert_int_equal(verdict.kind, FY_VERDICT_ROLLBACK);
    assert_non_null(strstr(verdict.sentence, "exact test at the planned end"));
    fy_judge_free(judge);
}

/* One percent of the users takes five times as long: no median sees it. */
static void test_judge_sees_the_slow_tail(void **state)
{
    (void)state;
    struct luck luck = {31};
    struct fy_gate one = gate("amf.paging", 30, true);
    one.edges = FY_LATENCY_EDGES;
    for (int bad = 0; bad <= 1; bad++) {
        struct fy_judge *judge = fy_judge_new(&one, 1, TICK, NULL);
        int64_t t = 0;
        enum fy_verdict_kind kind = FY_VERDICT_INCONCLUSIVE;
        while (kind != FY_VERDICT_ROLLBACK && ++t <= SOAK) {
            struct fy_count counts[1][2] = {{{83, 0}, {83, 0}}};
            struct fy_latency latency[1][2];
            for (int d = 0; d < 2; d++) {
                latency[0][d].users = 83;
                for (int e = 0; e < FY_LATENCY_EDGES; e++)
                    latency[0][d].slower[e] = binomial(&luck, 83, 0.5 * pow(0.57, e) + (bad && d ? 0.01 : 0));
            }
            kind = kind_after(judge, &(struct fy_tick){.end_ms = t * TICK,
                                                       .counts = counts,
                                                       .latency = (const struct fy_latency(*)[2])latency});
        }
        if (bad)
            printf("1 %% of the users slower: %lld s; %s\n", (long long)t * 5,
                   fy_judge_look(judge, false, NULL).sentence);
        assert_int_equal(kind, bad ? FY_VERDICT_ROLLBACK : FY_VERDICT_INCONCLUSIVE);
        fy_judge_free(judge);
    }
}

static void test_judge_costs_less_than_a_millisecond_a_tick(void **state)
{
    (void)state;
    struct fy_gate gates[32];
    struct fy_count counts[32][2];
    struct luck luck = {1};
    for (int i = 0; i < 32; i++)
        gates[i] = gate("amf.paging", 30, true);
    struct fy_judge *judge = fy_judge_new(gates, 32, TICK, NULL);
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int64_t t = 1; t <= 100; t++) {
        for (int i = 0; i < 32; i++)
            for (int d = 0; d < 2; d++)
                counts[i][d] = (struct fy_count){170, binomial(&luck, 170, 0.01)};
        feed(judge, t, counts);
        (void)fy_judge_look(judge, false, NULL);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    printf("a tick and a look at 32 KPIs: %.3f ms\n",
           ((double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6) / 100);
    fy_judge_free(judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_finds_five_points_within_half_a_minute),
        cmocka_unit_test(test_judge_finds_a_failing_kpi_that_never_failed_before),
        cmocka_unit_test(test_judge_leaves_good_upgrades_alone),
        cmocka_unit_test(test_judge_calls_a_storm_nobodys_regression),
        cmocka_unit_test(test_judge_never_passes_without_data),
        cmocka_unit_test(test_judge_passes_a_good_soak_and_says_what_it_saw),
        cmocka_unit_test(test_judge_wants_enough_users_to_exclude_the_margin),
        cmocka_unit_test(test_judge_compares_with_the_stage_before_when_the_source_is_empty),
        cmocka_unit_test(test_judge_stops_at_once_when_nobody_succeeds),
        cmocka_unit_test(test_judge_keeps_floors),
        cmocka_unit_test(test_judge_counts_time_only_where_there_are_ticks),
        cmocka_unit_test(test_judge_trusts_no_impossible_counts),
        cmocka_unit_test(test_judge_misses_no_attempts_of_users_who_moved_within_the_tick),
        cmocka_unit_test(test_judge_takes_an_alarm_on_the_target_for_a_reason),
        cmocka_unit_test(test_judge_counts_security_events_against_the_exposure),
        cmocka_unit_test(test_judge_misses_attempts_that_never_come),
        cmocka_unit_test(test_judge_compares_nothing_where_the_ratio_is_biased),
        cmocka_unit_test(test_judge_tolerates_what_is_shown_to_be_within_the_margin),
        cmocka_unit_test(test_judge_tests_exactly_at_the_planned_end),
        cmocka_unit_test(test_judge_sees_the_slow_tail),
        cmocka_unit_test(test_judge_costs_less_than_a_millisecond_a_tick),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
