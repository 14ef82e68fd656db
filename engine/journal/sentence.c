/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/sentence.h"

#include "base/mem.h"
#include "base/time.h"

#include <string.h>

#define LONGEST_VALUE 200 /* characters; the journal has the rest */

const json_t *fy_sentence_member(const json_t *body, const char *path, size_t length)
{
    const json_t *at = body;
    while (at != NULL && length > 0) {
        const char *dot = memchr(path, '.', length);
        size_t part = dot != NULL ? (size_t)(dot - path) : length;
        char key[64];
        if (part >= sizeof key)
            return NULL;
        memcpy(key, path, part);
        key[part] = '\0';
        at = json_object_get(at, key);
        path += part + (dot != NULL ? 1 : 0);
        length -= part + (dot != NULL ? 1 : 0);
    }
    return at;
}

void fy_sentence_clock(int64_t ms, struct fy_buf *buf)
{
    char text[FY_TIME_TEXT];
    (void)fy_time_format(ms - ((ms % 1000) + 1000) % 1000, text);
    const char *clock = strchr(text, 'T');
    fy_buf_format(buf, "%.8s", clock != NULL ? clock + 1 : text);
}

/* 1234567 as "1,234,567". */
static void put_number(json_int_t number, struct fy_buf *buf)
{
    char digits[32];
    int length =
        snprintf(digits, sizeof digits, "%llu",
                 (unsigned long long)(number < 0 ? -(unsigned long long)number : (unsigned long long)number));
    if (number < 0)
        fy_buf_text(buf, "-");
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            fy_buf_text(buf, ",");
        fy_buf_put(buf, digits + i, 1);
    }
}

/* One line, of bounded length, cut between characters. */
static void put_text(const char *text, struct fy_buf *buf)
{
    size_t length = strlen(text);
    bool cut = length > LONGEST_VALUE;
    if (cut)
        for (length = LONGEST_VALUE; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    for (size_t i = 0; i < length; i++)
        fy_buf_put(buf, (unsigned char)text[i] < 0x20 ? " " : text + i, 1);
    if (cut)
        fy_buf_text(buf, "...");
}

static void put_json(const json_t *value, struct fy_buf *buf)
{
    FY_AUTO(fy_free_ptr) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    put_text(text != NULL ? text : "?", buf);
}

static void put_plain(const json_t *value, struct fy_buf *buf);

static void put_commas(const json_t *list, struct fy_buf *buf)
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fy_buf_text(buf, i + 1 == count ? " and " : ", ");
        put_plain(json_array_get(list, i), buf);
    }
}

static void put_plain(const json_t *value, struct fy_buf *buf)
{
    if (json_is_string(value))
        put_text(json_string_value(value), buf);
    else if (json_is_integer(value))
        put_number(json_integer_value(value), buf);
    else if (json_is_boolean(value))
        fy_buf_text(buf, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) && json_array_size(value) > 0)
        put_commas(value, buf);
    else
        put_json(value, buf);
}

static void put_list(const json_t *value, struct fy_buf *buf)
{
    size_t count = json_array_size(value);
    if (count <= 3) {
        put_plain(value, buf);
        return;
    }
    fy_buf_format(buf, "%zu (", count);
    put_plain(json_array_get(value, 0), buf);
    fy_buf_text(buf, " ... ");
    put_plain(json_array_get(value, count - 1), buf);
    fy_buf_text(buf, ")");
}

static void put_count(const json_t *value, struct fy_buf *buf)
{
    if (json_is_integer(value)) /* it was counted already */
        put_number(json_integer_value(value), buf);
    else
        put_number((json_int_t)(json_is_object(value) ? json_object_size(value) : json_array_size(value)),
                   buf);
}

static void put_percent(const json_t *value, struct fy_buf *buf)
{
    json_int_t permille = json_integer_value(value);
    if (permille % 10 == 0)
        fy_buf_format(buf, "%lld %%", (long long)(permille / 10));
    else
        fy_buf_format(buf, "%lld.%lld %%", (long long)(permille / 10),
                      (long long)(permille < 0 ? -permille % 10 : permille % 10));
}

static void put_span(const json_t *value, struct fy_buf *buf)
{
    char text[FY_TIME_TEXT];
    fy_buf_text(buf, fy_duration_words(json_integer_value(value), text));
}

static void put_time(const json_t *value, struct fy_buf *buf)
{
    fy_sentence_clock(json_integer_value(value), buf);
}

/* A sentence of ours: as long as it is. */
static void put_whole(const json_t *value, struct fy_buf *buf)
{
    for (const char *at = json_is_string(value) ? json_string_value(value) : "?"; *at != '\0'; at++)
        fy_buf_put(buf, (unsigned char)*at < 0x20 ? " " : at, 1);
}

static const struct way {
    const char *name;
    void (*put)(const json_t *value, struct fy_buf *buf);
} ways[] = {
    {"list", put_list}, {"count", put_count}, {"percent", put_percent}, {"span", put_span},
    {"time", put_time}, {"json", put_json},   {"whole", put_whole},
};

/* What stands between { and }. False: there is no such member, or it is a list of nothing. */
static bool put_member(const char *text, size_t length, const json_t *body, struct fy_buf *buf)
{
    const char *hash = memchr(text, '#', length);
    size_t path = hash != NULL ? (size_t)(hash - text) : length;
    const json_t *value = fy_sentence_member(body, text, path);
    bool listed = hash != NULL && length - path == sizeof "list" && memcmp(hash + 1, "list", 4) == 0;
    bool nothing = listed && json_is_array(value) && json_array_size(value) == 0;
    if (value == NULL || json_is_null(value) || nothing)
        return false;
    for (size_t i = 0; hash != NULL && i < FY_COUNT(ways); i++)
        if (strlen(ways[i].name) == length - path - 1 &&
            memcmp(ways[i].name, hash + 1, length - path - 1) == 0) {
            ways[i].put(value, buf);
            return true;
        }
    put_plain(value, buf);
    return true;
}

/* Until the end or a closing bracket, which is returned. *whole is cleared if a member was missing. */
static const char *expand(const char *at, const json_t *body, struct fy_buf *buf, bool *whole)
{
    while (*at != '\0' && *at != ']') {
        size_t plain = strcspn(at, "{[]");
        fy_buf_put(buf, at, plain);
        at += plain;
        if (*at == '{') {
            size_t length = strcspn(at, "}");
            if (!put_member(at + 1, length - 1, body, buf)) {
                fy_buf_text(buf, "?");
                *whole = false;
            }
            at += length + 1;
        } else if (*at == '[') {
            FY_AUTO(fy_buf_free) struct fy_buf group = {0};
            bool group_whole = true;
            at = expand(at + 1, body, &group, &group_whole);
            if (group_whole && group.length > 0)
                fy_buf_put(buf, group.data, group.length);
            at += *at == ']' ? 1 : 0;
        }
    }
    return at;
}

void fy_sentence(const char *template, const json_t *body, struct fy_buf *buf)
{
    bool whole = true;
    (void)expand(template, body, buf, &whole);
}
