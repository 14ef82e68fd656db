/* SPDX-License-Identifier: Apache-2.0 */
/* What the connection's account may do, asked before anything is touched. */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H

#include "connection.h"

/*
 * Ask for every right of packaging/kubernetes/rbac.yaml that this cluster has the resources for, at once.
 * Those that are missing are named, all of them, in one refusal. Once all are there they are not asked for
 * again.
 */
bool kube_access_check(struct kube_op *op);

#endif
