/* SPDX-License-Identifier: Apache-2.0 */
/* workflows/ferry.lua, the prelude and engine/run/step/call.def say the same. */
#include "kit.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Does the text have "function OWNER:name(" (or "function name(" for globals)? */
static bool documented(const char *text, const char *owner, const char *name)
{
    FY_AUTO(fy_free_ptr)
    char *wanted =
        owner[0] != '\0' ? fy_format("\nfunction %s:%s(", owner, name) : fy_format("\nfunction %s(", name);
    return strstr(text, wanted) != NULL;
}

static const struct {
    const char *owner, *prefix;
} kinds[] = {
    {"NF", "nf."}, {"Plan", "plan."}, {"Stage", "stage."}, {"Workflow", "workflow."}, {"", "global."}};

static void test_api_documents_every_page_of_the_prelude(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *page = kit_read("workflows/ferry.lua");
    FY_AUTO(fy_free_ptr) char *prelude = kit_read("engine/script/prelude.lua");
    size_t seen = 0;
    for (const char *at = prelude; (at = strstr(at, "\n--@ ")) != NULL;) {
        char name[64];
        at += strlen("\n--@ ");
        assert_int_equal(sscanf(at, "%63s", name), 1);
        for (size_t i = 0; i < FY_COUNT(kinds); i++) {
            size_t length = strlen(kinds[i].prefix);
            if (strncmp(name, kinds[i].prefix, length) != 0)
                continue;
            seen++;
            if (!documented(page, kinds[i].owner, name + length))
                fail_msg("workflows/ferry.lua does not have %s", name);
        }
    }
    assert_true(seen > 30);
}

static void test_api_documents_nothing_else(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *page = kit_read("workflows/ferry.lua");
    FY_AUTO(fy_free_ptr) char *prelude = kit_read("engine/script/prelude.lua");
    for (const char *at = page; (at = strstr(at, "\nfunction ")) != NULL;) {
        char first[64], owner[64] = "", name[64];
        at += strlen("\nfunction ");
        assert_int_equal(sscanf(at, "%63[A-Za-z_:]", first), 1);
        if (sscanf(first, "%63[A-Za-z]:%63s", owner, name) != 2) {
            (void)snprintf(name, sizeof name, "%s", first);
            owner[0] = '\0';
        }
        size_t i = 0;
        while (strcmp(kinds[i].owner, owner) != 0)
            i++;
        FY_AUTO(fy_free_ptr) char *wanted = fy_format("\n--@ %s%s\n", kinds[i].prefix, name);
        if (strstr(prelude, wanted) == NULL)
            fail_msg("workflows/ferry.lua has %s, the prelude has not", first);
    }
}

static void test_api_reaches_every_call(void **state)
{
    (void)state;
    static const char *const calls[] = {
#define CALL(name, side, verb, needs) name,
#include "run/step/call.def"
#undef CALL
    };
    FY_AUTO(fy_free_ptr) char *prelude = kit_read("engine/script/prelude.lua");
    for (size_t i = 0; i < FY_COUNT(calls); i++) {
        FY_AUTO(fy_free_ptr) char *quoted = fy_format("\"%s\"", calls[i]);
        if (strstr(prelude, quoted) == NULL)
            fail_msg("no page of the prelude makes the call %s", calls[i]);
    }
}

/* The calls a workflow makes are in call.def: what the pages say after act( or step( or each(. */
static void test_api_makes_no_other_call(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *prelude = kit_read("engine/script/prelude.lua");
    FY_AUTO(fy_free_ptr) char *table = kit_read("engine/run/step/call.def");
    static const char *const makers[] = {"act(nf, \"", "step(\"", "each(\""};
    for (size_t i = 0; i < FY_COUNT(makers); i++)
        for (const char *at = prelude; (at = strstr(at, makers[i])) != NULL;) {
            char name[64];
            at += strlen(makers[i]);
            assert_int_equal(sscanf(at, "%63[a-z_]", name), 1);
            FY_AUTO(fy_free_ptr) char *row = fy_format("CALL(\"%s\"", name);
            if (strstr(table, row) == NULL)
                fail_msg("the prelude makes the call %s, which engine/run/step/call.def does not have", name);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_documents_every_page_of_the_prelude),
        cmocka_unit_test(test_api_documents_nothing_else),
        cmocka_unit_test(test_api_reaches_every_call),
        cmocka_unit_test(test_api_makes_no_other_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
