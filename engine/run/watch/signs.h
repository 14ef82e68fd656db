/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates that are no KPI: alarms on the target, security counters. And waivers: a gate that does not count for
 * a time, because somebody of a role said so and why.
 */
#ifndef FY_RUN_SIGNS_H
#define FY_RUN_SIGNS_H

#include "base/buf.h"
#include "base/json.h"
#include "run/fold.h"

/*
 * The alarm of the target that the order's gate is about, as "id: text"; NULL: there is none. The target
 * stands since this run began, so an alarm it has is new. alarms: a reply to "alarms"; NULL: they could not
 * be asked for.
 */
char *fy_signs_alarm(const struct fy_order_gate *gate, const json_t *alarms);

/* Into a sample's body: "security":[source,target], the events of those ticks that the order's gate counts.
 */
void fy_signs_body(const struct fy_order_gate *gate, const json_t *ticks, size_t first, size_t count,
                   struct fy_buf *buf);

/* From a sample: the counts of the security gate, the last one, with the users as exposure. */
void fy_signs_counts(const struct fy_run *run, const json_t *doc, struct fy_count counts[][2]);

/* Tell the judge of the stage what is waived. */
void fy_signs_waive(const struct fy_run *run);

/* For the view: "gate_waivers":[...]; nothing if none holds. */
void fy_signs_view(const struct fy_run *run, struct fy_buf *buf);

void fy_signs_free(struct fy_run *run);

#endif
