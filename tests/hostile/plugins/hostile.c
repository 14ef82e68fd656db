/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter a whole run can be driven through, whose verb hostile.act does what its argument says: be well,
 * or misbehave in one of the ways below. Its landscape is four instances that never change. Built with
 * -DBAD_ABI or -DBAD_VERB its table is wrong.
 */
#include "ferry/adapter.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_SOCKET 3
#define MEBI        ((size_t)1024 * 1024)

static const struct ferry_host *host;

#define INSTANCE(n)                                                                                          \
    "{\"id\":\"svc-" #n "\",\"vdu\":\"SVC\",\"image\":\"svc:1\",\"version\":\"1.2.0\",\"host\":\"h" #n       \
    "\",\"zone\":\"z\",\"state\":\"running\"}"
#define SERVICE(n)                                                                                           \
    "{\"id\":\"svc-" #n "\",\"vdu\":\"SVC\",\"domain\":\"source\",\"version\":\"1.2.0\",\"ready\":true,"     \
    "\"users\":100,\"sessions\":100,\"capacity\":1000}"

static const struct {
    const char *verb, *result;
} answers[] = {
    {"inventory", "{\"instances\":[" INSTANCE(1) "," INSTANCE(2) "," INSTANCE(3) "," INSTANCE(
                      4) "],\"hosts\":[{\"id\":\"h1\",\"zone\":\"z\",\"free\":1}]}"},
    {"health", "{\"nf\":\"hostile\",\"type\":\"AMF\",\"version\":\"1.2.0\",\"ready\":true,\"split\":false,"
               "\"mobility\":\"live\",\"domains\":{\"source\":{\"version\":\"1.2.0\",\"users\":400,"
               "\"capacity\":4000},\"target\":{\"version\":\"\",\"users\":0,\"capacity\":0}},"
               "\"instances\":[" SERVICE(1) "," SERVICE(2) "," SERVICE(3) "," SERVICE(4) "]}"},
    {"alarms", "{\"alarms\":[]}"},
    {"version_path", "{\"supported\":true}"},
    {"counters", "{\"period_ms\":5000,\"ticks\":[]}"},
    {"guard_read", "{\"guard\":\"healing\",\"state\":\"on\"}"},
};

static void answer(const char *verb, struct ferry_reply *reply)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(answers[i].verb, verb) == 0)
            host->result(reply, answers[i].result);
}

#define OBSERVATION(verb)                                                                                    \
    static void call_##verb(void *connection, const struct ferry_call *call, struct ferry_reply *reply)      \
    {                                                                                                        \
        (void)connection;                                                                                    \
        (void)call;                                                                                          \
        answer(#verb, reply);                                                                                \
    }
OBSERVATION(inventory)
OBSERVATION(health)
OBSERVATION(alarms)
OBSERVATION(version_path)
OBSERVATION(counters)
OBSERVATION(guard_read)

/* The ways to misbehave. */

static void do_well(struct ferry_reply *reply)
{
    host->result(reply, "{}");
}

static void do_crash(struct ferry_reply *reply)
{
    (void)reply;
    (void)raise(SIGSEGV);
}

static void do_hang(struct ferry_reply *reply)
{
    (void)reply;
    for (;;)
        (void)pause();
}

static void do_exit(struct ferry_reply *reply)
{
    (void)reply;
    exit(3);
}

static void do_garbage(struct ferry_reply *reply)
{
    host->result(reply, "{\"sheep\":}}],\"replies\":[");
}

static void do_huge(struct ferry_reply *reply)
{
    size_t size = 100 * MEBI;
    char *text = malloc(size);
    if (text == NULL)
        return;
    memset(text, 'x', size);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + size - 3, "\"}", 3);
    host->result(reply, text);
    free(text);
}

static void do_close(struct ferry_reply *reply)
{
    (void)close(HOST_SOCKET);
    do_well(reply);
}

/* Behind the host's back: a message said to be longer than all that follows. */
static void do_forge(struct ferry_reply *reply)
{
    static const char chunk[65536] = "\xff\xff\xff\x7f{\"replies\":[";
    for (size_t i = 0; i < 100 * MEBI / sizeof chunk; i++)
        if (write(HOST_SOCKET, chunk, sizeof chunk) < 0)
            break;
    do_hang(reply);
}

static void do_flood(struct ferry_reply *reply)
{
    static char line[4096];
    memset(line, 'f', sizeof line - 1);
    for (size_t i = 0; i < 100 * MEBI / sizeof line; i++)
        (void)fprintf(stderr, "%s\n", line);
    do_well(reply);
}

static void do_spin(struct ferry_reply *reply)
{
    host->progress(reply, -1, 0, 0, "at once");
}

static void do_later(struct ferry_reply *reply)
{
    host->progress(reply, INT64_MAX, 0, 0, "at the end of time");
}

static void do_words(struct ferry_reply *reply)
{
    host->failed(reply, FERRY_FAILURE_PERMANENT, "permanent words\n\x1b[31m of \xff\xfe the peer", "");
}

static const struct {
    const char *name;
    void (*act)(struct ferry_reply *reply);
} ways[] = {{"well", do_well},       {"crash", do_crash}, {"hang", do_hang},   {"exit", do_exit},
            {"garbage", do_garbage}, {"huge", do_huge},   {"close", do_close}, {"forge", do_forge},
            {"flood", do_flood},     {"spin", do_spin},   {"later", do_later}, {"words", do_words}};

static void call_act(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strstr(call->args, ways[i].name) != NULL) {
            ways[i].act(reply);
            return;
        }
    host->failed(reply, FERRY_FAILURE_INVALID, "there is no such way to misbehave", "");
}

static void *hostile_open(const struct ferry_host *table, const char *settings, char *why, size_t why_size)
{
    (void)settings;
    (void)why;
    (void)why_size;
    host = table;
    return &host;
}

static void hostile_close(void *connection)
{
    (void)connection;
}

#define ANY "{\"type\":\"object\"}"
static const struct ferry_verb verbs[] = {
    {"inventory", FERRY_OBSERVE, ANY, 60000, 0, call_inventory},
    {"health", FERRY_OBSERVE, ANY, 60000, 0, call_health},
    {"alarms", FERRY_OBSERVE, ANY, 60000, 0, call_alarms},
    {"version_path", FERRY_OBSERVE, ANY, 60000, 0, call_version_path},
    {"counters", FERRY_OBSERVE, ANY, 60000, 0, call_counters},
    {"guard_read", FERRY_OBSERVE, ANY, 60000, 0, call_guard_read},
#ifdef BAD_VERB
    {"drain", FERRY_ENSURE, ANY, 0, 0, call_act},
#endif
    {"hostile.act", FERRY_ENSURE, ANY, 10000, 0, call_act},
    {0},
};

static const struct ferry_setting settings[] = {
    {"password", "string", false, true, NULL, "a secret that must never be seen again"},
    {0},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
#ifdef BAD_ABI
    .abi = FERRY_ADAPTER_ABI + 1,
#else
    .abi = FERRY_ADAPTER_ABI,
#endif
    .size = sizeof(struct ferry_adapter),
    .name = "hostile",
    .version = "1.0.0",
    .summary = "Misbehaves on request.",
    .kinds = FERRY_KIND_VIM | FERRY_KIND_NF | FERRY_KIND_KPI,
    .mobility = FERRY_MOBILITY_LIVE,
    .simulated = true,
    .settings = settings,
    .verbs = verbs,
    .open = hostile_open,
    .close = hostile_close,
};
