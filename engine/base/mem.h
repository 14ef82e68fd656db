/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in ferryd, its hosts and the CLI: inputs are bounded before they are read, so an allocation
 * that fails is a machine in trouble. The process aborts and its successor recovers from the journal.
 */
#ifndef FY_BASE_MEM_H
#define FY_BASE_MEM_H

#include "base/err.h"

#include <stdlib.h>

void *fy_alloc(size_t size) __attribute__((malloc, returns_nonnull)); /* zeroed */
void *fy_realloc(void *old, size_t size) __attribute__((returns_nonnull));
char *fy_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *fy_strndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *fy_format(const char *format, ...) __attribute__((malloc, returns_nonnull)) FY_PRINTF(1, 2);

#define FY_NEW(type)              ((type *)fy_alloc(sizeof(type)))
#define FY_NEW_ARRAY(type, count) ((type *)fy_calloc((count), sizeof(type)))
void *fy_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* FY_AUTO(free_ptr) char *text = ...; frees it when the scope ends. fy_steal(&text) hands it on. */
#define FY_AUTO(function) __attribute__((cleanup(function)))
void fy_free_ptr(void *pointer_to_pointer);
void fy_close_fd(int *fd);
#define fy_steal(pp)                                                                                         \
    __extension__({                                                                                          \
        __typeof__(*(pp)) taken_ = *(pp);                                                                    \
        *(pp) = NULL;                                                                                        \
        taken_;                                                                                              \
    })

#define FY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
