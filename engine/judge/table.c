/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/table.h"

#include <math.h>

#define SMALL   160   /* terms of a table that is done in one pass */
#define HIGHEST 600.0 /* log of the largest power in it: doubles end at 709 */
#define LOWEST  1e-18 /* a term this much smaller than the sum does not change it */

bool fy_table_speaks(const struct fy_table *table)
{
    const int64_t failed = table->k0 + table->k1;
    return table->n0 > 0 && table->n1 > 0 && failed > 0 && failed < table->n0 + table->n1;
}

int64_t fy_table_least(const struct fy_table *table)
{
    const int64_t failed = table->k0 + table->k1;
    return failed > table->n0 ? failed - table->n0 : 0;
}

int64_t fy_table_most(const struct fy_table *table)
{
    const int64_t failed = table->k0 + table->k1;
    return failed < table->n1 ? failed : table->n1;
}

/* h(j + 1) / h(j) */
static double step_up(const struct fy_table *t, int64_t j)
{
    const int64_t failed = t->k0 + t->k1;
    return (double)(t->n1 - j) * (double)(failed - j) / ((double)(j + 1) * (double)(t->n0 - failed + j + 1));
}

/* Where h(j) psi^j is largest: Liao and Rosen 2001, "Fast and stable algorithms for computing and sampling
 * from the noncentral hypergeometric distribution". Only a place to begin, so rounding does no harm. */
static int64_t mode(const struct fy_table *t, double psi)
{
    const double failed = (double)(t->k0 + t->k1), n0 = (double)t->n0, n1 = (double)t->n1;
    const double a = psi - 1, b = -((n1 + failed + 2) * psi + n0 - failed), c = (n1 + 1) * (failed + 1) * psi;
    const double root = sqrt(fmax(b * b - 4 * a * c, 0)), q = -0.5 * (b - root); /* b < 0 */
    const double least = (double)fy_table_least(t), most = (double)fy_table_most(t);
    return (int64_t)fmin(fmax(floor(c / q), least), most);
}

size_t fy_table_central(const struct fy_table *table, double *ret, size_t room)
{
    const int64_t least = fy_table_least(table), most = fy_table_most(table), top = mode(table, 1);
    const size_t count = (size_t)(most - least) + 1;
    double sum = 1;
    if (count > room)
        return 0;
    ret[top - least] = 1;
    for (int64_t j = top; j < most; j++)
        sum += ret[j + 1 - least] = ret[j - least] * step_up(table, j);
    for (int64_t j = top; j > least; j--)
        sum += ret[j - 1 - least] = ret[j - least] / step_up(table, j - 1);
    for (size_t i = 0; i < count; i++)
        ret[i] /= sum;
    return count;
}

/* Horner's scheme for all psi side by side: the inner loop has no dependence from one psi to the next. */
static void masses_small(const double *law, size_t terms, int64_t least, const double *psi, size_t count,
                         double *ret)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = law[terms - 1];
    for (size_t j = terms - 1; j-- > 0;)
        for (size_t i = 0; i < count; i++)
            ret[i] = ret[i] * psi[i] + law[j];
    for (size_t i = 0; i < count; i++)
        ret[i] = log(ret[i]) + (double)least * log(psi[i]);
}

/* The sum of the terms relative to that at "from", which is the largest or beside it. */
static double sum_around(const struct fy_table *t, int64_t from, double psi)
{
    const int64_t least = fy_table_least(t), most = fy_table_most(t);
    double sum = 1, term = 1;
    for (int64_t j = from; j < most && term > sum * LOWEST; j++)
        sum += term *= step_up(t, j) * psi;
    term = 1;
    for (int64_t j = from; j > least && term > sum * LOWEST; j--)
        sum += term /= step_up(t, j - 1) * psi;
    return sum;
}

/* log(h(to) / h(from)), from <= to: logarithms are taken of products, not of each factor. */
static double climb(const struct fy_table *t, int64_t from, int64_t to)
{
    double log_sum = 0, product = 1;
    for (int64_t j = from; j < to; j++) {
        product *= step_up(t, j);
        if (product < 1e-200 || product > 1e200) {
            log_sum += log(product);
            product = 1;
        }
    }
    return log_sum + log(product);
}

static double mass_at(const struct fy_table *t, int64_t at, double log_h, double psi)
{
    return log_h + (double)at * log(psi) + log(sum_around(t, at, psi));
}

static void masses_large(const struct fy_table *t, const double *psi, size_t count, double *ret)
{
    int64_t at = mode(t, psi[0]);
    const int64_t top = mode(t, 1);
    double log_h = at <= top ? -climb(t, at, top) : climb(t, top, at);
    const double whole = mass_at(t, top, 0, 1);
    for (size_t i = 0; i < count; i++) {
        const int64_t next = mode(t, psi[i]);
        if (next > at) {
            log_h += climb(t, at, next);
            at = next;
        }
        ret[i] = mass_at(t, at, log_h, psi[i]) - whole;
    }
}

void fy_table_log_masses(const struct fy_table *table, const double *psi, size_t count, double *ret)
{
    double law[SMALL];
    const double widest = fmax(fabs(log(psi[0])), fabs(log(psi[count - 1])));
    const size_t terms = fy_table_central(table, law, SMALL);
    if (terms > 0 && (double)terms * widest < HIGHEST)
        masses_small(law, terms, fy_table_least(table), psi, count, ret);
    else
        masses_large(table, psi, count, ret);
}
