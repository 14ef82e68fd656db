/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is first taken apart into items, then matched item by item with backtracking. Depth of recursion
 * is bounded by the number of items, time by the number of steps.
 */
#include "script/pattern.h"

#include "base/mem.h"
#include "script/sandbox.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX    128
#define CAPTURES_MAX 32
#define STEPS_MAX    1000000

enum kind { SINGLE, OPEN, CLOSE, POSITION, BALANCE, FRONTIER, AGAIN, END };
enum length { STILL_OPEN = -1, IS_POSITION = -2 };

struct item {
    unsigned char kind;
    char repeat; /* of a SINGLE: '*', '+', '-', '?' or 0 */
    const char *begin,
        *end;    /* of a SINGLE or FRONTIER its text in the pattern: a, %a, [...]; BALANCE: the two bytes */
    int capture; /* OPEN, CLOSE, POSITION, AGAIN */
};

struct matcher {
    lua_State *lua;
    const char *text, *end;
    struct item item[ITEMS_MAX];
    size_t count;
    struct {
        const char *at;
        ptrdiff_t length;
    } capture[CAPTURES_MAX];
    int captures;
    size_t steps;
};

/* Taking apart */

static const char *class_end(lua_State *lua, const char *at, const char *end)
{
    if (*at == '%') {
        if (at + 1 == end)
            luaL_error(lua, "pattern ends with a single %%");
        return at + 2;
    }
    if (*at != '[')
        return at + 1;
    at++;
    if (at < end && *at == '^')
        at++;
    for (bool first = true; at < end; first = false) {
        if (*at == ']' && !first)
            return at + 1;
        at += *at == '%' && at + 1 < end ? 2 : 1;
    }
    luaL_error(lua, "pattern has a [ without its ]");
    return end;
}

static const char *take_special(struct matcher *m, struct item *item, const char *at, const char *end)
{
    if (at[1] == 'b') {
        if (end - at < 4)
            luaL_error(m->lua, "pattern: %%b wants two characters");
        *item = (struct item){.kind = BALANCE, .begin = at + 2};
        return at + 4;
    }
    if (at[1] == 'f') {
        if (end - at < 3 || at[2] != '[')
            luaL_error(m->lua, "pattern: %%f wants a set [...]");
        *item = (struct item){.kind = FRONTIER, .begin = at + 2, .end = class_end(m->lua, at + 2, end)};
        return item->end;
    }
    *item = (struct item){.kind = AGAIN, .capture = at[1] - '1'};
    return at + 2;
}

static const char *take_item(struct matcher *m, struct item *item, const char *at, const char *end, int *open)
{
    if (*at == '(') {
        if (m->captures == CAPTURES_MAX)
            luaL_error(m->lua, "pattern has more than %d captures", CAPTURES_MAX);
        bool position = at + 1 < end && at[1] == ')';
        *item = (struct item){.kind = position ? POSITION : OPEN, .capture = m->captures};
        open[m->captures++] = !position;
        return at + (position ? 2 : 1);
    }
    if (*at == ')') {
        int which = m->captures - 1;
        while (which >= 0 && !open[which])
            which--;
        if (which < 0)
            luaL_error(m->lua, "pattern has a ) without its (");
        open[which] = 0;
        *item = (struct item){.kind = CLOSE, .capture = which};
        return at + 1;
    }
    if (*at == '$' && at + 1 == end) {
        *item = (struct item){.kind = END};
        return at + 1;
    }
    if (*at == '%' && at + 1 < end && (at[1] == 'b' || at[1] == 'f' || (at[1] >= '1' && at[1] <= '9')))
        return take_special(m, item, at, end);
    *item = (struct item){.kind = SINGLE, .begin = at, .end = class_end(m->lua, at, end)};
    at = item->end;
    if (at < end && strchr("*+-?", *at) != NULL && *at != '\0')
        item->repeat = *at++;
    return at;
}

