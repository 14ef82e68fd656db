/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter step: the verb is asked until it is DONE. All of it is one intent with one key, so asking again
 * is never doing again: AGAIN polls, transient failures back off, a host that died is waited for
 * (settle_ms) and asked anew. What ends it otherwise parks the run or is shown to the workflow (step.h).
 */
#include "base/mem.h"
#include "base/point.h"
#include "run/check/dial.h"
#include "run/leave.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/retarget.h"

#include <string.h>

#define DEADLINE_MS     (30 * 60 * 1000) /* of a verb that declares none */
#define BACK_OFF_MS     1000
#define BACK_OFF_MAX_MS 30000
#define AGAIN_MIN_MS    10 /* whatever an adapter says: it is polled, not spun on */
#define SUSPECT_DEATHS  5  /* of a host serving this very call, before the run parks */

struct calling {
    uint64_t handle; /* 0: nothing is asked at the moment */
    int64_t back_off_ms;
    int64_t from_ms; /* its deadline counts from here: no time passes for it while nobody can ask */
    int deaths;
    bool died;  /* the last host, while it served this call */
    char *args; /* without instances that are set aside; NULL: the step's own */
    char key[128];
};

static void leave(struct fy_live *live)
{
    struct calling *calling = live->flight.data;
    const struct fy_adapters *adapters = live->engine->world.adapters;
    if (calling->handle != 0)
        adapters->forget(adapters->self, calling->handle);
    free(calling->args);
    free(calling);
}

static const char *args_of(const struct fy_live *live)
{
    const struct calling *calling = live->flight.data;
    return calling->args != NULL ? calling->args : live->run->step.args;
}

static const struct fy_adapter_verb *verb_of(const struct fy_live *live)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    const struct fy_run_step *step = &live->run->step;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, step->connection);
    return info != NULL ? fy_adapter_verb(info, step->verb) : NULL;
}

static struct fy_rtime deadline_of(const struct fy_live *live)
{
    const struct fy_run_step *step = &live->run->step;
    const struct calling *calling = live->flight.data;
    const struct fy_adapter_verb *verb = verb_of(live);
    int64_t allowed = verb != NULL && verb->deadline_ms > 0 ? verb->deadline_ms : DEADLINE_MS;
    int64_t from_ms = step->since_ms + step->paused_ms;
    return (struct fy_rtime){(from_ms > calling->from_ms ? from_ms : calling->from_ms) + allowed};
}

static void fail(struct fy_live *live, enum fy_err_kind kind, const char *message, const char *hint)
{
    const struct fy_run_step *step = &live->run->step;
    struct fy_err err = {0};
    fy_fail(&err, kind, "%s on %s: %s", step->call, step->connection, message);
    if (hint != NULL)
        fy_hint(&err, "%s", hint);
    fy_step_failed(live, &err);
}

static void ask(struct fy_live *live);

static void ask_later(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    ask(live);
}

static bool is_down(const struct fy_live *live)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, live->run->step.connection);
    return info != NULL && info->state == FY_ADAPTER_DOWN;
}

/* Not past the deadline: whatever keeps the verb from being done must have ended by then. */
static bool wait_ms(struct fy_live *live, int64_t ms, const char *why)
{
    struct calling *calling = live->flight.data;
    struct fy_rtime at = fy_rtime_add(fy_live_now(live), ms > AGAIN_MIN_MS ? ms : AGAIN_MIN_MS);
    if (is_down(live) && !calling->died) /* a host this call itself hung or killed is no excuse for it */
        calling->from_ms = fy_live_now(live).ms;
    if (fy_rtime_before(deadline_of(live), at)) {
        char text[512];
        (void)snprintf(text, sizeof text, "not done within its deadline; last: %s", why);
        fail(live, FY_ERR_TIMEOUT, text, "look at the peer, then retry");
        return false;
    }
    fy_live_wait(live, at, ask_later);
    return true;
}

static bool says(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static void note_progress(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    const struct fy_run_step *step = &live->run->step;
    if (step->done == reply->done && step->total == reply->total && says(step->text, reply->text))
        return;
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "step", (int64_t)step->number);
    fy_buf_member_int(&body, "done", reply->done);
    fy_buf_member_int(&body, "total", reply->total);
    fy_buf_member(&body, "text", reply->text);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_PROGRESS, &body);
    fy_flush(live);
}

static void on_done(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    struct fy_err err = {0};
    if (strcmp(live->run->step.call, "dial_test") == 0 &&
        !fy_dial_passed(live->run->step.args, reply->result, &err))
        fy_step_failed(live, &err);
    else
        fy_step_done(live, reply->result);
}

static void on_again(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    struct calling *calling = live->flight.data;
    calling->back_off_ms = BACK_OFF_MS;
    calling->deaths = 0;
    /* Told last: once that is durable the run is driven, and the step may be left. */
    if (wait_ms(live, reply->after_ms, reply->text != NULL ? reply->text : "still under way"))
        note_progress(live, reply);
}

/* A step names its instances when it is planned: what is gone by now no retry finds, a new plan does without
 * it. */
static void failed_again(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    bool has_hint = reply->hint != NULL && reply->hint[0] != '\0';
    FY_AUTO(fy_free_ptr)
    char *hint = fy_format("%s%sretry asks for the very same again; if that is gone for good, rollback or "
                           "retarget plan anew from what stands there",
                           has_hint ? reply->hint : "", has_hint ? "; " : "");
    fail(live, reply->failure, reply->message, hint);
}

