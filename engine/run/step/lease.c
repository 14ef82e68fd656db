/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/lease.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/point.h"
#include "base/time.h"
#include "run/ask.h"
#include "run/step/guards.h"
#include "run/step/step.h"

#include <string.h>

#define LENGTH_MS         (30 * 60 * 1000LL)
#define LENGTH_MACHINE_MS (20 * 1000LL) /* a trial's engine takes as long to come back as any other */
#define PARTS             3             /* of a lease that pass between two renewals: two of them may fail */
#define AGAIN_MS          (60 * 1000LL) /* after one that failed */

enum stage {
    AT_REST,
    READING,
    SEEN, /* it is to be set: as soon as all is durable, what was said about it too */
    SETTING,
};

/* Of one guard of the ledger, by its index: what this process knows beyond the fold. */
struct lease {
    int64_t leased_ms; /* when the last renewal that succeeded was asked for */
    int64_t again_ms;  /* after a failure: not before */
    bool told;         /* of this failure */
};

struct fy_leases {
    struct lease *of;
    size_t count;
    size_t at; /* the one that is looked at */
    enum stage stage;
    uint64_t step; /* of the run when it was asked */
    int64_t asked_ms, timer_ms;
    void *timer;
    struct fy_ask *ask;
};

/* ---- what an adapter can ---------------------------------------------------------------------------------
 */

/* An adapter declares that it can by having lease_ms among the arguments of guard_set. */
static int64_t longest(const struct fy_adapter_verb *verb)
{
    FY_AUTO(fy_json_unref) json_t *schema = json_loads(verb->schema != NULL ? verb->schema : "{}", 0, NULL);
    const json_t *lease = json_object_get(json_object_get(schema, "properties"), "lease_ms");
    return lease != NULL ? fy_json_int_or(lease, "maximum", INT64_MAX) : 0;
}

int64_t fy_lease_length(const struct fy_live *live, const char *connection)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, connection);
    const struct fy_adapter_verb *verb = info != NULL ? fy_adapter_verb(info, "guard_set") : NULL;
    int64_t most = verb != NULL ? longest(verb) : 0;
    int64_t wanted = LENGTH_MACHINE_MS * (int64_t)live->run->base.scale;
    wanted = wanted > LENGTH_MS ? wanted : LENGTH_MS;
    return wanted < most ? wanted : most;
}

/* ---- the fold --------------------------------------------------------------------------------------------
 */

void fy_lease_fold_intent(struct fy_run *run)
{
    for (size_t i = 0; i < run->held_count && strcmp(run->step.call, "release_guards") == 0; i++)
        run->held[i].giving_back = true;
}

/* Set by the workflow. Its lease counts from when that was asked for: it did not begin before. */
void fy_lease_fold_done(struct fy_run *run)
{
    if (strcmp(run->step.call, "guard_set") != 0)
        return;
    FY_AUTO(fy_json_unref) json_t *args = json_loads(run->step.args, 0, NULL);
    struct fy_held *held = fy_run_find_held(run, fy_json_string_or(args, "guard", ""));
    if (held == NULL || fy_json_int_or(args, "lease_ms", 0) <= 0)
        return;
    held->leased_ms = run->step.since_ms;
    held->giving_back = held->left = false;
}

void fy_lease_fold_alarm(struct fy_run *run, int64_t time_ms, const json_t *doc)
{
    struct fy_held *held = fy_run_find_held(run, fy_json_string_or(doc, "guard", ""));
    const char *lease = fy_json_string_or(doc, "lease", "");
    if (held == NULL)
        return;
    held->left |= strcmp(lease, "left") == 0;
    if (strcmp(lease, "taken again") == 0) {
        held->leased_ms = time_ms;
        held->giving_back = false;
    }
}

/* ---- telling ---------------------------------------------------------------------------------------------
 */

static const struct fy_held *held_at(const struct fy_live *live)
{
    return &live->run->held[live->leases->at];
}

static int64_t leased_ms(const struct fy_live *live, size_t index)
{
    int64_t known = live->run->held[index].leased_ms, renewed = live->leases->of[index].leased_ms;
    return renewed > known ? renewed : known;
}

static bool has_run_out(const struct fy_live *live)
{
    return fy_live_now(live).ms >= leased_ms(live, live->leases->at) + held_at(live)->lease_ms;
}

static void say(struct fy_live *live, const char *lease, const char *text)
{
    struct fy_buf body = {0};
    FY_AUTO(fy_free_ptr) char *about = fy_format("guard %s", held_at(live)->guard);
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "text", text);
    fy_buf_member(&body, "about", about);
    fy_buf_member(&body, "guard", held_at(live)->guard);
    fy_buf_member(&body, "lease", lease);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_ALARM, &body);
    if (!live->tray.held) /* else it goes with the outcome that waits there */
        fy_flush(live);
}

