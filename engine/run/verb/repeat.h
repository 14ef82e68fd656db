/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb that is asked for twice with one Idempotency-Key is done once: the key stands in the command's
 * record, so this holds over a restart and after the run's end.
 */
#ifndef FY_RUN_REPEAT_H
#define FY_RUN_REPEAT_H

#include "run/live.h"

/* Was it accepted before? live is NULL once the run is over. */
bool fy_command_repeats(struct fy_engine *engine, const struct fy_live *live, const char *run,
                        const struct fy_caller *caller);
void fy_command_note_key(struct fy_live *live, const struct fy_caller *caller); /* it was accepted just now */

#endif
