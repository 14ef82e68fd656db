/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing an order that waits. What may be changed is a short, closed list (amend.c), because an order is
 * what was approved: its window, the steps, how long stages soak, and the limits. Everything else is a new
 * order. Values are written as in the XML and held to the same rules:
 *
 *     window.start=2026-11-23T01:00:00+08:00     window.end  window.latestRollbackEnd
 *     stage.50.soak=PT20M                        stage.50.maxSoak    (50: the stage's ratio)
 *     vdu.SVC.step=4                             or auto
 *     limits.maxDuration=PT5H                    limits.maxSimplex  limits.minHeadroom  limits.maxUsersAtRisk
 */
#ifndef FY_ORDER_AMEND_H
#define FY_ORDER_AMEND_H

#include "order/order.h"

/*
 * Change one thing. before and after say its value as the XML would ("auto", "none"). What is not in the
 * list is refused by name with what is; fy_order_fits has the last word on the whole.
 */
bool fy_order_amend(struct fy_order *order, const char *what, const char *value, char before[40],
                    char after[40], struct fy_err *err) FY_MUST_CHECK;

/* Do the fields still fit each other? The same checks as when the order was read. */
bool fy_order_fits(struct fy_order *order, struct fy_err *err) FY_MUST_CHECK;

/* A deep copy. */
struct fy_order *fy_order_copy(const struct fy_order *order);

#endif