static void take_apart(struct matcher *m, const char *pattern, size_t length)
{
    int open[CAPTURES_MAX] = {0};
    const char *at = pattern, *end = pattern + length;
    m->count = 0;
    m->captures = 0;
    while (at < end) {
        if (m->count == ITEMS_MAX)
            luaL_error(m->lua, "pattern has more than %d items", ITEMS_MAX);
        struct item *item = &m->item[m->count++];
        at = take_item(m, item, at, end, open);
        if (item->kind == AGAIN && (item->capture >= m->captures || open[item->capture]))
            luaL_error(m->lua, "pattern: %%%d before that capture is complete", item->capture + 1);
    }
    for (int i = 0; i < m->captures; i++)
        if (open[i])
            luaL_error(m->lua, "pattern has a ( without its )");
}

/* One character */

static bool in_class(unsigned char c, char name)
{
    bool is;
    switch (tolower((unsigned char)name)) {
    case 'a':
        is = isalpha(c);
        break;
    case 'c':
        is = iscntrl(c);
        break;
    case 'd':
        is = isdigit(c);
        break;
    case 'g':
        is = isgraph(c);
        break;
    case 'l':
        is = islower(c);
        break;
    case 'p':
        is = ispunct(c);
        break;
    case 's':
        is = isspace(c);
        break;
    case 'u':
        is = isupper(c);
        break;
    case 'w':
        is = isalnum(c);
        break;
    case 'x':
        is = isxdigit(c);
        break;
    default:
        return (unsigned char)name == c;
    }
    return isupper((unsigned char)name) ? !is : is;
}

static bool in_set(unsigned char c, const char *at, const char *end) /* at behind [, end at ] */
{
    bool wanted = true;
    if (*at == '^') {
        wanted = false;
        at++;
    }
    while (at < end) {
        if (*at == '%' && at + 1 < end) {
            if (in_class(c, at[1]))
                return wanted;
            at += 2;
        } else if (at + 2 < end && at[1] == '-') {
            if ((unsigned char)at[0] <= c && c <= (unsigned char)at[2])
                return wanted;
            at += 3;
        } else {
            if ((unsigned char)*at == c)
                return wanted;
            at++;
        }
    }
    return !wanted;
}

static bool fits(const struct item *item, unsigned char c)
{
    switch (*item->begin) {
    case '.':
        return true;
    case '%':
        return in_class(c, item->begin[1]);
    case '[':
        return in_set(c, item->begin + 1, item->end - 1);
    default:
        return (unsigned char)*item->begin == c;
    }
}

/* Matching */

static void step(struct matcher *m)
{
    if (++m->steps > STEPS_MAX) {
        fy_sandbox_charge(m->lua, m->steps);
        luaL_error(m->lua, "this pattern takes more than a million steps on this text; make it simpler");
    }
}

static const char *match_from(struct matcher *m, size_t index, const char *at);

static const char *match_single(struct matcher *m, size_t index, const char *at)
{
    const struct item *item = &m->item[index];
    if (item->repeat == '-') {
        for (;; at++) {
            const char *stop = match_from(m, index + 1, at);
            step(m);
            if (stop != NULL || at == m->end || !fits(item, (unsigned char)*at))
                return stop;
        }
    }
    ptrdiff_t least = item->repeat == '*' || item->repeat == '?' ? 0 : 1;
    ptrdiff_t most = item->repeat == '*' || item->repeat == '+' ? PTRDIFF_MAX : 1;
    ptrdiff_t count = 0;
    while (count < most && at + count < m->end && fits(item, (unsigned char)at[count])) {
        step(m);
        count++;
    }
    for (; count >= least; count--) {
        const char *stop = match_from(m, index + 1, at + count);
        if (stop != NULL)
            return stop;
    }
    return NULL;
}

