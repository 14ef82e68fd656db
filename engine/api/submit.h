/* SPDX-License-Identifier: Apache-2.0 */
/* An order that came in a request body: read by a child, admitted here. Private to api/. */
#ifndef FY_API_SUBMIT_H
#define FY_API_SUBMIT_H

#include "api/exchange.h"

/*
 * Read the order in the exchange's body in a one-shot ferry-host reader, check it against what this engine
 * knows (connections, workflows, KPIs, time zones) and hand it to "with", which owns it. A refusal is
 * answered here, with line and element.
 */
void fy_order_from_body(struct fy_exchange *exchange,
                        void (*with)(struct fy_exchange *exchange, struct fy_order *order));

/*
 * When a trial begins by its own clock: ?epoch_ms=N, or epoch_ms=window for the start of the order's window.
 * 0 if it was not asked for.
 */
bool fy_order_epoch(const struct fy_exchange *exchange, const struct fy_order *order, int64_t *ret_ms,
                    struct fy_err *err) FY_MUST_CHECK;

#endif
