/* SPDX-License-Identifier: Apache-2.0 */
/* stage_image: nodes have an image before anything depends on it. */
#ifndef KUBE_STAGE_H
#define KUBE_STAGE_H

#include "workload.h"

/*
 * On each node that has a pod of the VDU, a pod with that image and the command `true` is made, bound to the
 * node, with the pull secrets of the VDU's workload. When its image has been pulled (however the command
 * ended) it is removed. The workload bears the note ferry.dev/staged, so that the same step asked again finds
 * it done.
 */
kube_verb kube_stage_image;

/* Pure: whether a pod's status says that its image is on the node: 1, not yet: 0, it cannot be had: -1. */
int kube_stage_pulled(const json_t *pod);

#endif
