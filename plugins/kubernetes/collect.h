/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_COLLECT_H
#define KUBE_COLLECT_H

#include "workload.h"

/* Of each instance: its state, its container's last lines, its newest warning; before they are gone. */
kube_verb kube_collect;

#endif
