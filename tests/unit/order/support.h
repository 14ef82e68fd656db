/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the order share: the good orders, and changing them in one place. */
#ifndef TEST_ORDER_SUPPORT_H
#define TEST_ORDER_SUPPORT_H

#include "base/buf.h"
#include "order/read.h"

#define AMF "amf.xml" /* in tests/support/orders */
#define SMF "smf.xml"

/* The text of a good order; the caller frees it. Fails the test if it cannot be read. */
char *load_order(const char *name);

/* A copy with the first "find" replaced; fails the test if there is none. The caller frees it. */
char *replaced(const char *text, const char *find, const char *put);

/* The line in which "what" begins first, 0 if nowhere. */
int line_of(const char *text, const char *what);

/* Read a good order or fail the test with the refusal. */
struct fy_order *read_good(const char *text);

/* Read what must be refused; fails the test if it is not. */
void read_refused(const char *text, size_t length, struct fy_refusal *refusal, struct fy_err *err);

#endif
