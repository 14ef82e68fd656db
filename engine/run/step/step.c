/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/step.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/ask.h"
#include "run/history.h"

#include <string.h>

static const struct fy_step_kind kinds[] = {
    {"check", fy_step_check, FY_STEP_LOOKS},
    {"take_guard", fy_step_take_guard, FY_STEP_LOOKS},
    {"release_guards", fy_step_release_guards, FY_STEP_ACTS},
    {"next_slice", fy_step_next, FY_STEP_LOOKS},
    {"next_stage", fy_step_next, FY_STEP_LOOKS},
    {"next_move", fy_step_next, FY_STEP_LOOKS},
    {"next_rest", fy_step_next, FY_STEP_LOOKS},
    {"ask", fy_step_ask, FY_STEP_WAITS},
    {"soak", fy_step_soak, FY_STEP_WAITS},
    {"set_aside", fy_step_set_aside, FY_STEP_LOOKS},
    {"sleep", fy_step_sleep, FY_STEP_WAITS},
    {"wait_until", fy_step_wait_until, FY_STEP_WAITS},
    {"observe", fy_step_observe, FY_STEP_LOOKS},
};

const struct fy_step_kind *fy_step_find(const char *call)
{
    for (size_t i = 0; i < FY_COUNT(kinds); i++)
        if (strcmp(kinds[i].call, call) == 0)
            return &kinds[i];
    return NULL;
}

bool fy_step_waits(const struct fy_live *live)
{
    const struct fy_step_kind *kind = fy_step_find(live->run->step.call);
    return kind != NULL && kind->nature == FY_STEP_WAITS;
}

bool fy_step_rests(const struct fy_live *live)
{
    const struct fy_step_kind *kind = fy_step_find(live->run->step.call);
    if (kind == NULL)
        return fy_call_rests(live);
    return kind->nature != FY_STEP_ACTS || !live->flight.taken;
}

void fy_step_take(struct fy_live *live)
{
    const struct fy_run_step *step = &live->run->step;
    const struct fy_step_kind *kind = fy_step_find(step->call);
    live->flight.taken = true;
    if (kind == NULL) {
        fy_call_take(live);
        return;
    }
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(step->args, strlen(step->args), step->call, &err);
    if (args != NULL)
        kind->take(live, args);
    else
        fy_step_failed(live, &err);
}

void fy_step_leave(struct fy_live *live)
{
    struct fy_flight *flight = &live->flight;
    if (flight->leave != NULL)
        flight->leave(live);
    fy_live_cancel(live, &flight->timer);
    fy_ask_forget(&flight->ask);
    *flight = (struct fy_flight){0};
}

static void outcome_head(const struct fy_live *live, bool ok, struct fy_buf *body)
{
    fy_buf_open(body, '{');
    fy_buf_member_int(body, "step", (int64_t)live->run->step.number);
    fy_buf_member_int(body, "attempt", live->run->step.attempt);
    fy_buf_member_bool(body, "ok", ok);
}

/* The outcome is in the tray: the workflow computes meanwhile, and its next intent shares the commit. */
static void settle(struct fy_live *live, struct fy_buf *body, bool told)
{
    FY_AUTO(fy_free_ptr) char *outcome = told ? fy_history_outcome(body->data, body->length) : NULL;
    fy_step_leave(live);
    fy_put(live, FY_REC_OUTCOME, body);
    live->settled = true;
    FY_POINT(run_before_outcome);
    if (outcome != NULL)
        fy_workflow_resume(live, outcome);
}

void fy_step_done(struct fy_live *live, const char *result)
{
    struct fy_buf body = {0};
    outcome_head(live, true, &body);
    fy_buf_member_raw(&body, "result", result);
    fy_buf_close(&body, '}');
    settle(live, &body, !live->run->step.own);
    fy_drive(live);
}

void fy_step_failed(struct fy_live *live, const struct fy_err *err)
{
    fy_step_failed_by(live, err->kind == FY_ERR_UNSURE ? "unsure" : "failure", err);
}

void fy_step_failed_by(struct fy_live *live, const char *event, const struct fy_err *err)
{
    struct fy_buf body = {0};
    bool told = live->run->step.tolerant;
    outcome_head(live, false, &body);
    fy_put_error(&body, "error", err);
    fy_buf_close(&body, '}');
    settle(live, &body, told);
    if (!told)
        fy_park(live, event, err);
    fy_drive(live);
}

static void intend(struct fy_live *live, uint64_t number, uint32_t attempt, const char *call,
                   const char *args, unsigned flags, const char *instead)
{
    const struct fy_engine_world *world = &live->engine->world;
    const char *connection = NULL, *verb = NULL;
    struct fy_err err;
    struct fy_buf body = {0};
    /* A call that nobody serves is an intent all the same: taking it says why not, and the run parks. */
    if (!fy_bind(live->run->order, world->adapters, call, args, &connection, &verb, &err))
        verb = call;
    if (instead != NULL)
        verb = instead;
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "step", (int64_t)number);
    fy_buf_member_int(&body, "attempt", attempt);
    fy_buf_member_int(&body, "program", live->run->program);
    fy_buf_member(&body, "call", call);
    fy_buf_member(&body, "connection", connection);
    fy_buf_member(&body, "verb", verb);
    if (flags & FY_STEP_TOLERANT)
        fy_buf_member_bool(&body, "tolerant", true);
    if (flags & FY_STEP_OWN)
        fy_buf_member_bool(&body, "own", true);
    if (instead != NULL)
        fy_buf_member_bool(&body, "instead", true);
    fy_buf_member_raw(&body, "args", args);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_INTENT, &body);
}

void fy_step_intend(struct fy_live *live, const char *call, const char *args, unsigned flags)
{
    intend(live, live->run->steps + 1, 1, call, args, flags, NULL);
}

void fy_step_retry_as(struct fy_live *live, const char *verb)
{
    const struct fy_run_step *step = &live->run->step;
    unsigned flags = (step->tolerant ? FY_STEP_TOLERANT : 0) | (step->own ? FY_STEP_OWN : 0);
    intend(live, step->number, step->attempt + 1, step->call, step->args, flags, verb);
}

void fy_step_retry(struct fy_live *live)
{
    fy_step_retry_as(live, NULL);
}

void fy_step_settle_by_hand(struct fy_live *live, const char *result, const char *by)
{
    struct fy_buf body = {0};
    outcome_head(live, true, &body);
    fy_buf_member_raw(&body, "result", result);
    fy_buf_member_raw(&body, "by", by);
    fy_buf_close(&body, '}');
    settle(live, &body, !live->run->step.own);
}
