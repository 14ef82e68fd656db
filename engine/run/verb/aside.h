/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances a run goes on without: set aside by a person (verb_set_aside.c) or by the workflow's policy, with
 * the checker's consent. The planner leaves them out (and the other half of their pair, which cannot go
 * without them), the checker counts them as not in service, and no step touches them: so none serves on a
 * half-built image. They are owed: every view, the report and the final state name them. A new program begins
 * with an empty list; what it cannot do either is set aside anew.
 */
#ifndef FY_RUN_ASIDE_H
#define FY_RUN_ASIDE_H

#include "base/buf.h"
#include "base/json.h"
#include "plan/landscape.h"
#include "run/fold.h"

struct fy_aside {
    char *instance, *why, *who;
    int64_t since_ms;
};

bool fy_aside_has(const struct fy_run *run, const char *instance);
void fy_aside_add(struct fy_run *run, const char *instance, const char *why, const char *who, int64_t at_ms);
void fy_aside_clear(struct fy_run *run);

/* Mark them in what was seen. */
void fy_aside_mark(const struct fy_run *run, struct fy_landscape *landscape);

/*
 * A step's arguments without them: NULL where they do not occur. *ret_none: the step had nothing but them,
 * and there is nothing left to do for it.
 */
char *fy_aside_args(const struct fy_run *run, const char *args, bool *ret_none);

/*
 * May the run go on without these? No session is on them, what must be preserved is, pairs and stores keep
 * who answers, both domains carry their users, and there still is a plan. landscape: live data; marked
 * afterwards.
 */
bool fy_aside_allowed(const struct fy_run *run, struct fy_landscape *landscape, const json_t *instances,
                      struct fy_rtime now, struct fy_err *err) FY_MUST_CHECK;

void fy_aside_json(const struct fy_run *run, struct fy_buf *buf); /* [{"instance","why","who","since_ms"}] */
char *fy_aside_text(const struct fy_run *run); /* "owed: a (why), b (why)"; NULL: nothing */

#endif
