/* SPDX-License-Identifier: Apache-2.0 */
#include "run/drive.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"
#include "run/phase/handover.h"
#include "run/phase/obey.h"
#include "run/phase/observe.h"
#include "run/phase/precheck.h"
#include "run/phase/rollback.h"
#include "run/phase/starting.h"
#include "run/step/lease.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/wish.h"
#include "run/watch/watch.h"

#include <string.h>

/* ---- what it waits for ------------------------------------------------------------------------------- */

/* In the fold, and its outcome not in the tray already. */
static bool step_open(const struct fy_live *live)
{
    return live->run->step.open && !live->settled;
}

/* What the run waits for to be there: nothing is bound before all its connections are known. */
static const struct fy_adapter_info *unknown(const struct fy_live *live)
{
    return fy_bind_unknown(live->run->order, live->engine->world.adapters);
}

const struct fy_adapter_info *fy_drive_waits_for(const struct fy_live *live)
{
    const struct fy_run *run = live->run;
    const struct fy_adapters *adapters = live->engine->world.adapters;
    if (!fy_state_runs(run->state) && run->state != FY_STATE_STARTING)
        return NULL;
    const struct fy_adapter_info *info = unknown(live);
    if (info != NULL || !run->step.open || run->step.connection == NULL)
        return info;
    info = adapters->describe(adapters->self, run->step.connection);
    return info != NULL && info->state == FY_ADAPTER_DOWN ? info : NULL;
}

/* ---- the program --------------------------------------------------------------------------------------- */

static void finish(struct fy_live *live)
{
    if (fy_run_held(live->run) > 0) {
        fy_step_intend(live, "release_guards", "{}", FY_STEP_OWN);
        fy_flush(live);
        return;
    }
    enum fy_state to;
    if (!fy_state_move(live->run, live->run->state, "program_done", false, &to))
        return;
    FY_AUTO(fy_free_ptr) char *owed = fy_aside_text(live->run);
    FY_AUTO(fy_free_ptr)
    char *why =
        fy_format("the workflow has returned%s%s", owed != NULL ? "; " : "", owed != NULL ? owed : "");
    fy_put_state(live, to, "program_done", why, NULL);
    FY_POINT(run_before_state_change);
    fy_flush(live);
}

static void intend_next(struct fy_live *live)
{
    FY_AUTO(fy_free_ptr) char *call = fy_steal(&live->next_call);
    FY_AUTO(fy_free_ptr) char *args = fy_steal(&live->next_args);
    live->has_next = false;
    fy_step_intend(live, call, args, live->next_tolerant ? FY_STEP_TOLERANT : 0);
    FY_POINT(run_before_intent);
    fy_flush(live);
}

/* Nobody is moved in a storm: the next move is planned when it is over. */
static bool waits_out(const struct fy_run *run)
{
    return strcmp(run->step.call, "next_move") == 0 && fy_watch_holds(run);
}

static void take_step(struct fy_live *live)
{
    if (live->flight.taken || live->run->step.failed || waits_out(live->run))
        return;
    FY_POINT(run_intent_durable);
    fy_step_take(live);
}

static void drive_program(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    fy_watch_drive(live);
    if (fy_obey(live))
        return;
    /* Its history is read from the store: a replay that began now would miss an outcome in the tray. */
    if (live->script == FY_SCRIPT_IDLE && !live->settled)
        fy_workflow_start(live);
    else if (unknown(live) != NULL)
        return;
    else if (step_open(live) && live->script == (run->step.own ? FY_SCRIPT_ENDED : FY_SCRIPT_AT_CALL))
        take_step(live);
    else if (live->has_next && !step_open(live))
        intend_next(live);
    else if (live->script == FY_SCRIPT_ENDED && !step_open(live) && !live->settled)
        finish(live);
}

/* ---- the other states ---------------------------------------------------------------------------------- */

static void state_timer_fired(void *context)
{
    struct fy_live *live = context;
    live->state_timer = NULL;
    fy_drive(live);
}

bool fy_drive_reached(struct fy_live *live, int64_t at_ms)
{
    if (fy_live_now(live).ms >= at_ms)
        return true;
    if (live->state_timer != NULL && live->state_timer_ms != at_ms)
        fy_live_cancel(live, &live->state_timer);
    live->state_timer_ms = at_ms;
    if (live->state_timer == NULL)
        live->state_timer = fy_live_timer(live, (struct fy_rtime){at_ms}, state_timer_fired);
    return false;
}

