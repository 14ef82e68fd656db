/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guards: what the platform does by itself, and must not do while Ferry works.
 *
 *     scaling   HorizontalPodAutoscalers (selectPolicy Disabled), KEDA ScaledObjects (paused)
 *     healing   Deployments (paused: no rollout), MachineHealthChecks (paused)
 *
 * What is held bears the annotation ferry.dev/held with what it was before. It is given back exactly as it
 * was; what somebody else has changed meanwhile is theirs and stays, and reading the guard shows it.
 */
#ifndef KUBE_GUARDS_H
#define KUBE_GUARDS_H

#include "connection.h"

kube_verb kube_guard_read, kube_guard_set;

/* One sort of object that a guard is about. The functions are pure. */
struct kube_guarded {
    const char *guard, *group, *plural, *kind;
    bool everywhere;                         /* in all namespaces: it is about nodes */
    json_t *(*was)(const json_t *object);    /* the part that is switched, null if it is not there */
    json_t *(*hold)(const json_t *object);   /* a merge patch that switches it off */
    bool (*is_held)(const json_t *object);   /* it is off */
    json_t *(*give_back)(const json_t *was); /* a merge patch that makes it as it was */
};

/* Ends with a NULL guard. */
extern const struct kube_guarded kube_guarded[];

#endif
