/* SPDX-License-Identifier: Apache-2.0 */
/* The world lives in a process of its own: without memory it ends, and says so. */
#include "sim/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (!memory) {
        fputs("ferry-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *sim_alloc(size_t size)
{
    return checked(calloc(1, size));
}

void *sim_grow(void *old, size_t count, size_t size)
{
    return checked(reallocarray(old, count ? count : 1, size));
}

char *sim_strdup(const char *text)
{
    return checked(strdup(text));
}

void sim_copy(char *to, size_t room, const char *from)
{
    size_t length = strnlen(from, room - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}
