/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What next: a function of the run's state and of what is in flight. fy_drive (live.h) is called after every
 * change and does one thing at a time: obey, start the workflow, take the open step, write the next intent,
 * finish. Nothing follows from a record before that record is durable.
 */
#ifndef FY_RUN_DRIVE_H
#define FY_RUN_DRIVE_H

#include "run/live.h"

void fy_drive_resumed(
    struct fy_live *live);               /* first thing after a restart: say so, with what was in flight */
void fy_live_bury(struct fy_live *live); /* final: out of the list, freed at the next quiet moment */

/* Has run time come to at_ms? If not, the run is driven again then; one moment at a time, the last one asked.
 */
bool fy_drive_reached(struct fy_live *live, int64_t at_ms);

/* A connection without which the run cannot go on, not known yet or down; NULL: it waits for none. */
const struct fy_adapter_info *fy_drive_waits_for(const struct fy_live *live);

/* Has the run's clock reached this? If not, it is driven again then; one such time at once. */
bool fy_drive_reached(struct fy_live *live, int64_t at_ms) FY_MUST_CHECK;

#endif
