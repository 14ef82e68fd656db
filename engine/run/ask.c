/* SPDX-License-Identifier: Apache-2.0 */
#include "run/ask.h"

#include "base/mem.h"

#include <string.h>

#define PATIENCE_MS    (60 * 1000) /* run time in which transient failures are asked again */
#define PAUSE_MS       1000
#define SUSPECT_DEATHS 5 /* of hosts serving this very question, before it is given up */

struct one {
    struct fy_ask *ask;
    uint64_t handle;
    void *timer;
    bool over;
    int deaths;
    char *connection, *args, *key, *about;
};

struct fy_ask {
    struct fy_engine *engine;
    struct fy_ask **place;
    struct fy_timebase base;
    char *run;
    uint64_t step;
    const uint64_t *fence_step;
    struct fy_rtime deadline;
    fy_answered *answered;
    void *context;
    size_t count, open;
    struct fy_question *questions;
    struct one ones[]; /* one for each question: most asks have one, and a question has room for an error */
};

static void free_ask(struct fy_ask *ask)
{
    for (size_t i = 0; i < ask->count; i++) {
        json_decref(ask->questions[i].result);
        free(ask->ones[i].connection);
        free(ask->ones[i].args);
        free(ask->ones[i].key);
        free(ask->ones[i].about);
    }
    free(ask->questions);
    free(ask->run);
    free(ask);
}

static void send_one(struct one *one);

static void send_again(void *context)
{
    struct one *one = context;
    one->timer = NULL;
    send_one(one);
}

/* The answers are in: the place is empty before they are told, so that the next question may hang there. */
static void finish(struct fy_ask *ask)
{
    if (ask->place != NULL)
        *ask->place = NULL;
    ask->answered(ask->context, ask->questions, ask->count);
    free_ask(ask);
}

static void settle(struct one *one)
{
    one->over = true;
    if (--one->ask->open == 0)
        finish(one->ask);
}

/* A run waits for its connection as long as it takes; a question that is nobody's has a person waiting. */
static bool is_down(const struct one *one)
{
    const struct fy_adapters *adapters = one->ask->engine->world.adapters;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, one->connection);
    return one->ask->run[0] != '\0' && info != NULL && info->state == FY_ADAPTER_DOWN;
}

static bool ask_again(struct one *one, const struct fy_adapter_reply *reply)
{
    struct fy_ask *ask = one->ask;
    const struct fy_engine_world *world = &ask->engine->world;
    int64_t pause = PAUSE_MS;
    one->deaths += reply->suspect;
    if (one->deaths >= SUSPECT_DEATHS)
        return false;
    if (reply->status == FY_REPLY_AGAIN)
        pause = reply->after_ms;
    else if (reply->host_died)
        pause = reply->settle_ms > PAUSE_MS ? reply->settle_ms : PAUSE_MS;
    else if (reply->status == FY_REPLY_FAILED && reply->failure != FY_ERR_TRANSIENT &&
             reply->failure != FY_ERR_TIMEOUT)
        return false;
    else if (reply->status == FY_REPLY_UNSURE)
        return false;
    struct fy_rtime now = fy_run_now(&ask->base, &world->clock), at = fy_rtime_add(now, pause);
    if (is_down(one))
        ask->deadline = fy_rtime_add(now, PATIENCE_MS);
    if (fy_rtime_before(ask->deadline, at))
        return false;
    one->timer =
        world->timers.at(world->timers.self, fy_run_wait_ms(&ask->base, &world->clock, at), send_again, one);
    return true;
}

static void replied(void *context, const struct fy_adapter_reply *reply)
{
    struct one *one = context;
    struct fy_question *question = &one->ask->questions[one - one->ask->ones];
    one->handle = 0;
    if (reply->status == FY_REPLY_DONE)
        question->result =
            fy_json_parse(reply->result, strlen(reply->result), question->verb, &question->err);
    else if (ask_again(one, reply))
        return;
    else {
        fy_fail(&question->err, reply->failure != FY_ERR_NONE ? reply->failure : FY_ERR_TRANSIENT, "%s",
                reply->message != NULL ? reply->message : "no answer");
        if (reply->hint != NULL)
            fy_hint(&question->err, "%s", reply->hint);
    }
    settle(one);
}

