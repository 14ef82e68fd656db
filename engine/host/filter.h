/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of a strict host: an allow-list (seccomp). */
#ifndef FY_HOST_FILTER_H
#define FY_HOST_FILTER_H

#include "base/err.h"

bool fy_filter_enter(struct fy_err *err) FY_MUST_CHECK;

#endif
