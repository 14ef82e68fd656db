/* SPDX-License-Identifier: Apache-2.0 */
/* `ferry-host contract`: the example keeps it; an adapter that dies or breaks it is told where. */
#include "base/child.h"
#include "base/json.h"
#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
    struct fy_buf failures, trying;
    unsigned rows, skipped;
    bool done, ended;
    int signal;
};

static void on_message(void *ctx, const char *payload, size_t length)
{
    struct heard *heard = ctx;
    FY_AUTO(fy_json_unref) json_t *message = fy_json_parse(payload, length, "a message", NULL);
    const json_t *row = json_object_get(message, "row"), *trying = json_object_get(message, "trying");
    const json_t *about = row != NULL ? row : trying;
    FY_AUTO(fy_free_ptr)
    char *name =
        fy_format("%s %s", fy_json_string_or(about, "check", ""), fy_json_string_or(about, "verb", "-"));
    if (row != NULL) {
        heard->rows++;
        heard->skipped += fy_json_bool_or(row, "skipped", false);
        if (!fy_json_bool_or(row, "ok", false))
            fy_buf_format(&heard->failures, "%s: %s\n", name, fy_json_string_or(row, "why", ""));
    } else if (trying != NULL) {
        fy_buf_clear(&heard->trying);
        fy_buf_text(&heard->trying, name);
    }
    heard->done = heard->done || json_object_get(message, "done") != NULL;
}

static void on_exited(void *ctx, int status, int signal)
{
    struct heard *heard = ctx;
    (void)status;
    heard->ended = true;
    heard->signal = signal;
}

static void run_contract(const char *plugin, const char *settings, const char *calls, struct heard *heard)
{
    uv_loop_t loop;
    struct fy_err err;
    struct fy_child *child;
    const char *const argv[] = {BINARY_DIR "/engine/host/ferry-host", "contract", NULL};
    const struct fy_child_options options = {.name = "contract", .argv = argv, .log_stderr = true};
    const struct fy_child_events events = {.message = on_message, .exited = on_exited};
    FY_AUTO(fy_free_ptr)
    char *config = fy_format(
        "{\"config\":{\"connection\":\"test\",\"plugin\":\"%s\",\"directory\":\"/\",\"settings\":%s,"
        "\"calls\":%s}}",
        plugin, settings, calls);
    *heard = (struct heard){0};
    fy_buf_text(&heard->failures, "");
    assert_int_equal(uv_loop_init(&loop), 0);
    if (!fy_child_start(&loop, &options, &events, heard, &child, &err))
        fail_msg("%s", err.message);
    assert_true(fy_child_send(child, config, strlen(config), NULL));
    while (!heard->ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    fy_child_free(child);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void heard_free(struct heard *heard)
{
    fy_buf_free(&heard->failures);
    fy_buf_free(&heard->trying);
}

static void test_the_example_keeps_the_contract(void **state)
{
    (void)state;
    struct heard heard;
    char path[] = "/tmp/ferry-example-XXXXXX";
    int fd = mkstemp(path);
    static const char cloud[] =
        "{\"instances\":[{\"id\":\"vm-1\",\"image\":\"a\"},{\"id\":\"vm-2\",\"image\":\"a\"}]}";
    assert_int_equal(write(fd, cloud, sizeof cloud - 1), sizeof cloud - 1);
    FY_AUTO(fy_free_ptr) char *settings = fy_format("{\"file\":\"%s\",\"build_ms\":1}", path);
    run_contract(BINARY_DIR "/plugins/example.so", settings,
                 "{\"upgrade\":{\"instances\":[\"vm-1\",\"vm-2\"],\"image\":\"b\",\"version\":\"2\"}}",
                 &heard);
    assert_string_equal(heard.failures.data, "");
    assert_true(heard.done);
    assert_int_equal(heard.skipped, 0);
    assert_int_equal(heard.rows, 11);
    heard_free(&heard);
    (void)close(fd);
    (void)unlink(path);
}

static void test_a_plugin_that_is_refused_is_one_row(void **state)
{
    (void)state;
    struct heard heard;
    run_contract(BINARY_DIR "/tests/abi/plugins/bad_kind.so", "{}", "{}", &heard);
    assert_non_null(strstr(heard.failures.data, "load -: bad_kind.so, verb inventory: is FERRY_ENSURE"));
    assert_int_equal(heard.rows, 1);
    assert_true(heard.done);
    heard_free(&heard);
}

static void test_a_plugin_that_cannot_connect_is_told(void **state)
{
    (void)state;
    struct heard heard;
    run_contract(BINARY_DIR "/plugins/example.so", "{}", "{}", &heard);
    assert_non_null(strstr(heard.failures.data, "load -: setting \"file\" is missing: the JSON file"));
    heard_free(&heard);
}

static void test_a_plugin_that_dies_was_being_tried(void **state)
{
    (void)state;
    struct heard heard;
    run_contract(BINARY_DIR "/tests/abi/plugins/probe.so", "{}", "{\"test.crash\":{}}", &heard);
    assert_int_equal(heard.signal, SIGABRT);
    assert_false(heard.done);
    assert_string_equal(heard.trying.data, "restart test.crash");
    heard_free(&heard);
}

static void test_what_breaks_the_contract_is_told(void **state)
{
    (void)state;
    struct heard heard;
    run_contract(BINARY_DIR "/tests/abi/plugins/probe.so", "{}", "{}", &heard);
    assert_true(heard.done);
    assert_string_equal(heard.failures.data,
                        "schema test.echo: unknown arguments pass: add \"additionalProperties\":false\n"
                        "bad input test.act: an instance that is not there must fail: it answered done\n");
    heard_free(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_keeps_the_contract),
        cmocka_unit_test(test_a_plugin_that_is_refused_is_one_row),
        cmocka_unit_test(test_a_plugin_that_cannot_connect_is_told),
        cmocka_unit_test(test_a_plugin_that_dies_was_being_tried),
        cmocka_unit_test(test_what_breaks_the_contract_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
