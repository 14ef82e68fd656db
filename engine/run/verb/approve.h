/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals: a question asks for a number of different people. Whoever requested the upgrade (submitted the
 * order, or is the requester of its ticket) is none of them, except with {"break_glass":true,"why"}, which is
 * alarmed and listed for review. A trial has one person, and is no upgrade: there the rule is not asked for.
 */
#ifndef FY_RUN_APPROVE_H
#define FY_RUN_APPROVE_H

#include "base/json.h"
#include "run/fold.h"

bool fy_approve_fold_asked(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                           struct fy_err *err);
bool fy_approve_fold_given(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                           struct fy_err *err);
void fy_approve_free(struct fy_run_approval *approval);

/* The order's approval for a stage, before or after it; NULL: it wants none. */
const struct fy_order_approval *fy_approve_of_order(const struct fy_order *order, int64_t stage, bool after);

#endif
