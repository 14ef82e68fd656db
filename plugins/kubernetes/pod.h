/* SPDX-License-Identifier: Apache-2.0 */
/* A pod as far as Ferry looks at it: some hundred bytes, so that ten thousand of them are watched in a few
 * MB. */
#ifndef KUBE_POD_H
#define KUBE_POD_H

#include "kube.h"

#include <stdatomic.h>

/* A Deployment's instances of the target version belong to a second Deployment of this name (deployment.h).
 */
#define KUBE_TWIN "-ferry"

enum kube_trouble {
    KUBE_WELL,          /* ready, or on its way */
    KUBE_UNSCHEDULABLE, /* no node takes it */
    KUBE_UNPULLABLE,    /* its image cannot be had */
    KUBE_MISCONFIGURED, /* its containers cannot be made */
    KUBE_CRASHING,      /* they end again and again */
    KUBE_ENDED,         /* the pod has failed as a whole */
    KUBE_HOPELESS,      /* by its nature: waiting will not help */
};

#define KUBE_STAGE_LABEL "ferry.dev/stage" /* on pods that only fetch an image (stage.h) */

struct kube_pod {
    _Atomic unsigned references;
    int64_t created_ms, ready_since_ms, deleted_ms; /* 0: not so; deleted_ms: when its grace ends */
    json_int_t restarts;
    bool named;                 /* its id is noted on it, and stays when its pod does not */
    bool running, ready, ended; /* ready: running and not about to go; ended: nobody's instance (any more) */
    enum kube_trouble trouble;
    const char *id; /* of the instance: what Ferry calls it */
    const char *name, *uid, *node;
    const char *kind, *owner;                   /* of the workload that made it; "" for a bare pod */
    const char *set;                            /* its ReplicaSet; "" if it has none */
    const char *vdu, *image, *version, *digest; /* digest: of the image that runs, "sha256:..." or "" */
    const char *revision;                       /* controller-revision-hash or pod-template-hash */
    const char *reason, *words;                 /* what is wrong, as the cluster says it */
    const char *finalizers;
    char text[];
};

/* Which of a pod's containers is the instance: the one ANNOTATION names, else kubectl's default, else the
 * first. */
const json_t *kube_container(const json_t *metadata, const json_t *spec);

/*
 * Read one. vdu_label names the label that has the VDU; a pod without it is of the VDU that its workload is
 * named like. NULL: no memory, or no pod (a name or uid is missing). Begins with one reference.
 */
struct kube_pod *kube_pod_read(const json_t *object, const char *vdu_label);
struct kube_pod *kube_pod_hold(struct kube_pod *pod);
void kube_pod_drop(struct kube_pod *pod);

/* "running", "building", "error", as an inventory says it. */
const char *kube_pod_state(const struct kube_pod *pod);

/*
 * Whether waiting for it any longer is of no use: trouble that has lasted patience_ms, a container that has
 * ended three times, a deletion that a finalizer or a dead node holds up. Then err has the cluster's words.
 */
bool kube_pod_hopeless(const struct kube_pod *pod, int64_t now_ms, int64_t patience_ms, struct kube_err *err);

#endif
