/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table and pairs. Lua's own sort takes its pivot from the clock and its pairs follows a hash seed that
 * differs in every process; both would make a replayed run take another way.
 */
#include "script/env.h"
#include "script/sandbox.h"
#include "script/shelf.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define ITEMS_MAX (1 << 22)

/* Is the value at a to come before the one at b? */
typedef bool before_fn(lua_State *lua, int a, int b);

static bool by_call(lua_State *lua, int a, int b)
{
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, a);
    lua_pushvalue(lua, b);
    lua_call(lua, 2, 1);
    bool before = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return before;
}

static bool by_less(lua_State *lua, int a, int b)
{
    return lua_compare(lua, a, b, LUA_OPLT);
}

static int key_rank(lua_State *lua, int index)
{
    int type = lua_type(lua, index);
    return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2;
}

/* Keys of a table: numbers, then strings by their bytes, then false and true. */
static bool by_key(lua_State *lua, int a, int b)
{
    int left = key_rank(lua, a), right = key_rank(lua, b);
    if (left != right)
        return left < right;
    if (left == 0)
        return lua_compare(lua, a, b, LUA_OPLT);
    if (left == 2)
        return !lua_toboolean(lua, a) && lua_toboolean(lua, b);
    size_t a_length, b_length;
    const char *a_text = lua_tolstring(lua, a, &a_length), *b_text = lua_tolstring(lua, b, &b_length);
    int order = memcmp(a_text, b_text, a_length < b_length ? a_length : b_length);
    return order != 0 ? order < 0 : a_length < b_length;
}

/* Merge from[low, middle) and from[middle, high) into the table at "to". */
static void merge(lua_State *lua, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high,
                  before_fn *before)
{
    lua_Integer left = low, right = middle;
    for (lua_Integer at = low; at < high; at++) {
        bool take_right = left == middle;
        if (left < middle && right < high) {
            lua_rawgeti(lua, from, left);
            lua_rawgeti(lua, from, right);
            int top = lua_gettop(lua);
            take_right = before(lua, top, top - 1); /* equal ones keep their order */
            lua_pop(lua, 2);
        }
        lua_rawgeti(lua, from, take_right ? right++ : left++);
        lua_rawseti(lua, to, at);
    }
}

/* Sort 1 to count of the table at index, bottom up. Leaves the sorted table (it, or a new one) on the stack.
 */
static void sort_items(lua_State *lua, int index, lua_Integer count, before_fn *before)
{
    lua_pushvalue(lua, index);
    lua_createtable(lua, (int)count, 0);
    int from = lua_gettop(lua) - 1, to = from + 1;
    for (lua_Integer width = 1; width < count; width *= 2) {
        fy_sandbox_charge(lua, (size_t)count * 4);
        for (lua_Integer low = 1; low <= count; low += 2 * width) {
            lua_Integer middle = low + width <= count ? low + width : count + 1;
            lua_Integer high = low + 2 * width <= count ? low + 2 * width : count + 1;
            merge(lua, from, to, low, middle, high, before);
        }
        int other = from;
        from = to;
        to = other;
    }
    lua_pushvalue(lua, from);
}

static int table_sort(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argexpected(lua, lua_isnoneornil(lua, 2) || lua_isfunction(lua, 2), 2, "nil or function");
    lua_settop(lua, 2);
    lua_Integer count = (lua_Integer)lua_rawlen(lua, 1);
    if (count > ITEMS_MAX)
        return luaL_error(lua, "too many items to sort");
    lua_createtable(lua, (int)count,
                    0); /* sorted aside, so that a failing comparison leaves the table whole */
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(lua, 1, i);
        lua_rawseti(lua, 3, i);
    }
    sort_items(lua, 3, count, lua_isnil(lua, 2) ? by_less : by_call);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(lua, -1, i);
        lua_rawseti(lua, 1, i);
    }
    return 0;
}

/* The iterator of pairs: its sorted keys and where it is are upvalues; keys removed meanwhile are left out.
 */
static int next_pair(lua_State *lua)
{
    lua_Integer at = lua_tointeger(lua, lua_upvalueindex(2));
    for (;;) {
        if (lua_rawgeti(lua, lua_upvalueindex(1), ++at) == LUA_TNIL)
            return 1;
        lua_pushvalue(lua, -1);
        if (lua_rawget(lua, 1) != LUA_TNIL)
            break;
        lua_pop(lua, 2);
    }
    lua_pushinteger(lua, at);
    lua_replace(lua, lua_upvalueindex(2));
    return 2;
}

int fy_env_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    lua_newtable(lua);
    lua_Integer count = 0;
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
        lua_pop(lua, 1);
        int type = lua_type(lua, -1);
        if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
            return luaL_error(
                lua, "pairs: a key is a %s, and those have no order that would be the same after a restart",
                luaL_typename(lua, -1));
        lua_pushvalue(lua, -1);
        lua_rawseti(lua, 2, ++count);
    }
    if (count > ITEMS_MAX)
        return luaL_error(lua, "too many keys for pairs");
    sort_items(lua, 2, count, by_key);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_pair, 2);
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

/* Lua's own, for a span of items that is no more than a table can hold and is paid for: it is C code, which
 * the instruction limit does not see. */
static int pay_for_items(lua_State *lua, const char *name, lua_Integer first, lua_Integer last)
{
    if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= ITEMS_MAX)
        return luaL_error(lua, "table.%s: too many items", name);
    if (last >= first)
        fy_sandbox_charge(lua, (size_t)(last - first) + 1);
    (void)fy_shelf_push(lua, LUA_TABLIBNAME, name);
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
    return lua_gettop(lua);
}

static int table_move(lua_State *lua)
{
    return pay_for_items(lua, "move", luaL_checkinteger(lua, 2), luaL_checkinteger(lua, 3));
}

static int table_insert(lua_State *lua)
{
    lua_Integer last = luaL_len(lua, 1);
    return pay_for_items(lua, "insert", lua_gettop(lua) > 2 ? luaL_checkinteger(lua, 2) : last, last);
}

static int table_remove(lua_State *lua)
{
    lua_Integer last = luaL_len(lua, 1);
    return pay_for_items(lua, "remove", luaL_optinteger(lua, 2, last), last);
}

static int table_concat(lua_State *lua)
{
    lua_Integer first = luaL_optinteger(lua, 3, 1);
    return pay_for_items(lua, "concat", first,
                         lua_gettop(lua) > 3 ? luaL_checkinteger(lua, 4) : luaL_len(lua, 1));
}

static const luaL_Reg paid[] = {{"move", table_move},
                                {"insert", table_insert},
                                {"remove", table_remove},
                                {"concat", table_concat},
                                {NULL, NULL}};

void fy_env_push_table(lua_State *lua)
{
    static const char *const without[] = {NULL};
    fy_shelf_push_library(lua, LUA_TABLIBNAME, without);
    lua_pushcfunction(lua, table_sort);
    lua_setfield(lua, -2, "sort");
    luaL_setfuncs(lua, paid, 0);
}
