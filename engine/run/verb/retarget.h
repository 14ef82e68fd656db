/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retarget {"version"?,"images":{"VDU":{"ref","digest"?}},"why"}: a fixed package becomes the target of an
 * upgrade that is paused or parked. The order is folded with it from then on. A further program "upgrade"
 * begins: what stands on the source is still to do, what stands on the former target is to do again; the
 * latter's users stay until their instance is due, and the dial test comes before anybody else moves. The
 * former targets stay known images for good.
 */
#ifndef FY_RUN_RETARGET_H
#define FY_RUN_RETARGET_H

#include "plan/landscape.h"
#include "run/fold.h"

struct fy_former {
    char *vdu, *ref;
};

/* Mark what is known of the run in what was seen: former targets, and what is set aside (aside.h). */
void fy_seen_mark(const struct fy_run *run, struct fy_landscape *landscape);

void fy_former_clear(struct fy_run *run);

#endif
