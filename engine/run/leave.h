/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last look before instances are rebuilt or removed: live data, the checker once more. Nobody's instance
 * leaves while it serves a session, whatever the workflow did before.
 */
#ifndef FY_RUN_LEAVE_H
#define FY_RUN_LEAVE_H

#include "plan/landscape.h"
#include "run/live.h"

/* Do instances leave in this call? */
bool fy_leave_concerns(const char *call);

/*
 * May the instances of the call's arguments leave now? Those that are gone already or run the wanted image
 * are not asked about, so that a step that is taken up again is not refused for what it has done itself.
 */
bool fy_leave_allowed(const struct fy_order *order, const struct fy_landscape *landscape, const json_t *args,
                      struct fy_err *err) FY_MUST_CHECK;

#endif
