/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that must not be loaded: each is refused in a sentence, and its neighbour goes on answering. */
#include "tests/abi/kit.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_says(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text != NULL ? text : "(null)", part);
}

static void assert_neighbour_answers(struct kit *kit)
{
    struct kept kept;
    kit_ask(kit, "good", "test.echo", "{\"a\":[1,\"\\u00fc\"]}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_DONE);
    assert_string_equal(kept.result, "{\"a\":[1,\"\\u00fc\"]}");
    kept_free(&kept);
}

static void check_refused(const char *folder, const char *plugin, enum fy_adapter_state state,
                          const char *sentence)
{
    struct kit kit;
    struct kept kept;
    FY_AUTO(fy_free_ptr)
    char *connections = fy_format("\"bad\":{\"plugin\":\"%s\"},\"good\":{\"plugin\":\"probe\"}", plugin);
    kit_open(&kit, folder, connections, 400);
    kit_wait_state(&kit, "bad", state);
    assert_says(kit.adapters->describe(kit.adapters->self, "bad")->problem, sentence);
    assert_says(kit.adapters->describe(kit.adapters->self, "bad")->problem, "connection bad: ");
    kit_ask(&kit, "bad", "test.echo", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_FAILED);
    assert_int_equal(kept.reply.failure, state == FY_ADAPTER_REFUSED ? FY_ERR_PERMANENT : FY_ERR_TRANSIENT);
    kept_free(&kept);
    assert_neighbour_answers(&kit);
    kit_close(&kit);
}

static void test_a_bad_table_is_refused_with_the_piece_named(void **state)
{
    (void)state;
    static const struct {
        const char *plugin, *sentence;
    } cases[] = {
        {"bad_abi", "bad_abi.so was built for adapter ABI 2; this Ferry speaks 1"},
        {"bad_size", "bad_size.so: its ferry_adapter has "},
        {"bad_no_symbol", "bad_no_symbol.so is no Ferry adapter: it exports no symbol ferry_adapter"},
        {"bad_no_name", "bad_no_name.so: name is missing"},
        {"bad_no_kind", "bad_no_kind.so: kinds must be"},
        {"bad_no_mobility", "bad_no_mobility.so: mobility is missing"},
        {"bad_no_verbs", "bad_no_verbs.so: verbs is missing or empty"},
        {"bad_no_open", "bad_no_open.so: open is missing"},
        {"bad_no_call", "bad_no_call.so, verb inventory: call is missing"},
        {"bad_no_schema", "bad_no_schema.so, verb inventory: schema is missing"},
        {"bad_schema", "verb inventory: schema: properties.n.pattern is not a keyword that Ferry checks"},
        {"bad_schema_text", "verb inventory: schema: the schema is not JSON"},
        {"bad_twice", "bad_twice.so, verb test.echo: is declared twice"},
        {"bad_kind", "verb inventory: is FERRY_ENSURE, the standard has it FERRY_OBSERVE"},
        {"bad_spelling", "verb inventroy: is not a standard verb of its kinds (did you mean inventory?)"},
        {"bad_deadline", "verb inventory: deadline_ms is missing"},
        {"no_such_plugin", "no_such_plugin.so: No such file or directory"},
    };
    for (size_t i = 0; i < FY_COUNT(cases); i++)
        check_refused(PLUGINS, cases[i].plugin, FY_ADAPTER_REFUSED, cases[i].sentence);
}

static void test_a_constructor_takes_its_own_host_down(void **state)
{
    (void)state;
    check_refused(PLUGINS, "bad_constructor_aborts", FY_ADAPTER_DOWN,
                  "died while it was starting (signal 6 (Aborted))");
    check_refused(PLUGINS, "bad_constructor_exits", FY_ADAPTER_DOWN,
                  "died while it was starting (exit status 7)");
    check_refused(PLUGINS, "bad_constructor_hangs", FY_ADAPTER_DOWN, "did not answer");
}

/* A folder with copies of the good plugin as "probe" and "other". */
static char *make_folder(void)
{
    char *folder = fy_strdup("/tmp/ferry-abi-XXXXXX");
    assert_non_null(mkdtemp(folder));
    FY_AUTO(fy_free_ptr)
    char *copy = fy_format("cp %s/probe.so %s/probe.so && cp %s/probe.so %s/other.so", PLUGINS, folder,
                           PLUGINS, folder);
    assert_int_equal(system(copy), 0); /* NOLINT(cert-env33-c): our own words */
    return folder;
}

static void remove_folder(char *folder)
{
    static const char *const names[] = {"probe.so", "other.so", "link.so"};
    for (size_t i = 0; i < FY_COUNT(names); i++) {
        FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    free(folder);
}

static void test_a_file_that_others_can_change_is_refused(void **state)
{
    (void)state;
    char *folder = make_folder();
    FY_AUTO(fy_free_ptr) char *other = fy_format("%s/other.so", folder);
    FY_AUTO(fy_free_ptr) char *link = fy_format("%s/link.so", folder);
    assert_int_equal(chmod(other, 0757), 0);
    assert_int_equal(symlink(other, link), 0);
    check_refused(folder, "other", FY_ADAPTER_REFUSED, "other.so can be written by others (mode 0757)");
    check_refused(folder, "link", FY_ADAPTER_REFUSED, "link.so is a symbolic link");
    remove_folder(folder);
}

static void test_a_folder_that_others_can_change_is_refused(void **state)
{
    (void)state;
    struct kit kit;
    char *folder = make_folder();
    assert_int_equal(chmod(folder, 0775), 0);
    kit_open(&kit, folder, "\"bad\":{\"plugin\":\"probe\"}", 0);
    kit_wait_state(&kit, "bad", FY_ADAPTER_REFUSED);
    assert_says(kit.adapters->describe(kit.adapters->self, "bad")->problem, "the folder /tmp/ferry-abi-");
    kit_close(&kit);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bad_table_is_refused_with_the_piece_named),
        cmocka_unit_test(test_a_constructor_takes_its_own_host_down),
        cmocka_unit_test(test_a_file_that_others_can_change_is_refused),
        cmocka_unit_test(test_a_folder_that_others_can_change_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
