/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a workflow has seen so far, read back from the store: the texts the run pins, the arguments of its
 * program and the calls with their outcomes. Only the last outcome of a step counts; one that failed and was
 * not for the workflow to see is none.
 */
#ifndef FY_RUN_HISTORY_H
#define FY_RUN_HISTORY_H

#include "run/fold.h"
#include "script/script.h"

struct fy_history {
    struct fy_script_start start;
    bool open; /* its last call has no outcome yet */
    struct fy_script_text *texts;
    struct fy_script_past *past;
    size_t room;
    char **kept; /* every string above */
    size_t kept_count, kept_room;
};

/* NULL on failure. */
struct fy_history *fy_history_read(struct fy_store *store, const struct fy_run *run, struct fy_err *err);
void fy_history_free(struct fy_history *history);

/* {"ok":true,"result":...} as a workflow gets it, live and in a replay; from the body of an outcome. */
char *fy_history_outcome(const char *body, size_t length);

#endif
