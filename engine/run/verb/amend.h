/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amend: an order that waits is changed in place, within the list of order/amend.h, and held to the same
 * checks as when it came. The record has what was changed from what to what, by whom and why, and the
 * order as it is from then on; the prechecks, and with them the forecast of its plan, are made again.
 */
#ifndef FY_RUN_AMEND_H
#define FY_RUN_AMEND_H

#include "run/live.h"

bool fy_amend_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                   struct fy_err *err) FY_MUST_CHECK;

#endif
