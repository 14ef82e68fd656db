/* SPDX-License-Identifier: Apache-2.0 */
/* How a refusal is put: "line 47, f:Stage: what is wrong", and in the hint what would be right. Private to
 * order/. */
#ifndef FY_ORDER_REFUSE_H
#define FY_ORDER_REFUSE_H

#include "order/read.h"

/* Where refusals of one document go. Either may be NULL. */
struct fy_refuser {
    struct fy_refusal *refusal;
    struct fy_err *err;
};

/* Always false. line 0: the place cannot be told; element "" likewise. */
bool fy_refuse(const struct fy_refuser *to, int64_t line, const char *element, const char *format, ...)
    FY_PRINTF(4, 5);

/* Put the place in front of the message that is already in err. Always false. */
bool fy_refuse_placed(const struct fy_refuser *to, int64_t line, const char *element);

/* Set the hint, or "did you mean X?" if near is not NULL. Always false. */
bool fy_refuse_hint(const struct fy_refuser *to, const char *near, const char *format, ...) FY_PRINTF(3, 4);

#endif
