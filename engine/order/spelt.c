/* SPDX-License-Identifier: Apache-2.0 */
#include "order/spelt.h"

#include <stddef.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define HEX     DIGITS "abcdefABCDEF"

static bool only(const char *text, const char *characters, size_t least, size_t most)
{
    size_t length = strspn(text, characters);
    return text[length] == '\0' && length >= least && length <= most;
}

bool fy_spelt_token(const char *text)
{
    return only(text, LETTERS DIGITS "._:/@+=,-", 1, 256);
}

bool fy_spelt_text(const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        unsigned char c = (unsigned char)text[length];
        bool c1 = c == 0xc2 && (unsigned char)text[length + 1] < 0xa0; /* U+0080 to U+009F */
        if (c < ' ' || c == 0x7f || c1 || length == 512)
            return false;
    }
    return length > 0;
}

bool fy_spelt_name(const char *text)
{
    return only(text, LETTERS DIGITS "._-", 1, 128) && strchr("._-", text[0]) == NULL;
}

bool fy_spelt_digest(const char *text)
{
    size_t algorithm = strspn(text, LETTERS DIGITS);
    return algorithm > 0 && text[algorithm] == ':' && only(text + algorithm + 1, HEX, 4, 128);
}

bool fy_spelt_supi(const char *text)
{
    return strncmp(text, "imsi-", 5) == 0 && only(text + 5, DIGITS, 5, 15);
}

bool fy_spelt_mcc(const char *text)
{
    return only(text, DIGITS, 3, 3);
}

bool fy_spelt_mnc(const char *text)
{
    return only(text, DIGITS, 2, 3);
}

bool fy_spelt_tac(const char *text)
{
    return only(text, HEX, 4, 6) && strlen(text) != 5;
}

bool fy_spelt_sd(const char *text)
{
    return only(text, HEX, 6, 6);
}
