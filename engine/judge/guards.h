/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked at beside the comparison: absolute floors, rates of events, one side alone against its own
 * past, the ratio of users. E-values as in odds.h, as logarithms.
 */
#ifndef FY_JUDGE_GUARDS_H
#define FY_JUDGE_GUARDS_H

#include <stdint.h>

/* Floor: n users so far of whom k failed, against "at most the share f0 fails". */
double fy_floor_log_e(int64_t n, int64_t k, double f0);

/* Rate: count events in so much exposure (any unit), against "at most rate events a unit", expected: about
 * how much exposure there will be. */
double fy_rate_log_e(int64_t count, double exposure, double rate, double expected);

/*
 * Ratio: n1 of n users are on the target, against "each of them with probability w". And how far that is from
 * chance, in standard deviations.
 */
double fy_ratio_log_e(int64_t n, int64_t n1, double w);
double fy_ratio_z(int64_t n, int64_t n1, double w);

/*
 * One domain alone against "it fails at most at rate f0"; f0 may change from tick to tick, looking only back.
 */
#define FY_EXCESS_GRID 9
struct fy_excess {
    double log_e[FY_EXCESS_GRID];
};
void fy_excess_add(struct fy_excess *excess, int64_t n, int64_t k, double f0);
double fy_excess_log_e(const struct fy_excess *excess);

/*
 * Forget what spoke for the hypothesis until now. After each tick this makes a detector that sees a change at
 * once whatever was before; what it says is no longer an e-value, and nobody is rolled back on it. most: it
 * does not remember more than this, so that it also sees the end of what it saw.
 */
void fy_excess_restart(struct fy_excess *excess, double most);

#endif
