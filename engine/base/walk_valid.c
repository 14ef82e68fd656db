/* SPDX-License-Identifier: Apache-2.0 */
/* Is a text one JSON value? Without building anything: for texts that are handed on as they came. */
#include "base/walk.h"

#include <string.h>

#define DEPTH_MAX 64

struct text {
    const unsigned char *at, *end;
};

static void skip_space(struct text *text)
{
    while (text->at < text->end &&
           (*text->at == ' ' || *text->at == '\n' || *text->at == '\r' || *text->at == '\t'))
        text->at++;
}

static bool take(struct text *text, char c)
{
    if (text->at == text->end || *text->at != (unsigned char)c)
        return false;
    text->at++;
    return true;
}

static bool digits(struct text *text)
{
    const unsigned char *begin = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
        text->at++;
    return text->at > begin;
}

static bool number(struct text *text)
{
    (void)take(text, '-');
    if (!take(text, '0') && !digits(text))
        return false;
    if (take(text, '.') && !digits(text))
        return false;
    if (take(text, 'e') || take(text, 'E')) {
        if (!take(text, '+'))
            (void)take(text, '-');
        return digits(text);
    }
    return true;
}

static bool escape(struct text *text)
{
    if (text->at == text->end)
        return false;
    unsigned char c = *text->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    for (int i = 0; i < 4; i++, text->at++)
        if (text->at == text->end || *text->at == '\0' || strchr("0123456789abcdefABCDEF", *text->at) == NULL)
            return false;
    return true;
}

/* One sequence of RFC 3629 beyond ASCII: no surrogates, nothing overlong. */
static bool utf8(struct text *text)
{
    const unsigned char *at = text->at;
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > (size_t)(text->end - at))
        return false;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return false;
    text->at += length;
    return !((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
             (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f));
}

static bool string(struct text *text)
{
    if (!take(text, '"'))
        return false;
    while (text->at < text->end && *text->at != '"') {
        if (*text->at >= 0x80) {
            if (!utf8(text))
                return false;
        } else if (*text->at < 0x20) {
            return false;
        } else if (*text->at++ == '\\' && !escape(text)) {
            return false;
        }
    }
    return take(text, '"');
}

static bool word(struct text *text, const char *expected)
{
    for (; *expected != '\0'; expected++)
        if (!take(text, *expected))
            return false;
    return true;
}

static bool scalar(struct text *text)
{
    switch (text->at < text->end ? *text->at : 0) {
    case '"':
        return string(text);
    case 't':
        return word(text, "true");
    case 'f':
        return word(text, "false");
    case 'n':
        return word(text, "null");
    default:
        return number(text);
    }
}

static bool key(struct text *text)
{
    skip_space(text);
    if (!string(text))
        return false;
    skip_space(text);
    return take(text, ':');
}

/* Closes what ends here, then goes to the next value. The open brackets are the bits of a word: 1 is an
 * object. */
static bool behind_value(struct text *text, uint64_t *open, unsigned *depth)
{
    for (;;) {
        skip_space(text);
        if (*depth == 0)
            return true;
        bool object = (*open & 1) != 0;
        if (take(text, ','))
            return !object || key(text);
        if (!take(text, object ? '}' : ']'))
            return false;
        *open >>= 1;
        (*depth)--;
    }
}

bool fy_piece_valid(struct fy_piece piece)
{
    const unsigned char *begin = (const unsigned char *)piece.text;
    struct text text = {begin, begin + piece.length};
    uint64_t open = 0;
    unsigned depth = 0;
    do {
        skip_space(&text);
        bool object = take(&text, '{');
        if (object || take(&text, '[')) {
            if (depth++ == DEPTH_MAX)
                return false;
            open = open << 1 | (object ? 1 : 0);
            skip_space(&text);
            bool empty = text.at < text.end && *text.at == (object ? '}' : ']');
            if (empty ? !behind_value(&text, &open, &depth) : object && !key(&text))
                return false;
            if (!empty)
                continue;
        } else if (!scalar(&text) || !behind_value(&text, &open, &depth)) {
            return false;
        }
    } while (depth > 0);
    return text.at == text.end;
}
