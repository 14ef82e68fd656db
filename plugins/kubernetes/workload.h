/* SPDX-License-Identifier: Apache-2.0 */
/* The workloads whose pods are a call's instances. */
#ifndef KUBE_WORKLOAD_H
#define KUBE_WORKLOAD_H

#include "notes.h"

#define KUBE_NOTE_IMAGE                                                                                      \
    KUBE_PREFIX "image" /* set together with the image: another one in the template is foreign */
#define KUBE_NOTE_PRIOR KUBE_PREFIX "prior-strategy" /* the update strategy to give back */

struct kube_kind {
    const char *kind, *group, *plural; /* "StatefulSet", "/apis/apps/v1", "statefulsets" */
    const char *api;                   /* "apps/v1" */
};

/* NULL: no kind that Ferry upgrades. */
const struct kube_kind *kube_kind_find(const char *kind);

struct kube_workload {
    const struct kube_kind *kind;
    char name[254];
    json_t *object;   /* as the server has it; NULL until kube_workload_look */
    const char **ids; /* of the call's instances; lent by the arguments */
    size_t count;
};

struct kube_workloads {
    struct kube_workload *items;
    size_t count;
};

/*
 * Sort the call's "instances" by workload. An instance that is not there, a pod of nobody's and a workload of
 * a kind that Ferry does not know are failures that name it.
 */
bool kube_workloads_of(struct kube_op *op, const struct kube_view *view, struct kube_workloads *ret);
void kube_workloads_free(struct kube_workloads *workloads);

/* Read it anew. */
bool kube_workload_look(struct kube_op *op, struct kube_workload *workload);

/*
 * Merge a patch into it, if it is still as it was read (resourceVersion); patch is stolen. Somebody was
 * faster: a transient failure. On success object is the answer.
 */
bool kube_workload_merge(struct kube_op *op, struct kube_workload *workload, json_t *patch);

/* Its path; the caller frees it. */
char *kube_workload_path(const struct kube_op *op, const struct kube_workload *workload);

/* The container of its template that is the instance. */
const json_t *kube_workload_container(const struct kube_workload *workload);

/* "StatefulSet amf-svc" */
const char *kube_workload_title(const struct kube_workload *workload, char title[300]);

#endif
