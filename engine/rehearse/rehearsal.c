/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/rehearsal.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY   16      /* events: is a question open? */
#define MOST_EVENTS  5000000 /* of a rehearsal that gets nowhere */
#define MOST_MS      (48LL * 60 * 60 * 1000)
#define MOST_PARKING 4                  /* after that nobody presses a button again */
#define PATIENCE_MS  (10LL * 60 * 1000) /* before whoever watches tries again */

const struct fy_trouble_row fy_troubles[FY_TROUBLES] = {
#define PASSES                              true
#define STOPS                               false
#define TROUBLE(name, steps, passing, help) {#name, FY_STEPS_##steps, passing, help},
#include "rehearse/trouble.def"
#undef TROUBLE
#undef PASSES
#undef STOPS
};

struct rehearsal {
    const struct fy_score *score;
    struct fy_twin *twin;
    enum fy_trouble trouble;
    struct fy_outcome *outcome;
    int parked;
    int64_t begin_ms, parked_ms; /* parked_ms 0: it is not parked */
    bool in_world;               /* the trouble of the world has begun */
};

static void say(struct fy_outcome *outcome, const char *why)
{
    (void)snprintf(outcome->why, sizeof outcome->why, "%.*s", (int)sizeof outcome->why - 1, why);
}

/* ---- what befalls it ---- */

static bool is_split(struct fy_twin *twin)
{
    FY_AUTO(fy_json_unref) json_t *status = sim_world_truth(fy_twin_world(twin), "status");
    return fy_json_bool_or(status, "split", false);
}

static void trouble_the_world(struct rehearsal *rehearsal)
{
    static const struct {
        enum fy_trouble trouble;
        const char *fault, *args;
    } faults[] = {{FY_TROUBLE_dial, "dial_test_fails", NULL},
                  {FY_TROUBLE_stray, "dial_test_misplaced", NULL},
                  {FY_TROUBLE_worse, "target_points_worse", "{\"value\":5}"}};
    char why[128];
    if (rehearsal->in_world || !fy_seam_reached(fy_twin_seam(rehearsal->twin)))
        return;
    rehearsal->in_world = true;
    /* One domain again: nobody can be in the other one. */
    rehearsal->outcome->struck = rehearsal->trouble != FY_TROUBLE_stray || is_split(rehearsal->twin);
    for (size_t i = 0; i < FY_COUNT(faults); i++)
        if (faults[i].trouble == rehearsal->trouble)
            (void)sim_world_fault(fy_twin_world(rehearsal->twin), faults[i].fault, faults[i].args, why,
                                  sizeof why);
}

/* The tests were about the target: on the way back they are not disturbed any more. */
static void mend_dial_tests(struct rehearsal *rehearsal, const char *state)
{
    if (rehearsal->in_world && rehearsal->trouble != FY_TROUBLE_worse && strcmp(state, "ROLLING_BACK") == 0)
        (void)sim_world_clear(fy_twin_world(rehearsal->twin), NULL);
}

/* ---- the operator ---- */

static bool offers(const json_t *view, const char *verb)
{
    const json_t *verbs = json_object_get(view, "verbs");
    for (size_t i = 0; i < json_array_size(verbs); i++)
        if (strcmp(json_string_value(json_array_get(verbs, i)), verb) == 0)
            return true;
    return false;
}

static void remember_error(struct rehearsal *rehearsal, const json_t *view)
{
    const char *message = fy_json_string_or(json_object_get(view, "error"), "message", "");
    if (rehearsal->outcome->why[0] == '\0')
        say(rehearsal->outcome, message);
}

/* Whoever watches a rehearsal sends a parked run back, and tries again what stops on that way. False: stuck.
 */
static bool lead_out(struct rehearsal *rehearsal)
{
    struct fy_err err;
    const int64_t now_ms = fy_twin_now_ms(rehearsal->twin);
    rehearsal->parked_ms = rehearsal->parked_ms == 0 ? now_ms : rehearsal->parked_ms;
    if (rehearsal->parked > 0 && now_ms < rehearsal->parked_ms + PATIENCE_MS)
        return true;
    rehearsal->parked_ms = 0;
    FY_AUTO(fy_json_unref) json_t *view = fy_twin_view(rehearsal->twin);
    const char *function = fy_json_string_or(json_object_get(view, "program"), "function", "upgrade");
    remember_error(rehearsal, view);
    if (++rehearsal->parked > MOST_PARKING)
        return false;
    if (strcmp(function, "rollback") != 0)
        return offers(view, "rollback") && fy_twin_command(rehearsal->twin, "rollback", &err);
    return offers(view, "retry") && fy_twin_command(rehearsal->twin, "retry", &err);
}

static void approve_what_is_asked(struct rehearsal *rehearsal)
{
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *view = fy_twin_view(rehearsal->twin);
    if (json_object_get(view, "approval") != NULL)
        (void)fy_twin_command(rehearsal->twin, "approve", &err);
}

