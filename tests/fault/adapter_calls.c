/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Nth call to an adapter goes wrong, for every N of a small upgrade and in every way there is: it fails
 * for a while or for good, answers late, not at all, or with nonsense, before its effect or after it. What
 * may pass is asked again and nobody is bothered; what may not parks the run with a sentence, and a retry
 * brings it to the same end. Before the run has touched anything it may end instead, with the NF free. An
 * adapter that says done where it is not cannot always be seen through; then the run parks at what it meets.
 */
#include "base/mem.h"
#include "tests/fault/upgrade.h"

#include <stdio.h>
#include <string.h>

enum when { BEFORE, AFTER }; /* the effect */

/* How one call answers. */
struct way {
    const char *name;
    enum when when;
    bool passes; /* nobody is asked: the run comes to its end by itself */
    bool lies;   /* it says done and is not: no retry may mend that, but nobody is harmed */
    unsigned calls;
    bool host_dies;
    void (*answer)(const struct ferry_host *host, struct ferry_reply *reply);
};

static void transient(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_TRANSIENT, "503 Service Unavailable", "");
}

static void timed_out(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_TIMEOUT, "no answer within 20 s", "");
}

static void again(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->progress(reply, 700, 0, 0, "still under way");
}

static void again_at_once(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->progress(reply, -1, 7, 3, NULL);
}

static void permanent(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_PERMANENT, "500 the quota is used up", "ask the cloud's owner");
}

static void refused(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_REFUSED, "403 Forbidden", "");
}

static void unsure(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_PERMANENT, "the connection was reset while it was written", "");
    reply->status = FERRY_UNSURE;
}

static void not_json(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->result(reply, "<html><body>Bad Gateway</body></html>");
}

static void not_an_object(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->result(reply, "[1,2,3]");
}

static void wrong_members(const struct ferry_host *host, struct ferry_reply *reply)
{
    host->result(reply, "{\"instances\":7,\"domains\":\"no\",\"users\":[],\"ticks\":{},\"alarms\":{},"
                        "\"in_sync\":\"perhaps\",\"checks\":3,\"tests\":null}");
}

static void nothing_at_all(const struct ferry_host *host, struct ferry_reply *reply)
{
    (void)host;
    reply->status = 0;
}

static const struct way ways[] = {
    {"fails for a moment", BEFORE, true, false, 1, false, transient},
    {"fails for a moment, after the effect", AFTER, true, false, 1, false, transient},
    {"six fail for a moment", BEFORE, true, false, 6, false, transient},
    {"does not answer", BEFORE, true, false, 1, false, timed_out},
    {"does not answer, after the effect", AFTER, true, false, 1, false, timed_out},
    {"its host dies", BEFORE, true, false, 1, true, NULL},
    {"its host dies, after the effect", AFTER, true, false, 1, true, NULL},
    {"three hosts die", AFTER, true, false, 3, true, NULL},
    {"says again", BEFORE, true, false, 1, false, again},
    {"says again, after the effect", AFTER, true, false, 1, false, again},
    {"says again at once, with odd numbers", AFTER, true, false, 3, false, again_at_once},
    {"fails for good", BEFORE, false, false, 1, false, permanent},
    {"fails for good, after the effect", AFTER, false, false, 1, false, permanent},
    {"is refused", BEFORE, false, false, 1, false, refused},
    {"is unsure", BEFORE, false, false, 1, false, unsure},
    {"is unsure, after the effect", AFTER, false, false, 1, false, unsure},
    {"answers with no JSON", AFTER, false, false, 1, false, not_json},
    {"answers with no JSON, before the effect", BEFORE, false, false, 1, false, not_json},
    {"answers with no object", AFTER, false, false, 1, false, not_an_object},
    {"answers with wrong members", AFTER, false, true, 1, false, wrong_members},
    {"answers with nothing", AFTER, false, false, 1, false, nothing_at_all},
};

/* ---- between the engine and the world ---- */

