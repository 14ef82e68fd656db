/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs of operators. state.def says where each is legal and where it leads; a row of a verb table says what
 * it does: a check before it is accepted, records that go with its own, and what its record changes in the
 * fold.
 *
 * To add a verb: its MOVE rows in state.def, and a row in the table of the file that it belongs to (a new
 * file exports a table fy_verbs_NAME and is named in command.c). Its help is in engine/cli/commands.c.
 */
#ifndef FY_RUN_COMMAND_H
#define FY_RUN_COMMAND_H

#include "run/live.h"

struct fy_command {
    struct fy_live *live;
    const char *verb;
    const json_t *args;
    const struct fy_caller *caller;
    enum fy_state to; /* where the verb leads */
};

struct fy_verb {
    const char *verb;
    /* May be NULL: accepted whatever the arguments are. Otherwise false with a reason and what to do. */
    bool (*check)(const struct fy_command *command, struct fy_err *err);
    /* Records that become durable with the command's, in one commit. May be NULL. */
    void (*put)(const struct fy_command *command);
    /* The command's record is durable: what it changes in the run. May be NULL. */
    void (*fold)(struct fy_run *run, const struct fy_row *row, const json_t *doc);
};

/* Tables; each ends with a NULL verb. */
extern const struct fy_verb fy_verbs_basic[];
extern const struct fy_verb fy_verbs_scheduled[];
extern const struct fy_verb fy_verbs_amend[];
extern const struct fy_verb fy_verbs_dirty[];
extern const struct fy_verb fy_verbs_adjust[];
extern const struct fy_verb fy_verbs_waive_gate[];
extern const struct fy_verb fy_verbs_approve[];
extern const struct fy_verb fy_verbs_replace[];
extern const struct fy_verb fy_verbs_retarget[];
extern const struct fy_verb fy_verbs_set_aside[];
extern const struct fy_verb fy_verbs_done_by_hand[];

/* A state change "VERB by WHO" that goes with the command; whatever was being waited for is left. */
void fy_command_change(const struct fy_command *command);

/* fold.c: a command's record. */
void fy_command_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc);

#endif
