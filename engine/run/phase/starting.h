/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STARTING: checks and the first plan on live data, nothing touched. All is well: the program starts.
 * Anything is not: the network function is free again, with all that failed in the record.
 */
#ifndef FY_RUN_STARTING_H
#define FY_RUN_STARTING_H

#include "run/live.h"

void fy_starting_drive(struct fy_live *live);

#endif
