/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Lua's own libraries offer, taken down once in a process, so that a run only holds what it uses: a
 * waiting run is small, and starting one opens no library.
 */
#ifndef FY_SCRIPT_SHELF_H
#define FY_SCRIPT_SHELF_H

#include <lua.h>
#include <stdbool.h>

/* Push NAME of a library ("_G", "math", "string", "table", "utf8"). False, and nothing pushed, if it has
 * none. */
bool fy_shelf_push(lua_State *lua, const char *library, const char *name);

/* Push a new table with all of a library but what "without" lists (ends with NULL). */
void fy_shelf_push_library(lua_State *lua, const char *library, const char *const *without);

#endif
