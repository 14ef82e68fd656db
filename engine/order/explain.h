/* SPDX-License-Identifier: Apache-2.0 */
/* An order as a page for a person, and a first order to start from. */
#ifndef FY_ORDER_EXPLAIN_H
#define FY_ORDER_EXPLAIN_H

#include "order/order.h"

/* "ferry order check": what will be upgraded, in which stages, behind which gates, in plain sentences. */
void fy_order_explain(const struct fy_order *order, struct fy_buf *buf);

/* "ferry order new KIND": a commented order. false if there is none of that kind (err lists them). */
bool fy_order_template(const char *kind, struct fy_buf *buf, struct fy_err *err) FY_MUST_CHECK;

#endif
