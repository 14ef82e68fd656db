/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COMPLETED: everybody is on the target and the commit timer runs. Every day of it has its line (users, the
 * KPIs of the day beside those before the upgrade), its end is announced remindBefore ahead, and a run that
 * holds at its end is an alarm until somebody decides. Each is a forced record, so that it survives a crash
 * and is told once.
 */
#ifndef FY_RUN_OBSERVE_H
#define FY_RUN_OBSERVE_H

#include "run/live.h"

/* What was told so far, and the counts at the last daily line. */
struct fy_observed {
    bool reminded;
    int64_t days;
    struct fy_run_counts counts;
};

void fy_observe_drive(struct fy_live *live);
void fy_observe_over(struct fy_live *live); /* the end came and the order says to hold: say so */

void fy_observe_fold(struct fy_run *run, const json_t *doc);

#endif
