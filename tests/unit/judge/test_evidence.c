/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exactness: every small table is enumerated, and what the functions say is compared with reference.inc,
 * which tests/judge/reference/reference.py wrote with exact fractions and 60 digits, from the definitions.
 */
#include "judge/exact.h"
#include "judge/guards.h"
#include "judge/noninferior.h"
#include "judge/odds.h"
#include "judge/power.h"
#include "judge/special.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define FAIR 1e-12

static double choose_log(int64_t n, int64_t k)
{
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

/* Of k1 given the margins, at odds ratio psi: Fisher's non-central hypergeometric, straight from its
 * definition. */
static double probability(int64_t n0, int64_t n1, int64_t failed, int64_t k1, double psi)
{
    double sum = 0, mine = 0;
    for (int64_t j = 0; j <= n1; j++) {
        if (failed - j < 0 || failed - j > n0)
            continue;
        const double mass = exp(choose_log(n1, j) + choose_log(n0, failed - j) + (double)j * log(psi));
        sum += mass;
        mine = j == k1 ? mass : mine;
    }
    return mine / sum;
}

static double odds_e(const struct fy_odds_points *points, const struct fy_table *table, bool later)
{
    struct fy_odds odds;
    fy_odds_begin(&odds);
    if (later)
        fy_odds_restart(&odds, 3);
    fy_odds_add(&odds, points, table);
    return exp(fy_odds_log_e(&odds));
}

/* The mixture over all alternatives and restarts, as it is used: its mean over the tables of given margins.
 */
static double expectation(const struct fy_odds_points *points, int64_t n0, int64_t n1, int64_t failed,
                          double truth, bool later)
{
    double mean = 0;
    for (int64_t k1 = 0; k1 <= n1; k1++) {
        const struct fy_table table = {n0, failed - k1, n1, k1};
        if (failed - k1 >= 0 && failed - k1 <= n0)
            mean += probability(n0, n1, failed, k1, truth) * odds_e(points, &table, later);
    }
    return mean;
}

static void test_odds_are_fair_in_every_small_table(void **state)
{
    (void)state;
    static const double nulls[] = {1, 1.25, 2, 7};
    double highest = 0, at_null = 0;
    long tables = 0;
    for (size_t i = 0; i < FY_COUNT(nulls); i++) {
        struct fy_odds_points points;
        fy_odds_points(&points, nulls[i]);
        for (int64_t n0 = 1; n0 <= 12; n0++)
            for (int64_t n1 = 1; n1 <= 12; n1++)
                for (int64_t failed = 0; failed <= n0 + n1; failed++, tables++) {
                    const double fair = expectation(&points, n0, n1, failed, nulls[i], tables % 2);
                    const double below = expectation(&points, n0, n1, failed, nulls[i] * 0.7, tables % 2);
                    at_null = fmax(at_null, fabs(fair - 1));
                    highest = fmax(highest, fmax(fair, below));
                }
    }
    printf("%ld margins: largest mean 1%+.1e, largest deviation at the null %.1e\n", tables, highest - 1,
           at_null);
    assert_true(highest <= 1 + FAIR);
    assert_true(at_null <= FAIR);
}

/* Two ticks one after the other with a restart between them: all pairs of outcomes, weighed. */
static void test_odds_are_fair_over_ticks_and_restarts(void **state)
{
    (void)state;
    struct fy_odds_points points;
    fy_odds_points(&points, 1);
    double mean = 0;
    for (int64_t a = 0; a <= 5; a++)
        for (int64_t b = 0; b <= 4; b++) {
            struct fy_odds odds;
            fy_odds_begin(&odds);
            fy_odds_restart(&odds, 2);
            fy_odds_add(&odds, &points, &(struct fy_table){9, 5 - a, 7, a});
            fy_odds_restart(&odds, 2);
            fy_odds_add(&odds, &points, &(struct fy_table){6, 4 - b, 11, b});
            mean += probability(9, 7, 5, a, 1) * probability(6, 11, 4, b, 1) * exp(fy_odds_log_e(&odds));
        }
    assert_true(fabs(mean - 1) < FAIR);
}

static void test_restarts_never_spend_more_than_there_is(void **state)
{
    (void)state;
    struct fy_odds odds;
    fy_odds_begin(&odds);
    for (int i = 0; i < 100000; i++)
        fy_odds_restart(&odds, 15);
    assert_true(odds.unspent >= 0 && odds.unspent < 1e-4);
    assert_true(fabs(fy_odds_log_e(&odds)) < 1e-9);
}

static double binomial_pmf(int64_t n, int64_t k, double p)
{
    if (p <= 0 || p >= 1)
        return (p <= 0 && k == 0) || (p >= 1 && k == n);
    return exp(choose_log(n, k) + (double)k * log(p) + (double)(n - k) * log1p(-p));
}

/* Rates of the null, on its border and inside it, and every outcome. */
static double equal_mean(int64_t n0, int64_t n1, double rate, double margin, double r0, double r1)
{
    double mean = 0;
    for (int64_t k0 = 0; k0 <= n0; k0++)
        for (int64_t k1 = 0; k1 <= n1; k1++)
            mean += binomial_pmf(n0, k0, r0) * binomial_pmf(n1, k1, r1) *
                    exp(fy_equal_factor(&(struct fy_table){n0, k0, n1, k1}, rate, margin));
    return mean;
}

static void test_no_worse_is_fair_in_every_small_table(void **state)
{
    (void)state;
    static const double margins[] = {0.003, 0.05, 0.3}, rates[] = {1e-9, 0.002, 0.08, 0.6};
    double highest = 0;
    long seen = 0;
    for (int64_t n0 = 1; n0 <= 12; n0 += 1)
        for (int64_t n1 = 1; n1 <= 12; n1 += 1)
            for (size_t m = 0; m < FY_COUNT(margins); m++)
                for (size_t q = 0; q < FY_COUNT(rates); q++)
                    for (int r = 0; r <= 8; r++, seen++) {
                        const double r0 = (1 - margins[m]) * r / 8, r1 = r0 + margins[m];
                        highest = fmax(highest, equal_mean(n0, n1, rates[q], margins[m], r0, r1));
                        highest =
                            fmax(highest, equal_mean(n0, n1, rates[q], margins[m], r0, fmin(r1 + 0.1, 1)));
                    }
    printf("%ld points of the null: largest mean 1%+.1e\n", seen, highest - 1);
    assert_true(highest <= 1 + FAIR);
}

/* Every number of failures of n users at the null rate, weighed with its probability. */
static void test_one_sided_guards_are_fair(void **state)
{
    (void)state;
    static const double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
    for (size_t i = 0; i < FY_COUNT(rates); i++) {
        const double f0 = rates[i];
        double excess_mean = 0, below_mean = 0, floor_mean = 0, ratio_mean = 0, floor_under = 0;
        for (int64_t k = 0; k <= 60; k++) {
            struct fy_excess excess = {{0}};
            struct fy_below below = {{0}};
            const double p = binomial_pmf(60, k, f0);
            fy_excess_add(&excess, 60, k, f0);
            fy_below_add(&below, 60, k, f0);
            excess_mean += p * exp(fy_excess_log_e(&excess));
            below_mean += p * exp(fy_below_log_e(&below));
            floor_mean += p * exp(fy_floor_log_e(60, k, f0));
            floor_under += binomial_pmf(60, k, f0 * 0.6) * exp(fy_floor_log_e(60, k, f0));
            ratio_mean += p * exp(fy_ratio_log_e(60, k, f0));
        }
        assert_true(fabs(excess_mean - 1) < 1e-10);
        assert_true(fabs(below_mean - 1) < 1e-10);
        assert_true(fabs(floor_mean - 1) < 1e-10);
        assert_true(floor_under <= 1);
        assert_true(fabs(ratio_mean - 1) < 1e-10);
    }
}

static void test_rates_of_events_are_fair(void **state)
{
    (void)state;
    static const double expected[] = {0.3, 4, 40};
    for (size_t i = 0; i < FY_COUNT(expected); i++) {
        double mean = 0;
        for (int64_t n = 0; n <= 400; n++)
            mean += exp((double)n * log(expected[i]) - expected[i] - lgamma((double)n + 1) +
                        fy_rate_log_e(n, 8, expected[i] / 8, 20));
        assert_true(fabs(mean - 1) < 1e-9);
    }
    double mean = 0; /* two sides, 30 against 20 units of exposure, 9 events */
    struct fy_odds_points points;
    fy_odds_points(&points, 1);
    for (int64_t k1 = 0; k1 <= 9; k1++) {
        struct fy_bucket events = {{0}};
        fy_events_add(&events, &points, &(struct fy_table){30, 9 - k1, 20, k1});
        mean += binomial_pmf(9, k1, 0.4) * exp(fy_bucket_log_e(&events));
    }
    assert_true(fabs(mean - 1) < FAIR);
}

static double exact_p(const struct fy_table *tables, size_t count, bool *ret_normal)
{
    struct fy_exact exact;
    fy_exact_begin(&exact);
    for (size_t i = 0; i < count; i++)
        fy_exact_add(&exact, &tables[i]);
    const double p = fy_exact_log_p(&exact);
    *ret_normal = exact.normal;
    fy_exact_end(&exact);
    return p;
}

/* P(p <= alpha) <= alpha for each alpha: over all outcomes of two ticks. */
static void test_exact_test_keeps_its_level(void **state)
{
    (void)state;
    static const double alphas[] = {0.5, 0.1, 0.05, 0.01};
    bool normal;
    for (size_t i = 0; i < FY_COUNT(alphas); i++) {
        double rejected = 0;
        for (int64_t a = 0; a <= 6; a++)
            for (int64_t b = 0; b <= 5; b++) {
                const struct fy_table tables[] = {{12, 6 - a, 10, a}, {9, 5 - b, 12, b}};
                if (exact_p(tables, 2, &normal) <= log(alphas[i]))
                    rejected += probability(12, 10, 6, a, 1) * probability(9, 12, 5, b, 1);
            }
        assert_true(rejected <= alphas[i] + FAIR);
    }
}

/* Ten million users, all of whom fail; one user; nobody: finite, and the law where it can be told. */
static void test_extremes_are_finite(void **state)
{
    (void)state;
    static const struct fy_table tables[] = {
        {0, 0, 50, 3},
        {50, 0, 50, 0},
        {1, 0, 1, 1},
        {1, 1, 1, 1},
        {1, 0, 10000000, 30000},
        {10000000, 30000, 10000000, 31000},
        {10000000, 10000000, 10000000, 10000000},
        {10000000, 0, 10000000, 10000000},
        {10000000, 5000000, 10000000, 5000000},
        {10000000, 3, 1, 1},
        {5000000, 4999999, 5000000, 4999990},
    };
    struct fy_odds_points points;
    fy_odds_points(&points, 1);
    for (size_t i = 0; i < FY_COUNT(tables); i++) {
        struct fy_odds odds;
        bool normal;
        fy_odds_begin(&odds);
        for (int t = 0; t < 3; t++)
            fy_odds_add(&odds, &points, &tables[i]);
        const struct fy_interval interval = fy_odds_interval(&odds, &points, 0.05);
        assert_true(isfinite(fy_odds_log_e(&odds)));
        assert_true(interval.low <= interval.high);
        assert_true(!isnan(exact_p(&tables[i], 1, &normal)));
        assert_true(isfinite(fy_equal_factor(&tables[i], 0.003, 0.003)));
        assert_true(isfinite(fy_equal_factor(&tables[i], 0, 0.5)));
        assert_true(isfinite(fy_floor_log_e(tables[i].n1, tables[i].k1, 0.01)));
        assert_true(isfinite(fy_ratio_log_e(tables[i].n0 + tables[i].n1, tables[i].n1, 0.5)));
        assert_true(isfinite(fy_rate_log_e(tables[i].k1, 900, 0.01, 900)));
    }
}

static void test_evidence_says_nothing_without_users(void **state)
{
    (void)state;
    struct fy_odds_points points;
    struct fy_odds odds;
    fy_odds_points(&points, 1.5);
    fy_odds_begin(&odds);
    fy_odds_add(&odds, &points, &(struct fy_table){0, 0, 50, 3});
    fy_odds_add(&odds, &points, &(struct fy_table){50, 0, 50, 0});
    fy_odds_add(&odds, &points, &(struct fy_table){5, 5, 5, 5});
    assert_true(fabs(fy_odds_log_e(&odds)) < FAIR);
    assert_true(fabs(fy_floor_log_e(0, 0, 0.01)) < FAIR);
    assert_true(fabs(fy_equal_factor(&(struct fy_table){0, 0, 9, 1}, 0.01, 0.01)) < FAIR);
}

static void test_interval_holds_what_is_true(void **state)
{
    (void)state;
    struct fy_odds_points points;
    struct fy_odds odds;
    fy_odds_points(&points, 1);
    fy_odds_begin(&odds);
    struct fy_interval before = fy_odds_interval(&odds, &points, 0.05);
    assert_true(before.low == 0 && isinf(before.high));
    for (int t = 0; t < 50; t++)
        fy_odds_add(&odds, &points, &(struct fy_table){1000, 10, 1000, 20});
    const struct fy_interval after = fy_odds_interval(&odds, &points, 0.05);
    printf("1 %% against 2 %% of 50,000 users: odds ratio %.2f to %.2f\n", after.low, after.high);
    assert_true(after.low > 1.4 && after.low < 2.02 && after.high > 2.02 && after.high < 2.9);
}

/* ---- the reference ---- */

struct golden {
    double want, got;
    const char *what;
};

static double mass_of(int64_t n0, int64_t n1, int64_t failed, double psi)
{
    double ret[3];
    const double three[] = {psi < 1 ? psi : 1, psi < 1 ? 1 : psi, psi < 1 ? 1 : psi};
    const struct fy_table table = {n0, failed, n1, 0};
    fy_table_log_masses(&table, three, 3, ret);
    return psi < 1 ? ret[0] : ret[1];
}

static double exact_of(const struct fy_table *tables, size_t count)
{
    bool normal;
    return exact_p(tables, count, &normal);
}

#define MASS(n0, n1, failed, psi, want) {want, mass_of(n0, n1, failed, psi), "mass"},
#define EQUAL(n0, k0, n1, k1, q, d, want)                                                                    \
    {want, fy_equal_factor(&(struct fy_table){n0, k0, n1, k1}, q, d), "equal"},
#define FLOOR(n, k, f0, want)               {want, fy_floor_log_e(n, k, f0), "floor"},
#define RATE(n, exposure, rate, soon, want) {want, fy_rate_log_e(n, exposure, rate, soon), "rate"},
#define RATIO(n, n1, w, want)               {want, fy_ratio_log_e(n, n1, w), "ratio"},
#define EXACT(want, count, ...)             {want, exact_of((const struct fy_table[]){__VA_ARGS__}, count), "exact"},

static void test_agrees_with_the_reference(void **state)
{
    (void)state;
    const struct golden rows[] = {
#include "reference.inc"
    };
    double worst = 0;
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        const double off = fabs(rows[i].got - rows[i].want) / fmax(1, fabs(rows[i].want));
        if (off > 1e-9)
            print_error("%s, row %zu: %.15g, the reference has %.15g\n", rows[i].what, i, rows[i].got,
                        rows[i].want);
        worst = fmax(worst, off);
    }
    printf("%zu values of the reference: largest difference %.1e\n", FY_COUNT(rows), worst);
    assert_true(worst <= 1e-9);
}