/* For who asks later how long it was kept off. Nothing stands on it: it is lazy, and the fold has no use for
 * it. */
static void note_renewed(struct fy_live *live)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "guard", held_at(live)->guard);
    fy_buf_member(&body, "lease", "renewed");
    fy_buf_member_int(&body, "until_ms", leased_ms(live, live->leases->at) + held_at(live)->lease_ms);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_PROGRESS, &body);
    if (!live->tray.held)
        fy_flush(live);
}

static void say_failed(struct fy_live *live, const char *why)
{
    const struct fy_held *held = held_at(live);
    char at[FY_TIME_TEXT];
    live->leases->of[live->leases->at].told = true;
    FY_AUTO(fy_free_ptr)
    char *text =
        fy_format("the lease of guard %s on %s could not be renewed: %s. It runs out at %s; then the "
                  "platform switches it on again. Ferry goes on trying",
                  held->guard, held->connection, why,
                  fy_time_format(leased_ms(live, live->leases->at) + held->lease_ms, at));
    say(live, "not renewed", text);
}

static void say_left(struct fy_live *live, const char *found)
{
    const struct fy_held *held = held_at(live);
    FY_AUTO(fy_free_ptr)
    char *text = fy_format("guard %s on %s reads %s: somebody else has changed it. It is left as it is, and "
                           "its lease is not renewed any more",
                           held->guard, held->connection, found);
    say(live, "left", text);
}

static void say_taken_again(struct fy_live *live)
{
    const struct fy_held *held = held_at(live);
    FY_AUTO(fy_free_ptr)
    char *text = fy_format(
        "guard %s on %s is on again as it was before the run: %s. It is taken again; look at "
        "what the platform did meanwhile",
        held->guard, held->connection,
        held->giving_back ? "giving it back had begun" : "its lease ran out while nobody renewed it");
    say(live, "taken again", text);
}

/* ---- renewing --------------------------------------------------------------------------------------------
 */

static void rest(struct fy_live *live)
{
    live->leases->stage = AT_REST;
    fy_drive(live);
}

/* Steps went on meanwhile: a peer that fences may have seen a later one first. That alone alarms nobody. */
static void failed(struct fy_live *live, const struct fy_err *err)
{
    struct lease *lease = &live->leases->of[live->leases->at];
    lease->again_ms = fy_live_now(live).ms + AGAIN_MS;
    bool overtaken = err->kind == FY_ERR_REFUSED && live->leases->step != live->run->step.number;
    if (!overtaken && !lease->told)
        say_failed(live, err->message);
    rest(live);
}

static void ask(struct fy_live *live, const struct fy_question *question, enum stage stage,
                fy_answered *answered)
{
    struct fy_leases *leases = live->leases;
    const struct fy_run *run = live->run;
    struct fy_ask_who who = {.engine = live->engine,
                             .run = run->id,
                             .step = run->step.number,
                             .fence_step = &run->step.number,
                             .base = &run->base};
    leases->stage = stage;
    leases->step = run->step.number;
    leases->asked_ms = fy_live_now(live).ms;
    fy_ask(&who, question, 1, answered, live, &leases->ask);
}

static void set(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct lease *lease = &live->leases->of[live->leases->at];
    struct fy_err err = {0};
    if (!fy_ask_all_ok(questions, count, &err)) {
        failed(live, &err);
        return;
    }
    *lease = (struct lease){.leased_ms = live->leases->asked_ms};
    FY_POINT(lease_renewed);
    note_renewed(live);
    rest(live);
}

static void renew(struct fy_live *live)
{
    const struct fy_held *held = held_at(live);
    struct fy_buf args = {0};
    fy_buf_open(&args, '{');
    fy_buf_member(&args, "guard", held->guard);
    fy_buf_member_raw(&args, "state", held->off);
    fy_buf_member_raw(&args, "prior", held->prior);
    fy_buf_member_int(&args, "lease_ms", held->lease_ms);
    fy_buf_close(&args, '}');
    FY_AUTO(fy_free_ptr)
    char *about = fy_format("lease/%s/%lld", held->guard, (long long)fy_live_now(live).ms);
    struct fy_question question = {
        .connection = held->connection, .verb = "guard_set", .args = args.data, .about = about};
    ask(live, &question, SETTING, set);
    fy_buf_free(&args);
}

static bool gives_back(const struct fy_run *run)
{
    return run->step.open && strcmp(run->step.call, "release_guards") == 0;
}

