/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that follow from a seed and from nothing else (splitmix64). */
#ifndef SIMULATION_CHANCE_H
#define SIMULATION_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

static inline uint64_t chance_next(struct chance *chance)
{
    chance->state += 0x9e3779b97f4a7c15ULL;
    return chance_mix(chance->state);
}

/* least .. most, both included; least if there is nothing between */
static inline int64_t chance_of(struct chance *chance, int64_t least, int64_t most)
{
    if (most <= least)
        return least;
    return least + (int64_t)(chance_next(chance) % (uint64_t)(most - least + 1));
}

static inline bool chance_permille(struct chance *chance, int64_t permille)
{
    return chance_of(chance, 0, 999) < permille;
}

#endif
