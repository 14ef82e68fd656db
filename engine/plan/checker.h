/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker: proves the invariants for one batch on live data before anything of it happens. It shares no
 * code with the planner, so that a mistake of one is caught by the other. A refusal is one sentence with the
 * figures.
 */
#ifndef FY_PLAN_CHECKER_H
#define FY_PLAN_CHECKER_H

#include "plan/plan.h"

/* Never both of a pair, never below what must be preserved, capacity and headroom of both domains,
 * anti-affinity, nobody's instance leaves while it serves, quorum of the stores. FY_ERR_REFUSED. */
bool fy_check_batch(const struct fy_order *order, const struct fy_landscape *landscape,
                    const struct fy_batch *batch, struct fy_err *err) FY_MUST_CHECK;

/* The same for a move: the share it asks for must fit into both domains, also while its batch is away. */
bool fy_check_move(const struct fy_order *order, const struct fy_landscape *landscape,
                   const struct fy_move *move, struct fy_err *err) FY_MUST_CHECK;

/*
 * Going on without the instances that are marked aside in the landscape: nobody is on them, what must be
 * preserved is in service without them, every pair of theirs has an active half, the stores answer, capacity
 * suffices.
 */
bool fy_check_aside(const struct fy_order *order, const struct fy_landscape *landscape,
                    struct fy_err *err) FY_MUST_CHECK;

/*
 * Right before the instances of a batch are upgraded, replaced or removed: no session is left on them, their
 * switches were made, and what stays behind still carries the users. Live data, after drain and switchover.
 */
bool fy_check_leave(const struct fy_order *order, const struct fy_landscape *landscape,
                    const struct fy_batch *batch, struct fy_err *err) FY_MUST_CHECK;

#endif
