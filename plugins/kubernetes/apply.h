/* SPDX-License-Identifier: Apache-2.0 */
/* The image of a workload's template, by server-side apply under Ferry's own field manager. */
#ifndef KUBE_APPLY_H
#define KUBE_APPLY_H

#include "workload.h"

/*
 * The template has this image (and version, noted beside it). What is so is not applied again. Refused:
 * somebody else has changed the image since this run set it; or the field belongs to a manager from whom the
 * setting take_over does not let Ferry take it. Both name whom.
 */
bool kube_apply_image(struct kube_op *op, struct kube_workload *workload, const char *image,
                      const char *version);

/* Pure: the version to note in the template beside an image, "" where label or tag tell it already. */
const char *kube_apply_version(const struct kube_workload *workload, const char *image, const char *version);

/* Pure: who holds the fields that a 409 of an apply is about, "kubectl-create, helm"; "" if it is none such.
 */
void kube_apply_holders(const json_t *status, char *holders, size_t size);

/* Pure: whether each of them begins with one of the names in allowed, or that has a *. */
bool kube_apply_allowed(const char *holders, const char *allowed);

#endif
