/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/upgrade.h"

#include "base/mem.h"
#include "script/local.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_OPENS_MS  1893945600000 /* 2030-01-06T16:00:00Z, as tests/crash/order.xml says */
#define MANY_EVENTS      200000
#define BETWEEN_TRIES_MS 5000

bool upgrade_shows;

/* ---- the store, watched ---- */

/* The harness has one store in its life and each process one harness. */
static struct {
    struct upgrade *of;
    struct fy_store real;
} watched;

static bool refuse(struct fy_err *err, const char *what)
{
    fy_fail(err, FY_ERR_TRANSIENT, "could not %s the store: disk I/O error", what);
    return fy_hint(err, "a fault of this test");
}

static void note_durable(struct upgrade *u, const struct fy_store_batch *batch)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct fy_row *row = &batch->rows[i];
        struct fy_err err;
        if (row->kind != FY_REC_INTENT)
            continue;
        json_t *body = fy_json_parse(row->body, row->body_length, "intent", &err);
        int64_t step = fy_json_int_or(body, "step", -1);
        if (step >= 0 && step < UPGRADE_STEPS)
            u->durable[step] = true;
        json_decref(body);
    }
}

static bool commit(struct fy_store *store, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct upgrade *u = watched.of;
    u->commits++;
    if (u->commit_fails != NULL && u->commit_fails(u, u->commits))
        return refuse(err, "write");
    if (!watched.real.commit(store, batch, err))
        return false;
    note_durable(u, batch);
    return true;
}

static bool read_goes_wrong(struct fy_err *err)
{
    struct upgrade *u = watched.of;
    u->reads++;
    return u->read_fails != NULL && u->read_fails(u, u->reads) && !refuse(err, "read");
}

/* Half of what there is was visited when a read fails: nobody may take that for the whole. */
struct half {
    bool (*visit)(void *context, const struct fy_row *row);
    void *context;
    size_t left;
};

static bool visit_half(void *context, const struct fy_row *row)
{
    struct half *half = context;
    return half->left-- > 0 && half->visit(half->context, row);
}

static bool read_run(struct fy_store *store, const char *run, uint64_t after,
                     bool (*visit)(void *context, const struct fy_row *row), void *context,
                     struct fy_err *err)
{
    struct half half = {visit, context, 5};
    if (!read_goes_wrong(err))
        return watched.real.read(store, run, after, visit, context, err);
    (void)watched.real.read(store, run, after, visit_half, &half, err);
    return refuse(err, "read");
}

static bool read_live(struct fy_store *store, bool (*visit)(void *context, const struct fy_row *row),
                      void *context, struct fy_err *err)
{
    struct half half = {visit, context, 5};
    if (!read_goes_wrong(err))
        return watched.real.read_live(store, visit, context, err);
    (void)watched.real.read_live(store, visit_half, &half, err);
    return refuse(err, "read");
}

static bool read_lines(struct fy_store *store, bool live_only,
                       bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                       struct fy_err *err)
{
    return !read_goes_wrong(err) && watched.real.runs(store, live_only, visit, context, err);
}

static bool read_text(struct fy_store *store, const char *sha256, char **ret_bytes, size_t *ret_length,
                      struct fy_err *err)
{
    return !read_goes_wrong(err) && watched.real.text(store, sha256, ret_bytes, ret_length, err);
}

static void watch_store(struct upgrade *u)
{
    struct fy_store *store = u->h->store;
    watched.of = u;
    watched.real = *store;
    store->commit = commit;
    store->read = read_run;
    store->read_live = read_live;
    store->runs = read_lines;
    store->text = read_text;
}

/* ---- making ---- */

static char *file_text(const char *path)
{
    struct fy_buf text = {0};
    char part[4096];
    size_t count;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        abort();
    while ((count = fread(part, 1, sizeof part, file)) > 0)
        fy_buf_put(&text, part, count);
    (void)fclose(file);
    return fy_buf_take(&text);
}

