/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/evidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

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

static double expectation(int64_t n0, int64_t n1, int64_t failed, double truth, double psi0, double psi)
{
    double mean = 0;
    for (int64_t k1 = 0; k1 <= n1; k1++) {
        const struct fy_table table = {n0, failed - k1, n1, k1};
        if (failed - k1 >= 0 && failed - k1 <= n0)
            mean += probability(n0, n1, failed, k1, truth) * exp(fy_odds_factor(&table, psi0, psi));
    }
    return mean;
}

static void test_odds_are_fair_in_every_small_table(void **state)
{
    (void)state;
    static const double nulls[] = {1, 1.25, 2, 7}, multiples[] = {1.1, 2.75, 7, 20, 45};
    double highest = 0, at_null = 0;
    long tables = 0;
    for (int64_t n0 = 1; n0 <= 12; n0++)
        for (int64_t n1 = 1; n1 <= 12; n1++)
            for (int64_t failed = 1; failed <= n0 + n1; failed++)
                for (size_t i = 0; i < 4; i++) {
                    const double psi0 = nulls[i];
                    for (size_t m = 0; m < 5; m++) {
                        const double fair = expectation(n0, n1, failed, psi0, psi0, psi0 * multiples[m]);
                        at_null = fmax(at_null, fabs(fair - 1));
                        highest =
                            fmax(highest, expectation(n0, n1, failed, psi0 * 0.7, psi0, psi0 * multiples[m]));
                        highest = fmax(highest, fair);
                        tables++;
                    }
                }
    printf("%ld expectations: largest 1%+.1e, largest deviation at the null %.1e\n", tables, highest - 1,
           at_null);
    assert_true(highest <= 1 + 1e-12);
    assert_true(at_null <= 1e-12);
}

static void test_odds_of_a_margin(void **state)
{
    (void)state;
    assert_true(fabs(fy_odds_of_margin(0.003, 0.003) - 2.0060) < 0.001);
    assert_true(fy_odds_of_margin(0.1, 0) == 1);
    assert_true(isfinite(fy_odds_of_margin(0.9, 0.5)));
}

/* Every sequence of n users at the null rate, weighed with its probability: the mean of E must not exceed 1.
 */
static void test_excess_is_fair(void **state)
{
    (void)state;
    static const double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
    for (size_t i = 0; i < 6; i++) {
        const double f0 = rates[i];
        double mean = 0, mean_below = 0;
        for (int64_t k = 0; k <= 60; k++) {
            struct fy_excess excess = {0};
            const double p = exp(choose_log(60, k) + (double)k * log(f0) + (double)(60 - k) * log(1 - f0));
            fy_excess_add(&excess, 60, k, f0);
            mean += p * exp(fy_excess_log_e(&excess));
            mean_below += p * exp(fy_below_log_e(60, k, f0));
        }
        assert_true(fabs(mean - 1) < 1e-10);
        assert_true(fabs(mean_below - 1) < 1e-10);
    }
}

static void test_evidence_says_nothing_without_users(void **state)
{
    (void)state;
    struct fy_odds odds = {{0}};
    struct fy_excess excess = {{0}};
    fy_odds_add(&odds, &(struct fy_table){0, 0, 50, 3}, 1.5);
    fy_odds_add(&odds, &(struct fy_table){50, 0, 50, 0}, 1.5);
    fy_excess_add(&excess, 0, 0, 0.01);
    assert_true(fabs(fy_odds_log_e(&odds)) < 1e-12);
    assert_true(fabs(fy_excess_log_e(&excess)) < 1e-12);
    assert_true(fabs(fy_below_log_e(0, 0, 0.01)) < 1e-12);
}

static void test_odds_hold_out_against_large_tables(void **state)
{
    (void)state;
    struct fy_odds odds = {{0}};
    fy_odds_add(&odds, &(struct fy_table){100000, 3000, 100000, 6000}, 1.2);
    assert_true(isfinite(fy_odds_log_e(&odds)));
    assert_true(fy_odds_log_e(&odds) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odds_are_fair_in_every_small_table),
        cmocka_unit_test(test_odds_of_a_margin),
        cmocka_unit_test(test_excess_is_fair),
        cmocka_unit_test(test_evidence_says_nothing_without_users),
        cmocka_unit_test(test_odds_hold_out_against_large_tables),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
