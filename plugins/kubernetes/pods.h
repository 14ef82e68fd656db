/* SPDX-License-Identifier: Apache-2.0 */
/* The pods that are known at the moment. One thread writes (watch.h), any may read. */
#ifndef KUBE_PODS_H
#define KUBE_PODS_H

#include "pod.h"

struct kube_pods;

struct kube_pods *kube_pods_new(const char *vdu_label);
void kube_pods_free(struct kube_pods *pods);

/* A list begins, has these objects, ends: from then on they are what there is, and nothing else. */
bool kube_pods_list_begin(struct kube_pods *pods);
bool kube_pods_list_add(struct kube_pods *pods, const json_t *object);
void kube_pods_list_end(struct kube_pods *pods);
/* The list was broken off: what was known stays. */
void kube_pods_list_drop(struct kube_pods *pods);

/* An event: the pod is as the object says, or gone. False: no memory, so list anew. */
bool kube_pods_event(struct kube_pods *pods, const json_t *object, bool gone);

/*
 * What there was at one moment, by instance; pods that have run to their end are left out. The caller frees
 * it; the pods live as long.
 */
struct kube_view {
    struct kube_pod **pods;
    size_t count;
};
bool kube_pods_view(struct kube_pods *pods, struct kube_view *ret);
void kube_view_free(struct kube_view *view);

/* The pod of an instance: one that stays before one that goes; NULL if there is none. */
const struct kube_pod *kube_view_instance(const struct kube_view *view, const char *id);

/*
 * The Deployment that a pod belongs to: as its ReplicaSet says (sets, of kube_table_all), and as that one's
 * name says while it is not known yet. They differ where a source has taken its twin's ReplicaSet over.
 */
const char *kube_pod_deployment(const struct kube_pod *pod, const json_t *sets);

#endif
