/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's nodes: in which zone they are and how many pods they take. Written by one thread, read by
 * any. */
#ifndef KUBE_NODES_H
#define KUBE_NODES_H

#include "watch.h"

struct kube_nodes;

struct kube_nodes *kube_nodes_new(void);
void kube_nodes_free(struct kube_nodes *nodes);
struct kube_sink kube_nodes_sink(struct kube_nodes *nodes);

/* {"NODE":{"zone":"...","pods":250,"open":true}}: a copy of what is known; empty without the right to look.
 */
json_t *kube_nodes_all(struct kube_nodes *nodes);

#endif
