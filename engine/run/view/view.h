/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the views: a run to be shown, live or folded again from the store. */
#ifndef FY_RUN_VIEW_H
#define FY_RUN_VIEW_H

#include "run/live.h"

struct fy_shown {
    struct fy_engine *engine;
    struct fy_live *live; /* NULL: it is over */
    struct fy_run *run;
    struct fy_run *own; /* folded for this view */
};

bool fy_shown_find(struct fy_engine *engine, const char *id, struct fy_shown *ret,
                   struct fy_err *err) FY_MUST_CHECK;
void fy_shown_done(struct fy_shown *shown);

/* Why a run is waiting: what for, since when, what happens next. One sentence. */
void fy_waiting(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf);

#endif
