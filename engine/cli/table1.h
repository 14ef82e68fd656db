/* SPDX-License-Identifier: Apache-2.0 */
/* Table 1 of the trial's paper: users and KPIs of both domains at 0 %, 50 % and 100 %. */
#ifndef FY_CLI_TABLE1_H
#define FY_CLI_TABLE1_H

#include "base/json.h"
#include "cli/page.h"

/* From the snapshots of a run's KPI view; with the paper's own figures below each row if they are wanted. */
void fy_table1(struct fy_page *page, const json_t *kpis, bool paper);

#endif
