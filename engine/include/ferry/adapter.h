/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter SDK: everything a plugin needs to be loaded by Ferry, and nothing else.
 *
 * An adapter is a shared object that exports one constant:
 *
 *     FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
 *         .abi = FERRY_ADAPTER_ABI, .size = sizeof(struct ferry_adapter),
 *         .name = "example", .version = "1.0.0", .summary = "Counts sheep.",
 *         .kinds = FERRY_KIND_VIM, .settings = settings, .verbs = verbs,
 *         .open = example_open, .close = example_close,
 *     };
 *
 * It is loaded into a host process of its own, one for each configured connection, with that connection's
 * credentials and no others. A crash or a hang takes down the host and nothing else. docs/adapter-guide.md
 * leads from plugins/example to a finished adapter and has the arguments and results of every verb.
 *
 * Rules an adapter keeps (`ferry adapter test ./x.so` tries them all):
 *  - An ENSURE verb means "make it so, and tell me when it is so". It is called again, with the same key,
 *    until it answers DONE; calling it twice changes nothing twice. Ferry starts, polls, recovers after a
 *    crash and probes with this one call. On an object that has another operation in progress: AGAIN.
 *  - An OBSERVE verb changes nothing. It may be called at any time, from a second thread.
 *  - A call returns within 30 seconds of machine time or its host is killed. Long work is AGAIN.
 *  - Arguments and results are JSON text (RFC 8259, UTF-8), at most 16 MiB.
 *  - Never abort, never exit, never print secrets. A failed allocation is a transient failure.
 */
#ifndef FERRY_ADAPTER_H
#define FERRY_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when the layout or meaning of anything below changes in a way old adapters cannot know. */
#define FERRY_ADAPTER_ABI 1u

#ifdef __cplusplus /* there a constant is private to its file unless told otherwise */
#define FERRY_ADAPTER_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define FERRY_ADAPTER_EXPORT __attribute__((visibility("default")))
#endif

/* Which kinds of connection an adapter can serve; a bit set. */
enum {
    FERRY_KIND_VIM = 1, /* a cloud: instances, images, hosts */
    FERRY_KIND_NF = 2,  /* the network function, or its vendor's manager */
    FERRY_KIND_KPI = 4, /* a source of counters */
};

/* What becomes of users when an NF adapter steers them (FERRY_MOBILITY_NONE for anything but an NF). */
enum ferry_mobility {
    FERRY_MOBILITY_NONE = 0,
    FERRY_MOBILITY_LIVE,     /* moved at once, sessions survive */
    FERRY_MOBILITY_ON_IDLE,  /* moved when next idle; sessions survive */
    FERRY_MOBILITY_NEW_ONLY, /* only new arrivals go to the other domain; old ones stay until they leave */
    FERRY_MOBILITY_REATTACH, /* moved by making them register again: a short disturbance each */
};

enum ferry_verb_kind {
    FERRY_OBSERVE = 1,
    FERRY_ENSURE = 2,
};

enum ferry_status {
    FERRY_DONE = 1,   /* it is so; result is set */
    FERRY_AGAIN = 2,  /* under way; ask again after after_ms of run time; done and total say how far */
    FERRY_FAILED = 3, /* it will not become so: failure, message and hint are set */
    FERRY_UNSURE = 4, /* cannot tell whether it happened: the run parks and a person decides */
};

enum ferry_failure {
    FERRY_FAILURE_TRANSIENT =
        1, /* may work if asked again: Ferry retries with back-off inside the deadline */
    FERRY_FAILURE_PERMANENT = 2, /* will not work however often it is asked */
    FERRY_FAILURE_REFUSED = 3,   /* the peer does not allow it (rights, policy, state) */
    FERRY_FAILURE_TIMEOUT = 4,   /* the peer did not answer in time */
    FERRY_FAILURE_INVALID = 5,   /* the arguments are wrong */
};

/* One call. Read size before any field that was added after version 1 of this header. */
struct ferry_call {
    uint32_t size;
    uint32_t attempt; /* 1 for the first; raised when a person retries a step that had failed */
    const char *run;  /* id of the run; "" for an observation that belongs to none */
    uint64_t step;    /* number of the step in its run; 0 for an observation */
    uint64_t
        fence; /* epoch of the engine that asks; a peer that can store it refuses a lower (fence, step) */
    const char *key;     /* idempotency key, run/step: the same for all attempts and after every crash */
    int64_t now_ms;      /* run time, milliseconds since 1970 UTC; the wall clock unless it is a trial */
    int64_t deadline_ms; /* run time by which the whole verb must be DONE */
    const char *args;    /* JSON object, valid against the verb's schema */
    uint32_t scale;      /* run milliseconds a machine millisecond: 1, except in a trial */
};

/*
 * The answer. The host zeroes it before the call. Text is set through the host table below, which copies
 * it; a field that is not set is empty.
 */
struct ferry_reply {
    uint32_t size;
    enum ferry_status status;
    int64_t after_ms;           /* AGAIN: run time until the next call is worth making */
    int64_t done, total;        /* AGAIN: progress, in the verb's own units; total 0 if unknown */
    enum ferry_failure failure; /* FAILED */
    void *host;                 /* the host's; leave it alone */
};

/* What the host offers an adapter; appended to, never reordered. */
struct ferry_host {
    uint32_t size;
    void (*result)(struct ferry_reply *reply, const char *json);                /* DONE: a JSON object */
    void (*failed)(struct ferry_reply *reply, enum ferry_failure failure,       /* sets status too */
                   const char *message, const char *hint);                      /* the peer's own words */
    void (*progress)(struct ferry_reply *reply, int64_t after_ms, int64_t done, /* sets status AGAIN */
                     int64_t total, const char *text);
    void (*log)(const char *text); /* one line, no secrets */
};

/*
 * A verb. schema is the JSON Schema of its arguments, of which Ferry checks: type, required, properties,
 * items, enum, minimum, maximum, additionalProperties.
 */
struct ferry_verb {
    const char *name;
    enum ferry_verb_kind kind;
    const char *schema;
    int64_t deadline_ms; /* run time the whole verb may take unless the workflow allows more */
    int64_t settle_ms;   /* run time after which a call whose host was killed can no longer take effect */
    void (*call)(void *connection, const struct ferry_call *call, struct ferry_reply *reply);
};

/* A setting of a connection. The table ends with a NULL name. Documentation is made from it. */
struct ferry_setting {
    const char *name;
    const char *type; /* "string", "integer", "boolean", "path", "url" */
    bool required;
    bool secret;           /* comes from a file or a credential, never from the configuration itself */
    const char *otherwise; /* value if it is not given; NULL: none */
    const char *help;
};

struct ferry_adapter {
    uint32_t abi;  /* FERRY_ADAPTER_ABI; checked before anything else is read */
    uint32_t size; /* sizeof(struct ferry_adapter); checked next */
    const char *name, *version, *summary;
    uint32_t kinds; /* FERRY_KIND_ bits */
    enum ferry_mobility mobility;
    bool simulated;   /* its world follows run time: trials may run faster than the clock on the wall */
    bool thread_safe; /* ENSURE verbs may run side by side; otherwise one acts and one observes */
    const struct ferry_setting *settings;
    const struct ferry_verb *verbs; /* ends with a NULL name */
    /*
     * settings is a JSON object, checked against the table, secrets filled in. On failure: return NULL and
     * write one sentence into why. The host table outlives the connection.
     */
    void *(*open)(const struct ferry_host *host, const char *settings, char *why, size_t why_size);
    void (*close)(void *connection);
};

#ifdef __cplusplus
}
#endif

#endif
