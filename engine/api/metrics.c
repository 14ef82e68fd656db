/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics, in Prometheus' text format. */
#include "api/route.h"

#include "api/server.h"
#include "base/mem.h"

#include <string.h>

static const char *const states[] = {"SCHEDULED",   "STARTING",     "PROCESSING", "PAUSED",
                                     "FAILED_TEMP", "ROLLING_BACK", "COMPLETED",  "other"};

struct tally {
    struct fy_engine *engine;
    uint64_t runs[FY_COUNT(states)];
};

static bool count_run(void *context, const struct fy_run_line *line)
{
    struct tally *tally = context;
    const char *state = fy_engine_state(tally->engine, line->run);
    size_t i = 0;
    while (i < FY_COUNT(states) - 1 && (state == NULL || strcmp(states[i], state) != 0))
        i++;
    tally->runs[i]++;
    return true;
}

static void put(struct fy_buf *buf, const char *name, const char *type, const char *help, uint64_t value)
{
    fy_buf_format(buf, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                  (unsigned long long)value);
}

static void put_runs(const struct tally *tally, struct fy_buf *buf)
{
    fy_buf_text(buf, "# HELP ferry_runs Runs that are not over, by state.\n# TYPE ferry_runs gauge\n");
    for (size_t i = 0; i < FY_COUNT(states); i++)
        fy_buf_format(buf, "ferry_runs{state=\"%s\"} %llu\n", states[i], (unsigned long long)tally->runs[i]);
}

static void put_callbacks(const struct fy_callbacks *callbacks, struct fy_buf *buf)
{
    struct fy_callback_counts counts = {0};
    if (callbacks->count != NULL)
        callbacks->count(callbacks->self, &counts);
    put(buf, "ferry_callbacks_delivered_total", "counter", "Events that receivers took.", counts.delivered);
    put(buf, "ferry_callbacks_failed_total", "counter", "Tries that receivers did not take.", counts.failed);
    put(buf, "ferry_callbacks_behind", "gauge", "Runs whose events wait for a receiver.", counts.behind);
    put(buf, "ferry_callbacks_dead", "gauge", "Dead letters.", counts.dead);
}

void fy_get_metrics(struct fy_exchange *exchange)
{
    const struct fy_api *api = exchange->api;
    const struct fy_api_world *world = &api->world;
    struct tally tally = {.engine = world->engine};
    uint64_t commits = 0;
    uint64_t records = 0;
    struct fy_err err;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    if (!world->store->runs(world->store, true, count_run, &tally, &err)) {
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    fy_journal_counts(world->journal, &commits, &records);
    put_runs(&tally, &buf);
    put(&buf, "ferry_store_available", "gauge", "1 while the store can be written.",
        fy_journal_trouble(world->journal) == NULL ? 1 : 0);
    put(&buf, "ferry_epoch", "gauge", "The engine's epoch: it rises with every start.", world->store->epoch);
    put(&buf, "ferry_commits_total", "counter", "Commits of the journal since the start.", commits);
    put(&buf, "ferry_records_total", "counter", "Records of the journal since the start.", records);
    put(&buf, "ferry_connections_local", "gauge", "Connections on the UNIX socket.",
        api->crowd[FY_DOOR_UNIX]);
    put(&buf, "ferry_connections_tls", "gauge", "Connections over TLS.", api->crowd[FY_DOOR_TLS]);
    put(&buf, "ferry_streams", "gauge", "Event streams that are open.", fy_streams_count(api));
    put(&buf, "ferry_refused_total", "counter", "Requests without the right to be served.", api->refused);
    put_callbacks(&world->callbacks, &buf);
    fy_answer_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &buf);
}
