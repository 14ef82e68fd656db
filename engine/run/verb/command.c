/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs: the tables together, and the ones that need no file of their own. */
#include "run/verb/command.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/step/step.h"

#include <string.h>

static const struct fy_verb *const tables[] = {
    fy_verbs_basic,    fy_verbs_scheduled, fy_verbs_dirty,      fy_verbs_amend,
    fy_verbs_approve,  fy_verbs_replace,   fy_verbs_set_aside,  fy_verbs_done_by_hand,
    fy_verbs_retarget, fy_verbs_adjust,    fy_verbs_waive_gate,
};

/* ---- before it is accepted ---- */

static bool rollback_check(const struct fy_command *command, struct fy_err *err)
{
    bool completed = command->live->run->state == FY_STATE_COMPLETED;
    if (completed || fy_json_int_or(command->args, "at_ms", 0) == 0)
        return true;
    fy_fail(err, FY_ERR_INVALID, "only a completed upgrade can be told to go back at a later time");
    return fy_hint(err, "leave at_ms away: it goes back now");
}

/* ---- when it is accepted: records that go with the command's ---- */

void fy_command_change(const struct fy_command *command)
{
    char why[256];
    (void)snprintf(why, sizeof why, "%s by %s", command->verb, command->caller->who);
    fy_step_leave(command->live);
    fy_put_state(command->live, command->to, command->verb, why, NULL);
}

static void put_retry(const struct fy_command *command)
{
    fy_command_change(command);
    if (command->live->run->step.open)
        fy_step_retry(command->live);
}

/* Where something may be under way the drive obeys, as soon as the step can be left. */
static void put_cancel(const struct fy_command *command)
{
    if (!fy_state_runs(command->live->run->state))
        fy_command_change(command);
}

/* The same; and a completed upgrade may be told to go back at a later hour. */
static void put_rollback(const struct fy_command *command)
{
    const struct fy_live *live = command->live;
    if (fy_json_int_or(command->args, "at_ms", 0) <= fy_live_now(live).ms)
        put_cancel(command);
}

/* ---- what its record changes ---- */

static void fold_asked(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    static const char *const obeyed_later[] = {"pause", "cancel", "rollback"};
    const char *verb = fy_json_string_or(doc, "verb", "");
    const char *who = fy_json_string_or(json_object_get(doc, "caller"), "who", "somebody");
    const char *why = fy_json_string_or(json_object_get(doc, "args"), "why", NULL);
    (void)row;
    for (size_t i = 0; i < FY_COUNT(obeyed_later); i++)
        if (strcmp(verb, obeyed_later[i]) == 0)
            run->asked = obeyed_later[i];
    run->forced = fy_json_bool_or(json_object_get(doc, "args"), "force", false);
    free(run->asked_why);
    run->asked_why = fy_format("%s by %s%s%s", verb, who, why != NULL ? ": " : "", why != NULL ? why : "");
}

static void fold_rollback(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    int64_t at_ms = fy_json_int_or(json_object_get(doc, "args"), "at_ms", 0);
    if (run->state == FY_STATE_COMPLETED && at_ms > row->time_ms)
        run->rollback_at_ms = at_ms;
    else
        fold_asked(run, row, doc);
}

const struct fy_verb fy_verbs_basic[] = {
    {"start-now", NULL, fy_command_change, NULL},
    {"pause", NULL, NULL, fold_asked},
    {"resume", NULL, fy_command_change, NULL},
    {"cancel", NULL, put_cancel, fold_asked},
    {"retry", NULL, put_retry, NULL},
    {"commit", NULL, fy_command_change, NULL},
    {"rollback", rollback_check, put_rollback, fold_rollback},
    {NULL, NULL, NULL, NULL},
};

static const struct fy_verb *find(const char *verb)
{
    for (size_t t = 0; t < FY_COUNT(tables); t++)
        for (const struct fy_verb *row = tables[t]; row->verb != NULL; row++)
            if (strcmp(row->verb, verb) == 0)
                return row;
    return NULL;
}

void fy_command_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const struct fy_verb *verb = find(fy_json_string_or(doc, "verb", ""));
    if (verb != NULL && verb->fold != NULL)
        verb->fold(run, row, doc);
}

/* ---- all of it ---- */

static bool refuse(const struct fy_live *live, const char *verb, struct fy_err *err)
{
    struct fy_buf legal = {0};
    fy_state_verbs_text(live->run, live->tail, &legal);
    if (fy_state_known_verb(verb))
        fy_fail(err, FY_ERR_REFUSED, "%s is not possible in state %s (%s)", verb, fy_state_name(live->tail),
                fy_state_means(live->tail));
    else
        fy_fail(err, FY_ERR_INVALID, "there is no verb \"%s\"", verb);
    fy_hint(err, "possible now: %s", legal.data);
    fy_buf_free(&legal);
    return false;
}

/* A wish that is being looked at is decided first: going on would forget it. The ways out do not wait. */
static bool wish_is_open(const struct fy_command *command, struct fy_err *err)
{
    static const char *const ways_out[] = {"cancel", "rollback", "fail"};
    const struct fy_run_wish *wish = &command->live->run->wish;
    if (wish->verb == NULL)
        return false;
    for (size_t i = 0; i < FY_COUNT(ways_out); i++)
        if (strcmp(command->verb, ways_out[i]) == 0)
            return false;
    fy_fail(err, FY_ERR_REFUSED, "%s by %s is still being checked", wish->verb, wish->who);
    fy_hint(err, "ask again when ferry status shows its answer, or roll back");
    return true;
}

static bool accept(struct fy_command *command, const char *args, struct fy_err *err)
{
    struct fy_live *live = command->live;
    const struct fy_verb *row = find(command->verb);
    if (wish_is_open(command, err))
        return false;
    if (row != NULL && row->check != NULL && !row->check(command, err))
        return false;
    fy_put_command(live, command->verb, args, command->caller);
    if (row != NULL && row->put != NULL)
        row->put(command);
    FY_POINT(run_before_command);
    return true;
}

bool fy_command(struct fy_live *live, const char *verb, const char *args, const struct fy_caller *caller,
                struct fy_err *err)
{
    struct fy_command command = {.live = live, .verb = verb, .caller = caller};
    FY_AUTO(fy_json_unref)
    json_t *doc =
        fy_json_parse(args != NULL ? args : "{}", args != NULL ? strlen(args) : 2, "arguments", err);
    if (doc == NULL)
        return false;
    command.args = doc;
    if (!fy_state_move(live->run, live->tail, verb, true, &command.to))
        return refuse(live, verb, err);
    if (live->tail != live->run->state || live->recovered) {
        fy_fail(err, FY_ERR_TRANSIENT, "run %s is changing its state", live->run->id);
        return fy_hint(err, "ask again in a moment");
    }
    return accept(&command, args, err);
}