static const char *match_balance(struct matcher *m, const struct item *item, const char *at)
{
    if (at == m->end || *at != item->begin[0])
        return NULL;
    size_t depth = 1;
    for (at++; at < m->end; at++) {
        step(m);
        if (*at == item->begin[1]) {
            if (--depth == 0)
                return at + 1;
        } else if (*at == item->begin[0]) {
            depth++;
        }
    }
    return NULL;
}

static bool at_frontier(const struct matcher *m, const struct item *item, const char *at)
{
    unsigned char before = at == m->text ? '\0' : (unsigned char)at[-1];
    unsigned char here = at == m->end ? '\0' : (unsigned char)*at;
    return !in_set(before, item->begin + 1, item->end - 1) && in_set(here, item->begin + 1, item->end - 1);
}

/* An item that takes no choice: where it ends, or NULL. */
static const char *match_fixed(struct matcher *m, const struct item *item, const char *at)
{
    if (item->kind == BALANCE)
        return match_balance(m, item, at);
    if (item->kind == FRONTIER)
        return at_frontier(m, item, at) ? at : NULL;
    if (item->kind == END)
        return at == m->end ? at : NULL;
    if (m->capture[item->capture].length < 0) /* AGAIN, of a position: there is no text to repeat */
        return NULL;
    size_t length = (size_t)m->capture[item->capture].length;
    m->steps += length / 16;
    if ((size_t)(m->end - at) < length || memcmp(m->capture[item->capture].at, at, length) != 0)
        return NULL;
    return at + length;
}

/* OPEN, CLOSE, POSITION: note it, and take it back if the rest does not match. */
static const char *match_capture(struct matcher *m, size_t index, const char *at)
{
    const struct item *item = &m->item[index];
    __typeof__(m->capture[0]) before = m->capture[item->capture];
    if (item->kind == CLOSE) {
        m->capture[item->capture].length = at - before.at;
    } else {
        m->capture[item->capture].at = at;
        m->capture[item->capture].length = item->kind == OPEN ? STILL_OPEN : IS_POSITION;
    }
    const char *stop = match_from(m, index + 1, at);
    if (stop == NULL)
        m->capture[item->capture] = before;
    return stop;
}

static const char *match_from(struct matcher *m, size_t index, const char *at)
{
    for (; index < m->count; index++) {
        const struct item *item = &m->item[index];
        step(m);
        if (item->kind == SINGLE && item->repeat == 0) {
            if (at == m->end || !fits(item, (unsigned char)*at))
                return NULL;
            at++;
        } else if (item->kind == SINGLE) {
            return match_single(m, index, at);
        } else if (item->kind <= POSITION) {
            return match_capture(m, index, at);
        } else if ((at = match_fixed(m, item, at)) == NULL) {
            return NULL;
        }
    }
    return at;
}

/* The functions of string */

static void push_capture(struct matcher *m, int which, const char *begin, const char *stop)
{
    if (which >= m->captures) {
        if (which > 0)
            luaL_error(m->lua, "there is no capture %%%d", which + 1);
        lua_pushlstring(m->lua, begin, (size_t)(stop - begin));
    } else if (m->capture[which].length == IS_POSITION) {
        lua_pushinteger(m->lua, m->capture[which].at - m->text + 1);
    } else {
        lua_pushlstring(m->lua, m->capture[which].at, (size_t)m->capture[which].length);
    }
}

