/* SPDX-License-Identifier: Apache-2.0 */
/* A run is a list of programs, one at a time: the record that starts one, with the arguments it is replayed
 * with for ever. */
#ifndef FY_RUN_PROGRAM_H
#define FY_RUN_PROGRAM_H

#include "run/live.h"

struct fy_program {
    const char *function;              /* of the workflow */
    const struct fy_order *order;      /* as the program sees it */
    int64_t mirrored_ms;               /* its source and target have changed places, then; 0: not */
    const char *checks, *final_checks; /* JSON arrays of names */
    const char *about;                 /* JSON object: what it begins with, as the workflow's `done` */
};

/* Put "program started" into the tray. */
void fy_program_put(struct fy_live *live, const struct fy_program *program);

#endif
