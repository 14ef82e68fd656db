/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapters as run/ sees them: a set of named connections that can be asked. Two sets exist: remote.h (one
 * host process for each connection, what ferryd uses) and local.h (in this process and deterministic, for
 * tests and the simulation).
 *
 *     handle = adapters->call(adapters->self, &call, replied, ctx);
 *
 * The callback comes exactly once for every call, on the loop, never from inside call() itself, unless the
 * call was forgotten. What `call` points to is copied; what a reply points to is borrowed until the
 * callback returns.
 *
 * A call never blocks. Within 30 s of machine time in the adapter it is answered, or its host is killed
 * and every call in that host gets FY_REPLY_UNKNOWN with host_died set: the caller waits settle_ms of run
 * time, then asks anew with the same key. `suspect` tells the calls that may have killed it from the
 * bystanders.
 */
#ifndef FY_ADAPTER_ADAPTER_H
#define FY_ADAPTER_ADAPTER_H

#include "base/clock.h"
#include "base/err.h"
#include "ferry/adapter.h"

#define FY_ADAPTER_CALL_LIMIT_MS 30000               /* machine time one call may take */
#define FY_ADAPTER_TEXT_MAX      (16u * 1024 * 1024) /* bytes of arguments or of a result */

enum fy_reply_status {
    FY_REPLY_DONE,
    FY_REPLY_AGAIN,
    FY_REPLY_FAILED,
    FY_REPLY_UNSURE,  /* the adapter cannot tell: the run parks */
    FY_REPLY_UNKNOWN, /* the adapter's host died under the call: ask again after settle_ms */
};

const char *fy_reply_status_name(enum fy_reply_status status); /* "done", "again", ... */

struct fy_adapter_reply {
    enum fy_reply_status status;
    const char *result;       /* DONE: the text of a JSON object, checked; otherwise NULL */
    int64_t after_ms;         /* AGAIN: run time until the next call is worth making, at least 1 */
    int64_t done, total;      /* AGAIN: progress in the verb's units; total 0 if unknown */
    const char *text;         /* AGAIN: progress in words, or NULL */
    enum fy_err_kind failure; /* FAILED: transient, permanent, refused, timeout or invalid */
    const char *message;      /* FAILED, UNSURE, UNKNOWN: the peer's own words, or ours */
    const char *hint;         /* may be NULL */
    bool host_died;           /* UNKNOWN: always set */
    bool suspect;             /* host_died: this call was being served when it happened */
    int64_t settle_ms;        /* the verb's; run time after which a lost call can no longer take effect */
};

struct fy_adapter_verb {
    const char *name;
    const char *schema; /* of its arguments, JSON text */
    bool observe;       /* false: an ENSURE verb, journalled as an intent */
    int64_t deadline_ms, settle_ms;
};

enum fy_adapter_state {
    FY_ADAPTER_STARTING, /* not heard of yet: the fields about the adapter are empty */
    FY_ADAPTER_READY,
    FY_ADAPTER_DOWN,    /* its host died or cannot connect; it is being started again. problem says why */
    FY_ADAPTER_REFUSED, /* the plugin or its settings are not acceptable; problem says what and why */
};

const char *fy_adapter_state_name(enum fy_adapter_state state); /* "starting", "ready", ... */

/* A connection: its configuration and what its adapter declared. */
struct fy_adapter_info {
    const char *connection; /* its name, as orders use it */
    const char *plugin;     /* "sim_vim" */
    enum fy_adapter_state state;
    const char *problem;        /* one sentence; NULL when ready */
    const char *name, *version; /* of the adapter; NULL until it was described */
    const char *sha256;         /* of the file, lower-case hex; NULL for an adapter linked in */
    const char *description;    /* the whole of it as JSON text (describe.h); NULL until then */
    uint32_t kinds;             /* FERRY_KIND_ bits */
    enum ferry_mobility mobility;
    bool simulated, thread_safe;
    const struct fy_adapter_verb *verbs;
    size_t verb_count;
    const char *const *tenants; /* who may use it; ends with NULL; empty: everybody */
    const char *const *serves;  /* network function instances it speaks for; ends with NULL; may be NULL */
};

const struct fy_adapter_verb *fy_adapter_verb(const struct fy_adapter_info *info, const char *name);
bool fy_adapter_allows(const struct fy_adapter_info *info, const char *tenant);
const char *fy_mobility_name(enum ferry_mobility mobility); /* "none", "live", "on-idle", ... */

struct fy_adapter_call {
    const char *connection, *verb;
    const char *run; /* "" for an observation that belongs to none */
    uint64_t step;
    uint32_t attempt;
    uint64_t fence;
    const char *key; /* run/step */
    struct fy_rtime now, deadline;
    uint32_t scale;
    const char *args; /* JSON object text */
};

typedef void fy_adapter_replied(void *ctx, const struct fy_adapter_reply *reply);

/* A copy in one block, freed with free(). */
struct fy_adapter_call *fy_adapter_call_copy(const struct fy_adapter_call *call);

struct fy_adapters {
    void *self;

    /* NULL if there is no such connection. Borrowed until the loop turns. */
    const struct fy_adapter_info *(*describe)(void *self, const char *connection);

    /* Every connection in the order of the file: 0, 1, ... until NULL. */
    const struct fy_adapter_info *(*at)(void *self, size_t index);

    /* Returns a handle, never 0. A connection or verb that does not exist is answered FAILED, permanent. */
    uint64_t (*call)(void *self, const struct fy_adapter_call *call, fy_adapter_replied *replied, void *ctx);

    /* The callback of this call will not come. The call itself goes on. */
    void (*forget)(void *self, uint64_t handle);

    /* Kill the host of a connection and start another; its calls are answered UNKNOWN. */
    void (*kill)(void *self, const char *connection);

    /* Told whenever a connection's state changed; one listener; may be NULL. */
    void (*watch)(void *self, void (*changed)(void *ctx, const struct fy_adapter_info *info), void *ctx);
};

#endif
