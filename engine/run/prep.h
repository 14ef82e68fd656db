/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records say about a run while its program does not run: which prechecks were made, which of them
 * fail, who waived what and why. A part of the fold (fold.h), kept apart because most runs never have one.
 */
#ifndef FY_RUN_PREP_H
#define FY_RUN_PREP_H

#include "base/buf.h"
#include "base/json.h"

#include <stdint.h>

struct fy_run;
struct fy_row;

struct fy_failing {
    char *check, *why;
};

struct fy_waiver {
    char *check, *who, *why;
    int64_t at_ms;
};

struct fy_prep {
    unsigned done;      /* moments whose prechecks were made: bits in the order of prep.c's table */
    const char *wanted; /* somebody asked for them now: "recheck", "amended", "clean"; a literal of ours */
    int64_t since_ms;   /* moments before this one need no check: the order was accepted or amended then */

    /* the last ones */
    char *when;
    int64_t at_ms;
    size_t count;
    struct fy_failing *failing;
    size_t failing_count;
    char *forecast; /* JSON of what the plan would be; NULL: there is none */

    struct fy_waiver *waivers;
    size_t waiver_count;
};

void fy_prep_free(struct fy_prep *prep); /* NULL is allowed */

/*
 * The moment whose prechecks are due, or NULL; *ret_next_ms is when the next one comes (INT64_MAX: none
 * before the window opens). A moment that passed while no engine ran is made up for, unless a later one is
 * due as well.
 */
const char *fy_prep_due(const struct fy_run *run, int64_t now_ms, int64_t *ret_next_ms);

/* The waiver that covers this check now, or NULL. Waivers end when users begin to move. */
const struct fy_waiver *fy_prep_waiver(const struct fy_run *run, const char *check);

/* How many checks failed last and are not waived. */
size_t fy_prep_failing(const struct fy_run *run);

/* Of the fold: a record "checked", the commands waive and unwaive, and whoever wants checks now. */
void fy_prep_checked(struct fy_run *run, int64_t time_ms, const json_t *doc);
void fy_prep_fold_waive(struct fy_run *run, const struct fy_row *row, const json_t *doc);
void fy_prep_fold_unwaive(struct fy_run *run, const struct fy_row *row, const json_t *doc);
/* The order has changed: moments before the new window are still to come, and checks are wanted now. */
void fy_prep_amended(struct fy_run *run, int64_t time_ms);
void fy_prep_want(struct fy_run *run, const char *what); /* a literal of ours */

/* For the view: "checks":{...}; nothing if none were made and none is waived. */
void fy_prep_view(const struct fy_run *run, struct fy_buf *buf);
/* "2 checks fail: a (why), b (why)"; nothing if all is well. */
void fy_prep_sentence(const struct fy_run *run, struct fy_buf *buf);

#endif
