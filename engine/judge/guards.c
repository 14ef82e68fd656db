/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/guards.h"

#include "judge/special.h"

#include <math.h>

#define RATIO_C 2000.0 /* how sharply the prior of a biased ratio is centred on the wanted one */

/*
 * D. The prior of the true rate is Beta(1, b) cut to what lies above f0, b so that it is centred on a few
 * times f0:
 *
 *     E = B(k+a, n-k+b) (1 - I_f0(k+a, n-k+b)) / [ B(a,b) (1 - I_f0(a,b)) f0^k (1-f0)^(n-k) ]
 *
 * a Bayes factor against a point, which is an e-value there and smaller below it (monotone likelihood ratio).
 * The cut beta mixture of Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, proposition 7.
 */
double fy_floor_log_e(int64_t n, int64_t k, double f0)
{
    if (n <= 0 || f0 <= 0 || f0 >= 1)
        return 0;
    const double a = 1, b = fmax(1, 0.25 / f0), tried = (double)n, failed = (double)k;
    return fy_log_beta(failed + a, tried - failed + b) +
           fy_log_beta_above(f0, failed + a, tried - failed + b) - fy_log_beta(a, b) -
           fy_log_beta_above(f0, a, b) - failed * log(f0) - (tried - failed) * log1p(-f0);
}

/*
 * B. Events of a Poisson stream, prior Gamma(a, b) of the rate cut to what lies above the allowed one:
 *
 *     E = e^(rL) r^-N b^a Gamma(a+N) / (Gamma(a) (b+L)^(a+N)) Q(a+N, (b+L) r) / Q(a, b r)
 *
 * The gamma-exponential mixture of Howard et al. 2021, proposition 10. b is chosen so that twice the allowed
 * number is what the prior expects.
 */
double fy_rate_log_e(int64_t count, double exposure, double rate, double expected)
{
    if (exposure <= 0 || rate <= 0)
        return 0;
    const double n = (double)count, a = 1, b = fmax(0.5 / rate, 0.05 * expected), r = rate,
                 sum = b + exposure;
    return r * exposure - n * log(r) + a * log(b) + lgamma(a + n) - lgamma(a) - (a + n) * log(sum) +
           fy_log_gamma_above(a + n, sum * r) - fy_log_gamma_above(a, b * r);
}

/*
 * The sequential test of a sample ratio: a beta prior centred on the wanted one against the point w,
 *
 *     E = B(n1 + c w, n0 + c (1-w)) / [ B(c w, c (1-w)) w^n1 (1-w)^n0 ].
 *
 * Lindon and Malek, NeurIPS 2022 (arXiv 2011.03567).
 */
double fy_ratio_log_e(int64_t n, int64_t n1, double w)
{
    if (n <= 0 || w <= 0 || w >= 1)
        return 0;
    const double a = RATIO_C * w, b = RATIO_C * (1 - w), here = (double)n1, there = (double)(n - n1);
    return fy_log_beta(here + a, there + b) - fy_log_beta(a, b) - here * log(w) - there * log1p(-w);
}

double fy_ratio_z(int64_t n, int64_t n1, double w)
{
    if (n <= 0 || w <= 0 || w >= 1)
        return 0;
    return ((double)n1 - w * (double)n) / sqrt((double)n * w * (1 - w));
}

/* Alternatives to a rate: what is left of success is shared out in these parts. */
static const double excesses[FY_EXCESS_GRID] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 0.8};

/* A binomial likelihood ratio against each alternative, averaged: Wald 1945, in products over ticks. */
void fy_excess_add(struct fy_excess *excess, int64_t n, int64_t k, double f0)
{
    if (n <= 0 || f0 <= 0 || f0 >= 0.999)
        return;
    for (int i = 0; i < FY_EXCESS_GRID; i++) {
        const double q = f0 + (1 - f0) * excesses[i];
        excess->log_e[i] += (double)k * log(q / f0) + (double)(n - k) * (log1p(-q) - log1p(-f0));
    }
}

void fy_excess_restart(struct fy_excess *excess, double most)
{
    for (int i = 0; i < FY_EXCESS_GRID; i++)
        excess->log_e[i] = fmin(fmax(excess->log_e[i], 0), most);
}

double fy_excess_log_e(const struct fy_excess *excess)
{
    return fy_log_sum(excess->log_e, FY_EXCESS_GRID) - log(FY_EXCESS_GRID);
}
