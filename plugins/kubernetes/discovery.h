/* SPDX-License-Identifier: Apache-2.0 */
/* Which API versions this cluster speaks. Asked once, and anew after ten minutes: clusters are upgraded, too.
 */
#ifndef KUBE_DISCOVERY_H
#define KUBE_DISCOVERY_H

#include "http.h"

struct kube_discovery;

struct kube_discovery *kube_discovery_new(void);
void kube_discovery_free(struct kube_discovery *discovery);

/*
 * The best version of a group that this adapter and the cluster both know, as "/apis/autoscaling/v2"; "" if
 * the cluster has none. NULL and err if it cannot be asked. Lent for the connection's life.
 */
const char *kube_discovery_group(struct kube_discovery *discovery, struct kube_http *http, const char *group,
                                 struct kube_err *err);

/* apiVersion of an Eviction: "policy/v1" from 1.22 on, "policy/v1beta1" before. NULL and err likewise. */
const char *kube_discovery_eviction(struct kube_discovery *discovery, struct kube_http *http,
                                    struct kube_err *err);

/* Pure parts: the answers of /apis and /api/v1, read. */
const char *kube_discovery_pick(const json_t *apis, const char *group);
const char *kube_discovery_pick_eviction(const json_t *core);

#endif
