/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of state.def, to be asked. */
#ifndef FY_RUN_STATE_H
#define FY_RUN_STATE_H

#include "base/buf.h"

struct fy_run;

enum fy_state {
    FY_STATE_NONE, /* before the first record */
#define STATE(NAME, name, final, means) FY_STATE_##NAME,
#define MOVE(FROM, event, kind, condition, TO)
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

const char *fy_state_name(enum fy_state state); /* "PROCESSING" */
const char *fy_state_means(enum fy_state state);
enum fy_state fy_state_parse(const char *name); /* FY_STATE_NONE if unknown */
bool fy_state_final(enum fy_state state);
bool fy_state_runs(enum fy_state state); /* a program goes on in it */

/*
 * Where a verb or event leads from a state: the first row whose condition holds. false: there is none.
 * *ret_to is the state itself for SAME and run->back for BACK.
 */
bool fy_state_move(const struct fy_run *run, enum fy_state from, const char *event, bool verb,
                   enum fy_state *ret_to);

/* Does it begin a rollback, and not lead back to one that is under way? */
bool fy_state_begins_rollback(enum fy_state from, const char *event);

/* The legal verbs of a state as the elements of a JSON array; those whose condition does not hold are left
 * out. */
void fy_state_verbs_json(const struct fy_run *run, enum fy_state state, struct fy_buf *buf);
void fy_state_verbs_text(const struct fy_run *run, enum fy_state state,
                         struct fy_buf *buf); /* "pause, cancel" */
bool fy_state_known_verb(const char *verb);

/* condition.c: a named condition of state.def on a run; "" always holds. */
bool fy_condition(const char *name, const struct fy_run *run);

#endif
