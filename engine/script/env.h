/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a workflow sees of Lua: an allow-list, in which everything gives the same answer in every process.
 *
 *   as in Lua      assert error ipairs select tonumber type getmetatable, math without random, table, utf8
 *   ours           pcall (lets an exhausted budget through), pairs (sorted), tostring (no addresses),
 *                  setmetatable (no __gc, no __mode), table.sort (stable merge sort),
 *                  string.rep, format, find, match, gmatch, gsub (bounded)
 *   not there      everything else: coroutine next load require io os debug collectgarbage string.dump raw*
 *
 * Nothing is held before it is used: a name is looked up when it is asked for, first here, then among the
 * global functions of the prelude.
 */
#ifndef FY_SCRIPT_ENV_H
#define FY_SCRIPT_ENV_H

#include <lua.h>
#include <stdbool.h>

/* Open a new state. find pushes a further global by its name, or nothing and returns false. */
typedef bool fy_env_find(lua_State *lua, const char *name);
void fy_env_open(lua_State *lua, fy_env_find *find);

/* Push a global that Lua or env_*.c has; false, and nothing pushed, if there is none. */
bool fy_env_push(lua_State *lua, const char *name);
const char *fy_env_name(size_t index); /* the names of all of them, 0, 1, ... until NULL */

void fy_env_push_string(lua_State *lua); /* env_string.c: a new table */
void fy_env_push_table(lua_State *lua);  /* env_table.c */
int fy_env_pairs(lua_State *lua);        /* env_table.c */

/* Push the text of the value at index, as tostring gives it. */
void fy_env_text(lua_State *lua, int index);

#endif
