/* SPDX-License-Identifier: Apache-2.0 */
/* One rehearsal: the order on a twin, undisturbed or with one trouble at one step, and how that ends. */
#ifndef FY_REHEARSE_REHEARSAL_H
#define FY_REHEARSE_REHEARSAL_H

#include "rehearse/twin.h"

enum fy_steps { FY_STEPS_ACTS = 1, FY_STEPS_DIAL = 2, FY_STEPS_SOAK = 4 };

extern const struct fy_trouble_row {
    const char *name;
    unsigned steps; /* enum fy_steps: to which it can happen */
    bool passes;    /* the upgrade is expected to go on by itself */
    const char *help;
} fy_troubles[FY_TROUBLES];

/* A step of the undisturbed rehearsal that something can befall. */
struct fy_acting {
    uint64_t step;
    unsigned kinds; /* enum fy_steps */
    char *call, *text;
};

struct fy_actings {
    struct fy_acting *list;
    size_t count;
};

void fy_actings_free(struct fy_actings *actings);

enum fy_end {
    FY_END_DONE,   /* completed */
    FY_END_BACK,   /* rolled back by itself */
    FY_END_PARKED, /* parked, then rolled back by the operator */
    FY_END_STUCK,  /* parked, and nothing leads out */
    FY_END_NEVER,  /* no end within two days */
    FY_END_DIED,   /* the rehearsal itself died: a fault of Ferry */
};

struct fy_outcome {
    enum fy_end end;
    bool struck;     /* the trouble happened */
    bool acceptable; /* as a gate for a release */
    char why[256];   /* why not; or the error it parked with */
    int64_t dropped; /* users and calls */
    bool guards;     /* are as they were */
    int64_t took_ms; /* of run time */
};

/* actings may be NULL; it is filled from the journal. */
void fy_rehearse(const struct fy_score *score, enum fy_trouble trouble, uint64_t step,
                 struct fy_outcome *outcome, struct fy_actings *actings);

#endif