static struct {
    const struct way *way; /* NULL: undisturbed */
    unsigned at;
    struct upgrade *u;
    unsigned calls;    /* that belong to the run */
    bool strikes;      /* the call that is being served */
    const char *verb;  /* its name, of which adapter */
    const char *about; /* the first that was struck */
    char struck[160];
    const struct ferry_host *host;
} now;

static const struct ferry_verb *original(const struct ferry_adapter *adapter, const char *name)
{
    const struct ferry_verb *verb = adapter->verbs;
    while (verb->name != NULL && strcmp(verb->name, name) != 0)
        verb++;
    return verb->name != NULL ? verb : NULL;
}

/* The engine makes a call and the host serves it: before_call says which it is, serve_* answer it. */
static bool before_call(void *ctx, const struct fy_adapter_call *call)
{
    struct upgrade *u = ctx;
    upgrade_acts(u, call);
    now.verb = call->verb;
    now.strikes = false;
    if (call->run[0] == '\0')
        return false;
    now.calls++;
    now.strikes = now.way != NULL && now.calls >= now.at && now.calls < now.at + now.way->calls;
    if (now.strikes && now.struck[0] == '\0')
        (void)snprintf(now.struck, sizeof now.struck, "%s of step %llu in %s", call->verb,
                       (unsigned long long)call->step, harness_state(u->h, u->run));
    return now.strikes && now.way->host_dies && now.way->when == BEFORE;
}

static bool after_call(void *ctx, const struct fy_adapter_call *call, const struct fy_adapter_reply *reply)
{
    (void)ctx;
    (void)call;
    (void)reply;
    return now.strikes && now.way->host_dies && now.way->when == AFTER;
}

static void keep_no_result(struct ferry_reply *reply, const char *json)
{
    (void)reply;
    (void)json;
}

static void keep_no_failure(struct ferry_reply *reply, enum ferry_failure failure, const char *message,
                            const char *hint)
{
    (void)reply;
    (void)failure;
    (void)message;
    (void)hint;
}

static void keep_no_progress(struct ferry_reply *reply, int64_t after_ms, int64_t done, int64_t total,
                             const char *text)
{
    (void)reply;
    (void)after_ms;
    (void)done;
    (void)total;
    (void)text;
}

/* What the world answers to a call whose answer is lost. */
static const struct ferry_host deaf = {
    .size = sizeof deaf, .result = keep_no_result, .failed = keep_no_failure, .progress = keep_no_progress};

/* A connection of the world's with two ends: one that hears, one that does not. */
struct connection {
    const struct ferry_adapter *adapter;
    const struct ferry_host *host;
    void *hears, *deaf;
};

static struct ferry_adapter adapters[2];
static struct ferry_verb verbs[2][64];

static void serve(void *self, const struct ferry_call *call, struct ferry_reply *reply)
{
    const struct connection *connection = self;
    const struct ferry_verb *verb = original(connection->adapter, now.verb);
    if (!now.strikes || now.way->answer == NULL) {
        verb->call(connection->hears, call, reply);
        return;
    }
    struct ferry_reply lost = {.size = sizeof lost};
    if (now.way->when == AFTER)
        verb->call(connection->deaf, call, &lost);
    now.way->answer(connection->host, reply);
}

static void *open_both(const struct ferry_adapter *adapter, const struct ferry_host *host,
                       const char *settings, char *why, size_t why_size)
{
    struct connection *connection = FY_NEW(struct connection);
    *connection = (struct connection){.adapter = adapter,
                                      .host = host,
                                      .hears = adapter->open(host, settings, why, why_size),
                                      .deaf = adapter->open(&deaf, settings, why, why_size)};
    return connection;
}

static void *open_vim(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    return open_both(&sim_linked_vim, host, settings, why, why_size);
}

static void *open_nf(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    return open_both(&sim_linked_nf, host, settings, why, why_size);
}

static void close_both(void *self)
{
    struct connection *connection = self;
    connection->adapter->close(connection->hears);
    connection->adapter->close(connection->deaf);
    free(connection);
}

