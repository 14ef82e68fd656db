/* SPDX-License-Identifier: Apache-2.0 */
#include "run/state/state.h"

#include "base/mem.h"
#include "run/fold.h"

#include <string.h>

enum { VERB = 1, EVENT = 2, SAME = -1, BACK = -2 };

static const struct {
    const char *name, *means;
    bool final;
} states[] = {
    [FY_STATE_NONE] = {"", "not accepted yet", false},
#define STATE(NAME, name, final, means) [FY_STATE_##NAME] = {name, means, final},
#define MOVE(FROM, event, kind, condition, TO)
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

/* SAME and BACK stand beside the states in the TO column. */
enum { FY_STATE_SAME = SAME, FY_STATE_BACK = BACK };

static const struct move {
    const char *event, *condition;
    enum fy_state from;
    int kind;
    int to;
} moves[] = {
#define STATE(NAME, name, final, means)
#define MOVE(FROM, event, kind, condition, TO) {event, condition, FY_STATE_##FROM, kind, (int)FY_STATE_##TO},
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

const char *fy_state_name(enum fy_state state)
{
    return states[state].name;
}

const char *fy_state_means(enum fy_state state)
{
    return states[state].means;
}

enum fy_state fy_state_parse(const char *name)
{
    for (size_t i = 1; i < FY_COUNT(states); i++)
        if (strcmp(states[i].name, name) == 0)
            return (enum fy_state)i;
    return FY_STATE_NONE;
}

bool fy_state_final(enum fy_state state)
{
    return states[state].final;
}

bool fy_state_runs(enum fy_state state)
{
    return state == FY_STATE_PROCESSING || state == FY_STATE_ROLLING_BACK;
}

static enum fy_state target(const struct fy_run *run, enum fy_state from, int to)
{
    if (to == SAME)
        return from;
    return to == BACK ? run->back : (enum fy_state)to;
}

/* A run that is being given over gives its guards back: nothing else may start meanwhile. */
static bool given_over(const struct fy_run *run, const struct move *move)
{
    return move->kind == VERB && move->from == FY_STATE_FAILED_TEMP && run->asked != NULL &&
           strcmp(run->asked, "fail") == 0 && strcmp(move->event, "fail") != 0;
}

static bool holds(const struct fy_run *run, const struct move *move)
{
    return !given_over(run, move) && fy_condition(move->condition, run);
}

bool fy_state_move(const struct fy_run *run, enum fy_state from, const char *event, bool verb,
                   enum fy_state *ret_to)
{
    for (size_t i = 0; i < FY_COUNT(moves); i++) {
        const struct move *move = &moves[i];
        if (move->from == from && (move->kind == VERB) == verb && strcmp(move->event, event) == 0 &&
            holds(run, move)) {
            *ret_to = target(run, from, move->to);
            return true;
        }
    }
    return false;
}

bool fy_state_begins_rollback(enum fy_state from, const char *event)
{
    for (size_t i = 0; i < FY_COUNT(moves); i++)
        if (moves[i].from == from && moves[i].to == (int)FY_STATE_ROLLING_BACK &&
            strcmp(moves[i].event, event) == 0)
            return true;
    return false;
}

static const char *next_verb(const struct fy_run *run, enum fy_state state, size_t *index)
{
    while (*index < FY_COUNT(moves)) {
        const struct move *move = &moves[(*index)++];
        if (move->from == state && move->kind == VERB && holds(run, move))
            return move->event;
    }
    return NULL;
}

void fy_state_verbs_json(const struct fy_run *run, enum fy_state state, struct fy_buf *buf)
{
    fy_buf_open(buf, '[');
    const char *verb;
    bool first = true;
    for (size_t i = 0; (verb = next_verb(run, state, &i)) != NULL; first = false)
        fy_buf_format(buf, "%s\"%s\"", first ? "" : ",", verb);
    fy_buf_close(buf, ']');
}

void fy_state_verbs_text(const struct fy_run *run, enum fy_state state, struct fy_buf *buf)
{
    const char *verb;
    bool first = true;
    for (size_t i = 0; (verb = next_verb(run, state, &i)) != NULL; first = false)
        fy_buf_format(buf, "%s%s", first ? "" : ", ", verb);
    if (first)
        fy_buf_text(buf, "none");
}

bool fy_state_known_verb(const char *verb)
{
    for (size_t i = 0; i < FY_COUNT(moves); i++)
        if (moves[i].kind == VERB && strcmp(moves[i].event, verb) == 0)
            return true;
    return false;
}