static void window_timer_fired(void *context)
{
    struct fy_live *live = context;
    live->window_timer = NULL;
    fy_drive(live);
}

static void wake_at(struct fy_live *live, int64_t at_ms)
{
    if (live->window_timer != NULL && live->window_timer_ms == at_ms)
        return;
    fy_live_cancel(live, &live->window_timer);
    live->window_timer = fy_live_timer(live, (struct fy_rtime){at_ms}, window_timer_fired);
    live->window_timer_ms = at_ms;
}

/* Clocks never stop: in every state in which something is under way the window's end is told before it is
 * acted on (obey.c). Whoever is on the way back already only wants to arrive. */
static void tell_window(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    const struct {
        int64_t at_ms;
        bool told;
        const char *about, *text;
    } alarms[] = {
        {run->last_safe_ms, run->last_safe_told || run->last_safe_ms == 0, "last safe",
         "from now on a rollback would no longer end inside the window"},
        {fy_obey_window_ms(run), false, NULL, NULL},
        {run->order->request.window.end_ms, run->window_told, "window",
         "the window of the order has closed and the run is not over"},
    };
    int64_t now_ms = fy_live_now(live).ms, next_ms = INT64_MAX;
    if (fy_run_goes_back(run) || live->settled)
        return;
    for (size_t i = 0; i < FY_COUNT(alarms); i++) {
        if (alarms[i].told)
            continue;
        if (now_ms < alarms[i].at_ms)
            next_ms = alarms[i].at_ms < next_ms ? alarms[i].at_ms : next_ms;
        else if (alarms[i].about != NULL)
            fy_put_text(live, FY_REC_NOTE, alarms[i].text, alarms[i].about);
    }
    if (live->tray.count > 0)
        fy_flush(live);
    if (next_ms != INT64_MAX)
        wake_at(live, next_ms);
}

static void event(struct fy_live *live, const char *name, const char *why)
{
    enum fy_state to;
    if (!fy_state_move(live->run, live->run->state, name, false, &to))
        return;
    fy_put_state(live, to, name, why, NULL);
    FY_POINT(run_before_state_change);
    fy_flush(live);
}

static void drive_completed(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    fy_watch_drive(live);
    fy_observe_drive(live);
    if (live->writing > 0)
        return;
    int64_t back_ms = fy_rollback_due_ms(run), observed_ms = run->ended_ms + run->order->commit.observe_ms;
    if (back_ms != 0) {
        if (fy_drive_reached(live, back_ms))
            event(live, "rollback_due",
                  run->rollback_at_ms != 0 ? "the time an operator set for going back has come"
                                           : "the observation period is over and the order says to go back");
        return;
    }
    if (run->observed_told || !fy_drive_reached(live, observed_ms))
        return;
    if (run->order->commit.on_expiry == FY_EXPIRY_COMMIT) {
        event(live, "observed", "the observation period of the order is over");
        return;
    }
    fy_observe_over(live);
}

/* Given over to people: what the ledger holds is given back first, or named in the record. */
static void drive_parked(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    tell_window(live);
    fy_watch_drive(live);
    if (fy_obey(live) || (run->asked == NULL && fy_wish_drive(live)))
        return;
    if (run->asked == NULL || strcmp(run->asked, "fail") != 0 || unknown(live) != NULL)
        return;
    if (live->settled) { /* its outcome is on the way; the step must not be taken again meanwhile */
        fy_flush(live);
        return;
    }
    bool releasing = run->step.own && run->step.open;
    if (!releasing)
        fy_wish_leave(live);
    if (releasing && !run->step.failed) {
        take_step(live);
    } else if (!releasing && fy_run_held(run) > 0) {
        fy_step_intend(live, "release_guards", "{}", FY_STEP_OWN);
        fy_flush(live);
    } else {
        fy_handover_drive(live);
    }
}

static void drive_final(struct fy_live *live)
{
    live->over = true;
}

static void drive_in_window(struct fy_live *live)
{
    tell_window(live);
    drive_program(live);
}

static void drive_paused(struct fy_live *live)
{
    tell_window(live);
    fy_watch_drive(live);
    if (!fy_obey(live) && live->run->asked == NULL)
        (void)fy_wish_drive(live);
}

static void drive_back(struct fy_live *live)
{
    if (!live->run->program_due) {
        drive_program(live);
        return;
    }
    fy_watch_drive(live);
    if (!fy_obey(live))
        fy_rollback_drive(live);
}

