/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking JSON text without building anything: the messages between ferryd and its script hosts carry
 * arguments and outcomes that are passed on as they are, so they are cut out, not parsed.
 *
 *     struct fy_walk walk = fy_walk_of(text, length);
 *     if (fy_walk_open(&walk, '{'))
 *         while (fy_walk_more(&walk, '}')) {
 *             struct fy_part key = fy_walk_key(&walk);
 *             struct fy_part value = fy_walk_value(&walk);
 *         }
 *     if (walk.bad) ...
 *
 * The scanner is safe on any input and strict about nesting; it does not check everything a validator would.
 */
#ifndef FY_SCRIPT_WALK_H
#define FY_SCRIPT_WALK_H

#include "base/buf.h"

struct fy_part {
    const char *at;
    size_t length;
};

struct fy_walk {
    const char *at, *end;
    bool bad; /* the text was not JSON; every further call does nothing */
};

struct fy_walk fy_walk_of(const char *text, size_t length);
bool fy_walk_open(struct fy_walk *walk, char bracket); /* step into { or [; false (bad) if it is not one */
bool fy_walk_more(struct fy_walk *walk, char close);   /* another element? false: it was closed, or bad */
struct fy_part fy_walk_key(struct fy_walk *walk);      /* the member's name, still escaped, and its colon */
struct fy_part fy_walk_value(struct fy_walk *walk);    /* step over one value: its text */
char fy_walk_peek(struct fy_walk *walk);               /* first byte of the next token; NUL at the end */

bool fy_part_is(struct fy_part part, const char *text);
bool fy_part_string(struct fy_part value, struct fy_buf *ret); /* append the meaning of a JSON string */
int64_t fy_part_int(struct fy_part value, int64_t otherwise);

/* The member of an object text; length 0 if it is absent. For a few members of small texts. */
struct fy_part fy_part_member(struct fy_part object, const char *name);

#endif