static uint64_t fence_of(const struct fy_ask *ask)
{
    const struct fy_live *live = fy_live_find(ask->engine, ask->run);
    return live != NULL ? live->epoch : ask->engine->world.store->epoch;
}

static void send_one(struct one *one)
{
    struct fy_ask *ask = one->ask;
    const struct fy_engine_world *world = &ask->engine->world;
    const struct fy_question *question = &ask->questions[one - ask->ones];
    struct fy_adapter_call call = {.connection = one->connection,
                                   .verb = question->verb,
                                   .run = ask->run,
                                   .step = ask->fence_step != NULL ? *ask->fence_step : ask->step,
                                   .attempt = 1,
                                   .fence = fence_of(ask),
                                   .key = one->key,
                                   .now = fy_run_now(&ask->base, &world->clock),
                                   .deadline = ask->deadline,
                                   .scale = (uint32_t)ask->base.scale,
                                   .args = one->args};
    one->handle = world->adapters->call(world->adapters->self, &call, replied, one);
}

void fy_ask(const struct fy_ask_who *who, const struct fy_question *questions, size_t count,
            fy_answered *answered, void *context, struct fy_ask **place)
{
    struct fy_ask *ask = fy_calloc(1, sizeof *ask + count * sizeof ask->ones[0]);
    ask->questions = FY_NEW_ARRAY(struct fy_question, count);
    ask->engine = who->engine;
    ask->base = *who->base;
    ask->run = fy_strdup(who->run);
    ask->step = who->step;
    ask->fence_step = who->fence_step;
    ask->deadline = fy_rtime_add(fy_run_now(&ask->base, &who->engine->world.clock),
                                 who->patience_ms > 0 ? who->patience_ms : PATIENCE_MS);
    ask->answered = answered;
    ask->context = context;
    ask->place = place;
    ask->count = ask->open = count;
    if (place != NULL)
        *place = ask;
    for (size_t i = 0; i < count; i++) {
        ask->questions[i] = questions[i];
        ask->ones[i] = (struct one){
            .ask = ask,
            .connection = fy_strdup(questions[i].connection != NULL ? questions[i].connection : ""),
            .args = fy_strdup(questions[i].args != NULL ? questions[i].args : "{}")};
        ask->ones[i].key =
            questions[i].about != NULL
                ? fy_format("%s/%llu/%s", who->run, (unsigned long long)who->step, questions[i].about)
                : fy_strdup("");
        ask->ones[i].about = questions[i].about != NULL ? fy_strdup(questions[i].about) : NULL;
        ask->questions[i].about = ask->ones[i].about;
        ask->questions[i].connection = ask->ones[i].connection;
        ask->questions[i].args = ask->ones[i].args;
        send_one(&ask->ones[i]);
    }
}

void fy_ask_forget(struct fy_ask **place)
{
    struct fy_ask *ask = *place;
    if (ask == NULL)
        return;
    const struct fy_engine_world *world = &ask->engine->world;
    for (size_t i = 0; i < ask->count; i++) {
        if (ask->ones[i].handle != 0)
            world->adapters->forget(world->adapters->self, ask->ones[i].handle);
        if (ask->ones[i].timer != NULL)
            world->timers.cancel(world->timers.self, ask->ones[i].timer);
    }
    *place = NULL;
    free_ask(ask);
}

bool fy_ask_all_ok(const struct fy_question *questions, size_t count, struct fy_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (questions[i].result == NULL) {
            *err = questions[i].err;
            return fy_wrap(err, "%s of %s", questions[i].verb, questions[i].connection);
        }
    return true;
}

void fy_ask_for(struct fy_live *live, const struct fy_question *questions, size_t count,
                fy_answered *answered)
{
    struct fy_ask_who who = {.engine = live->engine,
                             .run = live->run->id,
                             .step = live->run->step.number,
                             .base = &live->run->base};
    fy_ask(&who, questions, count, answered, live, &live->flight.ask);
}
