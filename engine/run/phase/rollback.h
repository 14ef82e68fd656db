/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going back is a further program of the run. The state ROLLING_BACK comes first, at once; its program starts
 * when what the step before may still do has settled and the network function was looked at.
 *
 * Which program: while the domains are split, the workflow's `rollback`, planned towards the source. After
 * the join there is one domain and it is the new version: then the order is mirrored and the workflow's
 * `upgrade` carries the users to the old one, stage by stage, with its own guards, dial test and backup.
 */
#ifndef FY_RUN_ROLLBACK_H
#define FY_RUN_ROLLBACK_H

#include "run/live.h"

/* How long the open step may still take effect once nobody asks for it any more. */
int64_t fy_rollback_settle_ms(const struct fy_live *live);

/* Until the program is started; call it when the run is driven. */
void fy_rollback_drive(struct fy_live *live);

/* When a completed upgrade goes back by itself: an operator's time, or the window after the observation when
 * the order says so. 0: it does not. */
int64_t fy_rollback_due_ms(const struct fy_run *run);

#endif
