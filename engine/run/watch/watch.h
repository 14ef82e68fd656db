/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher: counters of both domains, journalled as samples. Every period while users are on the move or
 * gates are open (from the first steer to the last join), otherwise one row a minute; in COMPLETED one in a
 * quarter of an hour. The fold feeds the judge with them; a verdict of rollback is journalled here and
 * obeyed by drive.c as soon as the step can be left.
 */
#ifndef FY_RUN_WATCH_H
#define FY_RUN_WATCH_H

#include "run/live.h"

void fy_watch_drive(struct fy_live *live);
void fy_watch_free(struct fy_live *live);

/*
 * Both domains are ill alike: the last verdict was "hold", and the order's gates act. Nobody is moved then,
 * and nothing is lost by waiting: it clears by itself, or a person decides.
 */
bool fy_watch_holds(const struct fy_run *run);

/* Write a verdict of the judge of the current stage, with its evidence. */
void fy_watch_put_verdict(struct fy_live *live, const struct fy_verdict *verdict, const char *evidence,
                          bool final);

#endif
