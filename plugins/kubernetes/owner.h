/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever else believes that a workload is theirs: Helm, Argo CD, Flux, an operator. */
#ifndef KUBE_OWNER_H
#define KUBE_OWNER_H

#include "kube.h"

/* "Helm release amf", "Argo CD application core", "AmfCluster east"; "" if it is nobody's. */
void kube_owner_name(const json_t *object, char *name, size_t size);

/*
 * Refuse to act behind its back, unless the connection was told to (behind_owners) or the workload says so
 * itself: annotation ferry.dev/behind-owner: "true".
 */
bool kube_owner_allows(const json_t *object, bool behind_owners, struct kube_err *err);

#endif
