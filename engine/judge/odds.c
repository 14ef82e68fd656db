/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/odds.h"

#include "judge/special.h"

#include <math.h>

/* Alternatives in multiples of psi0: dense where a regression is small and hard to see. */
static const double multiples[FY_ODDS_GRID] = {1.1, 1.2, 1.33, 1.5, 1.75, 2, 2.5, 3.2, 4.3, 6, 9, 14, 22, 40};

#define LINE_STEP 1.15 /* between two points of the line, which ends at 38 times and a 38th */

/* The weights of the alternatives; they add up to 1. The small ones need the wealth more: what is large is
 * seen soon. */
static const double weights[FY_ODDS_GRID] = {0.02, 0.02, 0.05, 0.08, 0.12, 0.16, 0.13,
                                             0.08, 0.08, 0.06, 0.06, 0.06, 0.05, 0.03};

void fy_odds_points(struct fy_odds_points *points, double psi0)
{
    const int middle = FY_ODDS_LINE / 2;
    points->grid[0] = psi0;
    for (int i = 0; i < FY_ODDS_GRID; i++)
        points->grid[i + 1] = psi0 * multiples[i];
    for (int i = 0; i < FY_ODDS_LINE; i++)
        points->line[i] = pow(LINE_STEP, (double)(i - middle));
}

void fy_odds_begin(struct fy_odds *odds)
{
    *odds = (struct fy_odds){.unspent = 0.5};
    for (int i = 0; i < FY_ODDS_GRID; i++)
        odds->log_later[i] = -INFINITY;
}

/*
 * A7. E = sum_s w_s E^(s), E^(s) being the process that begins at restart s and 1 before: w_0 = 1/2, three
 * quarters of the rest shared equally by the restarts of the planned time, and what is left by those after
 * it, 1/(b(b+1)) of it for each further span as long, so that it never runs out. Ticks being independent
 * given their margins, the product from s to now of all s is one sum that each tick multiplies: that is why
 * the memory is bounded (the Shiryaev-Roberts recursion; Shin, Ramdas and Rinaldo 2022, arXiv 2203.03532).
 */
void fy_odds_restart(struct fy_odds *odds, int64_t expected)
{
    const double span = (double)(expected > 0 ? expected : 1), block = floor((double)odds->restarts / span);
    const double weight = block < 1 ? 0.375 / span : 0.125 / (block * (block + 1)) / span;
    odds->restarts++;
    odds->unspent -= weight;
    for (int i = 0; i < FY_ODDS_GRID; i++)
        odds->log_later[i] = fy_log_add(odds->log_later[i], log(weight));
}

/*
 * A1. Given the margins of the table k1 ~ Fisher's non-central hypergeometric law with psi, so that
 *
 *     e(psi) = (psi/psi0)^k1 M(psi0)/M(psi),   M(psi) = sum_j C(n1,j) C(n0,F-j) psi^j
 *
 * is a likelihood ratio: mean 1 at psi0, and at most 1 below it (its ratio is monotone). Products over ticks
 * are a supermartingale, and so is their mean over alternatives. ter Schure, Perez-Ortiz, Ly and Grunwald
 * (arXiv 2011.06931, the safe logrank test) for tables instead of single events; Turner, Ly and Grunwald
 * (arXiv 2106.02693) for tables with known rates.
 */
void fy_odds_add(struct fy_odds *odds, const struct fy_odds_points *points, const struct fy_table *table)
{
    double masses[FY_ODDS_GRID + 1], line[FY_ODDS_LINE];
    if (!fy_table_speaks(table))
        return;
    fy_table_log_masses(table, points->grid, FY_ODDS_GRID + 1, masses);
    fy_table_log_masses(table, points->line, FY_ODDS_LINE, line);
    for (int i = 0; i < FY_ODDS_GRID; i++) {
        const double step = (double)table->k1 * log(multiples[i]) + masses[0] - masses[i + 1];
        odds->log_whole[i] += step;
        odds->log_later[i] += step;
    }
    for (int i = 0; i < FY_ODDS_LINE; i++)
        odds->line[i] += (double)table->k1 * log(points->line[i]) - line[i];
}

