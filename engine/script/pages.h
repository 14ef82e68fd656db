/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of the prelude: functions that are opened when their name is used. They run in an environment of
 * their own, in which the host's primitives and each other are visible, which workflows do not see.
 */
#ifndef FY_SCRIPT_PAGES_H
#define FY_SCRIPT_PAGES_H

#include "script/texts.h"

#include <lauxlib.h>
#include <stdbool.h>

/* In a new state. primitives ends with NULL; it and the prelude outlive the state. */
void fy_pages_open(lua_State *lua, struct fy_text *prelude, const luaL_Reg *primitives);

bool fy_page_push(lua_State *lua, const char *name); /* false, and nothing pushed, if there is no such page */
bool fy_page_global(lua_State *lua, const char *name); /* "global.NAME", as an fy_env_find */
int fy_page_methods(lua_State *lua);                   /* the primitive methods(prefix) */

/* Close the pages: they are opened again when they are used. */
void fy_pages_close(lua_State *lua);

#endif
