/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/judge/rules.h"

#include <stdlib.h>
#include <string.h>

#define Z_ONE_PERCENT 2.3263478740408408 /* one-sided; Kayenta's 98 % two-sided is the same */

static double success(struct fy_count count)
{
    return count.users > 0 ? 1 - (double)count.failed / (double)count.users : 1;
}

void course_add(struct course *course, const struct fy_count counts[2])
{
    for (int d = 0; d < 2; d++) {
        course->sum[d].users += counts[d].users;
        course->sum[d].failed += counts[d].failed;
        course->now[d].users += counts[d].users;
        course->now[d].failed += counts[d].failed;
    }
    if (++course->ticks % A_MINUTE != 0)
        return;
    for (int d = 0; d < 2; d++) {
        course->success[d][course->minutes % 64] = success(course->now[d]);
        course->now[d] = (struct fy_count){0, 0};
    }
    course->minutes++;
}

static double last(const struct course *course, int side)
{
    return course->success[side][(course->minutes - 1) % 64];
}

/* Argo Rollouts, docs/features/analysis.md: successCondition >= 0.95, failureLimit 3, exceeded by the fourth.
 */
static bool argo(const struct course *course, int *memory, const double *table)
{
    (void)table;
    *memory += last(course, 1) < 0.95;
    return *memory > 3;
}

/* Flagger, docs/gitbook/usage/how-it-works.md: min 99, interval 1m, threshold 5. */
static bool flagger(const struct course *course, int *memory, const double *table)
{
    (void)table;
    *memory += last(course, 1) < 0.99;
    return *memory >= 5;
}

static bool tuned_floor(const struct course *course, int *memory, const double *table)
{
    (void)memory;
    (void)table;
    return last(course, 1) < 0.995;
}

static bool tuned_relative(const struct course *course, int *memory, const double *table)
{
    (void)memory;
    (void)table;
    return last(course, 1) < last(course, 0) - 0.002;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * Kayenta, NetflixACAJudge: Mann-Whitney on the series of minutes, the 98 % interval of the Hodges-Lehmann
 * shift; fails low if all of it lies under a quarter of the shift below zero and the mean has fallen. Without
 * the noise it adds to ties.
 */
static bool kayenta(const struct course *course, int *memory, const double *table)
{
    const int n = course->minutes;
    double shifts[32 * 32], means[2] = {0, 0};
    int count = 0;
    (void)memory;
    (void)table;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            shifts[count++] = course->success[1][i] - course->success[0][j];
    for (int i = 0; i < n; i++)
        for (int d = 0; d < 2; d++)
            means[d] += course->success[d][i];
    qsort(shifts, (size_t)count, sizeof *shifts, by_value);
    const double half = Z_ONE_PERCENT * sqrt((double)n * n * (2 * n + 1) / 12.0);
    int cut = (int)floor((double)count / 2 - half + 0.5);
    cut = cut < 1 ? 1 : cut;
    const double upper = shifts[count - cut], shift = (shifts[(count - 1) / 2] + shifts[count / 2]) / 2;
    return upper < -0.25 * fabs(shift) && means[1] <= means[0];
}

static double z_of(const struct course *course)
{
    const double n0 = (double)course->sum[0].users, n1 = (double)course->sum[1].users;
    const double failed = (double)(course->sum[0].failed + course->sum[1].failed);
    if (n0 == 0 || n1 == 0 || failed == 0)
        return 0;
    const double p = failed / (n0 + n1);
    return ((double)course->sum[1].failed / n1 - (double)course->sum[0].failed / n0) /
           sqrt(p * (1 - p) * (1 / n0 + 1 / n1));
}

static bool z_test(const struct course *course, int *memory, const double *table)
{
    (void)memory;
    (void)table;
    return z_of(course) > Z_ONE_PERCENT;
}

static bool group_sequential(const struct course *course, int *memory, const double *table)
{
    (void)memory;
    return course->minutes <= 15 && z_of(course) > table[course->minutes - 1];
}

/* Lan and DeMets, 15 looks, one-sided 1 %. */
static const double obrien_fleming[] = {34.9, 6.96, 5.64, 4.85, 4.32, 3.92, 3.62, 3.38,
                                        3.18, 3.01, 2.87, 2.74, 2.63, 2.53, 2.45};
static const double pocock[] = {3.07, 3.04, 3.02, 2.99, 2.97, 2.95, 2.94, 2.92,
                                2.91, 2.90, 2.90, 2.89, 2.88, 2.88, 2.87};

const struct rule rules[] = {
    {"Argo's document (<95 %, limit 3)", false, 1, MINUTES, argo, NULL},
    {"Flagger's document (<99 %, 5 of 1 min)", false, 1, MINUTES, flagger, NULL},
    {"tuned floor: <99.5 %, any minute", false, 1, MINUTES, tuned_floor, NULL},
    {"tuned relative: new < old - 0.2", false, 1, MINUTES, tuned_relative, NULL},
    {"Kayenta, once at the end", false, 15, 15, kayenta, NULL},
    {"Kayenta, each minute from 5 points", false, 5, 15, kayenta, NULL},
    {"z-test once at the end", false, 15, 15, z_test, NULL},
    {"z-test each minute", false, 1, MINUTES, z_test, NULL},
    {"z-test each 5 s", true, 1, MINUTES, z_test, NULL},
    {"group sequential, O'Brien-Fleming", false, 1, 15, group_sequential, obrien_fleming},
    {"group sequential, Pocock", false, 1, 15, group_sequential, pocock},
    {NULL, false, 0, 0, NULL, NULL},
};
