/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that look or wait: sleep, wait_until, observe. */
#include "base/mem.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"

#include <string.h>

#define LOOK_AGAIN_MS 5000
#define WITHIN_MS     (30 * 60 * 1000) /* of a wait_until that says nothing */

/* When the open step's time is over: pauses do not count. */
static struct fy_rtime over_at(const struct fy_live *live, int64_t ms)
{
    const struct fy_run_step *step = &live->run->step;
    return fy_rtime_add((struct fy_rtime){step->since_ms + step->paused_ms}, ms);
}

static void slept(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    fy_step_done(live, "{}");
}

void fy_step_sleep(struct fy_live *live, const json_t *args)
{
    struct fy_rtime until = over_at(live, fy_json_int_or(args, "ms", 0));
    if (fy_rtime_before(fy_live_now(live), until))
        fy_live_wait(live, until, slept);
    else
        fy_step_done(live, "{}");
}

/* ---- observe ------------------------------------------------------------------------------------------- */

static void ask_verb(struct fy_live *live, const json_t *args, fy_answered *answered)
{
    const struct fy_engine_world *world = &live->engine->world;
    const char *verb = fy_json_string_or(args, "verb", "");
    const json_t *given = json_object_get(args, "args");
    FY_AUTO(fy_free_ptr) char *text = given != NULL ? fy_json_text(given) : fy_strdup("{}");
    live->flight.data = fy_strdup(verb);
    struct fy_question question = {.connection = fy_bind_observe(live->run->order, world->adapters, verb),
                                   .verb = live->flight.data,
                                   .args = text};
    fy_ask_for(live, &question, 1, answered);
}

static void free_verb(struct fy_live *live)
{
    free(live->flight.data);
}

static char *last_of(const json_t *result)
{
    FY_AUTO(fy_free_ptr) char *text = fy_json_text(result);
    struct fy_buf last = {0};
    fy_buf_open(&last, '{');
    fy_buf_member_raw(&last, "last", text);
    fy_buf_close(&last, '}');
    return fy_buf_take(&last);
}

static void observed(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    if (!fy_ask_all_ok(questions, count, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    FY_AUTO(fy_free_ptr) char *result = last_of(questions[0].result);
    fy_step_done(live, result);
}

void fy_step_observe(struct fy_live *live, const json_t *args)
{
    live->flight.leave = free_verb;
    ask_verb(live, args, observed);
}

/* ---- wait_until ---------------------------------------------------------------------------------------- */

static bool is_so(const json_t *result, json_t *wanted)
{
    const char *member;
    json_t *value;
    json_object_foreach(wanted, member, value)
    {
        if (!json_equal(json_object_get(result, member), value))
            return false;
    }
    return true;
}

static void look_again(void *context);

static void looked(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref)
    json_t *args = fy_json_parse(live->run->step.args, strlen(live->run->step.args), "wait_until", &err);
    bool answered = fy_ask_all_ok(questions, count, &err);
    if (answered && is_so(questions[0].result, json_object_get(args, "until"))) {
        FY_AUTO(fy_free_ptr) char *result = last_of(questions[0].result);
        fy_step_done(live, result);
        return;
    }
    struct fy_rtime next = fy_rtime_add(fy_live_now(live), LOOK_AGAIN_MS);
    struct fy_rtime end = over_at(live, fy_json_int_or(args, "within_ms", WITHIN_MS));
    bool refused = !answered && err.kind != FY_ERR_TRANSIENT && err.kind != FY_ERR_TIMEOUT;
    if (!refused && fy_rtime_before(next, end)) {
        fy_live_wait(live, next, look_again);
        return;
    }
    if (answered) {
        FY_AUTO(fy_free_ptr) char *last = fy_json_text(questions[0].result);
        fy_fail(&err, FY_ERR_TIMEOUT, "waited %lld s for %s in vain; the last answer was %.300s",
                (long long)(fy_json_int_or(args, "within_ms", WITHIN_MS) / 1000),
                fy_json_string_or(args, "verb", "?"), last);
        fy_hint(&err, "find out what keeps it, then retry");
    }
    fy_step_failed(live, &err);
}

/*
 * What is asked of the verb once more. While something is set aside, "are all in sync?" would never come
 * true: the others are asked about by name.
 */
static void others_known(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    struct fy_landscape *landscape;
    (void)count;
    FY_AUTO(fy_json_unref)
    json_t *args = fy_json_parse(live->run->step.args, strlen(live->run->step.args), "wait_until", &err);
    if (!fy_planning_landscape(questions, &landscape, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    json_t *others = json_array();
    for (size_t i = 0; i < landscape->count; i++)
        if (!fy_aside_has(live->run, landscape->instances[i].id))
            (void)json_array_append_new(others, json_string(landscape->instances[i].id));
    fy_landscape_free(landscape);
    (void)json_object_set_new(json_object_get(args, "args"), "instances", others);
    ask_verb(live, args, looked);
}

static void ask_now(struct fy_live *live)
{
    bool none;
    struct fy_err err = {0};
    FY_AUTO(fy_free_ptr) char *left = fy_aside_args(live->run, live->run->step.args, &none);
    const char *text = left != NULL ? left : live->run->step.args;
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(text, strlen(text), "wait_until", &err);
    json_t *inner = json_object_get(args, "args");
    if (none) { /* all of its instances are set aside: there is nothing to wait for */
        fy_step_done(live, "{\"last\":{},\"set_aside\":true}");
    } else if (live->run->aside_count > 0 && json_is_object(inner) && json_object_size(inner) == 0 &&
               strcmp(fy_json_string_or(args, "verb", ""), "sync_state") == 0) {
        struct fy_question questions[FY_PLANNING_QUESTIONS];
        fy_planning_ask(live->run->order, questions);
        fy_ask_for(live, questions, FY_PLANNING_QUESTIONS, others_known);
    } else {
        ask_verb(live, args, looked);
    }
}

static void look_again(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    free(live->flight.data);
    live->flight.data = NULL;
    ask_now(live);
}

void fy_step_wait_until(struct fy_live *live, const json_t *args)
{
    (void)args;
    live->flight.leave = free_verb;
    ask_now(live);
}
