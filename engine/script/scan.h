/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking JSON text without building anything: the messages between ferryd and its script hosts carry
 * arguments and outcomes that are passed on as they are, so they are cut out, not parsed.
 *
 *     struct fy_scan scan = fy_scan_of(text, length);
 *     if (fy_scan_open(&scan, '{'))
 *         while (fy_scan_more(&scan, '}')) {
 *             struct fy_slice key = fy_scan_key(&scan);
 *             struct fy_slice value = fy_scan_value(&scan);
 *         }
 *     if (scan.bad) ...
 *
 * The scanner is safe on any input and strict about nesting; it does not check everything a validator would.
 */
#ifndef FY_SCRIPT_SCAN_H
#define FY_SCRIPT_SCAN_H

#include "base/buf.h"

struct fy_slice {
    const char *at;
    size_t length;
};

struct fy_scan {
    const char *at, *end;
    bool bad; /* the text was not JSON; every further call does nothing */
};

struct fy_scan fy_scan_of(const char *text, size_t length);
bool fy_scan_open(struct fy_scan *scan, char bracket); /* step into { or [; false (bad) if it is not one */
bool fy_scan_more(struct fy_scan *scan, char close);   /* another element? false: it was closed, or bad */
struct fy_slice fy_scan_key(struct fy_scan *scan);     /* the member's name, still escaped, and its colon */
struct fy_slice fy_scan_value(struct fy_scan *scan);   /* step over one value: its text */
char fy_scan_peek(struct fy_scan *scan);               /* first byte of the next token; NUL at the end */

bool fy_slice_is(struct fy_slice slice, const char *text);
bool fy_slice_string(struct fy_slice value, struct fy_buf *ret); /* append the meaning of a JSON string */
int64_t fy_slice_int(struct fy_slice value, int64_t otherwise);

/* The member of an object text; length 0 if it is absent. For a few members of small texts. */
struct fy_slice fy_slice_member(struct fy_slice object, const char *name);

#endif
