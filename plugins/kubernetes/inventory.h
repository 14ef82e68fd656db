/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_INVENTORY_H
#define KUBE_INVENTORY_H

#include "connection.h"

kube_verb kube_inventory;

/* Pure: the inventory of a view; nodes and sets (of ReplicaSets) as kube_table_all gives them. NULL: no
 * memory. */
json_t *kube_inventory_of(const struct kube_view *view, const json_t *nodes, const json_t *sets);

#endif
