/* SPDX-License-Identifier: Apache-2.0 */
#include "order/refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool fy_refuse_placed(const struct fy_refuser *to, int64_t line, const char *element)
{
    if (to->refusal != NULL) {
        to->refusal->line = (int)line;
        (void)snprintf(to->refusal->element, sizeof to->refusal->element, "%s", element);
    }
    if (line > 0 && element[0] != '\0')
        return fy_wrap(to->err, "line %d, %.120s", (int)line, element);
    if (line > 0)
        return fy_wrap(to->err, "line %d", (int)line);
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
    if (near != NULL)
        return fy_hint(to->err, "did you mean \"%.100s\"?", near);
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fy_hint(to->err, "%s", text);
}
