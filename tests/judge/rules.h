/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the table: Ferry's is the engine's own judge; the others are modelled from what their code and
 * documents say, with the figures printed there. Each is fed ticks and says when it stops.
 */
#ifndef TESTS_JUDGE_RULES_H
#define TESTS_JUDGE_RULES_H

#include "tests/judge/feed.h"

#define MINUTES 4096

struct course {
    int ticks, minutes;
    struct fy_count sum[2]; /* since the beginning */
    struct fy_count now[2]; /* of the minute under way */
    double success[2][64];  /* by minute: what is judged by minutes ends within an hour */
};

struct rule {
    const char *name;
    bool every_tick; /* looks each tick, not each minute */
    int from, until; /* minutes at which it looks */
    bool (*stops)(const struct course *course, int *memory,
                  const double *table); /* after a minute, or a tick */
    const double *table;
};
extern const struct rule rules[]; /* ends with a NULL name; without Ferry's */

void course_add(struct course *course, const struct fy_count counts[2]);

#endif
