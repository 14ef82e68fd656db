/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to one namespace of one cluster, and a call of one verb on it. */
#ifndef KUBE_CONNECTION_H
#define KUBE_CONNECTION_H

#include "api.h"
#include "discovery.h"
#include "pods.h"
#include "table.h"
#include "watch.h"

struct kube {
    const struct ferry_host *host;
    struct kube_target target;
    struct kube_http *lanes[2]; /* one acts, one looks */
    struct kube_discovery *discovery;
    struct kube_pods *pods;
    struct kube_table *nodes, *sets;
    struct kube_watch *pods_watch, *nodes_watch, *sets_watch;
    char *name_space, *selector, *vdu_label, *take_over;
    int64_t patience_ms, ready_ms;
    bool behind_owners; /* told to act although somebody else owns the workloads */
    bool rights_known;  /* asked for, and all there; of the lane that looks */
};

/* A call being served. Functions below it fill err; the verb's end tells the host. */
struct kube_op {
    struct kube *kube;
    struct kube_http *http;
    const struct ferry_call *call;
    json_t *args;
    struct kube_err err;
    int64_t done, total; /* AGAIN: progress */
    char text[256];      /* AGAIN: what is waited for */
};

enum kube_end {
    KUBE_DONE,
    KUBE_AGAIN,
    KUBE_FAILED, /* err says why */
};

void *kube_open(const struct ferry_host *host, const char *settings, char *why, size_t why_size);
void kube_close(void *connection);

/* A path in the connection's namespace: kube_path(op, "/api/v1", "pods/%s", name). The caller frees it. */
char *kube_path(const struct kube_op *op, const char *group, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the pods are now; a failure if the API server has not been reached for a while. */
bool kube_op_view(struct kube_op *op, struct kube_view *ret);

/* A verb: *ret_result is its result if it is done. */
typedef enum kube_end kube_verb(struct kube_op *op, json_t **ret_result);
void kube_serve(void *connection, enum ferry_verb_kind kind, kube_verb *verb, const struct ferry_call *call,
                struct ferry_reply *reply);

#endif
