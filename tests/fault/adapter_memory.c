/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation that an adapter makes itself fails, one after the other: while it opens and while it
 * serves each kind of call. It answers with a transient failure or with the right result, never with another
 * one, never as if the caller were wrong, and serves the next call as if nothing had been.
 *
 * jansson is left out: without memory it loses characters of what it parses and does not say so (seen with
 * 2.14: {"state":{":false}}), so in ferry-host it aborts (base/json.h), which fault.py tries.
 *
 *     fault_adapter_memory PLUGIN.so SOCKET
 */
#include "ferry/adapter.h"

#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100000

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool counts, lasting;
static long at, made;

static bool refuse(void)
{
    if (!counts || at == 0)
        return false;
    made++;
    if (made != at && !(lasting && made > at))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return refuse() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuse() ? NULL : __libc_realloc(old, size);
}

/* ---- the host's side of the contract; what it keeps it keeps in places of its own ---- */

static struct answer {
    enum ferry_status status;
    enum ferry_failure failure;
    char text[65536];
} given;

static void keep(const char *text)
{
    (void)snprintf(given.text, sizeof given.text, "%s", text != NULL ? text : "");
}

static void on_result(struct ferry_reply *reply, const char *json)
{
    reply->status = FERRY_DONE;
    keep(json);
}

static void on_failed(struct ferry_reply *reply, enum ferry_failure failure, const char *message,
                      const char *hint)
{
    (void)hint;
    reply->status = FERRY_FAILED;
    reply->failure = failure;
    keep(message);
}

static void on_progress(struct ferry_reply *reply, int64_t after_ms, int64_t done, int64_t total,
                        const char *text)
{
    (void)after_ms;
    (void)done;
    (void)total;
    reply->status = FERRY_AGAIN;
    keep(text);
}

static void on_log(const char *text)
{
    (void)text;
}

static const struct ferry_host host = {
    .size = sizeof host, .result = on_result, .failed = on_failed, .progress = on_progress, .log = on_log};

/* ---- calls ---- */

static const struct {
    const char *verb, *args;
    uint64_t step; /* 0: an observation */
} calls[] = {
    {"inventory", "{}", 0},
    {"health", "{}", 0},
    {"alarms", "{}", 0},
    {"sync_state", "{}", 0},
    {"counters", "{\"after\":0,\"period_ms\":5000}", 0},
    {"guard_read", "{\"guard\":\"healing\"}", 0},
    {"guard_read", "{\"guard\":\"alarm-mark\"}", 0},
    {"guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":false},\"prior\":{\"enabled\":true}}", 1},
    {"guard_set", "{\"guard\":\"alarm-mark\",\"state\":{\"marked\":true},\"prior\":{\"marked\":false}}", 2},
    {"guard_set", "{\"guard\":7}", 3},
};

static void serve(const struct ferry_verb *verb, void *connection, size_t which)
{
    char key[32];
    (void)snprintf(key, sizeof key, "memory/%llu", (unsigned long long)calls[which].step);
    const struct ferry_call call = {.size = sizeof call,
                                    .attempt = 1,
                                    .run = calls[which].step != 0 ? "memory" : "",
                                    .step = calls[which].step,
                                    .fence = 1,
                                    .key = calls[which].step != 0 ? key : "",
                                    .now_ms = 1893945600000,
                                    .deadline_ms = 1893945600000 + 60000,
                                    .args = calls[which].args,
                                    .scale = 1};
    struct ferry_reply reply = {.size = sizeof reply};
    memset(&given, 0, sizeof given);
    made = 0;
    counts = true;
    verb->call(connection, &call, &reply);
    counts = false;
    given.status = reply.status;
    given.failure = reply.failure;
}

static bool passes(const struct answer *wanted)
{
    if (given.status == FERRY_FAILED && given.failure == FERRY_FAILURE_TRANSIENT)
        return true;
    return given.status == wanted->status && given.failure == wanted->failure &&
           strcmp(given.text, wanted->text) == 0;
}

static const struct ferry_verb *find(const struct ferry_adapter *adapter, const char *name)
{
    const struct ferry_verb *verb = adapter->verbs;
    while (verb->name != NULL && strcmp(verb->name, name) != 0)
        verb++;
    return verb->name != NULL ? verb : NULL;
}

static long total, failed;

static void try_call(const struct ferry_adapter *adapter, void *connection, size_t which)
{
    static struct answer wanted;
    const struct ferry_verb *verb = find(adapter, calls[which].verb);
    if (verb == NULL)
        return;
    at = 0;
    serve(verb, connection, which);
    wanted = given;
    for (int kind = 0; kind < 2; kind++) {
        lasting = kind == 1;
        for (at = 1, made = 1; made >= at - 1 && made > 0 && at < MANY; at++, total++) {
            serve(verb, connection, which);
            if (passes(&wanted))
                continue;
            failed++;
            (void)printf("FAILED %s of %s, allocation %ld%s: status %d, failure %d, %.200s\n",
                         calls[which].verb, adapter->name, at, lasting ? " and all after it" : "",
                         given.status, given.failure, given.text);
        }
    }
}

static void *try_open(const struct ferry_adapter *adapter, const char *settings)
{
    char why[256];
    void *connection = NULL;
    for (at = 1, made = 1; made >= at - 1 && made > 0 && at < MANY; at++, total++) {
        why[0] = '\0';
        made = 0;
        counts = true;
        connection = adapter->open(&host, settings, why, sizeof why);
        counts = false;
        if (connection == NULL && why[0] == '\0') {
            failed++;
            (void)printf("FAILED open of %s, allocation %ld: it does not say why\n", adapter->name, at);
        }
        if (connection != NULL)
            adapter->close(connection);
    }
    at = 0;
    return adapter->open(&host, settings, why, sizeof why);
}

int main(int argc, char **argv)
{
    char settings[512];
    json_set_alloc_funcs(__libc_malloc, free);
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const struct ferry_adapter *adapter = library != NULL ? dlsym(library, "ferry_adapter") : NULL;
    if (adapter == NULL) {
        (void)fprintf(stderr, "usage: fault_adapter_memory PLUGIN.so SOCKET\n");
        return 2;
    }
    (void)snprintf(settings, sizeof settings, "{\"socket\":\"%s\"}", argv[2]);
    void *connection = try_open(adapter, settings);
    for (size_t i = 0; connection != NULL && i < sizeof calls / sizeof calls[0]; i++)
        try_call(adapter, connection, i);
    (void)printf("allocations of adapter %s: %ld cases, %ld failed\n", adapter->name, total, failed);
    if (connection != NULL)
        adapter->close(connection);
    return connection != NULL && failed == 0 ? 0 : 1;
}
