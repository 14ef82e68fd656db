/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/special.h"

#include <float.h>
#include <math.h>

#define TERMS 20000 /* of a continued fraction; it needs about the root of its largest argument */
#define TINY  1e-300

double fy_log_add(double a, double b)
{
    const double high = a > b ? a : b, low = a > b ? b : a;
    return low == -INFINITY ? high : high + log1p(exp(low - high));
}

double fy_log_sum(const double *logs, size_t count)
{
    double high = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++)
        high = logs[i] > high ? logs[i] : high;
    if (isinf(high))
        return high;
    for (size_t i = 0; i < count; i++)
        sum += exp(logs[i] - high);
    return high + log(sum);
}

/* Stirling's series of lgamma without its leading terms: what is left of it is small. NIST DLMF 5.11.1. */
static double stirling_rest(double x)
{
    const double r = 1 / x, r2 = r * r;
    return r * (1.0 / 12 - r2 * (1.0 / 360 - r2 * (1.0 / 1260 - r2 * (1.0 / 1680 - r2 / 1188))));
}

/* For large a and b the leading terms of the three lgamma are put together by hand: they nearly cancel. */
double fy_log_beta(double a, double b)
{
    const double low = a < b ? a : b, high = a < b ? b : a, sum = a + b;
    if (low < 20 && high < 1e6)
        return lgamma(low) + lgamma(high) - lgamma(sum);
    if (low < 20) /* lgamma(high) - lgamma(sum), by their series */
        return lgamma(low) - low * log(sum) + (high - 0.5) * log1p(-low / sum) + low + stirling_rest(high) -
               stirling_rest(sum);
    return 0.5 * log(2 * M_PI) - 0.5 * log(low) - (high - 0.5) * log1p(low / high) - low * log1p(high / low) +
           stirling_rest(low) + stirling_rest(high) - stirling_rest(sum);
}

/* The continued fraction of the incomplete beta function by Lentz's method. NIST DLMF 8.17.22. */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < TINY ? TINY : d);
    double value = d;
    for (int m = 1; m < TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        const double step = d * c;
        value *= step;
        if (fabs(step - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

static double log_front(double x, double a, double b)
{
    return a * log(x) + b * log1p(-x) - fy_log_beta(a, b);
}

/* log of I_x(a, b) where its fraction converges fast: x below the mean. */
static double log_beta_below(double x, double a, double b)
{
    return log_front(x, a, b) - log(a) + log(beta_fraction(x, a, b));
}

double fy_log_beta_above(double x, double a, double b)
{
    if (x <= 0)
        return 0;
    if (x >= 1)
        return -INFINITY;
    if (x >= (a + 1) / (a + b + 2))
        return log_beta_below(1 - x, b, a);
    const double below = exp(log_beta_below(x, a, b));
    return below < 1 ? log1p(-below) : log(DBL_EPSILON);
}

/* P(a, x) by its series, log. NIST DLMF 8.11.4. */
static double log_gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int n = 1; n < TERMS * 10; n++) {
        term *= x / (a + n);
        sum += term;
        if (term < sum * DBL_EPSILON)
            break;
    }
    return a * log(x) - x - lgamma(a) + log(sum);
}

/* Q(a, x) by its continued fraction, log. NIST DLMF 8.9.2. */
static double log_gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / TINY, d = 1 / b, value = d;
    for (int n = 1; n < TERMS * 10; n++) {
        const double factor = -n * (n - a);
        b += 2;
        d = factor * d + b;
        c = b + factor / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        const double step = d * c;
        value *= step;
        if (fabs(step - 1) < DBL_EPSILON)
            break;
    }
    return a * log(x) - x - lgamma(a) + log(value);
}

double fy_log_gamma_above(double a, double x)
{
    if (x <= 0)
        return 0;
    if (x >= a + 1)
        return log_gamma_fraction(a, x);
    const double below = exp(log_gamma_series(a, x));
    return below < 1 ? log1p(-below) : log(DBL_EPSILON);
}

double fy_normal_above(double z)
{
    return 0.5 * erfc(z / sqrt(2));
}
