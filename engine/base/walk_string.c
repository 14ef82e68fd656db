/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON string means. */
#include "base/mem.h"
#include "base/walk.h"

#include <string.h>

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

bool fy_piece_decode(struct fy_piece quoted, struct fy_buf *ret)
{
    if (quoted.length < 2 || quoted.text[0] != '"')
        return false;
    const char *at = quoted.text + 1, *end = quoted.text + quoted.length - 1;
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

char *fy_piece_string(struct fy_piece quoted)
{
    if (quoted.length < 2 || quoted.text[0] != '"' || !fy_piece_valid(quoted))
        return NULL;
    struct fy_buf text = {0};
    if (fy_piece_decode(quoted, &text) && strlen(text.data) == text.length)
        return fy_buf_take(&text);
    fy_buf_free(&text);
    return NULL;
}
