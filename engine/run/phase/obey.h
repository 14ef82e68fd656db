/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wished of a run from outside its program, and when that takes effect: verbs of an operator that
 * wait for the step, a gate's verdict, the end of the window. Every one of them is in the fold or follows
 * from the clock, so a successor obeys it just the same.
 */
#ifndef FY_RUN_OBEY_H
#define FY_RUN_OBEY_H

#include "run/live.h"

/*
 * Leave the step if something is wished and the step can be left: between steps and in one that only waits at
 * once; for pause and cancel after the step; by force (rollback, gate, window) as soon as no call is under
 * way, what was asked of the adapter then being in doubt for its settle time. True: the state changes.
 */
bool fy_obey(struct fy_live *live);

/*
 * The step has failed for good: if something is wished by force, that comes instead of parking. True: it was
 * put.
 */
bool fy_obey_instead(struct fy_live *live, const struct fy_err *failure) FY_MUST_CHECK;

/* When the window's end is acted on: at the last safe moment if the run stands still then. */
int64_t fy_obey_window_ms(const struct fy_run *run);

#endif
