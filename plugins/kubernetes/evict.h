/* SPDX-License-Identifier: Apache-2.0 */
/* Pods are ended through the eviction API, which keeps PodDisruptionBudgets. */
#ifndef KUBE_EVICT_H
#define KUBE_EVICT_H

#include "workload.h"

struct kube_evictions {
    const struct kube_pod **pods;
    size_t count;
    size_t accepted, blocked; /* out */
    char words[256];          /* what blocks, as the server says it */
};

/*
 * Ask for all of them at once. Each names the uid of its pod, so a pod that was made anew meanwhile is left
 * alone. A budget that allows nothing now is waited for (blocked); one that never can is refused with its
 * name.
 */
bool kube_evict(struct kube_op *op, struct kube_evictions *evictions);

/* Delete pods that serve nobody (of these uids and no others): no budget is about them. */
bool kube_end_pods(struct kube_op *op, const struct kube_evictions *pods);

/* Pure: the name of the budget in a refused eviction's answer; "" if there is none. */
void kube_evict_budget(const json_t *status, char name[254]);

/* Pure: a budget that allows no disruption although every pod it is about is healthy. */
bool kube_evict_never(const json_t *budget);

#endif
