/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCHEDULED: the run waits for its window, and is checked long before, so that somebody can still mend what
 * is wrong: at acceptance, 3 days, 1 day and 1 hour before the window opens, after each amendment and
 * whenever somebody asks. All checks are made and all failures reported. What fails is an alarm, not an end:
 * only in STARTING does it stop the run, unless it was mended or waived.
 */
#ifndef FY_RUN_PRECHECK_H
#define FY_RUN_PRECHECK_H

#include "run/live.h"

void fy_precheck_drive(struct fy_live *live);

/* Ask what the checks look at, aside of any step, and judge it as "when"; nothing if that is under way. */
void fy_precheck_make(struct fy_live *live, const char *when);

#endif
