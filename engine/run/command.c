/* SPDX-License-Identifier: Apache-2.0 */
/* What each verb of state.def does beyond its row: a row here, if it does anything. */
#include "base/json.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/check.h"
#include "run/live.h"
#include "run/step.h"

#include <string.h>

struct command {
    struct fy_live *live;
    const char *verb;
    const json_t *args;
    const struct fy_caller *caller;
    enum fy_state to;
};

/* ---- before it is accepted ---- */

static bool adjust_check(const struct command *command, struct fy_err *err)
{
    if (fy_json_int_or(command->args, "step", 0) > 0)
        return true;
    fy_fail(err, FY_ERR_INVALID, "adjust needs a step: how many load-sharing instances leave together");
    return fy_hint(err, "for example {\"step\":4}; the checker still has the last word");
}

static bool approve_check(const struct command *command, struct fy_err *err)
{
    const struct fy_run_approval *approval = &command->live->run->approval;
    if (approval->given == 0 || approval->who == NULL || strcmp(approval->who, command->caller->who) != 0)
        return true;
    return fy_fail(err, FY_ERR_REFUSED, "%s has approved already; %lld different people must", approval->who,
                   (long long)approval->needed);
}

static bool recheck_check(const struct command *command, struct fy_err *err)
{
    const struct fy_live *live = command->live;
    const struct fy_adapter_info *info = fy_bind_unknown(live->run->order, live->engine->world.adapters);
    if (info == NULL)
        return true;
    fy_fail(err, FY_ERR_TRANSIENT, "connection %s is not there to be asked: %s", info->connection,
            info->problem != NULL ? info->problem : "its host is being started");
    return fy_hint(err, "ask again when `ferry adapter list` shows it as ready");
}

/* ---- when it is accepted: records that go with the command's ---- */

static void put_answer(const struct command *command)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "id", command->live->run->approval.id);
    fy_buf_member(&body, "answer", command->verb);
    fy_put_caller(&body, command->caller);
    fy_buf_close(&body, '}');
    fy_put(command->live, FY_REC_APPROVAL_GIVEN, &body);
}

static void put_change(const struct command *command)
{
    char why[256];
    (void)snprintf(why, sizeof why, "%s by %s", command->verb, command->caller->who);
    fy_step_leave(command->live);
    fy_put_state(command->live, command->to, command->verb, why, NULL);
}

static void put_retry(const struct command *command)
{
    put_change(command);
    if (command->live->run->step.open)
        fy_step_retry(command->live);
}

/* Where something may be under way the drive obeys, as soon as the step can be left. */
static void put_cancel(const struct command *command)
{
    if (!fy_state_runs(command->live->run->state))
        put_change(command);
}

static void rechecked(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_buf result = {0};
    struct fy_err err = {0};
    bool ok = fy_check_judge(live, "recheck", NULL, questions, count, &result, &err);
    fy_put_text(live, FY_REC_NOTE, ok ? "recheck: all is well" : err.message, NULL);
    fy_buf_free(&result);
    fy_flush(live);
}

static void recheck(const struct command *command)
{
    struct fy_live *live = command->live;
    struct fy_question questions[FY_ASK_MAX];
    size_t count = fy_check_ask(live->run->order, live->engine->world.adapters, questions);
    fy_step_leave(live);
    fy_ask_for(live, questions, count, rechecked);
}

static const struct {
    const char *verb;
    bool (*check)(const struct command *command, struct fy_err *err);
    void (*put)(const struct command *command);
} verbs[] = {
    {"start-now", NULL, put_change},        {"recheck", recheck_check, recheck},
    {"cancel", NULL, put_cancel},           {"adjust", adjust_check, NULL},
    {"approve", approve_check, put_answer}, {"reject", NULL, put_answer},
    {"resume", NULL, put_change},           {"retry", NULL, put_retry},
    {"commit", NULL, put_change},
};

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

static bool accept(struct command *command, const char *args, struct fy_err *err)
{
    struct fy_live *live = command->live;
    size_t row = 0;
    while (row < FY_COUNT(verbs) && strcmp(verbs[row].verb, command->verb) != 0)
        row++;
    if (row < FY_COUNT(verbs) && verbs[row].check != NULL && !verbs[row].check(command, err))
        return false;
    fy_put_command(live, command->verb, args, command->caller);
    if (row < FY_COUNT(verbs) && verbs[row].put != NULL)
        verbs[row].put(command);
    FY_POINT(run_before_command);
    return true;
}

bool fy_command(struct fy_live *live, const char *verb, const char *args, const struct fy_caller *caller,
                struct fy_err *err)
{
    struct command command = {.live = live, .verb = verb, .caller = caller};
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
