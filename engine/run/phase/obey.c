/* SPDX-License-Identifier: Apache-2.0 */
#include "run/phase/obey.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/drive.h"
#include "run/step/step.h"
#include "run/watch/watch.h"

#include <string.h>

struct cause {
    const char *name;
    bool verb, force;
};

static const struct cause causes[] = {
    {"pause", true, false},
    {"cancel", true, false},
    {"rollback", true, true},
    {"gate", false, true},
};

int64_t fy_obey_window_ms(const struct fy_run *run)
{
    int64_t end_ms = run->order->request.window.end_ms;
    bool stands = !fy_state_runs(run->state) || run->approval.open;
    return stands && run->last_safe_ms > 0 && run->last_safe_ms < end_ms ? run->last_safe_ms : end_ms;
}

/* What is wanted and the state it leads to; false: nothing is wanted that has a row. */
static bool find_cause(const struct fy_live *live, struct cause *ret, enum fy_state *ret_to)
{
    const struct fy_run *run = live->run;
    static const struct cause window = {"window_ends", false, true};
    for (size_t i = 0; run->asked != NULL && i < FY_COUNT(causes); i++)
        if (strcmp(causes[i].name, run->asked) == 0) {
            *ret = causes[i];
            ret->force |= run->forced;
            return fy_state_move(run, live->tail, ret->name, ret->verb, ret_to);
        }
    *ret = window;
    return run->asked == NULL && fy_live_now(live).ms >= fy_obey_window_ms(run) &&
           fy_state_move(run, live->tail, ret->name, false, ret_to);
}

/* Not merely starting up: nobody knows when it will be back. */
static bool out_of_reach(const struct fy_live *live)
{
    const struct fy_adapter_info *info = fy_drive_waits_for(live);
    return info != NULL && info->state == FY_ADAPTER_DOWN;
}

static bool may_leave(const struct fy_live *live, bool force)
{
    const struct fy_run_step *step = &live->run->step;
    if (step->open && !live->settled)
        return step->failed || fy_step_waits(live) ||
               (!live->flight.taken && (out_of_reach(live) || fy_watch_holds(live->run))) ||
               (force && fy_step_rests(live));
    return live->script == FY_SCRIPT_IDLE || live->has_next || (force && live->script == FY_SCRIPT_ENDED);
}

static const char *reason(const struct fy_live *live, const struct cause *cause)
{
    if (strcmp(cause->name, "window_ends") != 0)
        return live->run->asked_why;
    return fy_state_runs(live->run->state) && !live->run->approval.open
               ? "the window of the order has ended"
               : "the last safe moment to go back inside the window has come while the run stood still";
}

static void put(struct fy_live *live, const struct cause *cause, enum fy_state to,
                const struct fy_err *failure)
{
    const char *why = reason(live, cause);
    struct fy_err err = {0};
    if (failure != NULL) {
        err = *failure;
    } else if (to == FY_STATE_FAILED_TEMP) {
        fy_fail(&err, cause->verb ? FY_ERR_REFUSED : FY_ERR_PERMANENT, "%s", why);
        fy_hint(&err, cause->verb
                          ? "retry goes on from here, rollback takes the users back"
                          : "the evidence is in the verdict; rollback takes the users back, waive-gate and "
                            "retry go on all the same");
    }
    fy_put_state(live, to, cause->name, why, err.kind != FY_ERR_NONE ? &err : NULL);
    FY_POINT(run_before_state_change);
}

bool fy_obey(struct fy_live *live)
{
    struct cause cause;
    enum fy_state to;
    if (live->tail != live->run->state || !find_cause(live, &cause, &to) || !may_leave(live, cause.force))
        return false;
    fy_step_leave(live);
    put(live, &cause, to, NULL);
    fy_flush(live);
    return true;
}

bool fy_obey_instead(struct fy_live *live, const struct fy_err *failure)
{
    struct cause cause;
    enum fy_state to;
    if (!find_cause(live, &cause, &to) || !cause.force)
        return false;
    put(live, &cause, to, failure);
    return true;
}
