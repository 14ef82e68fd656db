/* SPDX-License-Identifier: Apache-2.0 */
/* The guard ledger (design "Guards"): what was switched off, proven to be back as it was. */
#ifndef FY_RUN_GUARDS_H
#define FY_RUN_GUARDS_H

#include "run/live.h"

/* One sentence for whoever takes over: which guards are still held. The caller frees it. */
char *fy_guards_hand_over(const struct fy_run *run);

bool fy_guard_same(const char *a, const char *b); /* two states of a guard, as JSON texts */

#endif
