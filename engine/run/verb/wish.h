/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wishes: verbs on a run that stands still which must first look at the world (set-aside, done-by-hand,
 * retarget). The command's record is the wish; while it is there, the drive asks what the verb wants to know
 * and writes "decided": granted, with the records that follow from it in the same commit, or refused in one
 * sentence. A crash in between asks again. One wish at a time: while it is open only cancel, rollback and
 * fail are taken, and they drop it; the run says so.
 */
#ifndef FY_RUN_WISH_H
#define FY_RUN_WISH_H

#include "run/ask.h"
#include "run/live.h"

struct fy_wish_kind {
    const char *verb;
    /* What has to be known; strings of a question live until the answer. 0: nothing. */
    size_t (*ask)(struct fy_live *live, const json_t *args, struct fy_question questions[FY_ASK_MAX]);
    /* Granted? Members for the record may be appended to body; err is the refusal. */
    bool (*grant)(struct fy_live *live, const json_t *args, const struct fy_question *questions, size_t count,
                  struct fy_buf *body, struct fy_err *err);
    /* "decided" is in the tray: what goes with it. effects: the members that grant appended, or NULL. */
    void (*then)(struct fy_live *live, const json_t *args, const char *effects);
    /* Its record is durable. May be NULL. */
    void (*fold)(struct fy_run *run, const struct fy_row *row, const json_t *doc);
};

extern const struct fy_wish_kind fy_wish_set_aside;
extern const struct fy_wish_kind fy_wish_done_by_hand;
extern const struct fy_wish_kind fy_wish_retarget;

void fy_wish_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc); /* a command */
bool fy_wish_fold_decided(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                          struct fy_err *err);
void fy_wish_drop(struct fy_run *run);
void fy_wish_overtaken(struct fy_run *run, const char *event); /* the state changed: dropped, and said so */

bool fy_wish_drive(struct fy_live *live); /* true: there is one, and the drive has nothing else to do */
void fy_wish_leave(struct fy_live *live); /* nobody waits for it any more: the run is given over */

/* The run goes on where it was: its former state, "VERB by WHO: why". */
void fy_wish_back(struct fy_live *live);

/* "why" must be given and not empty: the journal is read by people who were not there. */
bool fy_wish_has_why(const json_t *args, const char *verb, struct fy_err *err) FY_MUST_CHECK;

#endif