static void test_power_agrees_with_the_table(void **state)
{
    (void)state;
    const double smallest = fy_power_smallest(15000, 15000, 0.003, 0.005);
    printf("15 min at 1,000 a minute and side: %.2f points at 80 %%, 0.3 points in %.0f %%\n", 100 * smallest,
           100 * fy_power_of(15000, 15000, 0.003, 0.003, 0.005));
    assert_true(smallest > 0.0022 && smallest < 0.003);
    assert_true(fabs(fy_power_of(15000, 15000, 0.003, smallest, 0.005) - 0.8) < 0.01);
    assert_true(fy_power_smallest(0, 10, 0.1, 0.01) >= 1);
    assert_true(fy_power_users_to_pass(1, 0.003, 0.003, 20) > 4000 &&
                fy_power_users_to_pass(1, 0.003, 0.003, 20) < 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odds_are_fair_in_every_small_table),
        cmocka_unit_test(test_odds_are_fair_over_ticks_and_restarts),
        cmocka_unit_test(test_restarts_never_spend_more_than_there_is),
        cmocka_unit_test(test_no_worse_is_fair_in_every_small_table),
        cmocka_unit_test(test_one_sided_guards_are_fair),
        cmocka_unit_test(test_rates_of_events_are_fair),
        cmocka_unit_test(test_exact_test_keeps_its_level),
        cmocka_unit_test(test_extremes_are_finite),
        cmocka_unit_test(test_evidence_says_nothing_without_users),
        cmocka_unit_test(test_interval_holds_what_is_true),
        cmocka_unit_test(test_agrees_with_the_reference),
        cmocka_unit_test(test_power_agrees_with_the_table),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
