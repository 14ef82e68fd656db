/* SPDX-License-Identifier: Apache-2.0 */
/* string: bounded, without addresses, and with a metatable that cannot be changed. */
#include "script/env.h"
#include "script/pattern.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define REP_MAX (1u << 20)

static int string_rep(lua_State *lua)
{
    size_t length, between;
    luaL_checklstring(lua, 1, &length);
    lua_Integer times = luaL_checkinteger(lua, 2);
    luaL_optlstring(lua, 3, "", &between);
    if (times > 0 && length + between > REP_MAX / (size_t)times)
        return luaL_error(lua, "string.rep: the text would be longer than 1 MiB");
    lua_pushvalue(lua, lua_upvalueindex(1)); /* Lua's own */
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

/* Lua's own format, after each argument of %s was made a text without addresses. */
static int string_format(lua_State *lua)
{
    const char *at = luaL_checkstring(lua, 1);
    int argument = 1;
    while ((at = strchr(at, '%')) != NULL) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        if (*at == '%') {
            at++;
            continue;
        }
        argument++;
        if (*at == 'p')
            return luaL_error(lua, "string.format: %%p is not available: addresses differ in every process");
        if (*at == 's' && argument <= lua_gettop(lua)) {
            fy_env_text(lua, argument);
            lua_replace(lua, argument);
        }
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

/* Put a function of ours, which calls Lua's, in its place. */
static void wrap(lua_State *lua, const char *name, lua_CFunction ours)
{
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, ours, 1);
    lua_setfield(lua, -2, name);
}

void fy_env_open_string(lua_State *lua)
{
    static const char *const removed[] = {"dump", "pack", "unpack", "packsize"};
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, removed[i]);
    }
    wrap(lua, "rep", string_rep);
    wrap(lua, "format", string_format);
    fy_pattern_open(lua);
    lua_pop(lua, 1);
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
}
