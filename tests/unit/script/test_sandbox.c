/* SPDX-License-Identifier: Apache-2.0 */
/* Every way out of the sandbox that was measured once (docs/workflow-guide.md, "What is forbidden, and why").
 */
#include "kit.h"

#include "base/mem.h"
#include "script/program.h"

#include <stdio.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void test_sandbox_stops_what_would_never_end(void **state)
{
    (void)state;
    static const struct {
        const char *body, *reason, *part;
    } probe[] = {
        {"while true do end", "instructions", "10000000 instructions without taking a step"},
        {"local function f() while true do end end while true do pcall(f) end", "instructions",
         "instructions"},
        {"local function f() pcall(f) f() end while true do pcall(f) end", "", ""},
        {"while true do pcall(pcall, pcall, error) end", "instructions", "instructions"},
        {"while true do pcall(error) end", "instructions", "instructions"},
        {"while true do pcall(nf.drain, nf) end", "instructions", "instructions"},
        {"local s = 'x' for i = 1, 1e6 do s = ('x'):rep(400000) end", "memory",
         "more than 64 MiB without taking a step"},
        {"while true do pcall(string.rep, 'x', 1e6) end", "memory", "more than 64 MiB"},
        {"local t = {} for i = 1, 1e9 do t[i] = i end", "memory", "more than its 8192 KiB of memory"},
        {"local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = {} end end) end",
         "memory", "memory"},
        {"local s = 'x' while true do s = s .. s end", "memory", "memory"},
        {"local t = {} for i = 1, 2000 do t[i] = 'x' .. i end while true do table.sort(t, function(a, b) "
         "return a > b end) end",
         "instructions", "instructions"},
        {"while true do ('a'):rep(3000):find('.-.-.-.-b') end", "workflow", "more than a million steps"},
        {"while true do pcall(string.find, ('a'):rep(3000), '.-.-.-.-b') end", "instructions",
         "instructions"},
        {"return string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))", "workflow", "million steps"},
        {"return (('a'):rep(3000)):match('.*.*.*.*b')", "workflow", "million steps"},
        {"local s = ('a'):rep(1e6) while true do s:find('b', 1, true) end", "instructions", "instructions"},
        {"while true do note('x') end", "workflow", "more than 1000 notes"},
        {"local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]", "workflow",
         "overflow"},
        {"local function f() return f() + 1 end return f()", "memory", "more than its 8192 KiB"},
        {"while true do table.move({}, 1, 4e6, 2) end", "instructions", "instructions"},
        {"table.move({}, 1, 1e15, 2)", "workflow", "too many items"},
        {"table.remove(setmetatable({}, {__len = function() return 1e15 end}), 1)", "workflow",
         "too many items"},
        {"table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 1)", "workflow",
         "too many items"},
        {"table.concat({}, '', 1, 1e15)", "workflow", "too many items"},
    };
    for (size_t i = 0; i < FY_COUNT(probe); i++) {
        double before = cpu_ms();
        kit_fails(probe[i].body, probe[i].reason, probe[i].part);
        double took = cpu_ms() - before;
        if (took > 100)
            print_message("%.0f ms: %s\n", took, probe[i].body);
    }
}

static void test_sandbox_has_no_way_to_code_or_the_outside(void **state)
{
    (void)state;
    static const char *const gone[] = {
        "load",   "loadfile", "loadstring", "dofile", "require", "package",  "io",
        "os",     "debug",    "coroutine",  "next",   "rawget",  "rawset",   "rawequal",
        "rawlen", "print",    "xpcall",     "warn",   "_G",      "_VERSION", "collectgarbage"};
    for (size_t i = 0; i < FY_COUNT(gone); i++) {
        FY_AUTO(fy_free_ptr) char *body = fy_format("return %s", gone[i]);
        FY_AUTO(fy_free_ptr) char *why = fy_format("unknown name '%s'", gone[i]);
        kit_fails(body, "workflow", why);
    }
    kit_gives("return { d = string.dump == nil, r = math.random == nil, s = math.randomseed == nil, p = "
              "string.pack == nil }",
              "{\"d\":true,\"p\":true,\"r\":true,\"s\":true}");
    kit_fails("_ENV.x = 1", "workflow", "'x' is not declared");
    kit_fails("module 'other'", "workflow", "there is no module \"other\"");
}

