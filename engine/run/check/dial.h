/* SPDX-License-Identifier: Apache-2.0 */
/* What a dial test must have shown: every service works, and who was steered is where he was steered to. */
#ifndef FY_RUN_DIAL_H
#define FY_RUN_DIAL_H

#include "base/err.h"

/* args and result of the verb dial_test (docs/adapter-guide.md). FY_ERR_PERMANENT: one sentence, who and how.
 */
bool fy_dial_passed(const char *args, const char *result, struct fy_err *err) FY_MUST_CHECK;

#endif
