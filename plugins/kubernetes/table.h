/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of one kind of object the few things that are looked up by name: of nodes their zone and room, of
 * ReplicaSets whose they are. Written by one thread, read by any.
 */
#ifndef KUBE_TABLE_H
#define KUBE_TABLE_H

#include "watch.h"

struct kube_table;

/* What of an object is kept. */
typedef json_t *kube_row(const json_t *object);

/* {"zone":"...","pods":250,"open":true} */
kube_row kube_node_row;
/* The name of its Deployment, as JSON text; "" if it is nobody's. */
kube_row kube_set_row;

struct kube_table *kube_table_new(kube_row *row);
void kube_table_free(struct kube_table *table);
struct kube_sink kube_table_sink(struct kube_table *table);

/* {"NAME":row}: a copy of what is known. */
json_t *kube_table_all(struct kube_table *table);

#endif
