/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/noninferior.h"

#include "judge/special.h"

#include <math.h>

#define HALVINGS 60

/* Derivative in p of n0 KL(q | p) + n1 KL(q | p + d). */
static double slope(double n0, double n1, double q, double d, double p)
{
    return n0 * (p - q) / (p * (1 - p)) + n1 * (p + d - q) / ((p + d) * (1 - p - d));
}

/* The rates nearest to (q, q) of those that are d apart: p on the source, p + d on the target. */
static double nearest(double n0, double n1, double q, double d)
{
    double low = fmax(q - d, 0), high = fmin(q, 1 - d);
    for (int i = 0; i < HALVINGS; i++) {
        const double p = (low + high) / 2;
        if (slope(n0, n1, q, d, p) < 0)
            low = p;
        else
            high = p;
    }
    return (low + high) / 2;
}

/*
 * The safe test for two proportions against a convex null (Turner and Grunwald 2022, arXiv 2203.09785, after
 * Turner, Ly and Grunwald, arXiv 2106.02693): with (p0, p1) the point of the null {p1 >= p0 + d} nearest to
 * the alternative (q, q) in Kullback-Leibler divergence,
 *
 *     e = q^k (1-q)^(n-k) / [ p0^k0 (1-p0)^(n0-k0) p1^k1 (1-p1)^(n1-k1) ],   k = k0 + k1, n = n0 + n1.
 *
 * Why its mean is at most 1 under any (r0, r1) of the null: it is g0(r0)^n0 g1(r1)^n1 with g linear in r and
 * 1 at the nearest point; log g <= g - 1, and the sum of these slopes is what optimality of the nearest point
 * says is not positive.
 */
double fy_equal_factor(const struct fy_table *table, double rate, double margin)
{
    const double n0 = (double)table->n0, n1 = (double)table->n1, k0 = (double)table->k0,
                 k1 = (double)table->k1;
    const double d = fmin(fmax(margin, 0), 0.98), q = fmin(fmax(rate, 1e-9), (1 - d) * (1 - 1e-9));
    if (n0 <= 0 || n1 <= 0 || d <= 0)
        return 0;
    const double p0 = nearest(n0, n1, q, d), p1 = p0 + d;
    return k0 * log(q / p0) + (n0 - k0) * (log1p(-q) - log1p(-p0)) + k1 * log(q / p1) +
           (n1 - k1) * (log1p(-q) - log1p(-p1));
}

static double divergence(double q, double p)
{
    return q * log(q / p) + (1 - q) * (log1p(-q) - log1p(-p));
}

double fy_equal_growth(double n0, double n1, double rate, double margin)
{
    const double d = fmin(fmax(margin, 0), 0.98), q = fmin(fmax(rate, 1e-9), (1 - d) * (1 - 1e-9));
    if (n0 <= 0 || n1 <= 0 || d <= 0)
        return 0;
    const double p = nearest(n0, n1, q, d);
    return n0 * divergence(q, p) + n1 * divergence(q, p + d);
}

/* Alternatives in parts of f0. */
static const double parts[FY_BELOW_GRID] = {0.02, 0.1, 0.25, 0.45, 0.7};

void fy_below_add(struct fy_below *below, int64_t n, int64_t k, double f0)
{
    if (n <= 0 || f0 <= 0 || f0 >= 1)
        return;
    for (int i = 0; i < FY_BELOW_GRID; i++)
        below->log_e[i] += (double)k * log(parts[i]) + (double)(n - k) * (log1p(-f0 * parts[i]) - log1p(-f0));
}

double fy_below_log_e(const struct fy_below *below)
{
    return fy_log_sum(below->log_e, FY_BELOW_GRID) - log(FY_BELOW_GRID);
}
