/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/exact.h"

#include "base/mem.h"
#include "judge/special.h"

#include <math.h>
#include <string.h>

#define NEGLIGIBLE 1e-20 /* probability at an end of the law that is not kept */
#define TICK_MOST  1024  /* terms of one tick's law; a larger one makes all of it normal */

void fy_exact_begin(struct fy_exact *exact)
{
    *exact = (struct fy_exact){.law = FY_NEW_ARRAY(double, FY_EXACT_MOST), .count = 1};
    exact->law[0] = 1;
}

void fy_exact_end(struct fy_exact *exact)
{
    free(exact->law);
    exact->law = NULL;
}

/* In place, from above: each entry only needs those below it. */
static void convolve(struct fy_exact *exact, const double *tick, size_t terms)
{
    for (size_t i = exact->count + terms - 1; i-- > 0;) {
        double sum = 0;
        const size_t low = i < exact->count ? 0 : i - exact->count + 1, high = i < terms - 1 ? i : terms - 1;
        for (size_t j = low; j <= high; j++)
            sum += tick[j] * exact->law[i - j];
        exact->law[i] = sum;
    }
    exact->count += terms - 1;
}

static void trim(struct fy_exact *exact)
{
    size_t low = 0;
    while (exact->count > 1 && exact->law[exact->count - 1] < NEGLIGIBLE)
        exact->cut += exact->law[--exact->count];
    while (low + 1 < exact->count && exact->law[low] < NEGLIGIBLE)
        low++;
    if (low == 0)
        return;
    memmove(exact->law, exact->law + low, (exact->count - low) * sizeof *exact->law);
    exact->count -= low;
    exact->first += (int64_t)low;
}

void fy_exact_add(struct fy_exact *exact, const struct fy_table *table)
{
    const double n0 = (double)table->n0, n1 = (double)table->n1, all = n0 + n1,
                 failed = (double)(table->k0 + table->k1);
    double tick[TICK_MOST];
    if (!fy_table_speaks(table))
        return;
    exact->seen += table->k1;
    exact->mean += failed * n1 / all;
    exact->variance += failed * n1 / all * n0 / all * (all - failed) / (all - 1);
    if (exact->normal)
        return;
    const size_t terms = fy_table_central(table, tick, TICK_MOST);
    exact->normal = terms == 0 || exact->count + terms > FY_EXACT_MOST;
    if (exact->normal)
        return;
    convolve(exact, tick, terms);
    exact->first += fy_table_least(table);
    trim(exact);
}

double fy_exact_log_p(const struct fy_exact *exact)
{
    double p = exact->cut;
    if (exact->normal)
        return log(fy_normal_above(((double)exact->seen - 0.5 - exact->mean) / sqrt(exact->variance)));
    const int64_t from = exact->seen - exact->first;
    for (size_t i = exact->count; i-- > 0 && (int64_t)i >= from;)
        p += exact->law[i];
    return p < 1 ? log(p) : 0;
}