static void read_state(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    const struct fy_held *held = held_at(live);
    struct fy_err err = {0};
    if (!fy_ask_all_ok(questions, count, &err)) {
        failed(live, &err);
        return;
    }
    FY_AUTO(fy_free_ptr)
    char *found = json_dumps(json_object_get(questions[0].result, "state"), JSON_COMPACT | JSON_ENCODE_ANY);
    live->leases->stage = AT_REST;
    if (found == NULL) {
        fy_fail(&err, FY_ERR_PERMANENT, "guard_read of %s told no state", held->connection);
        failed(live, &err);
    } else if (gives_back(live->run) || !held->held) {
        rest(live);
    } else if (fy_guard_same(found, held->off)) {
        live->leases->stage = SEEN;
        fy_drive(live);
    } else if (fy_guard_same(found, held->prior) && (held->giving_back || has_run_out(live))) {
        live->leases->stage = SEEN;
        say_taken_again(live);
    } else {
        say_left(live, found);
    }
}

static void look(struct fy_live *live)
{
    const struct fy_held *held = held_at(live);
    struct fy_buf args = {0};
    fy_buf_open(&args, '{');
    fy_buf_member(&args, "guard", held->guard);
    fy_buf_close(&args, '}');
    struct fy_question question = {.connection = held->connection, .verb = "guard_read", .args = args.data};
    ask(live, &question, READING, read_state);
    fy_buf_free(&args);
}

/* ---- when ------------------------------------------------------------------------------------------------
 */

static void fired(void *context)
{
    struct fy_live *live = context;
    live->leases->timer = NULL;
    fy_drive(live);
}

static void wake_at(struct fy_live *live, int64_t at_ms)
{
    struct fy_leases *leases = live->leases;
    if (leases->timer != NULL && leases->timer_ms == at_ms)
        return;
    fy_live_cancel(live, &leases->timer);
    leases->timer = fy_live_timer(live, (struct fy_rtime){at_ms}, fired);
    leases->timer_ms = at_ms;
}

static int64_t due_ms(const struct fy_live *live, size_t index)
{
    const struct fy_held *held = &live->run->held[index];
    const struct lease *lease = &live->leases->of[index];
    if (!held->held || held->left || held->lease_ms <= 0 || held->leased_ms == 0)
        return INT64_MAX;
    int64_t at_ms = leased_ms(live, index) + held->lease_ms / PARTS;
    return at_ms > lease->again_ms ? at_ms : lease->again_ms;
}

static void keep_up(struct fy_live *live)
{
    if (live->leases == NULL)
        live->leases = FY_NEW(struct fy_leases);
    struct fy_leases *leases = live->leases;
    if (leases->count == live->run->held_count)
        return;
    leases->of = fy_realloc(leases->of, live->run->held_count * sizeof *leases->of);
    while (leases->count < live->run->held_count)
        leases->of[leases->count++] = (struct lease){0};
}

/* A connection that is down is waited for, as ever; that a lease runs out meanwhile is told. */
static void watch_asked(struct fy_live *live)
{
    struct fy_leases *leases = live->leases;
    int64_t out_ms = leased_ms(live, leases->at) + held_at(live)->lease_ms;
    int64_t soon_ms = leases->asked_ms + AGAIN_MS; /* it had run out before this engine was there */
    out_ms = out_ms > soon_ms ? out_ms : soon_ms;
    if (leases->of[leases->at].told)
        return;
    if (fy_live_now(live).ms < out_ms)
        wake_at(live, out_ms);
    else
        say_failed(live, "it does not answer");
}

static void look_at_due(struct fy_live *live)
{
    struct fy_leases *leases = live->leases;
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < leases->count; i++) {
        int64_t at_ms = due_ms(live, i);
        if (at_ms < first_ms) {
            first_ms = at_ms;
            leases->at = i;
        }
    }
    if (first_ms == INT64_MAX)
        return;
    if (fy_live_now(live).ms < first_ms)
        wake_at(live, first_ms);
    else
        look(live);
}

void fy_lease_drive(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    if (fy_state_final(run->state) || run->held_count == 0 || live->tray.forced)
        return;
    keep_up(live);
    struct fy_leases *leases = live->leases;
    if (leases->ask != NULL) {
        watch_asked(live);
    } else if (gives_back(run)) {
        leases->stage = AT_REST;
    } else if (leases->stage == SEEN) {
        renew(live);
    } else {
        look_at_due(live);
    }
}

bool fy_lease_under_way(const struct fy_live *live)
{
    return live->leases != NULL && live->leases->stage == SETTING;
}

void fy_lease_free(struct fy_live *live)
{
    if (live->leases == NULL)
        return;
    fy_ask_forget(&live->leases->ask);
    fy_live_cancel(live, &live->leases->timer);
    free(live->leases->of);
    free(live->leases);
    live->leases = NULL;
}
