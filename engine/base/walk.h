/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the outermost members of a JSON text without building a tree: for envelopes whose members are
 * handed on as text. Pieces are not validated (only strings and brackets are balanced): whoever uses one
 * parses it, copies it as a string or reads it as a number.
 *
 *     struct fy_walk walk = fy_walk_text(text, length);
 *     while (fy_walk_member(&walk, &key, &value))
 *         if (fy_piece_is(&key, "result")) ...
 *     if (!fy_walk_ok(&walk)) ...
 */
#ifndef FY_BASE_WALK_H
#define FY_BASE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fy_piece {
    const char *text;
    size_t length;
};

struct fy_walk {
    const char *at, *end;
    char close; /* what ends it: } or ]; 0 once it has ended or was found broken */
    bool broken, first;
};

struct fy_walk fy_walk_text(const char *text, size_t length); /* of an object or array */
struct fy_walk fy_walk_piece(const struct fy_piece *piece);

/* The next member of an object; key is without its quotes, escapes untouched. False at the end. */
bool fy_walk_member(struct fy_walk *walk, struct fy_piece *ret_key, struct fy_piece *ret_value);
bool fy_walk_element(struct fy_walk *walk, struct fy_piece *ret_value); /* of an array */
bool fy_walk_ok(const struct fy_walk *walk); /* ended properly, nothing behind it */

bool fy_piece_is(const struct fy_piece *piece, const char *text);
int64_t fy_piece_int(const struct fy_piece *piece, int64_t otherwise);
bool fy_piece_bool(const struct fy_piece *piece, bool otherwise);
bool fy_piece_valid(
    const struct fy_piece *piece); /* one JSON value by RFC 8259, in UTF-8, nested at most 64 deep */
char *fy_piece_copy(const struct fy_piece *piece); /* the raw text; the caller frees it */

/* A JSON string decoded; NULL if it is none. The caller frees it. */
char *fy_piece_string(const struct fy_piece *piece);

#endif
