/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A1 and A7: is the target worse than the source in the same ticks? A stratified conditional e-process.
 *
 * An e-value is a number whose expectation is at most 1 as long as the hypothesis holds, at any moment one
 * cares to look; so "E >= 1/alpha" happens with probability alpha at most, however often one looks (Ville
 * 1939). Kept as logarithms. The size of the state does not depend on how long it is fed.
 */
#ifndef FY_JUDGE_ODDS_H
#define FY_JUDGE_ODDS_H

#include "judge/table.h"

#define FY_ODDS_GRID 14
#define FY_ODDS_LINE 53 /* points at which the odds ratio's interval is looked for */

/* The values of psi that all KPIs of a judge use. */
struct fy_odds_points {
    double grid[FY_ODDS_GRID + 1]; /* psi0, then the alternatives */
    double line[FY_ODDS_LINE];
};
void fy_odds_points(struct fy_odds_points *points, double psi0);

/*
 * Against "the odds of failing on the target are at most psi0 times those on the source, in every tick". The
 * rate itself may change from tick to tick: all is conditional on how many failed in all. Half of the wealth
 * is on the whole of the ticks, half on a change for the worse that begins later (the restarts).
 */
struct fy_odds {
    double log_whole[FY_ODDS_GRID];
    double log_later[FY_ODDS_GRID]; /* sum over all restarts so far, each with its weight */
    double unspent;                 /* weight of restarts that are still to come */
    int64_t restarts;
    double line[FY_ODDS_LINE]; /* log likelihood at each point of the line, that at psi = 1 being 0 */
};

void fy_odds_begin(struct fy_odds *odds);

/* A later change may begin with the next table. expected: restarts foreseen in the planned time. */
void fy_odds_restart(struct fy_odds *odds, int64_t expected);
void fy_odds_add(struct fy_odds *odds, const struct fy_odds_points *points, const struct fy_table *table);
double fy_odds_log_e(const struct fy_odds *odds);

/* The anytime-valid interval of the odds ratio at 1 - alpha, widened to the points of the line. 0 and
 * INFINITY where nothing can be said. */
struct fy_interval {
    double low, high;
};
struct fy_interval fy_odds_interval(const struct fy_odds *odds, const struct fy_odds_points *points,
                                    double alpha);

/* For buckets of latency: the same without restarts and line. */
struct fy_bucket {
    double log_e[FY_ODDS_GRID];
};
void fy_bucket_add(struct fy_bucket *bucket, const struct fy_odds_points *points,
                   const struct fy_table *table);
double fy_bucket_log_e(const struct fy_bucket *bucket);

/* For counted events, so much exposure on each side (n0, n1: any unit): k0 and k1 events. The same grid. */
void fy_events_add(struct fy_bucket *events, const struct fy_odds_points *points,
                   const struct fy_table *table);

#endif
