/* SPDX-License-Identifier: Apache-2.0 */
#include "script/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fy_scan fy_scan_of(const char *text, size_t length)
{
    return (struct fy_scan){.at = text, .end = text + length};
}

char fy_scan_peek(struct fy_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
        scan->at++;
    return scan->bad || scan->at == scan->end ? '\0' : *scan->at;
}

static bool fail(struct fy_scan *scan)
{
    scan->bad = true;
    scan->at = scan->end;
    return false;
}

bool fy_scan_open(struct fy_scan *scan, char bracket)
{
    if (fy_scan_peek(scan) != bracket)
        return fail(scan);
    scan->at++;
    return true;
}

bool fy_scan_more(struct fy_scan *scan, char close)
{
    char next = fy_scan_peek(scan);
    if (next == '\0')
        return fail(scan);
    if (next != close && next != ',')
        return true;
    scan->at++;
    return next == ',';
}

/* Past the closing quote of the string that begins here; false if there is none. */
static bool skip_string(struct fy_scan *scan)
{
    for (const char *at = scan->at + 1; at < scan->end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"') {
            scan->at = at + 1;
            return true;
        }
    }
    return fail(scan);
}

struct fy_slice fy_scan_key(struct fy_scan *scan)
{
    struct fy_slice key = {.at = ""};
    if (fy_scan_peek(scan) != '"')
        return fail(scan), key;
    const char *begin = scan->at + 1;
    if (!skip_string(scan))
        return key;
    size_t length = (size_t)(scan->at - begin - 1);
    if (fy_scan_peek(scan) != ':')
        return fail(scan), key;
    scan->at++;
    return (struct fy_slice){begin, length};
}

static void skip_container(struct fy_scan *scan)
{
    size_t depth = 0;
    do {
        char next = fy_scan_peek(scan);
        if (next == '"') {
            if (!skip_string(scan))
                return;
            continue;
        }
        if (next == '\0') {
            fail(scan);
            return;
        }
        if (next == '{' || next == '[')
            depth++;
        if (next == '}' || next == ']')
            depth--;
        scan->at++;
    } while (depth > 0);
}

struct fy_slice fy_scan_value(struct fy_scan *scan)
{
    char first = fy_scan_peek(scan);
    const char *begin = scan->at;
    if (first == '"')
        skip_string(scan);
    else if (first == '{' || first == '[')
        skip_container(scan);
    else
        while (scan->at < scan->end && strchr(",]} \n\t\r", *scan->at) == NULL)
            scan->at++;
    if (scan->bad || scan->at == begin)
        return fail(scan), (struct fy_slice){.at = ""};
    return (struct fy_slice){begin, (size_t)(scan->at - begin)};
}

bool fy_slice_is(struct fy_slice slice, const char *text)
{
    return strlen(text) == slice.length && memcmp(slice.at, text, slice.length) == 0;
}

int64_t fy_slice_int(struct fy_slice value, int64_t otherwise)
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

bool fy_slice_string(struct fy_slice value, struct fy_buf *ret)
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

struct fy_slice fy_slice_member(struct fy_slice object, const char *name)
{
    struct fy_scan scan = fy_scan_of(object.at, object.length);
    if (fy_scan_open(&scan, '{'))
        while (fy_scan_more(&scan, '}')) {
            struct fy_slice key = fy_scan_key(&scan);
            struct fy_slice value = fy_scan_value(&scan);
            if (!scan.bad && fy_slice_is(key, name))
                return value;
        }
    return (struct fy_slice){.at = ""};
}
