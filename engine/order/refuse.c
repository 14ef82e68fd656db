/* SPDX-License-Identifier: Apache-2.0 */
#include "order/refuse.h"

#include <stdarg.h>
#include <stdio.h>

/* Words of a stranger's document end up on terminals: control characters (C0, DEL, C1 in UTF-8) do not. */
static void disarm(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;
        if (c1)
            at[1] = '?';
        if (c1 || at[0] < ' ' || at[0] == 0x7f)
            at[0] = '?';
    }
}

bool fy_refuse_placed(const struct fy_refuser *to, int64_t line, const char *element)
{
    if (to->refusal != NULL) {
        to->refusal->line = (int)line;
        (void)snprintf(to->refusal->element, sizeof to->refusal->element, "%s", element);
        disarm(to->refusal->element);
    }
    if (line > 0 && element[0] != '\0')
        fy_wrap(to->err, "line %d, %.120s", (int)line, element);
    else if (line > 0)
        fy_wrap(to->err, "line %d", (int)line);
    if (to->err != NULL) {
        disarm(to->err->message);
        disarm(to->err->hint); /* may quote a value, too */
    }
    return false;
}

bool fy_refuse(const struct fy_refuser *to, int64_t line, const char *element, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fy_fail(to->err, FY_ERR_INVALID, "%s", text);
    return fy_refuse_placed(to, line, element);
}

bool fy_refuse_hint(const struct fy_refuser *to, const char *near, const char *format, ...)
{
    char text[sizeof to->err->hint];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (near != NULL)
        (void)snprintf(text, sizeof text, "did you mean \"%.100s\"?", near);
    disarm(text);
    return fy_hint(to->err, "%s", text);
}
