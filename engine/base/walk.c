/* SPDX-License-Identifier: Apache-2.0 */
#include "base/walk.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static void skip_space(struct fy_walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\r' || *walk->at == '\t'))
        walk->at++;
}

static bool broken(struct fy_walk *walk)
{
    walk->broken = true;
    walk->close = 0;
    return false;
}

/* Behind the closing quote of the string that begins at text; NULL if it has none. */
static const char *string_end(const char *text, const char *end)
{
    const char *at = text + 1;
    while (at < end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at < end ? at + 1 : NULL;
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
    if (*at == '"')
        return string_end(at, end);
    if (*at == '{' || *at == '[')
        return nested_end(at, end);
    const char *begin = at;
    while (at < end && strchr(",}] \n\r\t", *at) == NULL)
        at++;
    return at > begin ? at : NULL;
}

struct fy_walk fy_walk_text(const char *text, size_t length)
{
    struct fy_walk walk = {.at = text, .end = text + length, .first = true};
    skip_space(&walk);
    if (walk.at == walk.end || (*walk.at != '{' && *walk.at != '['))
        (void)broken(&walk);
    else
        walk.close = *walk.at++ == '{' ? '}' : ']';
    return walk;
}

struct fy_walk fy_walk_piece(const struct fy_piece *piece)
{
    return fy_walk_text(piece->text, piece->length);
}

/* To the beginning of the next thing inside the brackets; false at the end. */
static bool next(struct fy_walk *walk)
{
    if (walk->close == 0)
        return false;
    skip_space(walk);
    if (walk->at == walk->end)
        return broken(walk);
    if (*walk->at == walk->close) {
        walk->at++;
        walk->close = 0;
        skip_space(walk);
        walk->broken = walk->at != walk->end;
        return false;
    }
    if (!walk->first) {
        if (*walk->at != ',')
            return broken(walk);
        walk->at++;
        skip_space(walk);
    }
    walk->first = false;
    return walk->at < walk->end || broken(walk);
}

static bool value(struct fy_walk *walk, struct fy_piece *ret)
{
    skip_space(walk);
    const char *behind = walk->at < walk->end ? value_end(walk->at, walk->end) : NULL;
    if (behind == NULL || behind > walk->end)
        return broken(walk);
    *ret = (struct fy_piece){walk->at, (size_t)(behind - walk->at)};
    walk->at = behind;
    return true;
}

bool fy_walk_member(struct fy_walk *walk, struct fy_piece *ret_key, struct fy_piece *ret_value)
{
    struct fy_piece key;
    if (!next(walk))
        return false;
    if (walk->close != '}' || *walk->at != '"' || !value(walk, &key))
        return broken(walk);
    skip_space(walk);
    if (walk->at == walk->end || *walk->at++ != ':')
        return broken(walk);
    *ret_key = (struct fy_piece){key.text + 1, key.length - 2};
    return value(walk, ret_value);
}

bool fy_walk_element(struct fy_walk *walk, struct fy_piece *ret_value)
{
    return next(walk) && value(walk, ret_value);
}

bool fy_walk_ok(const struct fy_walk *walk)
{
    return walk->close == 0 && !walk->broken;
}

bool fy_piece_is(const struct fy_piece *piece, const char *text)
{
    return strlen(text) == piece->length && memcmp(piece->text, text, piece->length) == 0;
}

int64_t fy_piece_int(const struct fy_piece *piece, int64_t otherwise)
{
    size_t at = piece->length > 0 && piece->text[0] == '-';
    uint64_t sum = 0;
    if (piece->length == at || piece->length - at > 18)
        return otherwise;
    for (size_t i = at; i < piece->length; i++) {
        if (piece->text[i] < '0' || piece->text[i] > '9')
            return otherwise;
        sum = sum * 10 + (uint64_t)(piece->text[i] - '0');
    }
    return at == 1 ? -(int64_t)sum : (int64_t)sum;
}

bool fy_piece_bool(const struct fy_piece *piece, bool otherwise)
{
    return fy_piece_is(piece, "true") || (otherwise && !fy_piece_is(piece, "false"));
}

char *fy_piece_copy(const struct fy_piece *piece)
{
    char *copy = fy_alloc(piece->length + 1); /* whole, even if there is a NUL in it */
    memcpy(copy, piece->text, piece->length);
    return copy;
}

static bool plain_string(const struct fy_piece *piece)
{
    for (size_t i = 1; i + 1 < piece->length; i++)
        if ((unsigned char)piece->text[i] < 0x20 || (unsigned char)piece->text[i] > 0x7e ||
            piece->text[i] == '\\')
            return false;
    return true;
}

char *fy_piece_string(const struct fy_piece *piece)
{
    if (piece->length < 2 || piece->text[0] != '"')
        return NULL;
    if (plain_string(piece))
        return fy_strndup(piece->text + 1, piece->length - 2);
    FY_AUTO(fy_json_unref) json_t *decoded = fy_json_parse(piece->text, piece->length, "a string", NULL);
    return json_is_string(decoded) ? fy_strdup(json_string_value(decoded)) : NULL;
}
