/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/power.h"

#include "judge/noninferior.h"
#include "judge/special.h"

#include <math.h>

#define POWER_Z 0.8416212335729143 /* 80 % */

/* Upper quantile of the standard normal by bisection: this is asked a few times a verdict. */
static double quantile_above(double alpha)
{
    double low = -10, high = 40;
    for (int i = 0; i < 100; i++) {
        const double z = (low + high) / 2;
        if (fy_normal_above(z) > alpha)
            low = z;
        else
            high = z;
    }
    return (low + high) / 2;
}

/* Failures, made normal with variance 1/4 by a root (Anscombe 1948): holds from a handful of failures on. */
static double root(double failures)
{
    return sqrt(failures + 0.375);
}

/* Of the difference of such roots, per unit of z. */
static double unit(double n0, double n1, double rate)
{
    return sqrt((1 + n1 / n0) * (1 - rate)) / 2;
}

double fy_power_smallest(double n0, double n1, double rate, double alpha)
{
    if (n0 <= 0 || n1 <= 0)
        return 1;
    const double need = root(n1 * rate) + (quantile_above(alpha) + POWER_Z) * unit(n0, n1, rate);
    const double worse = (need * need - 0.375) / n1 - rate;
    return fmin(fmax(worse, 0), 1);
}

double fy_power_of(double n0, double n1, double rate, double worse, double alpha)
{
    if (n0 <= 0 || n1 <= 0)
        return 0;
    const double gap = (root(n1 * (rate + worse)) - root(n1 * rate)) / unit(n0, n1, rate);
    return fy_normal_above(quantile_above(alpha) - gap);
}

double fy_power_users_to_pass(double ratio, double rate, double margin, double limit)
{
    const double each = fy_equal_growth(ratio, 1, rate, margin);
    return each > 0 ? log(limit) / each : INFINITY;
}
