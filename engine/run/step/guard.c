/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take_guard reads a guard's state and journals it before anything is touched; the workflow then sets it
 * (guard_set, an adapter step). release_guards gives back what the ledger holds, one after the other:
 *
 *     read: is it as we left it? -> set to prior -> read back -> "guard released"
 *
 * What somebody else has changed meanwhile is reported, not overwritten. Where the adapter can, it is set
 * with a lease (lease.h), which the engine renews beside the steps.
 */
#include "base/mem.h"
#include "base/point.h"
#include "run/ask.h"
#include "run/step/guards.h"
#include "run/step/lease.h"
#include "run/step/step.h"

#include <string.h>

/* ---- take ------------------------------------------------------------------------------------------------
 */

static void put_guard(struct fy_buf *buf, const char *guard, const char *connection, const char *prior,
                      const char *off, int64_t lease_ms)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "guard", guard);
    fy_buf_member(buf, "connection", connection);
    fy_buf_member_raw(buf, "prior", prior);
    fy_buf_member_raw(buf, "off", off);
    if (lease_ms > 0)
        fy_buf_member_int(buf, "lease_ms", lease_ms);
    fy_buf_close(buf, '}');
}

bool fy_guard_same(const char *a, const char *b)
{
    FY_AUTO(fy_json_unref) json_t *left = json_loads(a, JSON_DECODE_ANY, NULL);
    FY_AUTO(fy_json_unref) json_t *right = json_loads(b, JSON_DECODE_ANY, NULL);
    return json_equal(left, right);
}

/*
 * In the ledger already, taken by a former program: what the ledger says is how it was. What somebody else
 * has made of it meanwhile is left alone: the workflow sets it to what it is, without a lease that would undo
 * it.
 */
static void found_held(struct fy_live *live, const struct fy_held *held, const char *found)
{
    struct fy_buf result = {0};
    bool ours = fy_guard_same(found, held->prior) || fy_guard_same(found, held->off);
    put_guard(&result, held->guard, held->connection, held->prior, ours ? held->off : found,
              ours ? held->lease_ms : 0);
    fy_step_done(live, result.data);
    fy_buf_free(&result);
}

