/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, read whole. */
#ifndef FY_BASE_FILE_H
#define FY_BASE_FILE_H

#include "base/buf.h"

/* "-" is standard input. More than limit bytes are refused. */
bool fy_read_file(const char *path, size_t limit, struct fy_buf *ret, struct fy_err *err) FY_MUST_CHECK;

/* A file with a secret: refused if its group or others may read it. What editors put at its end is dropped.
 */
bool fy_read_private_file(const char *path, size_t limit, struct fy_buf *ret,
                          struct fy_err *err) FY_MUST_CHECK;

#endif
