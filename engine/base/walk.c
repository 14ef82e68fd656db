/* SPDX-License-Identifier: Apache-2.0 */
#include "base/walk.h"

#include "base/mem.h"

#include <string.h>

struct fy_walk fy_walk_of(const char *text, size_t length)
{
    return (struct fy_walk){.at = text, .end = text + length};
}

static void skip_space(struct fy_walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\t' || *walk->at == '\r'))
        walk->at++;
}

char fy_walk_peek(struct fy_walk *walk)
{
    skip_space(walk);
    if (walk->at == walk->end)
        return '\0';
    return *walk->at;
}

static bool fail(struct fy_walk *walk)
{
    walk->bad = true;
    walk->at = walk->end;
    return false;
}

bool fy_walk_open(struct fy_walk *walk, char bracket)
{
    if (fy_walk_peek(walk) != bracket)
        return fail(walk);
    walk->at++;
    return walk->first = true;
}

bool fy_walk_more(struct fy_walk *walk, char close)
{
    bool first = walk->first;
    char next = fy_walk_peek(walk);
    walk->first = false;
    if (next == close && !walk->bad) {
        walk->at++;
        return false;
    }
    if (first)
        return next != '\0' || fail(walk);
    if (next != ',')
        return fail(walk);
    walk->at++;
    return true;
}

/* Behind the closing quote of the string that begins at text; NULL if it has none. */
static const char *string_end(const char *text, const char *end)
{
    for (const char *at = text + 1; at < end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

static const char *nested_end(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = string_end(at, end);
            if (at == NULL)
                return NULL;
            continue;
        }
        at++;
        depth += c == '{' || c == '[';
        if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return NULL;
}

static const char *value_end(const char *at, const char *end)
{
    if (at == end)
        return NULL;
    if (*at == '"')
        return string_end(at, end);
    if (*at == '{' || *at == '[')
        return nested_end(at, end);
    const char *begin = at;
    while (at < end && strchr(",}] \n\r\t", *at) == NULL)
        at++;
    return at > begin ? at : NULL;
}

struct fy_piece fy_walk_value(struct fy_walk *walk)
{
    skip_space(walk);
    const char *begin = walk->at, *behind = value_end(begin, walk->end);
    if (behind == NULL)
        return fail(walk), (struct fy_piece){.text = ""};
    walk->at = behind;
    return (struct fy_piece){begin, (size_t)(behind - begin)};
}

struct fy_piece fy_walk_key(struct fy_walk *walk)
{
    struct fy_piece quoted = {.text = ""};
    if (fy_walk_peek(walk) == '"')
        quoted = fy_walk_value(walk);
    if (quoted.length == 0 || fy_walk_peek(walk) != ':')
        return fail(walk), (struct fy_piece){.text = ""};
    walk->at++;
    return (struct fy_piece){quoted.text + 1, quoted.length - 2};
}

static struct fy_walk inside(const char *text, size_t length, char bracket)
{
    struct fy_walk walk = fy_walk_of(text, length);
    (void)fy_walk_open(&walk, bracket);
    return walk;
}

struct fy_walk fy_walk_object(const char *text, size_t length)
{
    return inside(text, length, '{');
}

struct fy_walk fy_walk_list(const char *text, size_t length)
{
    return inside(text, length, '[');
}

bool fy_walk_member(struct fy_walk *walk, struct fy_piece *ret_key, struct fy_piece *ret_value)
{
    if (walk->bad || !fy_walk_more(walk, '}'))
        return false;
    struct fy_piece key = fy_walk_key(walk), value = fy_walk_value(walk);
    if (walk->bad)
        return false;
    *ret_key = key;
    *ret_value = value;
    return true;
}

bool fy_walk_element(struct fy_walk *walk, struct fy_piece *ret_value)
{
    if (walk->bad || !fy_walk_more(walk, ']'))
        return false;
    struct fy_piece value = fy_walk_value(walk);
    if (walk->bad)
        return false;
    *ret_value = value;
    return true;
}

bool fy_walk_ok(const struct fy_walk *walk)
{
    struct fy_walk rest = *walk;
    return !walk->bad && fy_walk_peek(&rest) == '\0' && rest.at == rest.end;
}

bool fy_piece_is(struct fy_piece piece, const char *text)
{
    return strlen(text) == piece.length && memcmp(piece.text, text, piece.length) == 0;
}

int64_t fy_piece_int(struct fy_piece piece, int64_t otherwise)
{
    size_t at = piece.length > 0 && piece.text[0] == '-';
    uint64_t sum = 0;
    if (piece.length == at || piece.length - at > 18)
        return otherwise;
    for (size_t i = at; i < piece.length; i++) {
        if (piece.text[i] < '0' || piece.text[i] > '9')
            return otherwise;
        sum = sum * 10 + (uint64_t)(piece.text[i] - '0');
    }
    return at == 1 ? -(int64_t)sum : (int64_t)sum;
}

bool fy_piece_bool(struct fy_piece piece, bool otherwise)
{
    return fy_piece_is(piece, "true") || (otherwise && !fy_piece_is(piece, "false"));
}

char *fy_piece_copy(struct fy_piece piece)
{
    char *copy = fy_alloc(piece.length + 1); /* whole, even if there is a NUL in it */
    memcpy(copy, piece.text, piece.length);
    return copy;
}

struct fy_piece fy_piece_member(struct fy_piece object, const char *name)
{
    struct fy_walk walk = fy_walk_object(object.text, object.length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        if (fy_piece_is(key, name))
            return value;
    return (struct fy_piece){.text = ""};
}
