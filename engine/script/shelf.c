/* SPDX-License-Identifier: Apache-2.0 */
#include "script/shelf.h"

#include "base/mem.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define ITEMS_MAX 128

/* C functions without upvalues and constants are the same in every state. */
struct item {
    const char *library;
    char *name;
    lua_CFunction function; /* NULL: a constant */
    bool whole;
    lua_Integer integer;
    lua_Number number;
    char *text;
    size_t length;
};

static struct item items[ITEMS_MAX];
static size_t count;

static void take(lua_State *lua, const char *library)
{
    struct item *item = &items[count];
    *item = (struct item){.library = library, .name = fy_strdup(lua_tostring(lua, -2))};
    if (lua_iscfunction(lua, -1)) {
        item->function = lua_tocfunction(lua, -1);
    } else if (lua_type(lua, -1) == LUA_TNUMBER) {
        item->whole = lua_isinteger(lua, -1);
        item->integer = lua_tointeger(lua, -1);
        item->number = lua_tonumber(lua, -1);
    } else if (lua_type(lua, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(lua, -1, &item->length);
        item->text = fy_alloc(item->length + 1);
        memcpy(item->text, text, item->length);
    } else {
        free(item->name); /* _G's own table */
        return;
    }
    if (++count == ITEMS_MAX)
        abort();
}

static void fill(void)
{
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                         {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_UTF8LIBNAME, luaopen_utf8}};
    lua_State *lua = luaL_newstate();
    if (lua == NULL)
        abort();
    for (size_t i = 0; i < FY_COUNT(libraries); i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 0);
        lua_pushnil(lua);
        while (lua_next(lua, -2) != 0) {
            take(lua, libraries[i].name);
            lua_pop(lua, 1);
        }
        lua_pop(lua, 1);
    }
    lua_close(lua);
}

static void push(lua_State *lua, const struct item *item)
{
    if (item->function != NULL)
        lua_pushcfunction(lua, item->function);
    else if (item->text != NULL)
        lua_pushlstring(lua, item->text, item->length);
    else if (item->whole)
        lua_pushinteger(lua, item->integer);
    else
        lua_pushnumber(lua, item->number);
}

bool fy_shelf_push(lua_State *lua, const char *library, const char *name)
{
    if (count == 0)
        fill();
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].name, name) == 0 && strcmp(items[i].library, library) == 0) {
            push(lua, &items[i]);
            return true;
        }
    return false;
}

static bool listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

void fy_shelf_push_library(lua_State *lua, const char *library, const char *const *without)
{
    if (count == 0)
        fill();
    lua_newtable(lua);
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].library, library) == 0 && !listed(without, items[i].name)) {
            push(lua, &items[i]);
            lua_setfield(lua, -2, items[i].name);
        }
}
