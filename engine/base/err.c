/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [FY_ERR_NONE] = "none",         [FY_ERR_INVALID] = "invalid",     [FY_ERR_REFUSED] = "refused",
    [FY_ERR_CONFLICT] = "conflict", [FY_ERR_NOT_FOUND] = "not_found", [FY_ERR_TRANSIENT] = "transient",
    [FY_ERR_TIMEOUT] = "timeout",   [FY_ERR_PERMANENT] = "permanent", [FY_ERR_UNSURE] = "unsure",
    [FY_ERR_INTERNAL] = "internal",
};

FY_PRINTF(3, 0)
static void fill(struct fy_err *err, enum fy_err_kind kind, const char *format, va_list args)
{
    if (err == NULL)
        return;
    err->kind = kind;
    err->hint[0] = '\0';
    (void)vsnprintf(err->message, sizeof err->message, format, args);
}

bool fy_fail(struct fy_err *err, enum fy_err_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, kind, format, args);
    va_end(args);
    return false;
}

bool fy_fail_errno(struct fy_err *err, const char *format, ...)
{
    int code = errno;
    bool passing = code == EAGAIN || code == ENOSPC || code == EMFILE || code == ENFILE;
    va_list args;
    va_start(args, format);
    fill(err, passing ? FY_ERR_TRANSIENT : FY_ERR_INTERNAL, format, args);
    va_end(args);
    if (err != NULL) {
        size_t used = strlen(err->message);
        (void)snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(code));
    }
    errno = code;
    return false;
}

bool fy_wrap(struct fy_err *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    char inner[sizeof err->message];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
    return false;
}

bool fy_hint(struct fy_err *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return false;
}

const char *fy_err_kind_name(enum fy_err_kind kind)
{
    return kind_names[kind];
}

enum fy_err_kind fy_err_kind_parse(const char *name)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (strcmp(kind_names[i], name) == 0)
            return (enum fy_err_kind)i;
    return FY_ERR_INTERNAL;
}
