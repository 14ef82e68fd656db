/* SPDX-License-Identifier: Apache-2.0 */
#include "run/phase/precheck.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/ask.h"
#include "run/check/check.h"
#include "run/drive.h"
#include "run/prep.h"
#include "run/step/step.h"
#include "run/verb/command.h"

#include <string.h>

/* ---- the alarm -------------------------------------------------------------------------------------- */

/* What fails before the window is told each time: there is still time to mend it. */
static void put_alarm(struct fy_live *live, const char *when, const struct fy_err *failed)
{
    char text[1100];
    (void)snprintf(text, sizeof text, "this run would not start (%s). %s (%s)", when, failed->message,
                   live->run->prep != NULL && live->run->prep->waiver_count > 0
                       ? "waived checks are left out"
                       : "mend it before the window opens, or waive what may be waived");
    fy_put_text(live, FY_REC_ALARM, text, "prechecks");
}

/* The run may have gone on meanwhile; then it is checked where it is now. */
static void answered(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_buf result = {0};
    struct fy_err err = {0};
    const char *when = live->aside_when;
    if (live->tail == FY_STATE_SCHEDULED && live->run->state == FY_STATE_SCHEDULED) {
        FY_POINT(run_prechecked);
        if (!fy_check_judge(live, when, NULL, questions, count, &result, &err))
            put_alarm(live, when, &err);
        fy_buf_free(&result);
        fy_flush(live);
    }
    fy_drive(live);
}

void fy_precheck_make(struct fy_live *live, const char *when)
{
    struct fy_question questions[FY_ASK_MAX];
    if (live->aside != NULL)
        return;
    size_t count = fy_check_ask(live->run->order, live->engine->world.adapters, questions);
    struct fy_ask_who who = {.engine = live->engine, .run = live->run->id, .base = &live->run->base};
    live->aside_when = when;
    fy_ask(&who, questions, count, answered, live, &live->aside);
}

/* ---- waiting for the window ------------------------------------------------------------------------- */

static void open_window(struct fy_live *live)
{
    enum fy_state to;
    if (!fy_state_move(live->run, live->run->state, "window_opens", false, &to))
        return;
    fy_ask_forget(&live->aside);
    fy_put_state(live, to, "window_opens", "the window of the order has opened", NULL);
    FY_POINT(run_before_state_change);
    fy_flush(live);
}

/* Its host is being started, as after a restart: what it can do is known in a moment. */
static bool about_to_be_known(const struct fy_live *live)
{
    const struct fy_adapter_info *info = fy_bind_unknown(live->run->order, live->engine->world.adapters);
    return info != NULL && info->state == FY_ADAPTER_STARTING;
}

void fy_precheck_drive(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    int64_t start_ms = run->order->request.window.start_ms, next_ms;
    const char *due = fy_prep_due(run, fy_live_now(live).ms, &next_ms);
    if (live->tail != run->state)
        return;
    if (fy_drive_reached(live, next_ms < start_ms ? next_ms : start_ms)) {
        if (fy_live_now(live).ms >= start_ms)
            open_window(live);
        else
            live->again = true; /* the moment came just now */
    } else if (due != NULL && !about_to_be_known(live)) {
        fy_precheck_make(live, due);
    }
}

/* ---- verbs ------------------------------------------------------------------------------------------ */

static bool recheck_check(const struct fy_command *command, struct fy_err *err)
{
    const struct fy_live *live = command->live;
    const struct fy_adapter_info *info = fy_bind_unknown(live->run->order, live->engine->world.adapters);
    if (info == NULL)
        return true;
    fy_fail(err, FY_ERR_TRANSIENT, "connection %s is not there to be asked: %s", info->connection,
            info->problem != NULL ? info->problem : "its host is being started");
    return fy_hint(err, "ask again when `ferry adapter list` shows it as ready");
}

static void fold_recheck(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    (void)row;
    (void)doc;
    fy_prep_want(run, "recheck");
}

static bool waive_check(const struct fy_command *command, struct fy_err *err)
{
    const char *check = fy_json_string_or(command->args, "check", NULL);
    const char *why = fy_json_string_or(command->args, "why", "");
    if (check == NULL) {
        fy_fail(err, FY_ERR_INVALID, "waive needs a check, and why");
        return fy_hint(err,
                       "for example {\"check\":\"no_critical_alarms\",\"why\":\"known, ticket 4711\"}; the "
                       "view names those that fail");
    }
    if (!fy_check_waivable(check, err))
        return false;
    if (why[strspn(why, " \t\r\n")] != '\0')
        return true;
    fy_fail(err, FY_ERR_INVALID, "a waiver of %s needs a reason", check);
    return fy_hint(err, "say why in \"why\": it stands in the record and in the report, with your name");
}

static bool unwaive_check(const struct fy_command *command, struct fy_err *err)
{
    const char *check = fy_json_string_or(command->args, "check", "");
    if (fy_prep_waiver(command->live->run, check) != NULL)
        return true;
    fy_fail(err, FY_ERR_INVALID, "check \"%.100s\" is not waived in run %s", check, command->live->run->id);
    return fy_hint(err, "the view lists the waivers");
}

const struct fy_verb fy_verbs_scheduled[] = {
    {"recheck", recheck_check, NULL, fold_recheck},
    {"waive", waive_check, NULL, fy_prep_fold_waive},
    {"unwaive", unwaive_check, NULL, fy_prep_fold_unwaive},
    {NULL, NULL, NULL, NULL},
};