static void wrap(size_t place, const struct ferry_adapter *adapter,
                 void *(*open)(const struct ferry_host *, const char *, char *, size_t))
{
    size_t count = 0;
    for (; adapter->verbs[count].name != NULL && count + 1 < FY_COUNT(verbs[place]); count++) {
        verbs[place][count] = adapter->verbs[count];
        verbs[place][count].call = serve;
    }
    adapters[place] = *adapter;
    adapters[place].verbs = verbs[place];
    adapters[place].open = open;
    adapters[place].close = close_both;
}

/* ---- the cases: ways x calls ---- */

static struct upgrade undisturbed;
static unsigned undisturbed_calls;

static struct upgrade *run_one(void)
{
    struct upgrade *u = upgrade_new(&adapters[0], &adapters[1]);
    struct fy_local_faults faults = {.before = before_call, .after = after_call, .ctx = u};
    fy_local_set_faults(u->h->local, &faults);
    now.u = u;
    now.calls = 0;
    upgrade_run(u);
    upgrade_judge(u);
    return u;
}

static void label(size_t number, char *text, size_t size)
{
    (void)snprintf(text, size, "call %zu: %s%s%s", number % undisturbed_calls + 1,
                   ways[number / undisturbed_calls].name, now.struck[0] != '\0' ? ", " : "", now.struck);
}

/* An order that was turned away before anything was touched left nothing behind and says why. */
static bool turned_away(struct upgrade *u)
{
    if (now.way->passes || strncmp(u->end, "ROLLED_BACK", strlen("ROLLED_BACK")) != 0 ||
        strstr(now.struck, " in STARTING") == NULL)
        return false;
    json_t *view = harness_view(u->h, u->run), *counters = sim_world_truth(u->h->world, "counters");
    bool untouched = json_object_size(json_object_get(counters, "keys")) == 0;
    bool says = fy_json_string_or(json_object_get(view, "error"), "message", "")[0] != '\0';
    json_decref(view);
    json_decref(counters);
    return untouched && says;
}

/* A run that stands where a lie has led it, with the reason, and nobody harmed. */
static bool stands(struct upgrade *u)
{
    if (!now.way->lies || u->retried <= UPGRADE_RETRIES)
        return false;
    u->wrong[0] = '\0';
    upgrade_judge(u);
    return u->wrong[0] == '\0';
}

static bool run_case(size_t number, char *why, size_t why_size)
{
    now.way = &ways[number / undisturbed_calls];
    now.at = (unsigned)(number % undisturbed_calls) + 1;
    struct upgrade *u = run_one();
    if (now.way->passes && u->parked > 0)
        upgrade_wrong(u, "parked over what passes: %s", u->last_park);
    if (!stands(u) && strcmp(u->end, undisturbed.end) != 0 && !turned_away(u))
        upgrade_wrong(u, "another end: %s", u->end);
    (void)snprintf(why, why_size, "%s", u->wrong);
    bool passed = u->wrong[0] == '\0';
    upgrade_free(u);
    return passed;
}

int main(int argc, char **argv)
{
    struct cases cases = {.name = "adapter calls", .run = run_case, .label = label};
    cases_options(&cases, argc, argv);
    wrap(0, &sim_linked_vim, open_vim);
    wrap(1, &sim_linked_nf, open_nf);
    struct upgrade *u = run_one();
    undisturbed = *u;
    undisturbed_calls = now.calls;
    if (u->wrong[0] != '\0' || u->parked > 0) {
        (void)printf("an undisturbed run is wrong already: %s %s\n", u->wrong, u->last_park);
        return 1;
    }
    (void)printf("adapter calls: an undisturbed run makes %u calls; %zu ways to go wrong\n",
                 undisturbed_calls, FY_COUNT(ways));
    upgrade_free(u);
    cases.count = FY_COUNT(ways) * undisturbed_calls;
    return cases_run(&cases) == 0 ? 0 : 1;
}
