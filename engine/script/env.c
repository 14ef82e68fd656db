/* SPDX-License-Identifier: Apache-2.0 */
#include "script/env.h"

#include "base/mem.h"
#include "script/sandbox.h"
#include "script/shelf.h"
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

static void push_math(lua_State *lua)
{
    static const char *const without[] = {"random", "randomseed", NULL};
    fy_shelf_push_library(lua, LUA_MATHLIBNAME, without);
}

static void push_utf8(lua_State *lua)
{
    static const char *const without[] = {NULL};
    fy_shelf_push_library(lua, LUA_UTF8LIBNAME, without);
}

/* All there is: ours, Lua's own (no function here), and libraries, which are tables that stay once they are
 * used. */
static const struct {
    const char *name;
    lua_CFunction ours;
    void (*library)(lua_State *lua);
} names[] = {
    {"assert", NULL, NULL},
    {"error", NULL, NULL},
    {"getmetatable", NULL, NULL},
    {"null", NULL, fy_value_push_null},
    {"ipairs", NULL, NULL},
    {"math", NULL, push_math},
    {"pairs", fy_env_pairs, NULL},
    {"pcall", env_pcall, NULL},
    {"select", NULL, NULL},
    {"setmetatable", env_setmetatable, NULL},
    {"string", NULL, fy_env_push_string},
    {"table", NULL, fy_env_push_table},
    {"tonumber", NULL, NULL},
    {"tostring", env_tostring, NULL},
    {"type", NULL, NULL},
    {"utf8", NULL, push_utf8},
};

const char *fy_env_name(size_t index)
{
    return index < FY_COUNT(names) ? names[index].name : NULL;
}

bool fy_env_push(lua_State *lua, const char *name)
{
    size_t i = 0;
    while (i < FY_COUNT(names) && strcmp(names[i].name, name) != 0)
        i++;
    if (i == FY_COUNT(names))
        return false;
    if (names[i].ours != NULL) {
        lua_pushcfunction(lua, names[i].ours);
        return true;
    }
    if (names[i].library == NULL)
        return fy_shelf_push(lua, LUA_GNAME, name);
    lua_pushglobaltable(lua);
    lua_pushstring(lua, name);
    if (lua_rawget(lua, -2) == LUA_TNIL) {
        lua_pop(lua, 1);
        names[i].library(lua);
        lua_pushstring(lua, name);
        lua_pushvalue(lua, -2);
        lua_rawset(lua, -4);
    }
    lua_remove(lua, -2);
    return true;
}

static int find_global(lua_State *lua)
{
    fy_env_find *find;
    const char *name = luaL_tolstring(lua, 2, NULL);
    memcpy(&find, lua_touserdata(lua, lua_upvalueindex(1)), sizeof(fy_env_find *));
    if (fy_env_push(lua, name) || find(lua, name))
        return 1;
    return luaL_error(lua, "unknown name '%s'", name);
}

static int new_global(lua_State *lua)
{
    const char *name = luaL_tolstring(lua, 2, NULL);
    return luaL_error(lua, "'%s' is not declared: write local %s", name, name);
}

static void lock_globals(lua_State *lua, fy_env_find *find)
{
    lua_pushglobaltable(lua);
    lua_createtable(lua, 0, 3);
    memcpy(lua_newuserdatauv(lua, sizeof(fy_env_find *), 0), &find, sizeof(fy_env_find *));
    lua_pushcclosure(lua, find_global, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, new_global);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}

/* s:match(...) */
static int string_method(lua_State *lua)
{
    (void)fy_env_push(lua, LUA_STRLIBNAME);
    lua_pushvalue(lua, 2);
    lua_gettable(lua, -2);
    return 1;
}

static void open_string_methods(lua_State *lua)
{
    lua_pushliteral(lua, "");
    lua_createtable(lua, 0, 2);
    lua_pushcfunction(lua, string_method);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
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

void fy_env_open(lua_State *lua, fy_env_find *find)
{
    open_list(lua);
    open_string_methods(lua);
    lock_globals(lua, find);
}
