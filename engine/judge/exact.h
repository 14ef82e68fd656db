/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A6: the exact conditional test at the planned end of a soak. The failures on the target, summed over the
 * ticks, follow under "no difference" the convolution of the ticks' hypergeometric laws (Cochran 1954, Mantel
 * and Haenszel 1959, in its exact form: Mehta, Patel and Gray 1985).
 */
#ifndef FY_JUDGE_EXACT_H
#define FY_JUDGE_EXACT_H

#include "judge/table.h"

struct fy_exact {
    double *law;         /* P(K = first + i) */
    size_t count;        /* entries; at most FY_EXACT_MOST */
    int64_t first, seen; /* seen: the target's failures */
    double cut;          /* probability that was cut off above, counted as if it lay in the tail */
    double mean, variance;
    bool normal; /* beyond what the law has room for: only mean and variance are kept */
};

#define FY_EXACT_MOST 4096 /* about 200,000 failures a soak: then the normal law is as good */

void fy_exact_begin(struct fy_exact *exact);
void fy_exact_end(struct fy_exact *exact);
void fy_exact_add(struct fy_exact *exact, const struct fy_table *table);

/* log P(K >= what was seen) if target and source do not differ. */
double fy_exact_log_p(const struct fy_exact *exact);

#endif
