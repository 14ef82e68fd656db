/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"
#include "base/frame.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
    struct fy_child *child;
    struct fy_buf text; /* of all messages, one after the other */
    unsigned messages, flushes, exits;
    int status, signal;
    bool free_on_message;
};

static void on_message(void *ctx, const char *payload, size_t length)
{
    struct heard *heard = ctx;
    heard->messages++;
    fy_buf_put(&heard->text, payload, length);
    if (heard->free_on_message) {
        fy_child_free(heard->child);
        heard->child = NULL;
    }
}

static void on_flush(void *ctx)
{
    ((struct heard *)ctx)->flushes++;
}

static void on_exited(void *ctx, int status, int signal)
{
    struct heard *heard = ctx;
    heard->exits++;
    heard->status = status;
    heard->signal = signal;
    fy_child_free(heard->child);
    heard->child = NULL;
}

static void start(uv_loop_t *loop, struct heard *heard, const char *script, const int *fds, size_t fd_count)
{
    struct fy_err err = {0};
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct fy_child_options options = {
        .name = "test child", .argv = argv, .fds = fds, .fd_count = fd_count, .log_stderr = true};
    const struct fy_child_events events = {.message = on_message, .flush = on_flush, .exited = on_exited};
    *heard = (struct heard){0};
    assert_int_equal(uv_loop_init(loop), 0);
    if (!fy_child_start(loop, &options, &events, heard, &heard->child, &err))
        fail_msg("%s", err.message);
}

static void finish(uv_loop_t *loop, struct heard *heard)
{
    fy_child_free(heard->child);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
    fy_buf_free(&heard->text);
}

static void until_messages(uv_loop_t *loop, const struct heard *heard, unsigned count)
{
    while (heard->messages < count && heard->exits == 0)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_int_equal(heard->messages, count);
}

static void test_a_child_answers_messages_in_their_order(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "exec cat <&3 >&3", NULL, 0);
    assert_true(fy_child_send(heard.child, "{\"a\":1}", 7, NULL));
    assert_true(fy_child_send(heard.child, "{\"b\":2}", 7, NULL));
    until_messages(&loop, &heard, 2);
    assert_string_equal(heard.text.data, "{\"a\":1}{\"b\":2}");
    assert_int_equal(heard.flushes, 1); /* one turn, one write */
    finish(&loop, &heard);
}

static void test_a_child_echoes_more_than_a_socket_holds(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    const size_t size = (size_t)8 * 1024 * 1024;
    char *large = fy_alloc(size);
    memset(large, 'x', size);
    start(&loop, &heard, "exec cat <&3 >&3", NULL, 0);
    assert_true(fy_child_send(heard.child, large, size, NULL));
    assert_true(fy_child_send(heard.child, "end", 3, NULL));
    until_messages(&loop, &heard, 2);
    assert_int_equal(heard.text.length, size + 3);
    free(large);
    finish(&loop, &heard);
}

static void test_a_child_that_does_not_read_is_not_buffered_for_ever(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    struct fy_err err = {0};
    static const char large[1024 * 1024];
    start(&loop, &heard, "exec sleep 1000", NULL, 0);
    bool sent = true;
    for (int i = 0; i < 200 && sent; i++)
        sent = fy_child_send(heard.child, large, sizeof large, &err);
    assert_false(sent);
    assert_non_null(strstr(err.message, "test child does not read"));
    finish(&loop, &heard);
}

static void test_a_child_that_ends_is_heard_to_its_last_message(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "printf '\\003\\0\\0\\0one\\003\\0\\0\\0two' >&3; exit 3", NULL, 0);
    while (heard.exits == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(heard.text.data, "onetwo");
    assert_int_equal(heard.status, 3);
    assert_int_equal(heard.signal, 0);
    finish(&loop, &heard);
}

static void test_a_killed_child_takes_what_it_started_along(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "sleep 1000 3>&- & printf '\\006\\0\\0\\0%06d' $! >&3; wait", NULL, 0);
    until_messages(&loop, &heard, 1);
    pid_t grandchild = (pid_t)strtol(heard.text.data, NULL, 10);
    assert_int_equal(kill(grandchild, 0), 0);
    fy_child_kill(heard.child);
    while (heard.exits == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.signal, SIGKILL);
    FY_AUTO(fy_free_ptr) char *stat = fy_format("/proc/%d/stat", grandchild);
    char line[256] = "";
    for (;;) { /* gone, or a zombie that nobody waits for */
        FY_AUTO(fy_close_fd) int fd = open(stat, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, line, sizeof line - 1) <= 0 || strstr(line, ") Z") != NULL)
            break;
        (void)usleep(1000);
    }
    finish(&loop, &heard);
}

static void test_a_child_that_closes_its_socket_is_killed(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "exec sleep 1000 3>&-", NULL, 0);
    while (heard.exits == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.signal, SIGKILL);
    finish(&loop, &heard);
}

static void test_a_message_that_is_too_long_ends_the_child(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "printf '\\377\\377\\377\\377' >&3; exec sleep 1000", NULL, 0);
    while (heard.exits == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.signal, SIGKILL);
    assert_int_equal(heard.messages, 0);
    finish(&loop, &heard);
}

static void test_a_child_finds_what_it_was_given_and_nothing_else(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    int given = memfd_create("given", MFD_CLOEXEC);
    assert_int_equal(write(given, "\x05\0\0\0hello", 9), 9);
    assert_int_equal(lseek(given, 0, SEEK_SET), 0);
    assert_int_equal(setenv("FERRY_TEST_SECRET", "geheim", 1), 0);
    start(&loop, &heard,
          "test -z \"$FERRY_TEST_SECRET\" || exit 1; test ! -e /dev/fd/5 || exit 2; cat <&4 >&3", &given, 1);
    while (heard.exits == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.status, 0);
    assert_string_equal(heard.text.data, "hello");
    (void)close(given);
    (void)unsetenv("FERRY_TEST_SECRET");
    finish(&loop, &heard);
}

static void test_a_child_may_be_freed_in_its_own_event(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, &heard, "exec cat <&3 >&3", NULL, 0);
    heard.free_on_message = true;
    assert_true(fy_child_send(heard.child, "a", 1, NULL));
    assert_true(fy_child_send(heard.child, "b", 1, NULL));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(heard.messages, 1);
    assert_int_equal(heard.exits, 0);
    finish(&loop, &heard);
}

static void test_a_program_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard = {0};
    struct fy_err err = {0};
    const char *const argv[] = {"/nonexistent/ferry-host", NULL};
    const struct fy_child_options options = {.name = "test child", .argv = argv};
    const struct fy_child_events events = {.message = on_message, .exited = on_exited};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_false(fy_child_start(&loop, &options, &events, &heard, &heard.child, &err));
    assert_string_equal(err.message,
                        "could not start test child (/nonexistent/ferry-host): no such file or directory");
    finish(&loop, &heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_answers_messages_in_their_order),
        cmocka_unit_test(test_a_child_echoes_more_than_a_socket_holds),
        cmocka_unit_test(test_a_child_that_does_not_read_is_not_buffered_for_ever),
        cmocka_unit_test(test_a_child_that_ends_is_heard_to_its_last_message),
        cmocka_unit_test(test_a_killed_child_takes_what_it_started_along),
        cmocka_unit_test(test_a_child_that_closes_its_socket_is_killed),
        cmocka_unit_test(test_a_message_that_is_too_long_ends_the_child),
        cmocka_unit_test(test_a_child_finds_what_it_was_given_and_nothing_else),
        cmocka_unit_test(test_a_child_may_be_freed_in_its_own_event),
        cmocka_unit_test(test_a_program_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
