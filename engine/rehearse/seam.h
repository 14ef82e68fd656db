/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between a rehearsed engine and its twin: a set of adapters around another one. One trouble can
 * befall one step of the run, and names of the order are translated into those the simulated core knows.
 *
 * Synthesized replies come from fy_seam_turn, never from inside a call.
 */
#ifndef FY_REHEARSE_SEAM_H
#define FY_REHEARSE_SEAM_H

#include "adapter/adapter.h"
#include "base/json.h"

enum fy_trouble {
#define TROUBLE(name, steps, passing, help) FY_TROUBLE_##name,
#include "rehearse/trouble.def"
#undef TROUBLE
    FY_TROUBLES,
    FY_TROUBLE_NONE = FY_TROUBLES
};

struct fy_seam;

/* inner is borrowed. dotted: verbs of a vendor's own that every connection serves here; ends with NULL. */
struct fy_seam *fy_seam_new(struct fy_adapters *inner, const char *const *dotted);
void fy_seam_free(struct fy_seam *seam);
struct fy_adapters *fy_seam_adapters(struct fy_seam *seam);

/* A word of the order, and the simulated core's for it. Both are copied. */
void fy_seam_translate(struct fy_seam *seam, const char *ordered, const char *simulated);

/* What befalls which step, from now on. */
void fy_seam_set_trouble(struct fy_seam *seam, enum fy_trouble trouble, uint64_t step);

/* Serve what is queued here; how many. */
size_t fy_seam_turn(struct fy_seam *seam);

/* Calls of that step or a later one were seen. */
bool fy_seam_reached(const struct fy_seam *seam);
/* The effect is there and the engine must not hear of it: crash it now. Said once. */
bool fy_seam_wants_crash(struct fy_seam *seam);
void fy_seam_drop(struct fy_seam *seam); /* the engine died: nobody waits any more */

#endif
