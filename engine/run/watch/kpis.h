/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KPIs of a run: the catalogue, then those the order defines itself; and what a source of counters is
 * asked.
 *
 * This is the seam between KPI sources and the judge: whoever wants counters builds the arguments here, and
 * reads the answer (docs/adapter-guide.md, "counters") by the names in fy_run_kpis().
 */
#ifndef FY_RUN_KPIS_H
#define FY_RUN_KPIS_H

#include "adapter/adapter.h"
#include "base/buf.h"
#include "run/fold.h"

/* Ends with a NULL name; at most FY_RUN_KPIS rows. Valid as long as the run. */
const struct fy_kpi *fy_run_kpis(const struct fy_run *run);

/* Index in that list, -1 if the run has no such KPI. */
int fy_run_kpi_index(const struct fy_run *run, const char *name);
const struct fy_kpi *fy_run_kpi_find(const struct fy_run *run, const char *name);

/* When the order is accepted. What the order defines is copied: it may be amended, and judges point here. */
void fy_run_kpis_read(struct fy_run *run);
void fy_run_kpis_free(struct fy_run *run);

/* Which connection serves counters: the order's of kind "kpi", else its NF. NULL if it has neither. */
const char *fy_counters_source(const struct fy_order *order);

/*
 * Arguments for "counters": {"after","period_ms"}, and of the rest what the verb's schema names:
 * "versions":{"source","target"} and "kpis":[{"name","numerator":[..],"denominator":[..],"failures",
 * "exclude":[..],"direction"}], so that a source needs no catalogue of its own.
 */
void fy_counters_args(const struct fy_run *run, const struct fy_adapters *adapters, int64_t after_ms,
                      struct fy_buf *buf);

#endif
