/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the policies, one by one; order/check.c has the others and calls them. Private to order/. */
#ifndef FY_ORDER_CHECK_H
#define FY_ORDER_CHECK_H

#include "order/refuse.h"

bool fy_check_gray(struct fy_order_gray *gray, const struct fy_refuser *to);
bool fy_check_gate(const struct fy_order_gate *gate, const struct fy_refuser *to);
bool fy_check_dial_tests(const struct fy_order *order, const struct fy_refuser *to);
bool fy_check_commit(const struct fy_order *order, const struct fy_refuser *to);

/* 500 permille to "50", 5 to "0.5". */
#define FY_PERCENT_TEXT 24
const char *fy_permille_text(int64_t permille, char text[FY_PERCENT_TEXT]);
const char *fy_bp_text(int64_t bp, char text[FY_PERCENT_TEXT]);

#endif
