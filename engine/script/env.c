/* SPDX-License-Identifier: Apache-2.0 */
#include "script/env.h"

#include "base/mem.h"
#include "script/sandbox.h"
#include "script/value.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

/* Lua looks at the whole stack for each error that is caught, so nesting is bounded and catching is not free.
 */
#define PCALLS_MAX 100
#define CATCH_COST 2000

/* Slot 1 is true; what the function gave is behind it. */
static int after_pcall(lua_State *lua, int status, lua_KContext context)
{
    (void)context;
    fy_sandbox_of(lua)->pcalls--;
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(lua);
    fy_sandbox_seal(lua, status);
    fy_sandbox_charge(lua, CATCH_COST);
    lua_pushboolean(lua, 0);
    lua_insert(lua, -2);
    return 2;
}

static int env_pcall(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (fy_sandbox_of(lua)->pcalls == PCALLS_MAX)
        return luaL_error(lua, "more than %d calls of pcall inside each other", PCALLS_MAX);
    fy_sandbox_of(lua)->pcalls++;
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    int status = lua_pcallk(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0, 0, after_pcall);
    return after_pcall(lua, status, 0);
}

void fy_env_text(lua_State *lua, int index)
{
    index = lua_absindex(lua, index);
    if (luaL_callmeta(lua, index, "__tostring")) {
        if (lua_type(lua, -1) != LUA_TSTRING)
            luaL_error(lua, "__tostring must give a string");
        return;
    }
    int type = lua_type(lua, index);
    if (type == LUA_TNUMBER || type == LUA_TSTRING) {
        lua_pushvalue(lua, index);
        lua_tostring(lua, -1);
    } else if (type == LUA_TBOOLEAN) {
        lua_pushstring(lua, lua_toboolean(lua, index) ? "true" : "false");
    } else {
        lua_pushstring(lua, fy_value_is_null(lua, index) ? "null" : lua_typename(lua, type));
    }
}

static int env_tostring(lua_State *lua)
{
    luaL_checkany(lua, 1);
    fy_env_text(lua, 1);
    return 1;
}

static int env_setmetatable(lua_State *lua)
{
    static const char *const forbidden[] = {"__gc", "__mode"};
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argexpected(lua, lua_isnoneornil(lua, 2) || lua_istable(lua, 2), 2, "nil or table");
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
        return luaL_error(lua, "this metatable cannot be changed");
    for (size_t i = 0; lua_istable(lua, 2) && i < FY_COUNT(forbidden); i++) {
        lua_pushstring(lua, forbidden[i]);
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua,
                              "%s is not available: it would make a run depend on when memory is collected",
                              forbidden[i]);
        lua_pop(lua, 1);
    }
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

static int unknown_global(lua_State *lua)
{
    return luaL_error(lua, "unknown name '%s'", luaL_tolstring(lua, 2, NULL));
}

static int new_global(lua_State *lua)
{
    const char *name = luaL_tolstring(lua, 2, NULL);
    return luaL_error(lua, "'%s' is not declared: write local %s", name, name);
}

int fy_env_lock(lua_State *lua)
{
    lua_pushglobaltable(lua);
    lua_createtable(lua, 0, 3);
    lua_pushcfunction(lua, unknown_global);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, new_global);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    return 0;
}

static void keep_only(lua_State *lua, const char *const *names)
{
    lua_pushnil(lua);
    while (lua_next(lua, -2) != 0) {
        lua_pop(lua, 1);
        const char *name = lua_tostring(lua, -1);
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] != NULL)
            continue;
        lua_pushvalue(lua, -1); /* clearing a field is allowed while it is being visited */
        lua_pushnil(lua);
        lua_rawset(lua, -4);
    }
}

static void open_base(lua_State *lua)
{
    static const char *const kept[] = {"assert",   "error", "ipairs",       "select",
                                       "tonumber", "type",  "getmetatable", NULL};
    static const luaL_Reg ours[] = {
        {"pcall", env_pcall}, {"tostring", env_tostring}, {"setmetatable", env_setmetatable}, {NULL, NULL}};
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 0);
    keep_only(lua, kept);
    luaL_setfuncs(lua, ours, 0);
    lua_pop(lua, 1);
}

static void open_math(lua_State *lua)
{
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    lua_pushnil(lua);
    lua_setfield(lua, -2, "random");
    lua_pushnil(lua);
    lua_setfield(lua, -2, "randomseed");
    lua_pop(lua, 1);
}

/* The marker of lists: its identity is what counts, and nobody may take it off. */
static void open_list(lua_State *lua)
{
    lua_createtable(lua, 0, 1);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setfield(lua, LUA_REGISTRYINDEX, FY_VALUE_LIST);
}

void fy_env_open(lua_State *lua)
{
    open_list(lua);
    open_base(lua);
    open_math(lua);
    fy_env_open_string(lua);
    fy_env_open_table(lua);
    luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_pop(lua, 1);
    lua_pushnil(lua); /* package.loaded held them all; nothing looks there again */
    lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}
