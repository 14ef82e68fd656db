/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a workflow sees of Lua: an allow-list, in which everything gives the same answer in every process.
 *
 *   as in Lua      assert error ipairs select tonumber type, math without random, table, utf8
 *   ours           pcall (lets an exhausted budget through), pairs (sorted), tostring (no addresses),
 *                  setmetatable (no __gc, no __mode), getmetatable, table.sort (stable merge sort),
 *                  string.rep, format, find, match, gmatch, gsub (bounded, env_string.c)
 *   not there      everything else: coroutine next load require io os debug collectgarbage string.dump raw*
 */
#ifndef FY_SCRIPT_ENV_H
#define FY_SCRIPT_ENV_H

#include <lua.h>

void fy_env_open(lua_State *lua);        /* fills the globals of a new state */
void fy_env_open_string(lua_State *lua); /* its part: string */
void fy_env_open_table(lua_State *lua);  /* its part: table, and pairs, which sorts too */
int fy_env_lock(lua_State *lua);         /* a C function: from now on a new or unknown global is an error */

/* Push the text of the value at index, as tostring gives it. */
void fy_env_text(lua_State *lua, int index);

#endif
