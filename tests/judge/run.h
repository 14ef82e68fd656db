/* SPDX-License-Identifier: Apache-2.0 */
/* Many soaks of a scenario, by each rule. */
#ifndef TESTS_JUDGE_RUN_H
#define TESTS_JUDGE_RUN_H

#include "tests/judge/rules.h"

#define RULES_MOST 16

struct outcome {
    long soaks, stopped;
    double minutes, harmed; /* summed over those stopped; over all */
};

/* The gate that Ferry's row is judged with: 0.3 points may be lost, as in the trial's order. */
struct fy_gate table_gate(void);

/* All rules on the same feeds; Ferry's outcome is the last. Returns how many rules there are. */
size_t run_all(const struct scenario *scenario, long soaks, int ticks, uint64_t seed,
               struct outcome ret[RULES_MOST]);

/* Ferry's alone. */
struct outcome run_ferry(const struct scenario *scenario, long soaks, int ticks, uint64_t seed);

/* Soaks of at most so many ticks that pass at or after the planned end, and when they did. */
struct outcome run_passes(const struct scenario *scenario, long soaks, int ticks, uint64_t seed);

/* "1.25 %" and the upper 99 % limit of the share that this many of so many stand for. */
double upper_limit(long of, long all);

#endif