struct upgrade *upgrade_new(const struct ferry_adapter *vim, const struct ferry_adapter *nf)
{
    struct upgrade *u = FY_NEW(struct upgrade);
    FY_AUTO(fy_free_ptr) char *world = file_text(SOURCE_DIR "/tests/crash/world.json");
    u->h = harness_new(
        &(struct harness_options){.world = world, .start_ms = WINDOW_OPENS_MS + 1000, .vim = vim, .nf = nf});
    u->h->options.world = NULL;
    watch_store(u);
    return u;
}

void upgrade_free(struct upgrade *u)
{
    *u->h->store = watched.real; /* closing is not watched */
    harness_free(u->h);
    free(u->run);
    free(u);
}

void upgrade_wrong(struct upgrade *u, const char *format, ...)
{
    va_list args;
    if (u->wrong[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(u->wrong, sizeof u->wrong, format, args);
    va_end(args);
}

void upgrade_acts(struct upgrade *u, const struct fy_adapter_call *call)
{
    const struct fy_adapters *adapters = fy_local_adapters(u->h->local);
    const struct fy_adapter_verb *verb =
        fy_adapter_verb(adapters->describe(adapters->self, call->connection), call->verb);
    if (verb == NULL || verb->observe)
        return;
    if (call->step >= UPGRADE_STEPS || !u->durable[call->step])
        upgrade_wrong(u, "%s (%s) acts and its intent is not durable", call->verb, call->key);
}

/* ---- operating ---- */

/* What ends as hold is looked at and retried by people: that is what is tested here. */
static char *order_text(void)
{
    static const char policy[] = "onFailure=\"rollback\"";
    FY_AUTO(fy_free_ptr) char *text = file_text(SOURCE_DIR "/tests/crash/order.xml");
    char *place = strstr(text, policy);
    if (place == NULL)
        abort();
    *place = '\0';
    return fy_format("%sonFailure=\"hold\"%s", text, place + strlen(policy));
}

static void submit(struct upgrade *u)
{
    struct fy_err err = {0};
    const char *run = NULL;
    bool existed = false;
    FY_AUTO(fy_free_ptr) char *xml = order_text();
    if (harness_submit_text(u->h, xml, &run, &existed, &err))
        u->run = fy_strdup(run);
    else if (err.kind != FY_ERR_TRANSIENT)
        upgrade_wrong(u, "the order is refused: %s", err.message);
    else
        u->refused++;
}

static void verb(struct upgrade *u, const char *verb)
{
    struct fy_err err = {0};
    if (harness_command(u->h, u->run, verb, NULL, &err))
        return;
    if (err.kind != FY_ERR_TRANSIENT)
        upgrade_wrong(u, "%s is refused: %s", verb, err.message);
    u->refused++;
}

static void note_park(struct upgrade *u, const json_t *view)
{
    const json_t *error = json_object_get(view, "error");
    const char *message = fy_json_string_or(error, "message", "");
    (void)snprintf(u->last_park, sizeof u->last_park, "%s: %s", fy_json_string_or(error, "kind", ""),
                   message);
    u->parked++;
    if (message[0] == '\0')
        upgrade_wrong(u, "the run is parked and does not say why");
}

/* One look at the run, and what a person does about what is seen. True at its end. */
static bool operate(struct upgrade *u)
{
    struct fy_buf text = {0};
    struct fy_err err = {0};
    if (!fy_engine_show(u->h->engine, u->run, &text, &err)) {
        fy_buf_free(&text);
        if (err.kind == FY_ERR_NOT_FOUND)
            free(fy_steal(&u->run)); /* not durable yet when the engine died: it is sent again */
        return false;
    }
    json_t *view = fy_json_parse(text.data, text.length, "view", &err);
    fy_buf_free(&text);
    const char *state = fy_json_string_or(view, "state", "");
    bool over =
        strcmp(state, "COMMITTED") == 0 || strcmp(state, "ROLLED_BACK") == 0 || strcmp(state, "FAILED") == 0;
    if (strcmp(state, "COMPLETED") == 0) {
        verb(u, "commit");
    } else if (strcmp(state, "FAILED_TEMP") == 0) {
        note_park(u, view);
        if (++u->retried > UPGRADE_RETRIES)
            upgrade_wrong(u, "retried %d times and still parked: %s", UPGRADE_RETRIES, u->last_park);
        else
            verb(u, "retry");
    } else if (json_object_get(view, "approval") != NULL) {
        verb(u, "approve");
    }
    json_decref(view);
    return over;
}

/* The harness asks a store that fails once in an event: time goes on as it does between two tries of ferryd.
 */
static void let_happen(struct upgrade *u)
{
    struct harness *h = u->h;
    if (fy_journal_trouble(h->journal) == NULL && harness_event(h))
        return;
    fy_journal_turn(h->journal);
    if (fy_script_local_turn(h->script) > 0 || fy_local_turn(h->local) > 0)
        return;
    if (!virtual_time_next(h->time, BETWEEN_TRIES_MS))
        virtual_time_pass(h->time, BETWEEN_TRIES_MS);
}

void upgrade_run(struct upgrade *u)
{
    for (u->events = 0; u->events < MANY_EVENTS && u->wrong[0] == '\0'; u->events++) {
        if (u->before_event != NULL && !u->before_event(u))
            return;
        if (u->run == NULL)
            submit(u);
        else if (operate(u))
            return;
        let_happen(u);
    }
    upgrade_wrong(u, "no end after %ld events", u->events);
}

/* ---- judging ---- */

struct reading {
    struct upgrade *u;
    char *verb[UPGRADE_STEPS];       /* of acting steps */
    bool releases[UPGRADE_STEPS];    /* guards given back: one key for each */
    int64_t attempt[UPGRADE_STEPS];  /* of the last intent */
    int64_t outcomes[UPGRADE_STEPS]; /* for that attempt */
    bool ok[UPGRADE_STEPS];
    struct fy_verifier verifier;
};

static void read_intent(struct reading *reading, const json_t *body, int64_t step)
{
    const char *name = json_string_value(json_object_get(body, "verb"));
    if (reading->attempt[step] > 0 && reading->outcomes[step] == 0)
        upgrade_wrong(reading->u, "step %lld has a second intent and no outcome", (long long)step);
    if (reading->ok[step])
        upgrade_wrong(reading->u, "step %lld was done and is asked again", (long long)step);
    reading->attempt[step] = fy_json_int_or(body, "attempt", 0);
    reading->outcomes[step] = 0;
    reading->releases[step] = strcmp(fy_json_string_or(body, "call", ""), "release_guards") == 0;
    if (name != NULL && reading->verb[step] == NULL)
        reading->verb[step] = fy_strdup(name);
}

static void read_outcome(struct reading *reading, const json_t *body, int64_t step)
{
    if (++reading->outcomes[step] > 1)
        upgrade_wrong(reading->u, "step %lld has %lld outcomes", (long long)step,
                      (long long)reading->outcomes[step]);
    if (fy_json_int_or(body, "attempt", 0) != reading->attempt[step])
        upgrade_wrong(reading->u, "step %lld has the outcome of another attempt", (long long)step);
    reading->ok[step] |= fy_json_bool_or(body, "ok", false);
}

static bool read_row(void *context, const struct fy_row *row)
{
    struct reading *reading = context;
    struct fy_err err = {0};
    if (!fy_verify_row(&reading->verifier, row->run, row, &err))
        upgrade_wrong(reading->u, "the chain does not verify: %s", err.message);
    if (row->kind != FY_REC_INTENT && row->kind != FY_REC_OUTCOME)
        return true;
    json_t *body = fy_json_parse(row->body, row->body_length, "record", &err);
    int64_t step = fy_json_int_or(body, "step", -1);
    if (step < 0 || step >= UPGRADE_STEPS)
        upgrade_wrong(reading->u, "step %lld is more than this test follows", (long long)step);
    else if (row->kind == FY_REC_INTENT)
        read_intent(reading, body, step);
    else
        read_outcome(reading, body, step);
    json_decref(body);
    return true;
}

/* Against the world: what has an outcome took effect, nothing did twice, nothing did that is not recorded. */
static void judge_keys(struct reading *reading, const json_t *keys)
{
    struct upgrade *u = reading->u;
    const char *key;
    json_t *op;
    json_object_foreach((json_t *)(uintptr_t)keys, key, op)
    {
        const char *slash = strchr(key, '/');
        long step = slash != NULL ? strtol(slash + 1, NULL, 10) : -1;
        int64_t effects = fy_json_int_or(op, "effects", 0);
        bool known =
            step >= 0 && step < UPGRADE_STEPS && (reading->verb[step] != NULL || reading->releases[step]);
        if (effects > 1)
            upgrade_wrong(u, "%s took effect %lld times", key, (long long)effects);
        bool renewal =
            strstr(key, "/lease/") != NULL; /* of a guard's lease: beside the steps, never journalled */
        if (effects > 0 && !known && !renewal)
            upgrade_wrong(u, "%s took effect and is not in the journal", key);
    }
    for (int step = 0; step < UPGRADE_STEPS; step++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s/%d", u->run, step);
        if (reading->verb[step] != NULL && reading->ok[step] && json_object_get(keys, name) == NULL)
            upgrade_wrong(u, "%s (%s) has an outcome and the world knows nothing of it", reading->verb[step],
                          name);
    }
}

static void judge_world(struct upgrade *u, const json_t *counters)
{
    static const char *const none_of[] = {"users_dropped",
                                          "held_calls_dropped",
                                          "instances_upgraded_under_sessions",
                                          "pairs_down",
                                          "keys_repeated",
                                          "ticks_source_overloaded",
                                          "ticks_target_overloaded"};
    for (size_t i = 0; i < FY_COUNT(none_of); i++)
        if (fy_json_int_or(counters, none_of[i], -1) != 0)
            upgrade_wrong(u, "the world counts %s: %lld", none_of[i],
                          (long long)fy_json_int_or(counters, none_of[i], -1));
}

static void judge_guards(struct upgrade *u, const json_t *view)
{
    size_t i;
    const json_t *guard;
    json_array_foreach(json_object_get(view, "guards"), i,
                       guard) if (fy_json_bool_or(guard, "held", true) ||
                                  !fy_json_bool_or(guard, "as_it_was", false))
        upgrade_wrong(u, "guard %s is not as it was", fy_json_string_or(guard, "guard", "?"));
}

static void describe_end(struct upgrade *u, const json_t *view)
{
    struct fy_buf buf = {0};
    json_t *status = sim_world_truth(u->h->world, "status"), *users = sim_world_truth(u->h->world, "users");
    FY_AUTO(fy_free_ptr) char *guards = fy_json_text(json_object_get(status, "guards"));
    size_t i;
    const json_t *instance;
    fy_buf_format(&buf, "%s, version %s, split %d, guards %s, instances",
                  fy_json_string_or(view, "state", ""), fy_json_string_or(status, "version", ""),
                  fy_json_bool_or(status, "split", true), guards);
    json_array_foreach(json_object_get(users, "instances"), i, instance) fy_buf_format(
        &buf, " %s:%s", fy_json_string_or(instance, "id", ""), fy_json_string_or(instance, "version", ""));
    (void)snprintf(u->end, sizeof u->end, "%s", buf.data);
    fy_buf_free(&buf);
    json_decref(status);
    json_decref(users);
}

void upgrade_judge(struct upgrade *u)
{
    struct reading reading = {.u = u};
    struct fy_err err = {0};
    if (upgrade_shows && u->run != NULL) {
        FY_AUTO(fy_free_ptr) char *text = harness_transcript(u->h, u->run);
        (void)puts(text);
    }
    if (u->wrong[0] != '\0' || u->run == NULL)
        return;
    u->commit_fails = u->read_fails = NULL;
    json_t *view = harness_view(u->h, u->run), *counters = sim_world_truth(u->h->world, "counters");
    if (!watched.real.read(u->h->store, u->run, 0, read_row, &reading, &err))
        upgrade_wrong(u, "the journal cannot be read: %s", err.message);
    judge_keys(&reading, json_object_get(counters, "keys"));
    judge_world(u, counters);
    if (fy_json_int_or(json_object_get(view, "step"), "number", 0) == 0)
        judge_guards(u, view);
    describe_end(u, view);
    for (int i = 0; i < UPGRADE_STEPS; i++)
        free(reading.verb[i]);
    json_decref(view);
    json_decref(counters);
}