/* ---- to the end ---- */

static bool is_over(struct rehearsal *rehearsal, const char *state)
{
    enum fy_end end = rehearsal->outcome->end;
    mend_dial_tests(rehearsal, state);
    if (strcmp(state, "COMPLETED") == 0)
        end = FY_END_DONE;
    else if (strcmp(state, "ROLLED_BACK") == 0)
        end = rehearsal->parked > 0 ? FY_END_PARKED : FY_END_BACK;
    else if (strcmp(state, "FAILED") == 0 || (strcmp(state, "FAILED_TEMP") == 0 && !lead_out(rehearsal)))
        end = FY_END_STUCK;
    rehearsal->outcome->end = end;
    return end != FY_END_NEVER;
}

static void drive(struct rehearsal *rehearsal)
{
    struct fy_twin *twin = rehearsal->twin;
    rehearsal->outcome->end = FY_END_NEVER;
    for (long events = 0; events < MOST_EVENTS; events++) {
        trouble_the_world(rehearsal);
        if (is_over(rehearsal, fy_twin_state(twin)) || !fy_twin_event(twin) ||
            fy_twin_now_ms(twin) - rehearsal->begin_ms > MOST_MS)
            return;
        if (events % LOOK_EVERY == 0)
            approve_what_is_asked(rehearsal);
    }
}

/* ---- how it ended ---- */

static int64_t dropped(struct rehearsal *rehearsal, int64_t *ret_repeated)
{
    FY_AUTO(fy_json_unref) json_t *counters = sim_world_truth(fy_twin_world(rehearsal->twin), "counters");
    *ret_repeated = fy_json_int_or(counters, "keys_repeated", 0);
    return fy_json_int_or(counters, "users_dropped", 0) + fy_json_int_or(counters, "calls_dropped", 0);
}

static json_t *guards_of(struct fy_twin *twin)
{
    FY_AUTO(fy_json_unref) json_t *status = sim_world_truth(fy_twin_world(twin), "status");
    return json_deep_copy(json_object_get(status, "guards"));
}

static const struct fy_order_image *wrong_image(const struct rehearsal *rehearsal, size_t vdu)
{
    const struct fy_order_vdu *row = &rehearsal->score->order->vdus[vdu];
    if (fy_order_vdu_unchanged(row))
        return NULL;
    return rehearsal->outcome->end == FY_END_DONE ? &row->source : &row->target;
}

/* The instances that do not run what the end promises. */
static size_t count_other(struct rehearsal *rehearsal)
{
    struct ferry_call call = {
        .size = sizeof call, .run = "", .key = "", .args = "{}", .now_ms = fy_twin_now_ms(rehearsal->twin)};
    struct sim_reply reply = {0};
    size_t i, count = 0;
    json_t *instance;
    sim_world_call(fy_twin_world(rehearsal->twin), SIM_VIM, "inventory", &call, &reply);
    json_array_foreach(json_object_get(reply.result, "instances"), i, instance)
    {
        const char *runs = fy_json_string_or(instance, "image", "");
        for (size_t v = 0; v < rehearsal->score->order->vdu_count; v++) {
            const struct fy_order_image *wrong = wrong_image(rehearsal, v);
            count += wrong != NULL && strcmp(runs, wrong->ref) == 0;
        }
    }
    sim_reply_clear(&reply);
    return count;
}

static bool refuse(struct fy_outcome *outcome, const char *format, ...) FY_PRINTF(2, 3);

static bool refuse(struct fy_outcome *outcome, const char *format, ...)
{
    char before[sizeof outcome->why];
    va_list args;
    (void)snprintf(before, sizeof before, "%s", outcome->why);
    va_start(args, format);
    int length = vsnprintf(outcome->why, sizeof outcome->why, format, args);
    va_end(args);
    if (before[0] != '\0' && length > 0 && (size_t)length + 3 < sizeof outcome->why)
        (void)snprintf(outcome->why + length, sizeof outcome->why - (size_t)length, ": %.*s",
                       (int)(sizeof outcome->why - (size_t)length) - 3, before);
    return false;
}

static bool judge(struct rehearsal *rehearsal, int64_t repeated)
{
    struct fy_outcome *outcome = rehearsal->outcome;
    const struct fy_trouble_row *row =
        rehearsal->trouble < FY_TROUBLES ? &fy_troubles[rehearsal->trouble] : NULL;
    const int64_t allowed = rehearsal->score->order->limits.max_users_at_risk;
    if (outcome->end == FY_END_STUCK)
        return refuse(outcome, "nothing leads out");
    if (outcome->end == FY_END_NEVER)
        return refuse(outcome, "no end within two days");
    if (outcome->dropped > allowed)
        return refuse(outcome, "%lld users or calls were dropped", (long long)outcome->dropped);
    if (!outcome->guards)
        return refuse(outcome, "the guards are not as they were");
    if (repeated > 0)
        return refuse(outcome, "%lld steps took effect twice", (long long)repeated);
    const size_t others = count_other(rehearsal);
    if (others > 0)
        return refuse(outcome, "%zu instances run the other version", others);
    if ((row == NULL || row->passes) && outcome->end != FY_END_DONE)
        return refuse(outcome, "%s", row == NULL ? "nothing befell it" : "it was to go on by itself");
    if (row != NULL && row->steps != FY_STEPS_ACTS && outcome->struck && outcome->end == FY_END_DONE)
        return refuse(outcome, "it went on");
    return true;
}