static void test_sandbox_refuses_binary_texts(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(&kit, "\x1bLua");
    kit_is_error(&kit, "workflow", "attempt to load a binary chunk");
    kit_close(&kit);
}

static void test_sandbox_keeps_strings_whole(void **state)
{
    (void)state;
    kit_gives("return { m = getmetatable('') }", "{\"m\":false}");
    kit_fails("getmetatable('').__index = 1", "workflow", "attempt to index a boolean value");
    kit_fails("setmetatable('x', {})", "workflow", "table expected");
}

static void test_sandbox_has_no_finalizers_and_no_weak_tables(void **state)
{
    (void)state;
    kit_fails("setmetatable({}, { __gc = function() while true do end end })", "workflow",
              "__gc is not available");
    kit_fails("setmetatable({}, { __mode = 'k' })", "workflow", "__mode is not available");
    kit_gives("local m = {} setmetatable({}, m) m.__gc = function() while true do end end "
              "for i = 1, 1e4 do local t = {} end return { ok = true }",
              "{\"ok\":true}"); /* set later it is never called */
}

static void test_sandbox_shows_no_addresses(void **state)
{
    (void)state;
    kit_gives("return { tostring({}), tostring(phase), tostring(null), tostring(1.5), tostring(nil) }",
              "[\"table\",\"function\",\"null\",\"1.5\",\"nil\"]");
    kit_gives("return { string.format('%s|%5s|%d|%%', {}, 'x', 3), tostring(setmetatable({}, {__tostring = "
              "function() return 't' end})) }",
              "[\"table|    x|3|%\",\"t\"]");
    kit_fails("string.format('%p', {})", "workflow", "%p is not available");
    kit_fails("string.format('%5.1p', {})", "workflow", "%p is not available");
    kit_fails("error({})", "workflow", "workflow error: table");
}

static void test_sandbox_walks_tables_in_one_order(void **state)
{
    (void)state;
    kit_gives("local t, out = { b = 1, a = 2, [3] = 3, [1] = 4, [true] = 5, [false] = 6, [-2] = 7, [1.5] = "
              "8, B = 9 }, {} "
              "for k in pairs(t) do out[#out + 1] = tostring(k) end return out",
              "[\"-2\",\"1\",\"1.5\",\"3\",\"B\",\"a\",\"b\",\"false\",\"true\"]");
    kit_gives("local t, out = { a = 1, b = 2, c = 3 }, {} for k in pairs(t) do t.b = nil t.d = 1 out[#out + "
              "1] = k end return out",
              "[\"a\",\"c\"]");
    kit_fails("for k in pairs({ [{}] = 1 }) do end", "workflow", "a key is a table");
    kit_gives("local t = { {3, 'a'}, {1, 'b'}, {3, 'c'}, {1, 'd'}, {2, 'e'} } "
              "table.sort(t, function(x, y) return x[1] < y[1] end) "
              "local out = {} for _, v in ipairs(t) do out[#out + 1] = v[2] end return out",
              "[\"b\",\"d\",\"e\",\"a\",\"c\"]"); /* equal ones keep their order */
    kit_gives("local t = { 5, 2, 8, 1 } table.sort(t) return t", "[1,2,5,8]");
    kit_fails("table.sort({ 1, 'a', 2 })", "workflow", "attempt to compare");
    kit_fails("table.sort({ 2, 1 }, function() nf:load() end)", "workflow",
              "cannot be taken inside a function that sorts");
}

static void test_sandbox_bounds_texts(void **state)
{
    (void)state;
    kit_fails("string.rep('x', 1 << 40)", "workflow", "longer than 1 MiB");
    kit_gives("return { #string.rep('ab', 3, ','), string.rep('x', -1) }", "[8,\"\"]");
}

static void test_sandbox_stops_a_program_of_too_many_steps(void **state)
{
    (void)state;
    struct kit kit;
    struct fy_limits limits = fy_limits_default;
    limits.steps = 10;
    kit_open(&kit, &limits);
    kit_start(&kit, KIT_WORKFLOW("while true do pcall(nf.load, nf) end"));
    for (int i = 0; i < 10; i++) {
        kit_is_call(&kit, "load", NULL);
        kit_result(&kit, "{}");
    }
    kit_is_error(&kit, "steps", "the program took more than 10 steps");
    kit_close(&kit);
}

