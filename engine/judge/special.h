/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and special functions on logarithms: evidence grows beyond what a double holds. Private to
 * engine/judge. */
#ifndef FY_JUDGE_SPECIAL_H
#define FY_JUDGE_SPECIAL_H

#include <stddef.h>

/* log(exp(a) + exp(b)); -INFINITY is nothing. */
double fy_log_add(double a, double b);

/* log of the sum of exp(logs[i]). */
double fy_log_sum(const double *logs, size_t count);

/* log B(a, b), for a, b > 0, also where lgamma's own difference would cancel. */
double fy_log_beta(double a, double b);

/* log of the regularised incomplete beta function from above: P(X > x) for X ~ Beta(a, b). */
double fy_log_beta_above(double x, double a, double b);

/* log of the regularised upper incomplete gamma function Q(a, x): P(X > x) for X ~ Gamma(a, 1). */
double fy_log_gamma_above(double a, double x);

/* Upper tail of the standard normal. */
double fy_normal_above(double z);

#endif
