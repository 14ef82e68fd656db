/* SPDX-License-Identifier: Apache-2.0 */
#include "script/value.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* JSON to Lua */

static void push_any(lua_State *lua, struct fy_walk *walk, struct fy_value_scratch *scratch, int depth);

void fy_value_push_null(lua_State *lua)
{
    lua_pushlightuserdata(lua, NULL);
}

bool fy_value_is_null(lua_State *lua, int index)
{
    return lua_islightuserdata(lua, index) && lua_touserdata(lua, index) == NULL;
}

static void push_string(lua_State *lua, struct fy_piece quoted, struct fy_value_scratch *scratch)
{
    if (memchr(quoted.text, '\\', quoted.length) == NULL) {
        lua_pushlstring(lua, quoted.text + 1, quoted.length - 2);
        return;
    }
    fy_buf_clear(&scratch->text);
    if (!fy_piece_decode(quoted, &scratch->text))
        luaL_error(lua, "a text was handed in that is not JSON");
    lua_pushlstring(lua, scratch->text.data, scratch->text.length);
}

static void push_number(lua_State *lua, struct fy_piece text)
{
    if (text.length < 40) {
        char digits[40];
        memcpy(digits, text.text, text.length);
        digits[text.length] = '\0';
        if (lua_stringtonumber(lua, digits) != 0)
            return;
    }
    luaL_error(lua, "a number was handed in that is not JSON");
}

static void push_word(lua_State *lua, struct fy_piece word)
{
    if (fy_piece_is(word, "true") || fy_piece_is(word, "false"))
        lua_pushboolean(lua, word.text[0] == 't');
    else if (fy_piece_is(word, "null"))
        fy_value_push_null(lua);
    else
        push_number(lua, word);
}

static void push_object(lua_State *lua, struct fy_walk *walk, struct fy_value_scratch *scratch, int depth)
{
    lua_newtable(lua);
    while (fy_walk_more(walk, '}')) {
        struct fy_piece key = fy_walk_key(walk);
        if (walk->bad)
            break;
        push_string(lua, (struct fy_piece){key.text - 1, key.length + 2}, scratch);
        push_any(lua, walk, scratch, depth);
        lua_rawset(lua, -3);
    }
}

static void push_list(lua_State *lua, struct fy_walk *walk, struct fy_value_scratch *scratch, int depth)
{
    lua_newtable(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, FY_VALUE_LIST);
    lua_setmetatable(lua, -2);
    for (lua_Integer i = 1; fy_walk_more(walk, ']'); i++) {
        push_any(lua, walk, scratch, depth);
        lua_rawseti(lua, -2, i);
    }
}

static void push_any(lua_State *lua, struct fy_walk *walk, struct fy_value_scratch *scratch, int depth)
{
    if (depth == FY_VALUE_DEPTH)
        luaL_error(lua, "a text was handed in that is nested deeper than %d", FY_VALUE_DEPTH);
    luaL_checkstack(lua, 8, "JSON");
    char first = fy_walk_peek(walk);
    if (first == '{' || first == '[') {
        (void)fy_walk_open(walk, first);
        (first == '{' ? push_object : push_list)(lua, walk, scratch, depth + 1);
    } else {
        struct fy_piece text = fy_walk_value(walk);
        if (first == '"' && !walk->bad)
            push_string(lua, text, scratch);
        else
            push_word(lua, text);
    }
    if (walk->bad)
        luaL_error(lua, "a text was handed in that is not JSON");
}

void fy_value_push(lua_State *lua, struct fy_piece json, struct fy_value_scratch *scratch)
{
    struct fy_walk walk = fy_walk_of(json.text, json.length);
    push_any(lua, &walk, scratch, 0);
}

/* Lua to JSON */

struct writer {
    lua_State *lua;
    struct fy_buf *out;
    struct fy_value_scratch *scratch;
    const char *what;
};

static void write_any(struct writer *w, int index, int depth);

static void write_integer(struct fy_buf *out, lua_Integer number)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--at = '-';
    fy_buf_put(out, at, (size_t)(digits + sizeof digits - at));
}

static void write_number(struct writer *w, int index)
{
    int whole;
    lua_Integer number = lua_tointegerx(w->lua, index, &whole);
    if (!whole)
        luaL_error(
            w->lua,
            "%s: numbers are whole (milliseconds, permille, counts); write a decimal as text, as in \"0.5\"",
            w->what);
    write_integer(w->out, number);
}

