/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles with nothing but the header, as strict C17 and as C++20: it needs nothing else of ours. */
#include "ferry/adapter.h"

static void *open_it(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    static int connection;
    (void)host;
    (void)settings;
    (void)why;
    (void)why_size;
    return &connection;
}

static void close_it(void *connection)
{
    (void)connection;
}

static void look(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    reply->status = FERRY_DONE;
}

static const struct ferry_verb verbs[] = {
    {"inventory", FERRY_OBSERVE, "{\"type\":\"object\"}", 1000, 0, look},
    {0, FERRY_OBSERVE, 0, 0, 0, 0},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "header",
    .version = "1.0.0",
    .summary = "Compiles.",
    .kinds = FERRY_KIND_VIM,
    .mobility = FERRY_MOBILITY_NONE,
    .simulated = false,
    .thread_safe = false,
    .settings = NULL,
    .verbs = verbs,
    .open = open_it,
    .close = close_it,
};
