/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an event, to stderr, for the person who runs the process. Only the code that gives up
 * on an error, or that decides something an operator should know, writes here. Secrets never do.
 */
#ifndef FY_BASE_LOG_H
#define FY_BASE_LOG_H

#include "base/err.h"

enum fy_log_level { FY_LOG_ERROR, FY_LOG_WARNING, FY_LOG_INFO, FY_LOG_DEBUG };

void fy_log_open(const char *process, enum fy_log_level up_to); /* the name put on every line */
void fy_log(enum fy_log_level level, const char *format, ...) FY_PRINTF(2, 3);
void fy_log_err(const struct fy_err *err, const char *format, ...)
    FY_PRINTF(2, 3); /* error, message and hint */

#endif
