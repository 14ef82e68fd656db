/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void fy_print_json(const json_t *doc)
{
    (void)json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    (void)putchar('\n');
}

void fy_print_buf(const struct fy_buf *text)
{
    if (text->length > 0)
        (void)fwrite(text->data, 1, text->length, stdout);
}

char *fy_number_words(int64_t number, char text[32])
{
    char digits[24];
    size_t out = 0;
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (int i = 0; i < length && out + 2 < 32; i++) {
        text[out++] = digits[i];
        int rest = length - 1 - i;
        if (rest > 0 && rest % 3 == 0 && digits[i] != '-')
            text[out++] = ',';
    }
    text[out] = '\0';
    return text;
}

char *fy_left_words(int64_t ms, char text[32])
{
    int64_t seconds = ms / 1000;
    if (seconds >= 86400)
        (void)snprintf(text, 32, "%lld d %02lld h", (long long)(seconds / 86400),
                       (long long)(seconds / 3600 % 24));
    else if (seconds >= 3600)
        (void)snprintf(text, 32, "%lld h %02lld min", (long long)(seconds / 3600),
                       (long long)(seconds / 60 % 60));
    else if (seconds >= 600)
        (void)snprintf(text, 32, "%lld min", (long long)(seconds / 60));
    else if (seconds >= 60)
        (void)snprintf(text, 32, "%lld min %02lld s", (long long)(seconds / 60), (long long)(seconds % 60));
    else
        (void)snprintf(text, 32, "%lld s", (long long)seconds);
    return text;
}

static struct tm in_utc(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    (void)gmtime_r(&seconds, &parts);
    return parts;
}

char *fy_clock_words(int64_t ms, char text[16])
{
    struct tm parts = in_utc(ms);
    if (strftime(text, 16, "%H:%M:%S", &parts) == 0)
        text[0] = '\0';
    return text;
}

char *fy_date_words(int64_t ms, char text[32])
{
    struct tm parts = in_utc(ms);
    if (strftime(text, 32, "%d %b %H:%M", &parts) == 0)
        text[0] = '\0';
    return text;
}

char *fy_permille_words(int64_t permille, char text[32])
{
    if (permille % 10 == 0)
        (void)snprintf(text, 32, "%lld %%", (long long)(permille / 10));
    else
        (void)snprintf(text, 32, "%lld.%lld %%", (long long)(permille / 10), (long long)(permille % 10));
    return text;
}
