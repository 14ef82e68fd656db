/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-values: how strongly counts speak against a hypothesis. Under it the expectation of each is at most 1, at
 * any moment one cares to look, so "E >= 100" happens at most once in a hundred good upgrades, however often
 * one looks (Ville). Everything is kept as a logarithm. Private to engine/judge; docs/judge.md has the
 * formulas.
 */
#ifndef FY_JUDGE_EVIDENCE_H
#define FY_JUDGE_EVIDENCE_H

#include <stdint.h>

#define FY_ODDS_GRID   14
#define FY_EXCESS_GRID 9
#define FY_BELOW_GRID  5

/* Counts of one tick: tried and failed, source and target. */
struct fy_table {
    int64_t n0, k0, n1, k1;
};

/* Against "the odds of failing on the target are at most psi0 times those on the source, in every tick".
 * Needs no rate: it conditions on how many failed in all. One product of likelihood ratios per alternative.
 */
struct fy_odds {
    double log_e[FY_ODDS_GRID];
};

/* One tick's factor for one alternative psi > psi0 (also psi < psi0, for the opposite question). */
double fy_odds_factor(const struct fy_table *table, double psi0, double psi);
void fy_odds_add(struct fy_odds *odds, const struct fy_table *table, double psi0);
double fy_odds_log_e(const struct fy_odds *odds);

/* The odds ratio that a margin in points amounts to at failure rate f. */
double fy_odds_of_margin(double f, double margin);

/* Against "the failure rate is at most f0", for one domain; f0 may change from tick to tick, looking only
 * back. */
struct fy_excess {
    double log_e[FY_EXCESS_GRID];
};

void fy_excess_add(struct fy_excess *excess, int64_t n, int64_t k, double f0);
double fy_excess_log_e(const struct fy_excess *excess);

/* Forget what spoke for the hypothesis until now. After each tick this makes a detector that sees a change at
 * once whatever was before; what it says is no longer an e-value, and nobody is rolled back on it. */
void fy_excess_restart(struct fy_excess *excess);

/* Against "the failure rate is at least f0": one look at n users of whom k failed. What a PASS rests on. */
double fy_below_log_e(int64_t n, int64_t k, double f0);

#endif