static void on_failed(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    struct calling *calling = live->flight.data;
    if (reply->failure == FY_ERR_PERMANENT && live->run->step.attempt > 1) {
        failed_again(live, reply);
        return;
    }
    if (reply->failure != FY_ERR_TRANSIENT && reply->failure != FY_ERR_TIMEOUT) {
        fail(live, reply->failure, reply->message, reply->hint);
        return;
    }
    int64_t pause = calling->back_off_ms;
    calling->back_off_ms = 2 * pause < BACK_OFF_MAX_MS ? 2 * pause : BACK_OFF_MAX_MS;
    (void)wait_ms(live, pause, reply->message != NULL ? reply->message : "a transient failure");
}

static void on_unsure(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    fail(live, FY_ERR_UNSURE, reply->message != NULL ? reply->message : "cannot tell whether it happened",
         reply->hint != NULL ? reply->hint : "look at the network function, then retry");
}

static void on_unknown(struct fy_live *live, const struct fy_adapter_reply *reply)
{
    struct calling *calling = live->flight.data;
    calling->deaths += reply->suspect;
    calling->died = reply->suspect;
    if (calling->deaths >= SUSPECT_DEATHS) {
        fail(live, FY_ERR_UNSURE, "the adapter died each time this was asked of it",
             "the log of ferryd has its last words; put another version of the adapter in place, then retry");
        return;
    }
    (void)wait_ms(live, reply->settle_ms > 0 ? reply->settle_ms : 1,
                  reply->message != NULL ? reply->message : "the adapter's host died");
}

static void replied(void *context, const struct fy_adapter_reply *reply)
{
    static void (*const kinds[])(struct fy_live * live, const struct fy_adapter_reply *reply) = {
        [FY_REPLY_DONE] = on_done,     [FY_REPLY_AGAIN] = on_again,     [FY_REPLY_FAILED] = on_failed,
        [FY_REPLY_UNSURE] = on_unsure, [FY_REPLY_UNKNOWN] = on_unknown,
    };
    struct fy_live *live = context;
    struct calling *calling = live->flight.data;
    calling->handle = 0;
    FY_POINT(run_acted);
    kinds[reply->status](live, reply);
    fy_drive(live); /* somebody may have waited for the call to return */
}

bool fy_call_rests(const struct fy_live *live)
{
    const struct calling *calling = live->flight.data;
    return calling == NULL || calling->handle == 0;
}

static void ask(struct fy_live *live)
{
    const struct fy_engine_world *world = &live->engine->world;
    const struct fy_run_step *step = &live->run->step;
    struct calling *calling = live->flight.data;
    struct fy_adapter_call call = {.connection = step->connection,
                                   .verb = step->verb,
                                   .run = live->run->id,
                                   .step = step->number,
                                   .attempt = step->attempt,
                                   .fence = live->epoch,
                                   .key = calling->key,
                                   .now = fy_live_now(live),
                                   .deadline = deadline_of(live),
                                   .scale = (uint32_t)live->run->base.scale,
                                   .args = args_of(live)};
    FY_POINT(run_before_act);
    calling->died = false;
    calling->handle = world->adapters->call(world->adapters->self, &call, replied, live);
}

/* Instances are about to leave: what stands there now has the last word. */
static void looked(void *context, struct fy_question *questions, size_t count)
{
    (void)count;
    struct fy_live *live = context;
    struct fy_landscape *landscape = NULL;
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref)
    json_t *args = fy_json_parse(args_of(live), strlen(args_of(live)), live->run->step.call, &err);
    bool allowed = args != NULL && fy_planning_landscape(questions, &landscape, &err);
    if (allowed)
        fy_seen_mark(live->run, landscape);
    allowed = allowed && fy_leave_allowed(live->run->order, landscape, args, &err);
    if (landscape != NULL)
        fy_planning_keep(live, landscape);
    fy_landscape_free(landscape);
    if (allowed)
        ask(live);
    else
        fy_step_failed(live, &err);
}

void fy_call_take(struct fy_live *live)
{
    const struct fy_run_step *step = &live->run->step;
    bool none;
    char *args = fy_aside_args(live->run, step->args, &none);
    if (none) { /* all of its instances are set aside: nothing is done, and that is said */
        free(args);
        fy_step_done(live, "{\"set_aside\":true}");
        return;
    }
    if (step->connection == NULL) {
        free(args);
        struct fy_err err = {0};
        fy_fail(&err, FY_ERR_PERMANENT, "no connection of the order serves %s", step->call);
        fy_hint(&err, "the order's Connection elements name who can be asked");
        fy_step_failed(live, &err);
        return;
    }
    struct calling *calling = FY_NEW(struct calling);
    calling->back_off_ms = BACK_OFF_MS;
    calling->from_ms = fy_live_now(live).ms;
    calling->args = args;
    (void)snprintf(calling->key, sizeof calling->key, "%s/%llu%s%s", live->run->id,
                   (unsigned long long)step->number, step->instead ? "/" : "",
                   step->instead ? step->verb : "");
    live->flight.data = calling;
    live->flight.leave = leave;
    if (!fy_leave_concerns(step->call)) {
        ask(live);
        return;
    }
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    fy_planning_ask(live->run->order, questions);
    fy_ask_for(live, questions, FY_PLANNING_QUESTIONS, looked);
}
