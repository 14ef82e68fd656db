/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's own words about an object. */
#ifndef KUBE_EVENTS_H
#define KUBE_EVENTS_H

#include "connection.h"

/* The newest warning about it, "FailedCreate: exceeded quota: ..."; "" if there is none or it cannot be read.
 */
void kube_events_newest(struct kube_op *op, const char *kind, const char *name, char *words, size_t size);

/* Append it to err's message, unless it is in there already. */
void kube_events_tell(struct kube_op *op, const char *kind, const char *name);

#endif
