/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an exported ferry_adapter fit to be used? abi first, then size, then everything it must have: the first
 * missing or wrong piece is named, so that a half-filled table is refused before it is called.
 */
#ifndef FY_ADAPTER_CHECK_H
#define FY_ADAPTER_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "ferry/adapter.h"

/* file is how messages call it: "example.so". */
bool fy_adapter_check(const struct ferry_adapter *adapter, const char *file,
                      struct fy_err *err) FY_MUST_CHECK;

/* The standard verbs of its kinds that it does not have, as a JSON list of names. */
void fy_adapter_missing(const struct ferry_adapter *adapter, struct fy_buf *buf);

/* The name in a NULL-terminated list nearest to a misspelt one; NULL if none is near. */
const char *fy_nearest(const char *name, const char *const *known);

#endif
