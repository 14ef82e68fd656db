/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the outermost members of a JSON text without building a tree: for envelopes whose members are
 * handed on as text. Slices are not validated (only strings and brackets are balanced): whoever uses one
 * parses it, copies it as a string or reads it as a number.
 *
 *     struct fy_scan scan = fy_scan_text(text, length);
 *     while (fy_scan_member(&scan, &key, &value))
 *         if (fy_slice_is(&key, "result")) ...
 *     if (!fy_scan_ok(&scan)) ...
 */
#ifndef FY_BASE_SCAN_H
#define FY_BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fy_slice {
    const char *text;
    size_t length;
};

struct fy_scan {
    const char *at, *end;
    char close; /* what ends it: } or ]; 0 once it has ended or was found broken */
    bool broken, first;
};

struct fy_scan fy_scan_text(const char *text, size_t length); /* of an object or array */
struct fy_scan fy_scan_slice(const struct fy_slice *slice);

/* The next member of an object; key is without its quotes, escapes untouched. False at the end. */
bool fy_scan_member(struct fy_scan *scan, struct fy_slice *ret_key, struct fy_slice *ret_value);
bool fy_scan_element(struct fy_scan *scan, struct fy_slice *ret_value); /* of an array */
bool fy_scan_ok(const struct fy_scan *scan); /* ended properly, nothing behind it */

bool fy_slice_is(const struct fy_slice *slice, const char *text);
int64_t fy_slice_int(const struct fy_slice *slice, int64_t otherwise);
bool fy_slice_bool(const struct fy_slice *slice, bool otherwise);
bool fy_slice_valid(
    const struct fy_slice *slice); /* one JSON value by RFC 8259, in UTF-8, nested at most 64 deep */
char *fy_slice_copy(const struct fy_slice *slice); /* the raw text; the caller frees it */

/* A JSON string decoded; NULL if it is none. The caller frees it. */
char *fy_slice_string(const struct fy_slice *slice);

#endif
