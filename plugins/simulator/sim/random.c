/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/random.h"

#include <math.h>

#define HOUR_MS 3600000.0
#define FAR_MS  1.0e12 /* a wait that never ends, in effect */

uint64_t sim_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

uint64_t sim_random(struct sim_random *random)
{
    random->state += 0x9e3779b97f4a7c15U;
    return sim_mix(random->state);
}

uint32_t sim_random_below(struct sim_random *random, uint32_t bound)
{
    return (uint32_t)(((sim_random(random) >> 32) * bound) >> 32);
}

int64_t sim_random_between(struct sim_random *random, int64_t least, int64_t most)
{
    if (most <= least)
        return least;
    return least + (int64_t)(sim_random(random) % (uint64_t)(most - least + 1));
}

int64_t sim_random_wait(struct sim_random *random, double an_hour)
{
    double uniform = ((double)(sim_random(random) >> 11) + 1.0) / 9007199254740993.0; /* in (0, 1] */
    double wait = an_hour > 0 ? -log(uniform) * HOUR_MS / an_hour : FAR_MS;
    return wait < FAR_MS ? (int64_t)wait + 1 : (int64_t)FAR_MS;
}
