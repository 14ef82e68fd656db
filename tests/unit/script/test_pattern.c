/* SPDX-License-Identifier: Apache-2.0 */
/* Our patterns against Lua's own, on thousands of made-up patterns and texts. */
#include "kit.h"

#include "script/pattern.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

/* Lua takes a pattern apart while it matches and may not come to a mistake in it; ours sees every mistake. So
 * a pattern that Lua did not mind may be refused, but what both answer must be the same. */
static const char *const driver =
    "local seed = 42\n"
    "local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n + 1 "
    "end\n"
    "local pieces = { 'a', 'b', 'c', '.', '%a', '%d', '%s', '%w', '%p', '%A', '[ab]', '[^a]', '[a-c]', "
    "'[%d_]', '(', ')', '()',\n"
    "  '*', '+', '-', '?', '%1', '%b()', '%f[%w]', '$', '^', '1', ' ', '%.', '[]]', '[a-]', '%%' }\n"
    "local letters = { 'a', 'b', 'c', '1', '2', ' ', '(', ')', '.', '_', '-', ']', '%', '\\0' }\n"
    "local function make(from, most) local t = {} for i = 1, random(most) - 1 do t[i] = from[random(#from)] "
    "end\n"
    "  return table.concat(t) end\n"
    "local function all(f, text, pattern, ...) local t = table.pack(pcall(f, text, pattern, ...))\n"
    "  for i = 1, t.n do t[i] = tostring(t[i]) end return t[1] == 'true', table.concat(t, '|') end\n"
    "local function every(lib) return function(text, pattern) local out = {}\n"
    "  for a, b in lib.gmatch(text, pattern) do out[#out + 1] = tostring(a) .. ',' .. tostring(b) end\n"
    "  return table.concat(out, ';') end end\n"
    "local same, theirs_only = 0, 0\n"
    "local function compare(name, mine_f, lua_f, ...)\n"
    "  local lua_ok, lua_text = all(lua_f, ...) local ok, text = all(mine_f, ...)\n"
    "  if lua_ok and ok then same = same + 1\n"
    "    if text ~= lua_text then error(name .. ' ' .. table.concat({ ... }, ' <> ', 1, 2) .. ': ' .. text "
    ".. ' not ' .. lua_text) end\n"
    "  elseif ok then error(name .. ' accepts what Lua refuses: ' .. select(2, ...)) else theirs_only = "
    "theirs_only + (lua_ok and 1 or 0) end\n"
    "end\n"
    "for i = 1, 8000 do\n"
    "  local pattern, text, init = make(pieces, 8), make(letters, 12), random(9) - 4\n"
    "  compare('find', mine.find, string.find, text, pattern, init)\n"
    "  compare('match', mine.match, string.match, text, pattern, init)\n"
    "  compare('gsub', mine.gsub, string.gsub, text, pattern, '<%0%%>', random(4))\n"
    "  compare('gsub1', mine.gsub, string.gsub, text, pattern, '%1')\n"
    "  compare('gsubf', mine.gsub, string.gsub, text, pattern, function(a) if a ~= 'a' then return a end "
    "end)\n"
    "  compare('gsubt', mine.gsub, string.gsub, text, pattern, { a = 'X', b = false, ab = 7 })\n"
    "  compare('gmatch', every(mine), every(string), text, pattern)\n"
    "  compare('plain', mine.find, string.find, text, pattern, init, true)\n"
    "end\n"
    "return same, theirs_only\n";

static int open_both(lua_State *lua)
{
    luaL_openlibs(lua);
    lua_newtable(lua);
    fy_pattern_open(lua);
    lua_setglobal(lua, "mine");
    lua_State *thread = lua_newthread(lua);
    if (luaL_loadstring(thread, driver) != LUA_OK)
        return lua_error(thread);
    return 1;
}

static void test_pattern_answers_as_lua_does(void **state)
{
    (void)state;
    struct fy_limits limits = {
        .memory = 64u << 20, .making = (size_t)16 << 30, .instructions = (int64_t)1 << 40, .steps = 1};
    struct fy_pool *pool = fy_pool_new();
    struct fy_sandbox *box = fy_sandbox_new(pool, &limits, open_both, NULL);
    assert_non_null(box);
    int count;
    if (fy_sandbox_resume(box, 0, &count) != LUA_OK)
        fail_msg("%s%s", box->why, box->over == FY_OVER_NOT ? lua_tostring(box->thread, -1) : "");
    print_message("%lld answers compared, %lld patterns refused that Lua did not look through\n",
                  lua_tointeger(box->thread, -2), lua_tointeger(box->thread, -1));
    assert_true(lua_tointeger(box->thread, -2) > 20000);
    fy_sandbox_free(box);
    fy_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pattern_answers_as_lua_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