/* ---- the steps ---- */

static bool note_step(void *context, const struct fy_row *row)
{
    struct fy_actings *actings = context;
    struct fy_err err;
    if (row->kind != FY_REC_INTENT)
        return true;
    FY_AUTO(fy_json_unref) json_t *body = fy_json_parse(row->body, row->body_length, "intent", &err);
    const char *call = fy_json_string_or(body, "call", "");
    unsigned kinds = 0;
    if (json_object_get(body, "verb") != NULL || strcmp(call, "release_guards") == 0)
        kinds |= FY_STEPS_ACTS;
    if (strcmp(call, "dial_test") == 0)
        kinds |= FY_STEPS_DIAL;
    if (strcmp(call, "soak") == 0)
        kinds |= FY_STEPS_SOAK;
    if (kinds == 0)
        return true;
    struct fy_buf text = {0};
    fy_describe(row, &text);
    const char *colon = strstr(text.data, ": ");
    actings->list = fy_realloc(actings->list, (actings->count + 1) * sizeof *actings->list);
    actings->list[actings->count++] =
        (struct fy_acting){.step = (uint64_t)fy_json_int_or(body, "step", 0),
                           .kinds = kinds,
                           .call = fy_strdup(call),
                           .text = fy_strdup(colon != NULL ? colon + 2 : text.data)};
    fy_buf_free(&text);
    return true;
}

void fy_actings_free(struct fy_actings *actings)
{
    for (size_t i = 0; i < actings->count; i++) {
        free(actings->list[i].call);
        free(actings->list[i].text);
    }
    free(actings->list);
    *actings = (struct fy_actings){0};
}

/* ---- all of it ---- */

static bool print_record(void *context, const struct fy_row *row)
{
    struct fy_buf *line = context;
    if (row->kind == FY_REC_SAMPLE || row->kind == FY_REC_PROGRESS)
        return true;
    line->length = 0;
    fy_describe(row, line);
    (void)printf("%5llu %s\n", (unsigned long long)row->seq, line->data);
    return true;
}

static void print_journal(struct rehearsal *rehearsal, uint64_t step)
{
    struct fy_buf line = {0};
    if (rehearsal->trouble == FY_TROUBLE_NONE)
        return;
    (void)printf("step %llu, %s:\n", (unsigned long long)step, fy_troubles[rehearsal->trouble].name);
    (void)fy_twin_read(rehearsal->twin, print_record, &line);
    fy_buf_free(&line);
    (void)fflush(stdout);
}

static void run(struct rehearsal *rehearsal, uint64_t step, struct fy_actings *actings)
{
    struct fy_outcome *outcome = rehearsal->outcome;
    struct fy_err err = {0};
    int64_t repeated;
    FY_AUTO(fy_json_unref) json_t *guards = guards_of(rehearsal->twin);
    fy_seam_set_trouble(fy_twin_seam(rehearsal->twin), rehearsal->trouble, step);
    rehearsal->begin_ms = fy_twin_now_ms(rehearsal->twin);
    if (!fy_twin_submit(rehearsal->twin, &err)) {
        outcome->end = FY_END_STUCK;
        say(outcome, err.message);
        return;
    }
    drive(rehearsal);
    FY_AUTO(fy_json_unref) json_t *after = guards_of(rehearsal->twin);
    outcome->took_ms = fy_twin_now_ms(rehearsal->twin) - rehearsal->begin_ms;
    outcome->dropped = dropped(rehearsal, &repeated);
    outcome->guards = json_equal(guards, after) != 0;
    outcome->acceptable = judge(rehearsal, repeated);
    if (rehearsal->score->journal)
        print_journal(rehearsal, step);
    if (actings != NULL)
        (void)fy_twin_read(rehearsal->twin, note_step, actings);
}

void fy_rehearse(const struct fy_score *score, enum fy_trouble trouble, uint64_t step,
                 struct fy_outcome *outcome, struct fy_actings *actings)
{
    struct fy_err err = {0};
    struct rehearsal rehearsal = {.score = score, .trouble = trouble, .outcome = outcome};
    *outcome = (struct fy_outcome){.end = FY_END_STUCK};
    if (fy_twin_new(score, &rehearsal.twin, &err))
        run(&rehearsal, step, actings);
    else
        say(outcome, err.message);
    fy_twin_free(rehearsal.twin);
}