double fy_odds_log_e(const struct fy_odds *odds)
{
    double sum = odds->unspent > 0 ? log(odds->unspent) : -INFINITY;
    for (int i = 0; i < FY_ODDS_GRID; i++) {
        const double both = fy_log_add(odds->log_whole[i] + log(0.5), odds->log_later[i]);
        sum = fy_log_add(sum, log(weights[i]) + both);
    }
    return sum;
}

/*
 * Where the mixture's likelihood is less than 1/alpha times that of psi, psi cannot be excluded: the
 * prior-posterior ratio of Waudby-Smith and Ramdas (arXiv 2006.04347). The likelihood is concave in log psi,
 * so the points form an interval; it is told one point wider on each side than what was found.
 */
struct fy_interval fy_odds_interval(const struct fy_odds *odds, const struct fy_odds_points *points,
                                    double alpha)
{
    const double mixture = fy_log_sum(odds->line, FY_ODDS_LINE) - log(FY_ODDS_LINE),
                 limit = mixture + log(alpha);
    struct fy_interval interval = {INFINITY, 0};
    int best = 0;
    for (int i = 0; i < FY_ODDS_LINE; i++) {
        best = odds->line[i] > odds->line[best] ? i : best;
        if (odds->line[i] <= limit)
            continue;
        interval.low = fmin(interval.low, i > 0 ? points->line[i - 1] : 0);
        interval.high = fmax(interval.high, i + 1 < FY_ODDS_LINE ? points->line[i + 1] : INFINITY);
    }
    if (interval.low > interval.high) { /* all lies between two points, or beyond the line */
        interval.low = best > 0 ? points->line[best - 1] : 0;
        interval.high = best + 1 < FY_ODDS_LINE ? points->line[best + 1] : INFINITY;
    }
    return interval;
}

void fy_bucket_add(struct fy_bucket *bucket, const struct fy_odds_points *points,
                   const struct fy_table *table)
{
    double masses[FY_ODDS_GRID + 1];
    if (!fy_table_speaks(table))
        return;
    fy_table_log_masses(table, points->grid, FY_ODDS_GRID + 1, masses);
    for (int i = 0; i < FY_ODDS_GRID; i++)
        bucket->log_e[i] += (double)table->k1 * log(multiples[i]) + masses[0] - masses[i + 1];
}

double fy_bucket_log_e(const struct fy_bucket *bucket)
{
    double logs[FY_ODDS_GRID];
    for (int i = 0; i < FY_ODDS_GRID; i++)
        logs[i] = bucket->log_e[i] + log(weights[i]);
    return fy_log_sum(logs, FY_ODDS_GRID);
}

/*
 * B, two sides: two Poisson streams whose rates change over time as they like; given F events in all, those
 * on the target are binomial with w psi/(w psi + 1 - w), w being the target's share of the exposure. Lindon
 * and Malek, NeurIPS 2022 (arXiv 2011.03567); Lindon, Sanden and Shirikian, KDD 2022 (arXiv 2205.14762).
 */
void fy_events_add(struct fy_bucket *events, const struct fy_odds_points *points,
                   const struct fy_table *table)
{
    const double exposure = (double)(table->n0 + table->n1), failed = (double)(table->k0 + table->k1);
    if (table->n0 <= 0 || table->n1 <= 0 || failed <= 0)
        return;
    const double w = (double)table->n1 / exposure, psi0 = points->grid[0];
    for (int i = 0; i < FY_ODDS_GRID; i++)
        events->log_e[i] += (double)table->k1 * log(multiples[i]) -
                            failed * (log1p(w * (points->grid[i + 1] - 1)) - log1p(w * (psi0 - 1)));
}
