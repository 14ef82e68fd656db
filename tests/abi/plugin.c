/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adapter that does everything an adapter must not. Built plain it is fit to load and its verbs misbehave
 * when called; built with -DBAD_... one piece of its table is wrong. tests/abi/CMakeLists.txt has the list.
 */
#include "ferry/adapter.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANY  "{\"type\":\"object\"}"
#define NONE "{\"type\":\"object\",\"additionalProperties\":false}"

#define ACT                                                                                                  \
    "{\"type\":\"object\",\"required\":[\"instances\"],\"additionalProperties\":false,\"properties\":"       \
    "{\"instances\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"image\":{\"type\":\"string\"},"   \
    "\"version\":{\"type\":\"string\"}}}"

static const struct ferry_host *host;
static atomic_long asked;

#ifdef BAD_CONSTRUCTOR_ABORTS
__attribute__((constructor)) static void constructor(void)
{
    abort();
}
#elif defined(BAD_CONSTRUCTOR_EXITS)
__attribute__((constructor)) static void constructor(void)
{
    _exit(7);
}
#elif defined(BAD_CONSTRUCTOR_HANGS)
__attribute__((constructor)) static void constructor(void)
{
    for (;;)
        (void)pause();
}
#endif

static void echo(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    host->result(reply, call->args);
}

static void count(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    char text[96];
    (void)connection;
    (void)snprintf(text, sizeof text, "{\"asked\":%ld,\"key\":\"%s\",\"pid\":%d}", ++asked, call->key,
                   (int)getpid());
    host->result(reply, text);
}

static void again(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    host->progress(reply, 250, 3, 8, "three of eight");
}

static void fails(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    host->failed(reply, FERRY_FAILURE_REFUSED, "quota \"gold\" is used up\n", "ask for more");
}

static void unsure(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    reply->status = FERRY_UNSURE;
}

static void crash(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    (void)reply;
    abort();
}

static void hang(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    (void)reply;
    for (;;)
        (void)pause();
}

static void leave(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    (void)reply;
    exit(3);
}

static void silent(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    (void)reply;
}

static void garbage(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    host->result(reply, "{\"sheep\":}}],\"replies\":[");
}

static void list(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    host->result(reply, "[1,2,3]");
}

static void answer_bytes(struct ferry_reply *reply, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return;
    int begin = snprintf(text, size + 1, "{\"a\":\"");
    memset(text + begin, 'x', size - (size_t)begin - 2);
    (void)snprintf(text + size - 2, 3, "\"}");
    host->result(reply, text);
    free(text);
}

static void huge(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer_bytes(reply, (size_t)17 * 1024 * 1024);
}

static void large(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    (void)connection;
    (void)call;
    answer_bytes(reply, (size_t)15 * 1024 * 1024);
}

/* Writes behind the host's back what no reply looks like. */
static void forge(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    static const char message[] = "\x20\0\0\0{\"replies\":[{\"id\":\"x\",\"stat\": 1";
    (void)connection;
    (void)call;
    (void)reply;
    if (write(3, message, sizeof message) < 0)
        abort();
    (void)pause();
}

static void *open_it(const struct ferry_host *given, const char *settings, char *why, size_t why_size)
{
    host = given;
    if (strstr(settings, "nowhere") != NULL) {
        (void)snprintf(why, why_size, "connection refused by nowhere:1");
        return NULL;
    }
    return &host;
}

static void close_it(void *connection)
{
    (void)connection;
}

static const struct ferry_setting settings[] = {
    {"endpoint", "string", false, false, "here", "where it is"},
    {"password", "string", false, true, NULL, "a secret"},
    {0},
};

static const struct ferry_verb verbs[] = {
    {"test.echo", FERRY_OBSERVE, ANY, 1000, 0, echo},
    {"test.act", FERRY_ENSURE, ACT, 1000, 0, echo},
    {"test.count", FERRY_ENSURE, NONE, 1000, 40, count},
    {"test.again", FERRY_ENSURE, NONE, 1000, 0, again},
    {"test.fails", FERRY_ENSURE, NONE, 1000, 0, fails},
    {"test.unsure", FERRY_ENSURE, NONE, 1000, 0, unsure},
    {"test.crash", FERRY_ENSURE, NONE, 1000, 500, crash},
    {"test.hang", FERRY_ENSURE, NONE, 1000, 500, hang},
    {"test.exit", FERRY_ENSURE, NONE, 1000, 500, leave},
    {"test.silent", FERRY_ENSURE, NONE, 1000, 0, silent},
    {"test.garbage", FERRY_ENSURE, NONE, 1000, 0, garbage},
    {"test.list", FERRY_ENSURE, NONE, 1000, 0, list},
    {"test.huge", FERRY_ENSURE, NONE, 1000, 0, huge},
    {"test.large", FERRY_ENSURE, NONE, 1000, 0, large},
    {"test.forge", FERRY_ENSURE, NONE, 1000, 0, forge},
#ifdef BAD_NO_CALL
    {"inventory", FERRY_OBSERVE, NONE, 1000, 0, NULL},
#elif defined(BAD_SCHEMA)
    {"inventory", FERRY_OBSERVE, "{\"type\":\"object\",\"properties\":{\"n\":{\"pattern\":\"x\"}}}", 1000, 0,
     echo},
#elif defined(BAD_SCHEMA_TEXT)
    {"inventory", FERRY_OBSERVE, "{type: object}", 1000, 0, echo},
#elif defined(BAD_NO_SCHEMA)
    {"inventory", FERRY_OBSERVE, NULL, 1000, 0, echo},
#elif defined(BAD_TWICE)
    {"test.echo", FERRY_OBSERVE, ANY, 1000, 0, echo},
#elif defined(BAD_KIND)
    {"inventory", FERRY_ENSURE, NONE, 1000, 0, echo},
#elif defined(BAD_SPELLING)
    {"inventroy", FERRY_OBSERVE, NONE, 1000, 0, echo},
#elif defined(BAD_DEADLINE)
    {"inventory", FERRY_OBSERVE, NONE, 0, 0, echo},
#endif
    {0},
};

#ifndef BAD_NO_SYMBOL
FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
#ifdef BAD_ABI
    .abi = FERRY_ADAPTER_ABI + 1,
#else
    .abi = FERRY_ADAPTER_ABI,
#endif
#ifdef BAD_SIZE
    .size = sizeof(struct ferry_adapter) - 8,
#else
    .size = sizeof(struct ferry_adapter),
#endif
#ifndef BAD_NO_NAME
    .name = "probe",
#endif
    .version = "1.0.0",
    .summary = "Misbehaves on request.",
#ifdef BAD_NO_MOBILITY
    .kinds = FERRY_KIND_NF,
#elif !defined(BAD_NO_KIND)
    .kinds = FERRY_KIND_VIM,
#endif
#ifdef THREADS
    .thread_safe = true,
#endif
    .settings = settings,
#ifndef BAD_NO_VERBS
    .verbs = verbs,
#endif
#ifndef BAD_NO_OPEN
    .open = open_it,
#endif
    .close = close_it,
};
#endif
