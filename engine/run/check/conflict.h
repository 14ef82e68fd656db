/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands in the way of an order. One live run for each network function and each exclusion group; a dirty
 * network function takes none; and a mate (pool or geo) carries the users of what is upgraded, so neither may
 * be changed while the other is.
 */
#ifndef FY_RUN_CONFLICT_H
#define FY_RUN_CONFLICT_H

#include "run/live.h"

/* FY_ERR_CONFLICT names the run that stands in the way, its state, and what would free the function. apart:
 * the order comes with the commit of that run; NULL: with none. */
bool fy_conflict_none(const struct fy_engine *engine, const struct fy_order *order,
                      const struct fy_live *apart, struct fy_err *err) FY_MUST_CHECK;

/* A run that changes this network function of the tenant now, or has left it dirty; NULL: none. */
const struct fy_live *fy_conflict_changes(const struct fy_engine *engine, const char *vnf_instance,
                                          const char *tenant);

#endif
