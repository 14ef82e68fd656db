/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same everywhere (splitmix64); the C library's are not. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdint.h>

struct sim_random {
    uint64_t state;
};

uint64_t sim_mix(uint64_t value); /* a hash of 64 bits */
uint64_t sim_random(struct sim_random *random);
uint32_t sim_random_below(struct sim_random *random, uint32_t bound); /* 0 .. bound - 1; 0 for bound 0 */
int64_t sim_random_between(struct sim_random *random, int64_t least, int64_t most);
int64_t sim_random_wait(struct sim_random *random,
                        double an_hour); /* ms to the next event of a Poisson process */

#endif
