/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lua values as JSON and back. Members are written in the order of their bytes, so that equal values are
 * equal text; numbers are whole. What came in as a list goes out as one, also when it is empty; null is a
 * value of its own (fy_value_null), so that a state which is read and handed on stays what it was.
 */
#ifndef FY_SCRIPT_VALUE_H
#define FY_SCRIPT_VALUE_H

#include "base/walk.h"

#include <lua.h>

#define FY_VALUE_DEPTH 48                  /* nesting */
#define FY_VALUE_BYTES (16u * 1024 * 1024) /* of one text */

/* Names in the registry. */
#define FY_VALUE_LIST "list" /* the metatable that marks a list */

struct fy_value_scratch { /* shared by all runs of a process; one is used at a time */
    struct fy_buf keys, text;
};

void fy_value_push(lua_State *lua, struct fy_piece json, struct fy_value_scratch *scratch);

/* Append the value at index (a Lua error names what cannot be written; "what" stands in its message). */
void fy_value_write(lua_State *lua, int index, struct fy_buf *out, struct fy_value_scratch *scratch,
                    const char *what);
void fy_value_push_null(lua_State *lua);
bool fy_value_is_null(lua_State *lua, int index);

#endif
