/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/connections.h"

#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct fy_connections *parse(const char *text, struct fy_err *err)
{
    return fy_connections_parse(text, strlen(text), "/etc/ferry", "connections.json", err);
}

static void test_a_connections_file_is_read(void **state)
{
    (void)state;
    struct fy_err err;
    struct fy_connections *read =
        parse("{\"connections\":{\"sim-cloud\":{\"plugin\":\"sim_vim\",\"tenants\":[\"core-east\"],"
              "\"settings\":{\"socket\":\"sim.sock\"},\"secrets\":{\"password\":{\"file\":\"pw\"},"
              "\"token\":{\"file\":\"/run/t\"}}},\"nf\":{\"plugin\":\"sim_nf\"}}}",
              &err);
    assert_non_null(read);
    assert_int_equal(read->count, 2);
    assert_string_equal(read->items[0].name, "sim-cloud");
    assert_string_equal(read->items[0].plugin, "sim_vim");
    assert_string_equal(read->items[0].tenants[0], "core-east");
    assert_null(read->items[0].tenants[1]);
    assert_string_equal(read->items[0].settings, "{\"socket\":\"sim.sock\"}");
    assert_string_equal(read->items[0].secrets[0].file, "/etc/ferry/pw");
    assert_string_equal(read->items[0].secrets[1].file, "/run/t");
    assert_string_equal(read->items[1].settings, "{}");
    fy_connections_free(read);
}

static void test_each_fault_names_the_connection_and_member(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"[]", "connections.json: it must be {\"connections\": {...}}", ""},
        {"{}", "connections.json: member \"connections\" is missing; it must be an object", ""},
        {"{\"connection\":{}}", "connections.json: member \"connection\" is not known",
         "did you mean \"connections\"?"},
        {"{\"connections\":{\"a b\":{\"plugin\":\"x\"}}}",
         "connections.json: connection a b: its name must be letters, digits, . _ and -", ""},
        {"{\"connections\":{\"a\":{}}}",
         "connections.json: connection a: member \"plugin\" is missing; it must be a string", ""},
        {"{\"connections\":{\"a\":{\"plugin\":\"../x\"}}}",
         "connections.json: connection a: plugin \"../x\" is not a plain name",
         "plugins are looked up in the plugin folder: \"sim_vim\", not a path"},
        {"{\"connections\":{\"a\":{\"plugin\":\"x\",\"seting\":{}}}}",
         "connections.json: connection a: member \"seting\" is not known", "did you mean \"settings\"?"},
        {"{\"connections\":{\"a\":{\"plugin\":\"x\",\"tenants\":[7]}}}",
         "connections.json: connection a: \"tenants\" must be a list of names", ""},
        {"{\"connections\":{\"a\":{\"plugin\":\"x\",\"secrets\":{\"password\":\"geheim\"}}}}",
         "connections.json: connection a: secret \"password\" must name its file",
         "\"password\": {\"file\": \"/etc/ferry/...\"}; no secret stands in this file"},
    };
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        struct fy_err err;
        assert_null(parse(cases[i].text, &err));
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.hint, cases[i].hint);
    }
}

static void test_a_plugin_is_a_name_not_a_path(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ".", "..", "a/b", "../a", "-a", ".a", "a\n"};
    struct fy_err err;
    FY_AUTO(fy_free_ptr) char *path = fy_plugin_path("/usr/lib/ferry/plugins", "sim_vim", &err);
    assert_string_equal(path, "/usr/lib/ferry/plugins/sim_vim.so");
    for (size_t i = 0; i < FY_COUNT(bad); i++)
        assert_null(fy_plugin_path("/usr/lib/ferry/plugins", bad[i], &err));
}

static void test_secrets_are_read_from_private_files_into_memory(void **state)
{
    (void)state;
    struct fy_err err;
    char path[] = "/tmp/ferry-secret-XXXXXX", text[64] = "";
    int file = mkstemp(path);
    assert_true(file >= 0 && write(file, "ge\"heim\n", 8) == 8);
    struct fy_secret secret = {fy_strdup("password"), fy_strdup(path)};
    const struct fy_connection connection = {.secrets = &secret, .secret_count = 1};
    int fd = fy_connection_secrets(&connection, &err);
    assert_true(fd >= 0 && pread(fd, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, "{\"password\":\"ge\\\"heim\"}");
    (void)close(fd);
    assert_int_equal(fchmod(file, 0640), 0);
    assert_int_equal(fy_connection_secrets(&connection, &err), -1);
    assert_non_null(strstr(err.message, "can be read by others (mode 0640)"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fy_connection_secrets(&connection, &err), -1);
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
    (void)close(file);
    free(secret.name);
    free(secret.file);
}

static void test_connections_know_receivers_by_name(void **state)
{
    (void)state;
    static const char good[] = "{\"connections\":{},\"receivers\":{\"oss-east\":{}}}";
    static const char *const bad[] = {
        "{\"connections\":{},\"receivers\":[\"oss-east\"]}",
        "{\"connections\":{},\"receivers\":{\"oss-east\":\"https://x\"}}",
        "{\"connections\":{},\"receivers\":{\"../x\":{}}}",
    };
    struct fy_err err = {0};
    struct fy_connections *connections = fy_connections_parse(good, strlen(good), ".", "test", &err);
    assert_non_null(connections);
    assert_string_equal(connections->receivers[0], "oss-east");
    assert_null(connections->receivers[1]);
    fy_connections_free(connections);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(fy_connections_parse(bad[i], strlen(bad[i]), ".", "test", &err));
        assert_non_null(strstr(err.message, "receiver"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_know_receivers_by_name),
        cmocka_unit_test(test_a_connections_file_is_read),
        cmocka_unit_test(test_each_fault_names_the_connection_and_member),
        cmocka_unit_test(test_a_plugin_is_a_name_not_a_path),
        cmocka_unit_test(test_secrets_are_read_from_private_files_into_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
