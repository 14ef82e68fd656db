/* SPDX-License-Identifier: Apache-2.0 */
/* ferryd --check-config: read all that a start would read, and touch nothing. Private to daemon/. */
#ifndef FY_DAEMON_CHECK_H
#define FY_DAEMON_CHECK_H

#include "daemon/options.h"

/* Prints a line for each file and what is wrong with it, on stdout; false if anything is. */
bool fy_check_config(const struct fy_options *options);

#endif
