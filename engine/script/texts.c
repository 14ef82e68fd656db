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

void fy_texts_keep(struct fy_texts *texts, const char *sha256, const char *bytes, size_t length)
{
    if (fy_texts_find(texts, sha256) != NULL)
        return;
    struct fy_text *text = FY_NEW(struct fy_text);
    text->sha256 = fy_strdup(sha256);
    text->bytes = fy_strndup(bytes, length);
    text->length = length;
    texts->text = fy_realloc(texts->text, (texts->count + 1) * sizeof *texts->text);
    texts->text[texts->count++] = text;
}

void fy_texts_free(struct fy_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->text[i]->sha256);
        free(texts->text[i]->bytes);
        fy_buf_free(&texts->text[i]->compiled);
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

void fy_text_load(lua_State *lua, struct fy_text *text, const char *name, bool strip)
{
    bool known = text->compiled.length > 0;
    const char *bytes = known ? text->compiled.data : text->bytes;
    size_t length = known ? text->compiled.length : text->length;
    const char *source = lua_pushfstring(lua, "=%s", name);
    if (luaL_loadbufferx(lua, bytes, length, source, known ? "b" : "t") != LUA_OK)
        lua_error(lua);
    lua_remove(lua, -2);
    if (known)
        return;
    if (lua_dump(lua, put_compiled, &text->compiled, strip) != 0)
        fy_buf_clear(&text->compiled);
    if (strip) { /* the first run, too, is to have the small form */
        lua_pop(lua, 1);
        fy_text_load(lua, text, name, strip);
    }
}
