/* SPDX-License-Identifier: Apache-2.0 */
/* What lint finds, and that it finds nothing in what is right. */
#include "kit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "script/lint.h"

#include <stdio.h>
#include <unistd.h>

static void collect(void *ctx, int line, bool mistake, const char *text)
{
    fy_buf_format(ctx, "%d%s: %s\n", line, mistake ? "" : " advice", text);
}

/* Lint a text; the findings are compared. */
static void lint_finds(const char *text, const char *wanted)
{
    char path[] = "/tmp/ferry-lint-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    FY_AUTO(fy_buf_free) struct fy_buf found = {0};
    fy_buf_put(&found, "", 0);
    (void)fy_lint_file(path, collect, &found);
    (void)unlink(path);
    assert_string_equal(found.data, wanted);
}

#define HEAD                                                                                                 \
    "local wf = workflow { name = 'x', version = '1.0', api = 1, params = { lag = { type = 'duration' } } "  \
    "}\n"
#define TAIL "function wf:rollback(nf, plan, done) end return wf\n"

static void test_lint_is_silent_about_what_is_right(void **state)
{
    (void)state;
    lint_finds(HEAD "function wf:upgrade(nf, plan)\n"
                    "  local a <const>, b = 1, { key = 2; other = 3, [4] = 5 }\n"
                    "  for i, v in ipairs({}) do note(i, v, a, b.key, string.format('%5.1f %%', 1)) end\n"
                    "  local ok, r, e = nf:try_drain(a) -- os.time() is only mentioned\n"
                    "  local function f(x, ...) return x, ... end goto out ::out:: nf:wait_sync(nil, { "
                    "within = nf.params.lag })\n"
                    "  for stage in plan:stages() do stage:ask_before() end\n"
                    "end\n" TAIL,
               "");
    FY_AUTO(fy_buf_free) struct fy_buf found = {0};
    assert_int_equal(fy_lint_file(SOURCE_DIR "/workflows/gray_upgrade/gray_upgrade.lua", collect, &found), 0);
    assert_int_equal(found.length, 0);
}

static void test_lint_names_the_line_of_each_mistake(void **state)
{
    (void)state;
    lint_finds(HEAD "function wf:upgrade(nf, plan)\n"
                    "  nf:fly()\n"
                    "  nf:try_fly()\n"
                    "  plan:stage()\n"
                    "  local t = os.time()\n"
                    "  nope(t)\n"
                    "  nf:drain(t, { rate = nf.params.lagg })\n"
                    "  local r = math.random()\n"
                    "  setmetatable({}, { __gc = r })\n"
                    "end\n" TAIL,
               "3: nf has no method 'fly'; workflows/ferry.lua lists them\n"
               "4: nf has no method 'try_fly'; workflows/ferry.lua lists them\n"
               "5: plan has no method 'stage'; workflows/ferry.lua lists them\n"
               "6: os is not available: time and environment differ after a restart; use sleep, wait_until, "
               "the order\n"
               "7: unknown name 'nope'\n"
               "8: parameter 'lagg' is read but not declared in params\n"
               "9: math.random is not available: it would differ after a restart\n"
               "10: __gc is not available: a run must not depend on when memory is collected\n");
}

static void test_lint_tells_syntax_and_what_is_missing(void **state)
{
    (void)state;
    lint_finds("local wf = {\nreturn wf\n", "2: unexpected symbol near 'return'\n");
    lint_finds(HEAD "return wf\n", "0: there is no function wf:upgrade(nf, plan)\n");
    lint_finds("local wf = workflow { name = 'x', version = '1.0', api = 2 }\nreturn wf\n",
               "1: workflow x: this Ferry speaks API level 1; write api = 1\n");
    lint_finds("local a = 1\n", "0: workflow error: the workflow's text must end with: return wf\n");
    FY_AUTO(fy_buf_free) struct fy_buf found = {0};
    assert_int_equal(fy_lint_file("/nowhere/x.lua", collect, &found), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lint_is_silent_about_what_is_right),
        cmocka_unit_test(test_lint_names_the_line_of_each_mistake),
        cmocka_unit_test(test_lint_tells_syntax_and_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