static void guard_read(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    const char *connection, *off;
    FY_AUTO(fy_json_unref)
    json_t *args = fy_json_parse(live->run->step.args, strlen(live->run->step.args), "take_guard", &err);
    const char *guard = fy_json_string_or(args, "guard", "");
    if (!fy_ask_all_ok(questions, count, &err) ||
        !fy_bind_guard(live->run->order, guard, &connection, &off, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    FY_AUTO(fy_free_ptr)
    char *prior = json_dumps(json_object_get(questions[0].result, "state"), JSON_COMPACT | JSON_ENCODE_ANY);
    const struct fy_held *held = fy_run_find_held(live->run, guard);
    struct fy_buf body = {0};
    if (held != NULL && held->held) {
        found_held(live, held, prior != NULL ? prior : held->prior);
        return;
    }
    put_guard(&body, guard, connection, prior != NULL ? prior : "null", off,
              fy_lease_length(live, connection));
    FY_AUTO(fy_free_ptr) char *result = fy_strdup(body.data);
    FY_POINT(run_guard_read);
    fy_put(live, FY_REC_GUARD_TAKEN, &body);
    fy_step_done(live, result);
}

static char *question_args(const char *guard)
{
    struct fy_buf args = {0};
    fy_buf_open(&args, '{');
    fy_buf_member(&args, "guard", guard);
    fy_buf_close(&args, '}');
    return fy_buf_take(&args);
}

void fy_step_take_guard(struct fy_live *live, const json_t *args)
{
    struct fy_err err = {0};
    const char *guard = fy_json_string_or(args, "guard", ""), *connection;
    if (!fy_bind_guard(live->run->order, guard, &connection, NULL, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    FY_AUTO(fy_free_ptr) char *text = question_args(guard);
    struct fy_question question = {.connection = connection, .verb = "guard_read", .args = text};
    fy_ask_for(live, &question, 1, guard_read);
}

/* ---- release ---------------------------------------------------------------------------------------------
 */

struct releasing {
    size_t at; /* index in the ledger */
    char *found;
    bool set;     /* the prior state has been set; what is read now is the proof */
    bool changed; /* by somebody else */
};

static void leave_releasing(struct fy_live *live)
{
    struct releasing *releasing = live->flight.data;
    free(releasing->found);
    free(releasing);
}

static void release_next(struct fy_live *live);

static void read_guard(struct fy_live *live, fy_answered *answered)
{
    struct releasing *releasing = live->flight.data;
    const struct fy_held *held = &live->run->held[releasing->at];
    FY_AUTO(fy_free_ptr) char *text = question_args(held->guard);
    struct fy_question question = {.connection = held->connection, .verb = "guard_read", .args = text};
    fy_ask_for(live, &question, 1, answered);
}

/* A guard that was taken may not have been set yet, or have been set back before a crash: as prior is fine.
 */
static bool is_ours(const struct fy_held *held, const char *found)
{
    return fy_guard_same(found, held->off) || fy_guard_same(found, held->prior);
}

static void put_released(struct fy_live *live, const struct fy_held *held, const struct releasing *releasing)
{
    bool as_it_was = fy_guard_same(releasing->found, held->prior);
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "guard", held->guard);
    fy_buf_member_raw(&body, "found", releasing->found);
    fy_buf_member_bool(&body, "as_it_was", as_it_was);
    if (releasing->changed)
        fy_buf_member(&body, "why", "somebody else has changed it meanwhile; it was left as it is");
    else if (!as_it_was)
        fy_buf_member(&body, "why", "it was set as it was before, but reads differently");
    fy_buf_close(&body, '}');
    FY_POINT(run_guard_released);
    fy_put(live, FY_REC_GUARD_RELEASED, &body);
}

static void one_released(struct fy_live *live)
{
    struct releasing *releasing = live->flight.data;
    put_released(live, &live->run->held[releasing->at], releasing);
    free(releasing->found);
    *releasing = (struct releasing){.at = releasing->at + 1};
    release_next(live);
}

static void proof_read(void *context, struct fy_question *questions, size_t count);

static void guard_set(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct releasing *releasing = live->flight.data;
    struct fy_err err = {0};
    if (!fy_ask_all_ok(questions, count, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    FY_POINT(run_guard_set);
    releasing->set = true;
    read_guard(live, proof_read);
}

static void set_guard(struct fy_live *live, const struct fy_held *held)
{
    struct fy_buf args = {0};
    fy_buf_open(&args, '{');
    fy_buf_member(&args, "guard", held->guard);
    fy_buf_member_raw(&args, "state", held->prior);
    fy_buf_member_raw(&args, "prior", held->off);
    fy_buf_close(&args, '}');
    struct fy_question question = {
        .connection = held->connection, .verb = "guard_set", .args = args.data, .about = held->guard};
    FY_POINT(run_before_guard_set);
    fy_ask_for(live, &question, 1, guard_set);
    fy_buf_free(&args);
}

static void proof_read(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct releasing *releasing = live->flight.data;
    const struct fy_held *held = &live->run->held[releasing->at];
    struct fy_err err = {0};
    if (!fy_ask_all_ok(questions, count, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    free(releasing->found);
    releasing->found =
        json_dumps(json_object_get(questions[0].result, "state"), JSON_COMPACT | JSON_ENCODE_ANY);
    if (releasing->found == NULL)
        releasing->found = fy_strdup("null");
    releasing->changed = !releasing->set && !is_ours(held, releasing->found);
    if (releasing->set || releasing->changed || fy_guard_same(releasing->found, held->prior))
        one_released(live);
    else
        set_guard(live, held);
}

static void put_result(const struct fy_live *live, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_key(buf, "released");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < live->run->held_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "guard", live->run->held[i].guard);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

/* A renewal under way would come after it and switch off again what was given back. */
static void release_after_renewal(struct fy_live *live)
{
    if (fy_lease_under_way(live))
        return;
    live->flight.look = NULL;
    release_next(live);
}

static void release_next(struct fy_live *live)
{
    struct releasing *releasing = live->flight.data;
    while (releasing->at < live->run->held_count && !live->run->held[releasing->at].held)
        releasing->at++;
    if (releasing->at < live->run->held_count) {
        read_guard(live, proof_read);
        return;
    }
    struct fy_buf result = {0};
    put_result(live, &result);
    fy_step_done(live, result.data);
    fy_buf_free(&result);
}

void fy_step_release_guards(struct fy_live *live, const json_t *args)
{
    (void)args;
    live->flight.data = FY_NEW(struct releasing);
    live->flight.leave = leave_releasing;
    live->flight.look = release_after_renewal;
    release_after_renewal(live);
}

char *fy_guards_hand_over(const struct fy_run *run)
{
    struct fy_buf text = {0};
    fy_buf_text(&text, "given over to people");
    for (size_t i = 0, named = 0; i < run->held_count; i++)
        if (run->held[i].held)
            fy_buf_format(&text, "%s %s", named++ == 0 ? "; still off, to be given back by hand:" : ",",
                          run->held[i].guard);
    return fy_buf_take(&text);
}
