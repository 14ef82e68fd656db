/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lua's string patterns with a limit. Lua's own matcher runs inside C where no hook can stop it, and some
 * patterns take longer than the universe; this one counts its steps, at most a million in one call, and
 * charges them to the workflow.
 */
#ifndef FY_SCRIPT_PATTERN_H
#define FY_SCRIPT_PATTERN_H

#include <lua.h>

/* Put find, match, gmatch and gsub into the table on top of the stack. */
void fy_pattern_open(lua_State *lua);

#endif
