/* SPDX-License-Identifier: Apache-2.0 */
/* What a judge remembers between ticks. Private to engine/judge. */
#ifndef FY_JUDGE_STATE_H
#define FY_JUDGE_STATE_H

#include "judge/evidence.h"
#include "judge/judge.h"

#define FY_JUDGE_LIMIT      100 /* evidence for a rollback: once in a hundred good soaks at most */
#define FY_JUDGE_PASS       20  /* evidence that the target is not worse than the margin */
#define FY_JUDGE_MIN_USERS  100 /* on the target, where the order gives no minimum */
#define FY_JUDGE_DEAD_USERS 20  /* in a row without one success */

enum { FY_SIDE_SOURCE, FY_SIDE_TARGET }; /* source, target */

struct fy_watched {
    struct fy_gate gate;
    struct fy_count sum[2];    /* in this stage */
    struct fy_count reference; /* the source's, in the stages before */
    struct fy_odds odds;       /* target against source, beyond the margin */
    struct fy_excess excess;   /* target against the source's past rate plus the margin */
    struct fy_excess storm;    /* source against its own past rate plus the margin */
    struct fy_excess below[2]; /* each against the floor */
    int64_t dead[2];           /* users since the last success */
    bool impossible;
};

struct fy_judge {
    struct fy_watched *kpis;
    size_t count;
    double weight; /* sum of the gates' weights */
    int64_t period_ms, first_ms, last_ms, covered_ms;
    int64_t ticks, gaps;
};

/* All that is known of the source: this stage and, where there is one, the stage before. */
static inline struct fy_count fy_known(const struct fy_watched *kpi)
{
    return (struct fy_count){kpi->sum[FY_SIDE_SOURCE].users + kpi->reference.users,
                             kpi->sum[FY_SIDE_SOURCE].failed + kpi->reference.failed};
}

/* A critical KPI's evidence weighs twice as much, so that it needs half as much to trip alone. */
static inline double fy_weight(const struct fy_watched *kpi)
{
    return kpi->gate.critical ? 2 : 1;
}

#endif
