/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the ferryd of a store, detached from this terminal. Private to cli/. */
#ifndef FY_CLI_START_H
#define FY_CLI_START_H

#include "base/err.h"

/* Returns when its socket answers; its log is STORE/ferryd.log. If another one was quicker, that is as good.
 */
bool fy_start_ferryd(const char *store, struct fy_err *err) FY_MUST_CHECK;

/* Make the store's directory, mode 0700, with those above it. */
bool fy_make_store(const char *store, struct fy_err *err) FY_MUST_CHECK;

#endif