static void test_sandbox_stops_a_program_that_records_too_much(void **state)
{
    (void)state;
    static const char *const bodies[] = {"while true do nf:call('a.b', { text = ('x'):rep(300) }) end",
                                         "while true do note(('x'):rep(300)) sleep(0) end",
                                         "while true do pcall(sleep, 0) end"};
    for (size_t i = 0; i < FY_COUNT(bodies); i++) {
        struct kit kit;
        struct fy_limits limits = fy_limits_default;
        FY_AUTO(fy_free_ptr)
        char *text = fy_format("local wf = workflow { name = 'test', version = '1.0', api = 1 }\n"
                               "function wf:upgrade(nf, plan) %s\nend\nreturn wf\n",
                               bodies[i]);
        limits.recorded = 1u << 20;
        kit_open(&kit, &limits);
        kit_start(&kit, text);
        for (int step = 0; kit.event.kind == FY_SCRIPT_CALL && step < 50000; step++)
            kit_result(&kit, "{}");
        kit_is_error(&kit, "recorded", "recorded more than 1 MiB");
        kit_close(&kit);
    }
}

static void test_sandbox_says_errors_in_one_line(void **state)
{
    (void)state;
    kit_fails("error('one\\ntwo\\r\\27[31m', 0)", "workflow", "workflow error: one two  [31m");
    kit_fails("error(('x'):rep(1e5), 0)", "workflow", "xxx...");
    kit_fails("error('\\0\\1x', 0)", "workflow", "workflow error:   x");
    kit_fails("error('', 0)", "workflow", "workflow error: it said nothing");
}

static void test_sandbox_bounds_durations(void **state)
{
    (void)state;
    kit_fails("sleep(math.maxinteger)", "workflow", "at most \"366d\"");
    kit_fails("sleep('99999999999d')", "workflow", "at most \"366d\"");
    kit_fails("sleep('9223372036854775807s')", "workflow", "at most \"366d\"");
}

static void test_sandbox_gives_full_budgets_after_each_step(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(&kit, KIT_WORKFLOW("for i = 1, 5 do for j = 1, 1500000 do local x = j * 2 end nf:load() end"));
    for (int i = 0; i < 5; i++)
        kit_result(&kit, "{}");
    kit_is_done(&kit, "{}");
    kit_close(&kit);
}

/* What a run costs while it waits in a step; printed, and bounded loosely. */
static void test_sandbox_of_a_waiting_run_is_small(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *workflow = kit_read("workflows/gray_upgrade/gray_upgrade.lua");
    struct fy_script_text texts[] = {*fy_script_prelude(), kit_text("workflow", workflow)};
    struct fy_script_start start = {
        .run = "r1", .texts = texts, .text_count = 2, .api = 1, .function = "upgrade", .args = kit_args};
    struct fy_script_event event;
    struct fy_workshop *shop = fy_workshop_new(NULL);
    struct fy_program *program = fy_program_start(shop, &start, &event);
    assert_int_equal(event.kind, FY_SCRIPT_CALL);
    size_t before = fy_program_memory(program);
    fy_program_trim(program);
    print_message("a waiting run of gray_upgrade: %zu bytes of Lua, %zu before it was trimmed\n",
                  fy_program_memory(program), before);
    assert_true(fy_program_memory(program) < 64 * 1024);
    fy_program_free(program);
    fy_workshop_free(shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox_stops_what_would_never_end),
        cmocka_unit_test(test_sandbox_has_no_way_to_code_or_the_outside),
        cmocka_unit_test(test_sandbox_refuses_binary_texts),
        cmocka_unit_test(test_sandbox_keeps_strings_whole),
        cmocka_unit_test(test_sandbox_has_no_finalizers_and_no_weak_tables),
        cmocka_unit_test(test_sandbox_shows_no_addresses),
        cmocka_unit_test(test_sandbox_walks_tables_in_one_order),
        cmocka_unit_test(test_sandbox_bounds_texts),
        cmocka_unit_test(test_sandbox_stops_a_program_of_too_many_steps),
        cmocka_unit_test(test_sandbox_gives_full_budgets_after_each_step),
        cmocka_unit_test(test_sandbox_stops_a_program_that_records_too_much),
        cmocka_unit_test(test_sandbox_says_errors_in_one_line),
        cmocka_unit_test(test_sandbox_bounds_durations),
        cmocka_unit_test(test_sandbox_of_a_waiting_run_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
