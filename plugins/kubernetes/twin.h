/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deployments. Their controller chooses pods by its own lights, so the new version gets a Deployment of its
 * own beside the first, the twin (NAME-ferry), with the same selector and the same template but for the
 * image:
 *
 *     source 16  twin 0      an upgrade of three instances:
 *     source 16  twin 3      the twin grows; each of its pods that gets ready takes the id of one of the
 * three source 13  twin 3      (annotation ferry.dev/instance); that one is evicted, and the source shrinks
 * by it
 *     ...
 *     source 0   twin 16     the end: the source takes the twin's pods over, none of them restarts (merge.c)
 *     source 16
 *
 * Going back is the same with the roles changed. An instance keeps its id through all of it.
 */
#ifndef KUBE_TWIN_H
#define KUBE_TWIN_H

#include "upgrade.h"

struct kube_pair {
    struct kube_workload *source;
    struct kube_workload twin; /* object NULL: there is none */
    struct kube_workload *to, *from;
    json_t *sets; /* whose each ReplicaSet is */
};

kube_upgrader kube_twin_upgrade;

/* The image of a Deployment's template. */
const char *kube_twin_image(const struct kube_workload *deployment);

/* How many pods of it there are, ready or not, that are not going. */
size_t kube_twin_pods(const struct kube_view *view, const struct kube_pair *pair,
                      const struct kube_workload *deployment);

/* A source is taking its twin's pods over. */
bool kube_twin_is_merging(const struct kube_pair *pair);

/*
 * One of the two has nothing left: make one Deployment of them again. The source has nothing: it takes over
 * the twin's ReplicaSet. The twin has nothing: it is removed.
 */
enum kube_end kube_twin_merge(struct kube_op *op, const struct kube_view *view, struct kube_pair *pair);

#endif
