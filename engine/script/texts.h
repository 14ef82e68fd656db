/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned texts by digest, each compiled once in a process. The compiled form never leaves the process and
 * never comes from outside: binary chunks are not loaded, from wherever they may come.
 */
#ifndef FY_SCRIPT_TEXTS_H
#define FY_SCRIPT_TEXTS_H

#include "base/buf.h"

#include <lua.h>

/* A piece of a text that is loaded by itself. */
struct fy_chunk {
    char *name;
    const char *bytes;
    size_t length;
    struct fy_buf compiled; /* empty until it was loaded for the first time */
};

struct fy_text {
    char *sha256;
    char *bytes;
    size_t length;
    struct fy_chunk whole;
    struct fy_chunk *part; /* each begins behind a line "--@ NAME" */
    size_t part_count;
};

struct fy_texts {
    struct fy_text **text;
    size_t count;
};

void fy_texts_keep(struct fy_texts *texts, const char *sha256, const char *bytes, size_t length);
struct fy_text *fy_texts_find(const struct fy_texts *texts, const char *sha256); /* NULL if it is not kept */
void fy_texts_free(struct fy_texts *texts);

/*
 * Push a chunk's function. source stands in error messages: "gray_upgrade:12: ...". strip leaves out line
 * numbers and names (for our own prelude; half the memory). A syntax error is a Lua error.
 */
void fy_chunk_load(lua_State *lua, struct fy_chunk *chunk, const char *source, bool strip);

/* The part of a text by that name, or NULL. */
struct fy_chunk *fy_text_part(struct fy_text *text, const char *name);

#endif
