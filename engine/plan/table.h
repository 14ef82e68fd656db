/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as a table a person can judge: plain text, no escape codes, times in UTC. */
#ifndef FY_PLAN_TABLE_H
#define FY_PLAN_TABLE_H

#include "plan/plan.h"

/* Lines of at most width characters (80 at least); longer lists of instances are shortened with a count. */
void fy_plan_table(const struct fy_plan *plan, struct fy_buf *buf, size_t width);

#endif