static void drive_nothing(struct fy_live *live)
{
    (void)live;
}

static void (*const drives[])(struct fy_live *live) = {
    [FY_STATE_NONE] = drive_nothing,
    [FY_STATE_SCHEDULED] = fy_precheck_drive,
    [FY_STATE_STARTING] = fy_starting_drive,
    [FY_STATE_PROCESSING] = drive_in_window,
    [FY_STATE_PAUSED] = drive_paused,
    [FY_STATE_FAILED_TEMP] = drive_parked,
    [FY_STATE_ROLLING_BACK] = drive_back,
    [FY_STATE_COMPLETED] = drive_completed,
    [FY_STATE_COMMITTED] = drive_final,
    [FY_STATE_ROLLED_BACK] = drive_final,
    [FY_STATE_FAILED] = fy_handover_failed_drive,
};

/* The next intent shares the commit of the outcome before it; everything else leaves the tray by itself. */
static bool joins_outcome(const struct fy_live *live)
{
    return live->settled && live->has_next && !live->tray.command && live->tail == live->run->state;
}

static void drive_once(struct fy_live *live)
{
    if (live->writing > 0 || live->over || (live->leaving && fy_move_out(live)))
        return;
    if (live->recovered) {
        fy_drive_resumed(live);
        return;
    }
    if (!live->tray.forced)
        live->settled = false;
    else if (live->tray.held)
        return;
    else if (!joins_outcome(live)) {
        fy_flush(live);
        return;
    }
    if (live->flight.taken && live->flight.look != NULL)
        live->flight.look(live);
    if (live->writing == 0 && !live->over)
        fy_lease_drive(live);
    if (live->writing == 0 && !live->over)
        drives[live->run->state](live);
}

void fy_drive(struct fy_live *live)
{
    if (live->driving) {
        live->again = true;
        return;
    }
    live->driving = true;
    do {
        live->again = false;
        drive_once(live);
    } while (live->again);
    live->driving = false;
    if (live->over)
        fy_live_bury(live);
}

void fy_park(struct fy_live *live, const char *name, const struct fy_err *error)
{
    enum fy_state to;
    struct fy_err said = *error;
    if (fy_obey_instead(live, error)) {
        live->tray.held = false;
        fy_flush(live);
        return;
    }
    if (!fy_state_move(live->run, live->tail, name, false, &to))
        return;
    if (said.hint[0] == '\0') /* whoever reads this at night needs a next step */
        fy_hint(&said, "find out why and retry, or give the run up with fail");
    fy_put_state(live, to, name, said.message, &said);
    FY_POINT(run_before_state_change);
    live->tray.held = false;
    fy_flush(live);
}

/* ---- taken over from the store ---------------------------------------------------------------------- */

#define CRASHES_BEFORE_PARKING 10

static void resumed_body(const struct fy_live *live, struct fy_buf *body)
{
    const struct fy_run *run = live->run;
    fy_buf_open(body, '{');
    fy_buf_member_int(body, "epoch", (int64_t)live->epoch);
    fy_buf_member_int(body, "program", run->program);
    if (fy_state_runs(run->state) && run->step.open && !run->step.failed) {
        fy_buf_key(body, "in_flight");
        fy_buf_open(body, '{');
        fy_buf_member_int(body, "step", (int64_t)run->step.number);
        fy_buf_member(body, "call", run->step.call);
        fy_buf_member_bool(body, "acting", run->step.verb != NULL);
        fy_buf_close(body, '}');
        fy_buf_member(body, "how",
                      run->step.verb != NULL ? "asked again, with the same key" : "taken up again");
    }
    fy_buf_close(body, '}');
}

void fy_drive_resumed(struct fy_live *live)
{
    struct fy_buf body = {0};
    live->recovered = false;
    resumed_body(live, &body);
    fy_put(live, FY_REC_RESUMED, &body);
    FY_POINT(run_resumed);
    if (fy_state_runs(live->run->state) && live->run->step.open && !live->run->step.failed &&
        live->run->resumes + 1 >= CRASHES_BEFORE_PARKING) {
        struct fy_err err = {0};
        fy_fail(&err, FY_ERR_UNSURE, "step %llu (%s) was in flight during %d crashes of the engine",
                (unsigned long long)live->run->step.number, live->run->step.call, CRASHES_BEFORE_PARKING);
        fy_hint(&err, "find out why the engine died over it, then retry");
        fy_park(live, "unsure", &err);
    } else {
        fy_flush(live);
    }
}
