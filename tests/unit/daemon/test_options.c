/* SPDX-License-Identifier: Apache-2.0 */
/* The options of ferryd: the command line over the file over the defaults, and refusals that name the line.
 */
#include "daemon/options.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/ferry-options-XXXXXX";
static char config[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    (void)snprintf(config, sizeof config, "%s/ferryd.conf", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(config);
    return rmdir(directory);
}

static void write_config(const char *text)
{
    FILE *file = fopen(config, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* ferryd --config FILE, then up to four words more. */
static bool read_options(struct fy_options *options, struct fy_err *err, const char *a, const char *b)
{
    const char *argv[] = {"ferryd", "--config",    config, "--host", "/bin/true", "--plugins",
                          "/",      "--workflows", "/",    a,        b,           NULL};
    return fy_options_read(a == NULL ? 9 : 11, (char **)(uintptr_t)argv, options, err);
}

static void test_options_take_the_file_where_the_line_says_nothing(void **state)
{
    (void)state;
    struct fy_options options;
    struct fy_err err = {0};
    write_config(
        "# a comment\n\n  store = data dir \nlog=debug\nmax-connections = 7\naccess = /etc/a.json\n");
    assert_true(read_options(&options, &err, "--log", "error"));
    FY_AUTO(fy_free_ptr) char *store = fy_format("%s/data dir", directory);
    FY_AUTO(fy_free_ptr) char *connections = fy_format("%s/connections.json", store);
    assert_string_equal(options.store, store);
    assert_string_equal(options.connections, connections);
    assert_string_equal(options.access, "/etc/a.json");
    assert_int_equal(options.log, FY_LOG_ERROR);
    assert_int_equal(options.max_connections, 7);
    assert_int_equal(options.max_per_address, 64);
    assert_int_equal(options.ready_fd, -1);
    fy_options_free(&options);
}

static void test_options_refuse_a_bad_file_and_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"store = /x\nstroe = /y\n", "line 2: \"stroe\" is not an option"},
        {"store = /x\nstore = /y\n", "line 2: store is here twice"},
        {"store\n", "line 1: \"store\" is not \"name = value\""},
        {"store =\n", "line 1: store has no value"},
        {"log = loud\n", "line 1: log loud: not one of"},
        {"max-connections = many\n", "a number from 1"},
        {"ready-fd = 3\n", "\"ready-fd\" is not an option"},
        {"log = info\n", "no store was given"},
        {"store = /x\nlisten = 127.0.0.1:1\n", "no tls-certificate"},
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        struct fy_options options;
        struct fy_err err = {0};
        write_config(rows[i].text);
        assert_false(read_options(&options, &err, NULL, NULL));
        if (strstr(err.message, rows[i].wanted) == NULL)
            fail_msg("\"%s\" said: %s", rows[i].text, err.message);
        fy_options_free(&options);
    }
}

/* Uncommented, the sample is a configuration of every option that a file may have. */
static void test_options_sample_names_every_option_of_a_file(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf sample = {0};
    fy_options_sample(&sample);
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++) {
        FY_AUTO(fy_free_ptr) char *line = fy_format("\n#%s = ", row->name);
        assert_int_equal(strstr(sample.data, line) != NULL, row->in_file);
    }
    write_config(sample.data);
    struct fy_options options;
    struct fy_err err = {0};
    assert_true(read_options(&options, &err, "--store", "/x"));
    fy_options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_take_the_file_where_the_line_says_nothing),
        cmocka_unit_test(test_options_refuse_a_bad_file_and_name_the_line),
        cmocka_unit_test(test_options_sample_names_every_option_of_a_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
