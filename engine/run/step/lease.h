/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard leases (design "Guards"). Where an adapter's guard_set takes lease_ms, a guard is set for a while
 * only, and set anew, with a new lease, for as long as the run lives and holds it: in whatever state that is
 * not final. If no engine comes back, the platform switches it on again by itself.
 *
 *     due -> guard_read -> as we left it?     -> guard_set off, with a new lease
 *                       -> on, lease run out? -> alarm, durable -> guard_set off: taken again
 *                       -> anything else      -> alarm: somebody else's, left alone from now on
 *
 * A renewal is no step and has no intent: what it may do is said once, by the lease_ms of "guard taken". What
 * went wrong is an alarm, a renewal a lazy record: the audit shows how long a guard was kept off, and no
 * commit waits for it. Each renewal is a new effect with a key of its own, RUN/STEP/lease/GUARD/TIME. It may
 * be beside a call of a step: it makes nothing so that was not so, and its connection has one acting call at
 * a time anyway. Giving guards back waits for it, and none begins then.
 */
#ifndef FY_RUN_LEASE_H
#define FY_RUN_LEASE_H

#include "run/live.h"

/* How long a lease of that connection's guard_set is to be; 0: its adapter has none. */
int64_t fy_lease_length(const struct fy_live *live, const char *connection);

void fy_lease_drive(struct fy_live *live);           /* look at the guard that is due; all is durable */
bool fy_lease_under_way(const struct fy_live *live); /* something may still be set */
void fy_lease_free(struct fy_live *live);

/* ---- the fold ---- */
void fy_lease_fold_intent(struct fy_run *run); /* of the open step */
void fy_lease_fold_done(struct fy_run *run);   /* the open step has succeeded */
void fy_lease_fold_alarm(struct fy_run *run, int64_t time_ms, const json_t *doc);

#endif
