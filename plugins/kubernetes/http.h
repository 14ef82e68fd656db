/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS to one API server. A lane belongs to one thread at a time and keeps its connections; requests that
 * are handed over together are on the wire together (HTTP/2 streams of one connection, where ALPN agrees).
 */
#ifndef KUBE_HTTP_H
#define KUBE_HTTP_H

#include "kubeconfig.h"

#include <stdatomic.h>

#define KUBE_JSON  "application/json"
#define KUBE_MERGE "application/merge-patch+json"
#define KUBE_PATCH "application/json-patch+json"
#define KUBE_APPLY "application/apply-patch+yaml"

struct kube_http;

/* One request. The caller sets the first part and frees path, body and reply. */
struct kube_request {
    const char *method;
    char *path; /* with its query */
    char *body; /* or NULL */
    const char *type;
    int status;  /* 0: no answer, see err */
    char *reply; /* text, of at most KUBE_REPLY_MAX bytes; or NULL */
    size_t length;
    int64_t after_ms; /* Retry-After; 0: none */
    struct kube_err err;
};

#define KUBE_REPLY_MAX (48 * 1024 * 1024)

/* target is lent and outlives the lane. */
struct kube_http *kube_http_new(const struct kube_target *target);
void kube_http_free(struct kube_http *http);

/*
 * Send all, at most 32 at a time, and wait for all, at most limit_ms. What got an answer has a status,
 * whatever it is. While the server's last Retry-After lasts nothing is sent: 429 with what is left of it.
 */
void kube_http_send(struct kube_http *http, struct kube_request *requests, size_t count, long limit_ms);

/*
 * Read a path's answer as it comes, for hours if need be, until it ends, *stop is set (then call
 * kube_http_wake) or on_data answers false. request->status and err as above; reply has the text of an
 * answer that is not 200.
 */
typedef bool kube_on_data(void *context, const char *data, size_t length);
void kube_http_stream(struct kube_http *http, struct kube_request *request, const _Atomic bool *stop,
                      kube_on_data *on_data, void *context);
void kube_http_wake(struct kube_http *http);

/* What this lane has sent and received so far. */
struct kube_traffic {
    uint64_t requests, sent, received;
};
struct kube_traffic kube_http_traffic(const struct kube_http *http);

void kube_request_clear(struct kube_request *request);

#endif
