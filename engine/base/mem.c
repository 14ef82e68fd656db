/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *or_abort(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void *fy_alloc(size_t size)
{
    return or_abort(calloc(1, size > 0 ? size : 1));
}

void *fy_calloc(size_t count, size_t size)
{
    return or_abort(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *fy_realloc(void *old, size_t size)
{
    return or_abort(realloc(old, size > 0 ? size : 1));
}

char *fy_strdup(const char *text)
{
    return or_abort(strdup(text));
}

char *fy_strndup(const char *text, size_t length)
{
    return or_abort(strndup(text, length));
}

char *fy_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    return text;
}

void fy_free_ptr(void *pointer_to_pointer)
{
    void **place = pointer_to_pointer;
    free(*place);
    *place = NULL;
}

void fy_close_fd(int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    errno = saved;
}
