/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scan.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static void skip_space(struct fy_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static bool broken(struct fy_scan *scan)
{
    scan->broken = true;
    scan->close = 0;
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

struct fy_scan fy_scan_text(const char *text, size_t length)
{
    struct fy_scan scan = {.at = text, .end = text + length, .first = true};
    skip_space(&scan);
    if (scan.at == scan.end || (*scan.at != '{' && *scan.at != '['))
        (void)broken(&scan);
    else
        scan.close = *scan.at++ == '{' ? '}' : ']';
    return scan;
}

struct fy_scan fy_scan_slice(const struct fy_slice *slice)
{
    return fy_scan_text(slice->text, slice->length);
}

/* To the beginning of the next thing inside the brackets; false at the end. */
static bool next(struct fy_scan *scan)
{
    if (scan->close == 0)
        return false;
    skip_space(scan);
    if (scan->at == scan->end)
        return broken(scan);
    if (*scan->at == scan->close) {
        scan->at++;
        scan->close = 0;
        skip_space(scan);
        scan->broken = scan->at != scan->end;
        return false;
    }
    if (!scan->first) {
        if (*scan->at != ',')
            return broken(scan);
        scan->at++;
        skip_space(scan);
    }
    scan->first = false;
    return scan->at < scan->end || broken(scan);
}

static bool value(struct fy_scan *scan, struct fy_slice *ret)
{
    skip_space(scan);
    const char *behind = scan->at < scan->end ? value_end(scan->at, scan->end) : NULL;
    if (behind == NULL || behind > scan->end)
        return broken(scan);
    *ret = (struct fy_slice){scan->at, (size_t)(behind - scan->at)};
    scan->at = behind;
    return true;
}

bool fy_scan_member(struct fy_scan *scan, struct fy_slice *ret_key, struct fy_slice *ret_value)
{
    struct fy_slice key;
    if (!next(scan))
        return false;
    if (scan->close != '}' || *scan->at != '"' || !value(scan, &key))
        return broken(scan);
    skip_space(scan);
    if (scan->at == scan->end || *scan->at++ != ':')
        return broken(scan);
    *ret_key = (struct fy_slice){key.text + 1, key.length - 2};
    return value(scan, ret_value);
}

bool fy_scan_element(struct fy_scan *scan, struct fy_slice *ret_value)
{
    return next(scan) && value(scan, ret_value);
}

bool fy_scan_ok(const struct fy_scan *scan)
{
    return scan->close == 0 && !scan->broken;
}

bool fy_slice_is(const struct fy_slice *slice, const char *text)
{
    return strlen(text) == slice->length && memcmp(slice->text, text, slice->length) == 0;
}

int64_t fy_slice_int(const struct fy_slice *slice, int64_t otherwise)
{
    size_t at = slice->length > 0 && slice->text[0] == '-';
    uint64_t sum = 0;
    if (slice->length == at || slice->length - at > 18)
        return otherwise;
    for (size_t i = at; i < slice->length; i++) {
        if (slice->text[i] < '0' || slice->text[i] > '9')
            return otherwise;
        sum = sum * 10 + (uint64_t)(slice->text[i] - '0');
    }
    return at == 1 ? -(int64_t)sum : (int64_t)sum;
}

bool fy_slice_bool(const struct fy_slice *slice, bool otherwise)
{
    return fy_slice_is(slice, "true") || (otherwise && !fy_slice_is(slice, "false"));
}

char *fy_slice_copy(const struct fy_slice *slice)
{
    return fy_strndup(slice->text, slice->length);
}

static bool plain_string(const struct fy_slice *slice)
{
    for (size_t i = 1; i + 1 < slice->length; i++)
        if ((unsigned char)slice->text[i] < 0x20 || (unsigned char)slice->text[i] > 0x7e ||
            slice->text[i] == '\\')
            return false;
    return true;
}

char *fy_slice_string(const struct fy_slice *slice)
{
    if (slice->length < 2 || slice->text[0] != '"')
        return NULL;
    if (plain_string(slice))
        return fy_strndup(slice->text + 1, slice->length - 2);
    FY_AUTO(fy_json_unref) json_t *decoded = fy_json_parse(slice->text, slice->length, "a string", NULL);
    return json_is_string(decoded) ? fy_strdup(json_string_value(decoded)) : NULL;
}
