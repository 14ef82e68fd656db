/* SPDX-License-Identifier: Apache-2.0 */
/* string: bounded, and without addresses. */
#include "script/env.h"
#include "script/pattern.h"
#include "script/shelf.h"

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
    (void)fy_shelf_push(lua, LUA_STRLIBNAME, "rep");
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
    (void)fy_shelf_push(lua, LUA_STRLIBNAME, "format");
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

void fy_env_push_string(lua_State *lua)
{
    static const char *const without[] = {"dump", "pack", "unpack", "packsize", NULL};
    fy_shelf_push_library(lua, LUA_STRLIBNAME, without);
    lua_pushcfunction(lua, string_rep);
    lua_setfield(lua, -2, "rep");
    lua_pushcfunction(lua, string_format);
    lua_setfield(lua, -2, "format");
    fy_pattern_open(lua);
}
