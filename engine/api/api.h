/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP API of ferryd (docs/architecture.md, "HTTP"; docs/northbound.md): on its UNIX socket, and over TLS
 * if told to. It runs inside the daemon's libuv loop and never blocks it: untrusted XML goes to a one-shot
 * reader process, answers that need a commit or an adapter wait without a thread, event streams are read from
 * the store at the client's pace.
 *
 * Who may do what: auth.h. Limits: bodies 64 KiB, headers 16 KiB, 256 connections on the socket and as many
 * over TLS, neither of which can crowd out the other; headers within 5 s, bodies within 10 s, however slowly
 * they trickle.
 *
 * What an answer says is the engine's; here it is only carried. There is no way to close it: it lives as long
 * as its process, which ends without ceremony.
 */
#ifndef FY_API_API_H
#define FY_API_API_H

#include "base/buf.h"
#include "journal/journal.h"
#include "run/engine.h"

#include <uv.h>

struct fy_api;
struct fy_access;

/* The other engines of this store. Answers to post and drain come through fy_api_answer, by what they return.
 */
struct fy_api_fleet {
    void *self;
    const char *name; /* of this engine */
    uint64_t (*post)(void *self, const char *run, const char *verb, const char *args,
                     const char *caller); /* JSON */
    uint64_t (*drain)(void *self, const char *engine, bool drained);
    void (*list)(void *self, struct fy_buf *buf); /* a JSON array */
    bool (*draining)(void *self);
};

/* Callbacks, as the API shows them (notify/); it sees them through this only. */
struct fy_callback_counts {
    uint64_t delivered, failed, behind, dead;
};
struct fy_callbacks {
    void *self;
    void (*show)(void *self, struct fy_buf *buf);
    bool (*resend)(void *self, const char *receiver, size_t *ret_count, struct fy_err *err);
    void (*count)(void *self, struct fy_callback_counts *ret);
};

/* Everything but the loop is borrowed for the life of the API. */
struct fy_api_world {
    uv_loop_t *loop;
    struct fy_engine *engine;
    struct fy_store *store; /* reads */
    struct fy_journal *journal;
    const struct fy_adapters *adapters;
    const struct fy_workflow *workflows; /* the workflow catalogue */
    size_t workflow_count;
    const char *const *receivers;     /* of callbacks; ends with NULL; NULL: none */
    const char *const *kpis;          /* names of the judge's catalogue; ends with NULL */
    const char *host_path;            /* ferry-host, which reads orders */
    const struct fy_api_fleet *fleet; /* NULL: this engine has its store to itself */
    int64_t started_ms;               /* wall clock, for GET /v1/engine */
    struct fy_callbacks callbacks;
    const char *socket_group; /* its members may use the UNIX socket, too; NULL: nobody */
};

/* How long a client may take; zeroes mean the values above. Tests are less patient. */
struct fy_api_limits {
    int64_t header_ms, body_ms, idle_ms;
    unsigned connections;                  /* on the UNIX socket */
    unsigned tls_connections, per_address; /* over TLS; of them from one address */
};

/* Files in PEM. */
struct fy_api_tls {
    const char *certificate, *key;
    const char *clients; /* who signs the certificates of clients; NULL: tokens only */
};

/* Make the socket (mode 0600, in place of one that a dead daemon left) and serve it. */
bool fy_api_open(const struct fy_api_world *world, const char *socket_path,
                 const struct fy_api_limits *limits, struct fy_api **ret_api,
                 struct fy_err *err) FY_MUST_CHECK;

/* Serve HTTPS at "ADDRESS:PORT", too. */
bool fy_api_listen(struct fy_api *api, const char *address, const struct fy_api_tls *tls,
                   struct fy_err *err) FY_MUST_CHECK;

/* Read the files again: new connections get what they hold now. On failure all stays as it is. */
bool fy_api_certificates(struct fy_api *api, const struct fy_api_tls *tls, struct fy_err *err) FY_MUST_CHECK;

/* Who may do what, from now on; taken over. Event streams end, so that their readers are asked again. */
void fy_api_access(struct fy_api *api, struct fy_access *access);

/* The world's list of workflows has grown; there are so many now. */
void fy_api_workflows(struct fy_api *api, size_t count);

/* What became of a post: an HTTP status, and an error as {"kind","message","hint"} or in words. */
void fy_api_answer(struct fy_api *api, uint64_t id, int status, const char *text);

/* A record became durable: streams of its run go on. */
void fy_api_record(struct fy_api *api, const struct fy_row *row);

#endif
