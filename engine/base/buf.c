/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fy_buf_reserve(struct fy_buf *buf, size_t more)
{
    size_t need = buf->length + more + 1;
    if (need <= buf->room)
        return;
    size_t room = buf->room > 0 ? buf->room : 128;
    while (room < need)
        room *= 2;
    buf->data = fy_realloc(buf->data, room);
    buf->room = room;
}

void fy_buf_free(struct fy_buf *buf)
{
    free(buf->data);
    *buf = (struct fy_buf){0};
}

void fy_buf_clear(struct fy_buf *buf)
{
    buf->length = 0;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

void fy_buf_put(struct fy_buf *buf, const void *bytes, size_t count)
{
    fy_buf_reserve(buf, count);
    if (count > 0)
        memcpy(buf->data + buf->length, bytes, count);
    buf->length += count;
    buf->data[buf->length] = '\0';
}

void fy_buf_text(struct fy_buf *buf, const char *text)
{
    fy_buf_put(buf, text, strlen(text));
}

void fy_buf_format(struct fy_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        fy_buf_reserve(buf, (size_t)length);
        (void)vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void fy_buf_drop(struct fy_buf *buf, size_t count)
{
    if (count == 0)
        return;
    memmove(buf->data, buf->data + count, buf->length - count);
    buf->length -= count;
    buf->data[buf->length] = '\0';
}

char *fy_buf_take(struct fy_buf *buf)
{
    fy_buf_put(buf, "", 0);
    char *text = buf->data;
    *buf = (struct fy_buf){0};
    return text;
}

/* Length of the valid UTF-8 sequence at text, 0 if there is none (RFC 3629: no surrogates, nothing overlong).
 */
static size_t utf8_length(const unsigned char *text, size_t left)
{
    if (text[0] < 0x80)
        return 1;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
               (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f);
    return bad ? 0 : length;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_escaped(struct fy_buf *buf, unsigned char c)
{
    static const char short_form[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (c < sizeof short_form && short_form[c] != 0) {
        char pair[2] = {'\\', short_form[c]};
        fy_buf_put(buf, pair, 2);
    } else {
        fy_buf_format(buf, "\\u%04x", c);
    }
}

void fy_buf_json_string(struct fy_buf *buf, const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    fy_buf_put(buf, "\"", 1);
    for (size_t i = 0; i < length;) {
        size_t run = 0;
        while (i + run < length && plain(bytes[i + run]))
            run++;
        fy_buf_put(buf, text + i, run);
        i += run;
        if (i == length)
            break;
        size_t sequence = utf8_length(bytes + i, length - i);
        if (sequence > 1)
            fy_buf_put(buf, text + i, sequence);
        else if (sequence == 1)
            put_escaped(buf, bytes[i]);
        else
            fy_buf_text(buf, "\xef\xbf\xbd");
        i += sequence > 0 ? sequence : 1;
    }
    fy_buf_put(buf, "\"", 1);
}

static void comma(struct fy_buf *buf)
{
    if (buf->length == 0)
        return;
    char last = buf->data[buf->length - 1];
    if (last != '{' && last != '[' && last != ':')
        fy_buf_put(buf, ",", 1);
}

void fy_buf_open(struct fy_buf *buf, char bracket)
{
    comma(buf);
    fy_buf_put(buf, &bracket, 1);
}

void fy_buf_close(struct fy_buf *buf, char bracket)
{
    fy_buf_put(buf, &bracket, 1);
}

void fy_buf_key(struct fy_buf *buf, const char *key)
{
    comma(buf);
    fy_buf_put(buf, "\"", 1);
    fy_buf_text(buf, key);
    fy_buf_put(buf, "\":", 2);
}

void fy_buf_member(struct fy_buf *buf, const char *key, const char *text)
{
    if (text == NULL)
        return;
    fy_buf_key(buf, key);
    fy_buf_json_string(buf, text, strlen(text));
}

void fy_buf_member_int(struct fy_buf *buf, const char *key, int64_t number)
{
    fy_buf_key(buf, key);
    fy_buf_format(buf, "%lld", (long long)number);
}

void fy_buf_member_bool(struct fy_buf *buf, const char *key, bool value)
{
    fy_buf_key(buf, key);
    fy_buf_text(buf, value ? "true" : "false");
}

void fy_buf_member_raw(struct fy_buf *buf, const char *key, const char *json)
{
    if (json == NULL)
        return;
    fy_buf_key(buf, key);
    fy_buf_text(buf, json);
}
