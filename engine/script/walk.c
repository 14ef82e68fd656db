/* SPDX-License-Identifier: Apache-2.0 */
#include "script/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fy_walk fy_walk_of(const char *text, size_t length)
{
    return (struct fy_walk){.at = text, .end = text + length};
}

char fy_walk_peek(struct fy_walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\t' || *walk->at == '\r'))
        walk->at++;
    if (walk->bad || walk->at == walk->end)
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
    return true;
}

bool fy_walk_more(struct fy_walk *walk, char close)
{
    char next = fy_walk_peek(walk);
    if (next == '\0')
        return fail(walk);
    if (next != close && next != ',')
        return true;
    walk->at++;
    return next == ',';
}

/* Past the closing quote of the string that begins here; false if there is none. */
static bool skip_string(struct fy_walk *walk)
{
    for (const char *at = walk->at + 1; at < walk->end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"') {
            walk->at = at + 1;
            return true;
        }
    }
    return fail(walk);
}

struct fy_part fy_walk_key(struct fy_walk *walk)
{
    struct fy_part key = {.at = ""};
    if (fy_walk_peek(walk) != '"')
        return fail(walk), key;
    const char *begin = walk->at + 1;
    if (!skip_string(walk))
        return key;
    size_t length = (size_t)(walk->at - begin - 1);
    if (fy_walk_peek(walk) != ':')
        return fail(walk), key;
    walk->at++;
    return (struct fy_part){begin, length};
}

static void skip_container(struct fy_walk *walk)
{
    size_t depth = 0;
    do {
        char next = fy_walk_peek(walk);
        if (next == '"') {
            if (!skip_string(walk))
                return;
            continue;
        }
        if (next == '\0') {
            fail(walk);
            return;
        }
        if (next == '{' || next == '[')
            depth++;
        if (next == '}' || next == ']')
            depth--;
        walk->at++;
    } while (depth > 0);
}

struct fy_part fy_walk_value(struct fy_walk *walk)
{
    char first = fy_walk_peek(walk);
    const char *begin = walk->at;
    if (first == '"')
        skip_string(walk);
    else if (first == '{' || first == '[')
        skip_container(walk);
    else
        while (walk->at < walk->end && strchr(",]} \n\t\r", *walk->at) == NULL)
            walk->at++;
    if (walk->bad || walk->at == begin)
        return fail(walk), (struct fy_part){.at = ""};
    return (struct fy_part){begin, (size_t)(walk->at - begin)};
}

bool fy_part_is(struct fy_part part, const char *text)
{
    return strlen(text) == part.length && memcmp(part.at, text, part.length) == 0;
}

int64_t fy_part_int(struct fy_part value, int64_t otherwise)
{
    char digits[24];
    if (value.length == 0 || value.length >= sizeof digits)
        return otherwise;
    memcpy(digits, value.at, value.length);
    digits[value.length] = '\0';
    char *end;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    return *end == '\0' && errno == 0 ? number : otherwise;
}

static bool hex4(const char *at, const char *end, uint32_t *ret)
{
    uint32_t code = 0;
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return false;
        code = code << 4 | digit;
    }
    *ret = code;
    return true;
}

static void put_utf8(struct fy_buf *buf, uint32_t code)
{
    char out[4];
    size_t length = 0;
    if (code < 0x80)
        out[length++] = (char)code;
    else if (code < 0x800)
        out[length++] = (char)(0xc0 | code >> 6);
    else if (code < 0x10000)
        out[length++] = (char)(0xe0 | code >> 12);
    else {
        out[length++] = (char)(0xf0 | code >> 18);
        out[length++] = (char)(0x80 | (code >> 12 & 0x3f));
    }
    if (code >= 0x800)
        out[length++] = (char)(0x80 | (code >> 6 & 0x3f));
    if (code >= 0x80)
        out[length++] = (char)(0x80 | (code & 0x3f));
    fy_buf_put(buf, out, length);
}

/* The escape at *at (behind its backslash); moves past it. */
static bool put_escape(struct fy_buf *buf, const char **at, const char *end)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = strchr(from, **at);
    if (**at != '\0' && found != NULL) {
        fy_buf_put(buf, &to[found - from], 1);
        (*at)++;
        return true;
    }
    uint32_t code, low;
    if (**at != 'u' || !hex4(*at + 1, end, &code))
        return false;
    *at += 5;
    if (code >= 0xd800 && code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' &&
        hex4(*at + 2, end, &low) && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        *at += 6;
    } else if (code >= 0xd800 && code < 0xe000) {
        code = 0xfffd;
    }
    put_utf8(buf, code);
    return true;
}

bool fy_part_string(struct fy_part value, struct fy_buf *ret)
{
    if (value.length < 2 || value.at[0] != '"')
        return false;
    const char *at = value.at + 1, *end = value.at + value.length - 1;
    fy_buf_put(ret, "", 0);
    while (at < end) {
        const char *stop = memchr(at, '\\', (size_t)(end - at));
        fy_buf_put(ret, at, (size_t)((stop != NULL ? stop : end) - at));
        if (stop == NULL)
            break;
        at = stop + 1;
        if (at == end || !put_escape(ret, &at, end))
            return false;
    }
    return true;
}

struct fy_part fy_part_member(struct fy_part object, const char *name)
{
    struct fy_walk walk = fy_walk_of(object.at, object.length);
    if (fy_walk_open(&walk, '{'))
        while (fy_walk_more(&walk, '}')) {
            struct fy_part key = fy_walk_key(&walk);
            struct fy_part value = fy_walk_value(&walk);
            if (!walk.bad && fy_part_is(key, name))
                return value;
        }
    return (struct fy_part){.at = ""};
}
