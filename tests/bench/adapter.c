/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest adapter a run can be driven through: a landscape of eight instances that never changes, and
 * one acting verb, bench.touch, that is done at once. It costs next to nothing, so that what is measured is
 * Ferry. It notes when it is called; {"report":true} answers with the intervals, which for one run are the
 * latency of its steps.
 */
#include "ferry/adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct ferry_host *host;

static const char inventory[] = "{\"instances\":["
                                "{\"id\":\"svc-1\",\"vdu\":\"SVC\",\"image\":\"svc:1\",\"version\":\"1.2.0\","
                                "\"host\":\"h1\",\"zone\":\"z\",\"state\":\"running\"},"
                                "{\"id\":\"svc-2\",\"vdu\":\"SVC\",\"image\":\"svc:1\",\"version\":\"1.2.0\","
                                "\"host\":\"h2\",\"zone\":\"z\",\"state\":\"running\"},"
                                "{\"id\":\"svc-3\",\"vdu\":\"SVC\",\"image\":\"svc:1\",\"version\":\"1.2.0\","
                                "\"host\":\"h3\",\"zone\":\"z\",\"state\":\"running\"},"
                                "{\"id\":\"svc-4\",\"vdu\":\"SVC\",\"image\":\"svc:1\",\"version\":\"1.2.0\","
                                "\"host\":\"h4\",\"zone\":\"z\",\"state\":\"running\"}],"
                                "\"hosts\":[{\"id\":\"h1\",\"zone\":\"z\",\"free\":1}]}";

#define SVC(n)                                                                                               \
    "{\"id\":\"svc-" #n "\",\"vdu\":\"SVC\",\"domain\":\"source\",\"version\":\"1.2.0\",\"ready\":true,"     \
    "\"users\":100,\"sessions\":100,\"capacity\":1000}"

static const char health[] =
    "{\"nf\":\"bench\",\"type\":\"AMF\",\"version\":\"1.2.0\",\"ready\":true,\"split\":false,\"mobility\":"
    "\"live\","
    "\"domains\":{\"source\":{\"version\":\"1.2.0\",\"users\":400,\"capacity\":4000},"
    "\"target\":{\"version\":\"\",\"users\":0,\"capacity\":0}},"
    "\"instances\":[" SVC(1) "," SVC(2) "," SVC(3) "," SVC(4) "]}";

static void *bench_open(const struct ferry_host *table, const char *settings, char *why, size_t why_size)
{
    (void)settings;
    (void)why;
    (void)why_size;
    host = table;
    return &host;
}

static void bench_close(void *connection)
{
    (void)connection;
}

static void answer(struct ferry_reply *reply, const char *json)
{
    reply->status = FERRY_DONE;
    host->result(reply, json);
}

static void call_inventory(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, inventory);
}

static void call_health(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, health);
}

static void call_alarms(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, "{\"alarms\":[]}");
}

static void call_version_path(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, "{\"supported\":true}");
}

static void call_counters(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, "{\"period_ms\":5000,\"ticks\":[]}");
}

static void call_guard_read(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer(reply, "{\"guard\":\"healing\",\"state\":{\"enabled\":true}}");
}

static long long called_at[100000]; /* nanoseconds; one thread acts */
static size_t calls;

static int by_length(const void *a, const void *b)
{
    const long long left = *(const long long *)a, right = *(const long long *)b;
    return (left > right) - (left < right);
}

static void report(struct ferry_reply *reply)
{
    char text[128];
    size_t count = calls > 0 ? calls - 1 : 0;
    for (size_t i = 0; i < count; i++)
        called_at[i] = called_at[i + 1] - called_at[i];
    qsort(called_at, count, sizeof called_at[0], by_length);
    (void)snprintf(text, sizeof text, "{\"p50_ns\":%lld,\"p99_ns\":%lld}",
                   count > 0 ? called_at[count / 2] : 0, count > 0 ? called_at[count * 99 / 100] : 0);
    calls = 0;
    answer(reply, text);
}

static void call_touch(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    struct timespec now;
    (void)connection;
    if (strstr(call->args, "report") != NULL) {
        report(reply);
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (calls < sizeof called_at / sizeof called_at[0])
        called_at[calls++] = now.tv_sec * 1000000000LL + now.tv_nsec;
    answer(reply, "{}");
}

#define ANY "{\"type\":\"object\"}"
static const struct ferry_verb verbs[] = {
    {"inventory", FERRY_OBSERVE, ANY, 60000, 0, call_inventory},
    {"health", FERRY_OBSERVE, ANY, 60000, 0, call_health},
    {"alarms", FERRY_OBSERVE, ANY, 60000, 0, call_alarms},
    {"version_path", FERRY_OBSERVE, ANY, 60000, 0, call_version_path},
    {"counters", FERRY_OBSERVE, ANY, 60000, 0, call_counters},
    {"guard_read", FERRY_OBSERVE, ANY, 60000, 0, call_guard_read},
    {"bench.touch", FERRY_ENSURE, ANY, 60000, 0, call_touch},
    {0},
};

static const struct ferry_setting settings[] = {{0}};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "bench",
    .version = "1.0.0",
    .summary = "Answers at once; for the benchmark.",
    .kinds = FERRY_KIND_VIM | FERRY_KIND_NF | FERRY_KIND_KPI,
    .mobility = FERRY_MOBILITY_LIVE,
    .simulated = true,
    .settings = settings,
    .verbs = verbs,
    .open = bench_open,
    .close = bench_close,
};