static int compare_parts(const void *left, const void *right)
{
    const struct fy_piece *a = left, *b = right;
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* The table's keys, sorted, behind those of the tables around it; returns how many. Keys stay alive: they are
 * in the table, which nothing changes meanwhile. */
static size_t collect_keys(struct writer *w, int table)
{
    size_t from = w->scratch->keys.length;
    lua_pushnil(w->lua);
    while (lua_next(w->lua, table) != 0) {
        lua_pop(w->lua, 1);
        if (lua_type(w->lua, -1) != LUA_TSTRING)
            luaL_error(w->lua,
                       "%s: a table is either a list (1, 2, ...) or has names; this one has a %s among them",
                       w->what, luaL_typename(w->lua, -1));
        struct fy_piece key;
        key.text = lua_tolstring(w->lua, -1, &key.length);
        fy_buf_put(&w->scratch->keys, &key, sizeof key);
    }
    size_t count = (w->scratch->keys.length - from) / sizeof(struct fy_piece);
    if (count > 1)
        qsort(w->scratch->keys.data + from, count, sizeof(struct fy_piece), compare_parts);
    return count;
}

static void write_object(struct writer *w, int table, int depth)
{
    size_t from = w->scratch->keys.length;
    size_t count = collect_keys(w, table);
    fy_buf_put(w->out, "{", 1);
    for (size_t i = 0; i < count; i++) {
        struct fy_piece key;
        memcpy(&key, w->scratch->keys.data + from + i * sizeof key, sizeof key);
        if (i > 0)
            fy_buf_put(w->out, ",", 1);
        fy_buf_json_string(w->out, key.text, key.length);
        fy_buf_put(w->out, ":", 1);
        lua_pushlstring(w->lua, key.text, key.length);
        lua_rawget(w->lua, table);
        write_any(w, lua_gettop(w->lua), depth);
        lua_pop(w->lua, 1);
    }
    w->scratch->keys.length = from;
    fy_buf_put(w->out, "}", 1);
}

static void write_list(struct writer *w, int table, lua_Integer count, int depth)
{
    fy_buf_put(w->out, "[", 1);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1)
            fy_buf_put(w->out, ",", 1);
        lua_rawgeti(w->lua, table, i);
        write_any(w, lua_gettop(w->lua), depth);
        lua_pop(w->lua, 1);
    }
    fy_buf_put(w->out, "]", 1);
}

static bool is_list(lua_State *lua, int table)
{
    if (lua_rawlen(lua, table) > 0)
        return true;
    if (!lua_getmetatable(lua, table))
        return false;
    lua_getfield(lua, LUA_REGISTRYINDEX, FY_VALUE_LIST);
    bool same = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return same;
}

/* A list must hold nothing but 1 to count: what would be lost silently is refused. */
static void check_list(struct writer *w, int table, lua_Integer count)
{
    lua_Integer seen = 0;
    lua_pushnil(w->lua);
    while (lua_next(w->lua, table) != 0) {
        lua_pop(w->lua, 1);
        int whole;
        lua_Integer key = lua_tointegerx(w->lua, -1, &whole);
        if (lua_type(w->lua, -1) != LUA_TNUMBER || !whole || key < 1 || key > count)
            luaL_error(w->lua, "%s: a table is either a list (1, 2, ...) without gaps or has names, not both",
                       w->what);
        seen++;
    }
    if (seen != count)
        luaL_error(w->lua, "%s: a list has a gap", w->what);
}

static void write_any(struct writer *w, int index, int depth)
{
    if (depth == FY_VALUE_DEPTH || w->out->length > FY_VALUE_BYTES)
        luaL_error(w->lua, "%s: nested deeper than %d tables (does a table contain itself?) or over 16 MiB",
                   w->what, FY_VALUE_DEPTH);
    luaL_checkstack(w->lua, 8, w->what);
    int type = lua_type(w->lua, index);
    if (type == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(w->lua, index, &length);
        fy_buf_json_string(w->out, text, length);
    } else if (type == LUA_TNUMBER) {
        write_number(w, index);
    } else if (type == LUA_TBOOLEAN) {
        fy_buf_text(w->out, lua_toboolean(w->lua, index) ? "true" : "false");
    } else if (type == LUA_TTABLE) {
        lua_Integer count = (lua_Integer)lua_rawlen(w->lua, index);
        if (is_list(w->lua, index)) {
            check_list(w, index, count);
            write_list(w, index, count, depth + 1);
        } else {
            write_object(w, index, depth + 1);
        }
    } else if (fy_value_is_null(w->lua, index)) {
        fy_buf_text(w->out, "null");
    } else {
        luaL_error(w->lua, "%s: a %s cannot be handed to a step", w->what, luaL_typename(w->lua, index));
    }
}

void fy_value_write(lua_State *lua, int index, struct fy_buf *out, struct fy_value_scratch *scratch,
                    const char *what)
{
    struct writer w = {.lua = lua, .out = out, .scratch = scratch, .what = what};
    fy_buf_clear(&scratch->keys);
    write_any(&w, lua_absindex(lua, index), 0);
}
