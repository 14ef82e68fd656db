/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PASS rests on: evidence against "the target fails at least so many points more often than the
 * source". Also where nobody fails on either side, where odds have nothing to say.
 */
#ifndef FY_JUDGE_NONINFERIOR_H
#define FY_JUDGE_NONINFERIOR_H

#include "judge/table.h"

/*
 * One tick's factor: rate is what both sides were expected to fail at, from what was seen before the tick;
 * margin is a share (0.003 for 0.3 points). As a logarithm.
 */
double fy_equal_factor(const struct fy_table *table, double rate, double margin);

/* How much that evidence is expected to grow with so many users, if both sides fail at that rate. */
double fy_equal_growth(double n0, double n1, double rate, double margin);

/*
 * One domain alone against "it fails at least at rate f0": a mean of likelihood ratios against lower rates.
 * For ticks in which nobody is left on the source, f0 being what it failed at before, plus the margin.
 */
#define FY_BELOW_GRID 5
struct fy_below {
    double log_e[FY_BELOW_GRID];
};
void fy_below_add(struct fy_below *below, int64_t n, int64_t k, double f0);
double fy_below_log_e(const struct fy_below *below);

#endif
