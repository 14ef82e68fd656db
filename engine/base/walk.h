/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking JSON text without building a tree: messages carry arguments and results that are handed on as they
 * are, so they are cut out, not parsed. Either the outermost members one after the other:
 *
 *     struct fy_walk walk = fy_walk_object(text, length);
 *     while (fy_walk_member(&walk, &key, &value))
 *         if (fy_piece_is(key, "result")) ...
 *     if (!fy_walk_ok(&walk)) ...
 *
 * or, for whoever goes into what is nested, step by step:
 *
 *     struct fy_walk walk = fy_walk_of(text, length);
 *     if (fy_walk_open(&walk, '['))
 *         while (fy_walk_more(&walk, ']'))
 *             struct fy_piece value = fy_walk_value(&walk);
 *     if (walk.bad) ...
 *
 * Safe on any input. Strings are ended and brackets counted, no more: whoever uses a piece parses it, copies
 * it, reads it as a string or a number, or has it validated.
 */
#ifndef FY_BASE_WALK_H
#define FY_BASE_WALK_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fy_piece {
    const char *text;
    size_t length;
};

struct fy_walk {
    const char *at, *end;
    bool bad;   /* the text was not JSON; every further call does nothing */
    bool first; /* behind an opening bracket: no comma comes before what is next */
};

struct fy_walk fy_walk_of(const char *text, size_t length);
bool fy_walk_open(struct fy_walk *walk, char bracket); /* step into { or [; false (bad) if it is not one */
bool fy_walk_more(struct fy_walk *walk, char close);   /* another element? false: it was closed, or bad */
struct fy_piece fy_walk_key(struct fy_walk *walk);     /* the member's name, still escaped, and its colon */
struct fy_piece fy_walk_value(struct fy_walk *walk); /* step over one value: its text, not empty if not bad */
char fy_walk_peek(struct fy_walk *walk);             /* first byte of the next token; NUL at the end */

struct fy_walk fy_walk_object(const char *text, size_t length); /* inside it already */
struct fy_walk fy_walk_list(const char *text, size_t length);

/* The next member of an object; key is without its quotes, escapes untouched. False at the end. */
bool fy_walk_member(struct fy_walk *walk, struct fy_piece *ret_key, struct fy_piece *ret_value);
bool fy_walk_element(struct fy_walk *walk, struct fy_piece *ret_value); /* of a list */
bool fy_walk_ok(const struct fy_walk *walk); /* ended properly, nothing behind it */

bool fy_piece_is(struct fy_piece piece, const char *text);
int64_t fy_piece_int(struct fy_piece piece, int64_t otherwise);
bool fy_piece_bool(struct fy_piece piece, bool otherwise);
bool fy_piece_valid(struct fy_piece piece); /* one JSON value by RFC 8259, in UTF-8, nested at most 64 deep */
char *fy_piece_copy(struct fy_piece piece); /* the raw text; the caller frees it */

/* The member of an object; length 0 if it is absent. For a few members of small texts. */
struct fy_piece fy_piece_member(struct fy_piece object, const char *name);

/* Append the meaning of a JSON string, which may hold NUL; false (something may have been appended) if it is
 * none. */
bool fy_piece_decode(struct fy_piece quoted, struct fy_buf *ret);

/* A JSON string decoded; NULL if it is none, not UTF-8, or has a NUL in it. The caller frees it. */
char *fy_piece_string(struct fy_piece quoted);

#endif
