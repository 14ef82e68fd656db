/* SPDX-License-Identifier: Apache-2.0 */
#include "script/texts.h"

#include "base/mem.h"

#include <lauxlib.h>
#include <string.h>

struct fy_text *fy_texts_find(const struct fy_texts *texts, const char *sha256)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->text[i]->sha256, sha256) == 0)
            return texts->text[i];
    return NULL;
}

/* The line behind "--@ " names what follows, up to the next such line. */
static void find_parts(struct fy_text *text)
{
    static const char mark[] = "\n--@ ";
    const char *at = strstr(text->bytes, mark);
    while (at != NULL) {
        const char *name = at + strlen(mark), *line_end = name + strcspn(name, "\n");
        at = strstr(line_end, mark);
        text->part = fy_realloc(text->part, (text->part_count + 1) * sizeof *text->part);
        text->part[text->part_count++] =
            (struct fy_chunk){.name = fy_strndup(name, (size_t)(line_end - name)),
                              .bytes = line_end,
                              .length = at != NULL ? (size_t)(at - line_end) : strlen(line_end)};
    }
}

struct fy_chunk *fy_text_part(struct fy_text *text, const char *name)
{
    for (size_t i = 0; i < text->part_count; i++)
        if (strcmp(text->part[i].name, name) == 0)
            return &text->part[i];
    return NULL;
}

void fy_texts_keep(struct fy_texts *texts, const char *sha256, const char *bytes, size_t length)
{
    if (fy_texts_find(texts, sha256) != NULL)
        return;
    struct fy_text *text = FY_NEW(struct fy_text);
    text->sha256 = fy_strdup(sha256);
    text->bytes = fy_strndup(bytes, length);
    text->length = length;
    text->whole = (struct fy_chunk){.bytes = text->bytes, .length = length};
    find_parts(text);
    texts->text = fy_realloc(texts->text, (texts->count + 1) * sizeof(struct fy_text *));
    texts->text[texts->count++] = text;
}

void fy_texts_free(struct fy_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->text[i]->sha256);
        free(texts->text[i]->bytes);
        fy_buf_free(&texts->text[i]->whole.compiled);
        for (size_t j = 0; j < texts->text[i]->part_count; j++) {
            free(texts->text[i]->part[j].name);
            fy_buf_free(&texts->text[i]->part[j].compiled);
        }
        free(texts->text[i]->part);
        free(texts->text[i]);
    }
    free(texts->text);
    *texts = (struct fy_texts){0};
}

static int put_compiled(lua_State *lua, const void *bytes, size_t count, void *out)
{
    (void)lua;
    fy_buf_put(out, bytes, count);
    return 0;
}

void fy_chunk_load(lua_State *lua, struct fy_chunk *chunk, const char *source, bool strip)
{
    bool known = chunk->compiled.length > 0;
    const char *bytes = known ? chunk->compiled.data : chunk->bytes;
    size_t length = known ? chunk->compiled.length : chunk->length;
    const char *name = lua_pushfstring(lua, "=%s", source);
    if (luaL_loadbufferx(lua, bytes, length, name, known ? "b" : "t") != LUA_OK)
        lua_error(lua);
    lua_remove(lua, -2);
    if (known)
        return;
    if (lua_dump(lua, put_compiled, &chunk->compiled, strip) != 0)
        fy_buf_clear(&chunk->compiled);
    else if (strip) { /* the first run, too, is to have the small form */
        lua_pop(lua, 1);
        fy_chunk_load(lua, chunk, source, strip);
    }
}
