/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark's programs share: they print figures as JSON lines, which bench.py collects. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void figure(const char *name, double value, const char *unit)
{
    (void)printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", name, value, unit);
}

static inline _Noreturn void give_up(const char *why)
{
    (void)fprintf(stderr, "%s\n", why);
    exit(1);
}

#endif
