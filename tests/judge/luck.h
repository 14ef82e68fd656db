/* SPDX-License-Identifier: Apache-2.0 */
/* Chance from a seed: the same seed, the same table. */
#ifndef TESTS_JUDGE_LUCK_H
#define TESTS_JUDGE_LUCK_H

#include <math.h>
#include <stdint.h>

struct luck {
    uint64_t state;
};

/* Splitmix64; in [0, 1). */
static inline double luck(struct luck *luck)
{
    uint64_t z = (luck->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static inline double luck_normal(struct luck *one)
{
    return sqrt(-2 * log(1 - luck(one))) * cos(2 * M_PI * luck(one));
}

/* By inversion from the mode's side where the mean is small, by the normal law beyond. */
static inline int64_t luck_poisson(struct luck *one, double mean)
{
    if (mean > 500)
        return (int64_t)fmax(0, floor(mean + sqrt(mean) * luck_normal(one) + 0.5));
    double u = luck(one), mass = exp(-mean);
    int64_t k = 0;
    while (u > mass && k < 4000) {
        u -= mass;
        mass *= mean / (double)++k;
    }
    return k;
}

static inline int64_t luck_binomial(struct luck *one, int64_t n, double p)
{
    int64_t k = 0;
    if (p <= 0 || n <= 0)
        return 0;
    if ((double)n * p > 300) {
        const double mean = (double)n * p;
        k = (int64_t)floor(mean + sqrt(mean * (1 - p)) * luck_normal(one) + 0.5);
        return k < 0 ? 0 : k > n ? n : k;
    }
    double u = luck(one), mass = exp((double)n * log1p(-p));
    while (u > mass && k < n) {
        u -= mass;
        mass *= (double)(n - k) / (double)(k + 1) * p / (1 - p);
        k++;
    }
    return k;
}

#endif
