/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A twin: a simulated core of the order's shape, and an engine of its own that upgrades it, in this process
 * and on a virtual clock. Nothing happens but in fy_twin_event, one thing at a time.
 */
#ifndef FY_REHEARSE_TWIN_H
#define FY_REHEARSE_TWIN_H

#include "rehearse/seam.h"
#include "rehearse/virtual_time.h"
#include "run/engine.h"
#include "sim/world.h"

/* What is rehearsed; lent to every twin. */
struct fy_score {
    const char *xml;
    const struct fy_order *order;
    const struct fy_workflow *workflows;
    size_t workflow_count;
    const char **dotted; /* verbs of a vendor's own that the workflow needs; ends with NULL */
    int64_t users;       /* attached; 0: as full as the trial's core */
    int64_t capacity;    /* users a load-sharing instance carries; 0: the trial's */
    bool journal;        /* print the journal of every disturbed rehearsal */
};

struct fy_twin;

/* FY_ERR_INVALID: the simulated core has no such shape; one sentence says which. */
bool fy_twin_new(const struct fy_score *score, struct fy_twin **ret, struct fy_err *err) FY_MUST_CHECK;
void fy_twin_free(struct fy_twin *twin);

/* Send the order. */
bool fy_twin_submit(struct fy_twin *twin, struct fy_err *err) FY_MUST_CHECK;

/* Let one thing happen: a commit, an answer, a timer. False: nothing is left to. */
bool fy_twin_event(struct fy_twin *twin);

struct fy_seam *fy_twin_seam(struct fy_twin *twin);
struct sim_world *fy_twin_world(struct fy_twin *twin);
int64_t fy_twin_now_ms(struct fy_twin *twin);

const char *fy_twin_state(struct fy_twin *twin);
json_t *fy_twin_view(struct fy_twin *twin); /* the caller's; NULL if there is none */
bool fy_twin_command(struct fy_twin *twin, const char *verb, struct fy_err *err);
bool fy_twin_read(struct fy_twin *twin, bool (*visit)(void *context, const struct fy_row *row),
                  void *context);

#endif
