/* SPDX-License-Identifier: Apache-2.0 */
/* Soaks as docs/judge.md's scenarios have them: counts of one KPI, a tick of five seconds at a time. */
#ifndef TESTS_JUDGE_FEED_H
#define TESTS_JUDGE_FEED_H

#include "judge/judge.h"
#include "tests/judge/luck.h"

#define TICK_MS  5000
#define A_MINUTE 12  /* ticks */
#define SOAK     180 /* ticks of a quarter of an hour */

struct scenario {
    const char *name;
    double minute[2]; /* users a minute that try, source and target */
    double rate;      /* at which the source fails */
    double worse;     /* by how much more the target does, as a share */
    int onset;        /* from which tick on */
    double drift;     /* the rate grows by this factor over the soak */
    double thinning;  /* and the volume shrinks by this share */
    bool bursts;      /* one minute in five fails ten times as much, on both sides */
    double retries;   /* a user that fails tries so often in all, each counted; 1: users are counted */
    double noise;     /* standard deviation of the log of a side's own rate, by minute */
};

struct feed {
    const struct scenario *scenario;
    struct luck luck;
    int tick;
    bool burst;
    double own[2]; /* factor of the minute */
};

/* The table's usual one: 1,000 users a minute and side, 0.3 % fail. */
struct scenario scenario_usual(const char *name, double worse);

void feed_begin(struct feed *feed, const struct scenario *scenario, uint64_t seed);
void feed_next(struct feed *feed, struct fy_count ret[2]);

#endif
