/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning on live data: inventory and health are asked, put together, planned with, and proven by the
 * checker. A plan that is not the remainder of what the last revision foresaw is journalled as a new
 * revision.
 */
#ifndef FY_RUN_PLANNING_H
#define FY_RUN_PLANNING_H

#include "plan/plan.h"
#include "run/ask.h"
#include "run/live.h"

#define FY_PLANNING_QUESTIONS 2

/* The two questions every plan begins with. */
void fy_planning_ask(const struct fy_order *order, struct fy_question questions[FY_PLANNING_QUESTIONS]);

/* Their answers as a landscape; the answers stay the ask's. Also kept as the run's picture for the view. */
bool fy_planning_landscape(const struct fy_question *questions, struct fy_landscape **ret,
                           struct fy_err *err) FY_MUST_CHECK;

/* first_stage: stages before it are behind us; that one has the share an operator wants, if adjusted. */
bool fy_planning_make(const struct fy_run *run, const struct fy_landscape *landscape, size_t first_stage,
                      bool adjusted, struct fy_rtime now, struct fy_plan **ret,
                      struct fy_err *err) FY_MUST_CHECK;

/* Which instances the result of a next_* step hands out; 0: none. */
uint64_t fy_planning_handed(const char *result, size_t length);

/* Put "plan made" into the tray if it is a new revision. */
void fy_planning_put(struct fy_live *live, const struct fy_plan *plan);

/* Keep what was seen as the picture of the instances (view "instances"). */
void fy_planning_keep(struct fy_live *live, const struct fy_landscape *landscape);

#endif