static int push_captures(struct matcher *m, const char *begin, const char *stop, bool whole_if_none)
{
    int count = m->captures == 0 && whole_if_none ? 1 : m->captures;
    luaL_checkstack(m->lua, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(m, i, begin, stop);
    return count;
}

/* Search from "from" on; the match's begin in *ret_begin. */
static const char *search(struct matcher *m, const char *from, bool anchored, const char **ret_begin)
{
    for (const char *at = from; at <= m->end; at++) {
        const char *stop = match_from(m, 0, at);
        if (stop != NULL) {
            *ret_begin = at;
            return stop;
        }
        if (anchored)
            break;
    }
    return NULL;
}

/* luaL_checklstring, which does not say that it never gives NULL. */
static const char *check_text(lua_State *lua, int argument, size_t *ret_length)
    __attribute__((returns_nonnull));

static const char *check_text(lua_State *lua, int argument, size_t *ret_length)
{
    const char *text = luaL_checklstring(lua, argument, ret_length);
    if (text == NULL)
        abort();
    return text;
}

static void prepare(struct matcher *m, lua_State *lua, bool *anchored)
{
    size_t text_length, length;
    memset(m->capture, 0, sizeof m->capture);
    m->lua = lua;
    m->text = check_text(lua, 1, &text_length);
    m->end = m->text + text_length;
    m->steps = 0;
    const char *pattern = luaL_checklstring(lua, 2, &length);
    bool caret = anchored != NULL && length > 0 && *pattern == '^';
    if (anchored != NULL)
        *anchored = caret;
    take_apart(m, pattern + caret, length - caret);
}

/* Where a search begins, from an argument that may count from the end; NULL: behind the end. */
static const char *start_at(lua_State *lua, int argument, const char *text, size_t length)
{
    lua_Integer start = luaL_optinteger(lua, argument, 1);
    if (start < 0)
        start = start < -(lua_Integer)length ? 1 : (lua_Integer)length + start + 1;
    else if (start == 0)
        start = 1;
    return start > (lua_Integer)length + 1 ? NULL : text + start - 1;
}

static int find_plain(lua_State *lua, const char *from)
{
    size_t length, wanted_length;
    const char *text = lua_tolstring(lua, 1, &length), *wanted = lua_tolstring(lua, 2, &wanted_length);
    fy_sandbox_charge(lua, length / 16);
    const char *at =
        wanted_length == 0 ? from : memmem(from, (size_t)(text + length - from), wanted, wanted_length);
    if (at == NULL)
        return luaL_pushfail(lua), 1;
    lua_pushinteger(lua, at - text + 1);
    lua_pushinteger(lua, at - text + (lua_Integer)wanted_length);
    return 2;
}

static int find_or_match(lua_State *lua, bool find)
{
    size_t length, pattern_length;
    const char *text = luaL_checklstring(lua, 1, &length);
    const char *pattern = luaL_checklstring(lua, 2, &pattern_length);
    const char *from = start_at(lua, 3, text, length), *begin;
    if (from == NULL)
        return luaL_pushfail(lua), 1;
    if (find && (lua_toboolean(lua, 4) || strcspn(pattern, "^$*+?.([%-") == pattern_length))
        return find_plain(lua, from);
    struct matcher m;
    bool anchored;
    prepare(&m, lua, &anchored);
    const char *stop = search(&m, from, anchored, &begin);
    fy_sandbox_charge(lua, m.steps);
    if (stop == NULL)
        return luaL_pushfail(lua), 1;
    if (!find)
        return push_captures(&m, begin, stop, true);
    lua_pushinteger(lua, begin - m.text + 1);
    lua_pushinteger(lua, stop - m.text);
    return 2 + push_captures(&m, begin, stop, false);
}

static int string_find(lua_State *lua)
{
    return find_or_match(lua, true);
}

static int string_match(lua_State *lua)
{
    return find_or_match(lua, false);
}

/* Upvalues: text, pattern, where to go on, where the last match ended (an empty match there is not a new
 * one). */
static int gmatch_next(lua_State *lua)
{
    struct matcher m;
    lua_settop(lua, 0);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_pushvalue(lua, lua_upvalueindex(2));
    prepare(&m, lua, NULL);
    const char *last = m.text + lua_tointeger(lua, lua_upvalueindex(4));
    const char *from = m.text + lua_tointeger(lua, lua_upvalueindex(3));
    for (const char *begin; from <= m.end; from = begin + 1) {
        const char *stop = search(&m, from, false, &begin);
        if (stop == NULL)
            break;
        if (stop == last)
            continue;
        fy_sandbox_charge(lua, m.steps);
        lua_pushinteger(lua, stop - m.text);
        lua_copy(lua, -1, lua_upvalueindex(3));
        lua_replace(lua, lua_upvalueindex(4));
        return push_captures(&m, begin, stop, true);
    }
    fy_sandbox_charge(lua, m.steps);
    return 0;
}

static int string_gmatch(lua_State *lua)
{
    size_t length;
    const char *text = luaL_checklstring(lua, 1, &length);
    luaL_checkstring(lua, 2);
    const char *from = start_at(lua, 3, text, length);
    lua_settop(lua, 2);
    lua_pushinteger(lua, from == NULL ? (lua_Integer)length + 1 : from - text);
    lua_pushinteger(lua, -1);
    lua_pushcclosure(lua, gmatch_next, 4);
    return 1;
}

/* The replacement text with %0 to %9 filled in. */
static void put_template(struct matcher *m, luaL_Buffer *out, const char *begin, const char *stop)
{
    size_t length;
    const char *at = lua_tolstring(m->lua, 3, &length), *end = at + length;
    for (; at < end; at++) {
        if (*at != '%') {
            luaL_addchar(out, *at);
            continue;
        }
        at++;
        if (at == end || (*at != '%' && !isdigit((unsigned char)*at)))
            luaL_error(m->lua, "gsub: %% in a replacement is followed by 0 to 9 or %%");
        if (*at == '%') {
            luaL_addchar(out, '%');
        } else if (*at == '0') {
            luaL_addlstring(out, begin, (size_t)(stop - begin));
        } else {
            push_capture(m, *at - '1', begin, stop);
            luaL_tolstring(m->lua, -1, NULL); /* a position is a number */
            lua_remove(m->lua, -2);
            luaL_addvalue(out);
        }
    }
}

/* What a table or function gives for this match; false or nil keeps the text as it was. */
static void put_lookup(struct matcher *m, luaL_Buffer *out, const char *begin, const char *stop)
{
    lua_State *lua = m->lua;
    if (lua_isfunction(lua, 3)) {
        lua_pushvalue(lua, 3);
        lua_call(lua, push_captures(m, begin, stop, true), 1);
    } else {
        push_capture(m, 0, begin, stop);
        lua_gettable(lua, 3);
    }
    if (!lua_toboolean(lua, -1)) {
        lua_pop(lua, 1);
        lua_pushlstring(lua, begin, (size_t)(stop - begin));
    } else if (!lua_isstring(lua, -1)) {
        luaL_error(lua, "gsub: the replacement is a %s; it must be a text or number", luaL_typename(lua, -1));
    }
    luaL_addvalue(out);
}

static int string_gsub(lua_State *lua)
{
    struct matcher m;
    bool anchored;
    int type = lua_type(lua, 3);
    luaL_argexpected(
        lua, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION, 3,
        "string, function or table");
    prepare(&m, lua, &anchored);
    lua_Integer most = luaL_optinteger(lua, 4, (m.end - m.text) + 1), count = 0;
    luaL_Buffer out;
    luaL_buffinit(lua, &out);
    const char *at = m.text, *last = NULL;
    while (count < most) {
        const char *stop = match_from(&m, 0, at);
        if (stop != NULL && stop != last) {
            count++;
            (type == LUA_TTABLE || type == LUA_TFUNCTION ? put_lookup : put_template)(&m, &out, at, stop);
            at = last = stop;
        } else if (at < m.end) {
            luaL_addchar(&out, *at++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    fy_sandbox_charge(lua, m.steps);
    luaL_addlstring(&out, at, (size_t)(m.end - at));
    luaL_pushresult(&out);
    lua_pushinteger(lua, count);
    return 2;
}

void fy_pattern_open(lua_State *lua)
{
    static const luaL_Reg ours[] = {{"find", string_find},
                                    {"match", string_match},
                                    {"gmatch", string_gmatch},
                                    {"gsub", string_gsub},
                                    {NULL, NULL}};
    luaL_setfuncs(lua, ours, 0);
}
