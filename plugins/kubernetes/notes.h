/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Ferry notes on whatever it changes: whose step it was. Another engine is held off by it, and a person
 * with kubectl sees what is going on.
 */
#ifndef KUBE_NOTES_H
#define KUBE_NOTES_H

#include "connection.h"

/* {"run","step","fence","attempt","verb","since_ms"}; since_ms: when this attempt began. */
#define KUBE_NOTE_STEP KUBE_PREFIX "step"

/* The note on an object; an empty object if there is none, or one that cannot be read. The caller's. */
json_t *kube_note_read(const json_t *object);

/* The note for this call, as the text of an annotation. The caller frees it. */
char *kube_note_new(const struct kube_op *op, const char *verb);

/* Whether this very call (run, step, fence and attempt) is noted on it. */
bool kube_note_is_mine(const struct kube_op *op, const json_t *object);

/* The attempt of this step that is noted on it; 0 if the note is of another step. */
uint32_t kube_note_attempt(const struct kube_op *op, const json_t *object);

/* Refuse what an engine that was replaced still asks for: a lower (fence, step) than is noted for the run. */
bool kube_note_fence(struct kube_op *op, const json_t *object);

#endif
