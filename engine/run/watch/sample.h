/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: one row of integers a tick, what a run keeps of them, and the columns of table 1. */
#ifndef FY_RUN_SAMPLE_H
#define FY_RUN_SAMPLE_H

#include "base/buf.h"
#include "base/json.h"
#include "run/fold.h"

/* Apply the body of a sample record: users, counts, the judge of the stage, the covered time of a soak. */
bool fy_sample_fold(struct fy_run *run, const json_t *doc, struct fy_err *err) FY_MUST_CHECK;

/* A sample's body made of ticks of a reply to "counters" (docs/adapter-guide.md), summed, of these KPIs. */
struct fy_sample_from {
    const json_t *ticks;
    size_t first, count;
    int64_t period_ms;
    const char *alarm; /* of the target, a gate; NULL: none */
};
void fy_sample_body(const struct fy_kpi *kpis, const struct fy_order_gate *gate,
                    const struct fy_sample_from *from, struct fy_buf *buf);

/* A new stage has a new judge; an order without gates has none. */
void fy_run_judge_new(struct fy_run *run);

/* Keep users and counts as a column of table 1, and count anew. */
void fy_snapshot_take(struct fy_run *run, int64_t permille, int64_t at_ms);

extern const char *const fy_segments[2]; /* "5g", "4g" */

#endif
