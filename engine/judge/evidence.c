/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/evidence.h"

#include <math.h>
#include <stddef.h>

/* Alternatives in multiples of psi0: dense where a regression is small and hard to see. */
static const double odds_grid[FY_ODDS_GRID] = {1.1, 1.2, 1.33, 1.5, 1.75, 2, 2.5, 3.2, 4.3, 6, 9, 14, 22, 40};

/* Alternatives to a rate: what is left of success is shared out in these parts. */
static const double excess_grid[FY_EXCESS_GRID] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 0.8};
static const double below_grid[FY_BELOW_GRID] = {0.02, 0.1, 0.25, 0.45, 0.7};

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b)
{
    const double high = a > b ? a : b, low = a > b ? b : a;
    return low == -INFINITY ? high : high + log1p(exp(low - high));
}

static double log_mean(const double *logs, size_t count)
{
    double sum = -INFINITY;
    for (size_t i = 0; i < count; i++)
        sum = log_add(sum, logs[i]);
    return sum - log((double)count);
}

/* log of sum over j of h(j) psi^j, h up to the factor that cancels: h(lo) = 1, then by recursion. */
static double log_mass(const struct fy_table *t, double log_psi)
{
    const int64_t failed = t->k0 + t->k1;
    const int64_t lo = failed > t->n0 ? failed - t->n0 : 0, hi = failed < t->n1 ? failed : t->n1;
    double term = (double)lo * log_psi, sum = term;
    for (int64_t j = lo; j < hi; j++) {
        term += log((double)(t->n1 - j)) + log((double)(failed - j)) - log((double)(j + 1)) -
                log((double)(t->n0 - failed + j + 1)) + log_psi;
        sum = log_add(sum, term);
        if (term < sum - 60) /* the terms are unimodal: what follows is below rounding */
            if (j > lo + 1)
                break;
    }
    return sum;
}

double fy_odds_factor(const struct fy_table *table, double psi0, double psi)
{
    if (table->n0 == 0 || table->n1 == 0 || table->k0 + table->k1 == 0)
        return 0;
    return (double)table->k1 * log(psi / psi0) + log_mass(table, log(psi0)) - log_mass(table, log(psi));
}

void fy_odds_add(struct fy_odds *odds, const struct fy_table *table, double psi0)
{
    if (table->n0 == 0 || table->n1 == 0 || table->k0 + table->k1 == 0)
        return;
    const double null = log_mass(table, log(psi0));
    for (size_t i = 0; i < FY_ODDS_GRID; i++)
        odds->log_e[i] +=
            (double)table->k1 * log(odds_grid[i]) + null - log_mass(table, log(psi0 * odds_grid[i]));
}

double fy_odds_log_e(const struct fy_odds *odds)
{
    return log_mean(odds->log_e, FY_ODDS_GRID);
}

double fy_odds_of_margin(double f, double margin)
{
    const double worse = f + margin > 0.999 ? 0.999 : f + margin;
    return worse <= f ? 1 : worse / (1 - worse) * (1 - f) / f;
}

/* k failures and n - k successes: log of how much likelier they are at rate q than at rate f. */
static double log_ratio(int64_t n, int64_t k, double q, double f)
{
    return (double)k * log(q / f) + (double)(n - k) * log((1 - q) / (1 - f));
}

void fy_excess_add(struct fy_excess *excess, int64_t n, int64_t k, double f0)
{
    if (n == 0 || f0 >= 0.999)
        return;
    for (size_t i = 0; i < FY_EXCESS_GRID; i++)
        excess->log_e[i] += log_ratio(n, k, f0 + (1 - f0) * excess_grid[i], f0);
}

void fy_excess_restart(struct fy_excess *excess)
{
    for (size_t i = 0; i < FY_EXCESS_GRID; i++)
        excess->log_e[i] = excess->log_e[i] > 0 ? excess->log_e[i] : 0;
}

double fy_excess_log_e(const struct fy_excess *excess)
{
    return log_mean(excess->log_e, FY_EXCESS_GRID);
}

double fy_below_log_e(int64_t n, int64_t k, double f0)
{
    double logs[FY_BELOW_GRID];
    for (size_t i = 0; i < FY_BELOW_GRID; i++)
        logs[i] = f0 > 0 ? log_ratio(n, k, f0 * below_grid[i], f0) : 0;
    return log_mean(logs, FY_BELOW_GRID);
}
