/* SPDX-License-Identifier: Apache-2.0 */
/* What an order may name: this engine's connections, workflows and KPIs. Private to api/. */
#ifndef FY_API_KNOWN_H
#define FY_API_KNOWN_H

#include "api/exchange.h"
#include "order/read.h"

bool fy_order_is_known(struct fy_api *api, const struct fy_order *order, int64_t now_ms,
                       struct fy_refusal *ret_refusal, struct fy_err *err) FY_MUST_CHECK;

/* False while the host of a connection of this order is just starting and has not told what it is. */
bool fy_order_connections_heard(struct fy_api *api, const struct fy_order *order);

#endif
