/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create and remove: more and fewer replicas of a StatefulSet, whose pods have names that are known
 * beforehand. Which pods of a Deployment would go is its controller's choice, so these are refused.
 */
#ifndef KUBE_REPLICAS_H
#define KUBE_REPLICAS_H

#include "workload.h"

kube_verb kube_create, kube_remove;

/* Pure: the ordinal of an instance of that StatefulSet; -1 if it is none. */
long kube_ordinal(const char *id, const char *set);

#endif
