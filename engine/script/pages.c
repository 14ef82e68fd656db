/* SPDX-License-Identifier: Apache-2.0 */
#include "script/pages.h"

#include "script/env.h"

#include <string.h>

/* Names in the registry: the open pages, the environment they see, where pages and primitives come from. */
#define OPEN       "pages"
#define INNER      "inner"
#define PRELUDE    "prelude"
#define PRIMITIVES "primitives"

static const void *registered(lua_State *lua, const char *name)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, name);
    const void *pointer = lua_touserdata(lua, -1);
    lua_pop(lua, 1);
    return pointer;
}

bool fy_page_push(lua_State *lua, const char *name)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, OPEN);
    if (lua_getfield(lua, -1, name) == LUA_TNIL) {
        struct fy_text *prelude = (struct fy_text *)(uintptr_t)registered(lua, PRELUDE);
        struct fy_chunk *page = fy_text_part(prelude, name);
        lua_pop(lua, 1);
        if (page == NULL) {
            lua_pop(lua, 1);
            return false;
        }
        fy_chunk_load(lua, page, "prelude", true);
        lua_getfield(lua, LUA_REGISTRYINDEX, INNER);
        (void)lua_setupvalue(lua, -2, 1);
        lua_pushvalue(lua, -1);
        lua_setfield(lua, -3, name);
    }
    lua_remove(lua, -2);
    return true;
}

bool fy_page_global(lua_State *lua, const char *name)
{
    lua_pushfstring(lua, "global.%s", name);
    bool found = fy_page_push(lua, lua_tostring(lua, -1));
    lua_remove(lua, found ? -2 : -1);
    return found;
}

static bool push_primitive(lua_State *lua, const char *name)
{
    const luaL_Reg *primitive = registered(lua, PRIMITIVES);
    while (primitive->name != NULL && strcmp(primitive->name, name) != 0)
        primitive++;
    if (primitive->name != NULL)
        lua_pushcfunction(lua, primitive->func);
    return primitive->name != NULL;
}

/* What a page sees: primitives, pages, Lua's own. What is not a page never closes, so it is found once. */
static int find_inner(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    if (!push_primitive(lua, name)) {
        if (fy_page_push(lua, name))
            return 1;
        if (!fy_env_push(lua, name))
            return luaL_error(lua, "the prelude has no page %s", name);
    }
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, 1);
    return 1;
}

/* nf:try_NAME */
static bool push_try(lua_State *lua, const char *prefix, const char *name)
{
    if (strcmp(prefix, "nf.") != 0 || strncmp(name, "try_", 4) != 0 || !fy_page_push(lua, "try"))
        return false;
    lua_pushstring(lua, name + 4);
    lua_pushfstring(lua, "%s%s", prefix, name + 4);
    if (!fy_page_push(lua, lua_tostring(lua, -1)))
        return luaL_error(lua, "nf has no method '%s'", name);
    lua_remove(lua, -2);
    lua_call(lua, 2, 1);
    return true;
}

static int find_method(lua_State *lua)
{
    if (lua_type(lua, 2) != LUA_TSTRING)
        return 0;
    const char *prefix = lua_tostring(lua, lua_upvalueindex(1)), *name = lua_tostring(lua, 2);
    lua_pushfstring(lua, "%s%s", prefix, name);
    if (fy_page_push(lua, lua_tostring(lua, -1)) || push_try(lua, prefix, name))
        return 1;
    if (strcmp(prefix, "nf.") == 0)
        return luaL_error(lua, "nf has no method '%s'", name);
    return 0;
}

int fy_page_methods(lua_State *lua)
{
    luaL_checkstring(lua, 1);
    lua_pushcclosure(lua, find_method, 1);
    return 1;
}

void fy_pages_close(lua_State *lua)
{
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, OPEN);
}

static void keep_pointer(lua_State *lua, const char *name, const void *pointer)
{
    lua_pushlightuserdata(lua, (void *)(uintptr_t)pointer);
    lua_setfield(lua, LUA_REGISTRYINDEX, name);
}

void fy_pages_open(lua_State *lua, struct fy_text *prelude, const luaL_Reg *primitives)
{
    keep_pointer(lua, PRELUDE, prelude);
    keep_pointer(lua, PRIMITIVES, primitives);
    fy_pages_close(lua);
    lua_newtable(lua);
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, find_inner);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_setfield(lua, LUA_REGISTRYINDEX, INNER);
}
