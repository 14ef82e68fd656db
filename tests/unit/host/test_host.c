/* SPDX-License-Identifier: Apache-2.0 */
/* The program ferry-host itself, as ferryd starts it. */
#include "base/child.h"
#include "base/frame.h"
#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST BINARY_DIR "/engine/host/ferry-host"

struct heard {
    struct fy_child *child;
    struct fy_buf text;
    bool ended;
    int status, signal;
};

static void on_message(void *ctx, const char *payload, size_t length)
{
    fy_buf_put(&((struct heard *)ctx)->text, payload, length);
}

static void on_exited(void *ctx, int status, int signal)
{
    struct heard *heard = ctx;
    heard->ended = true;
    heard->status = status;
    heard->signal = signal;
}

static void start(uv_loop_t *loop, const char *mode, struct heard *heard)
{
    struct fy_err err = {0};
    const char *const argv[] = {HOST, mode, NULL};
    const struct fy_child_options options = {.name = mode, .argv = argv, .log_stderr = true};
    const struct fy_child_events events = {.message = on_message, .exited = on_exited};
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

static void test_the_reader_reads_one_document_and_ends(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    static const char document[] = "<!DOCTYPE x SYSTEM \"/etc/passwd\"><x>&y;</x>";
    start(&loop, "reader", &heard);
    assert_true(fy_child_send(heard.child, document, sizeof document - 1, NULL));
    while (!heard.ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.signal, 0);
    assert_int_equal(heard.status, 0);
    assert_non_null(strstr(heard.text.data, "\"ok\":false"));
    finish(&loop, &heard);
}

static void test_a_mode_that_is_not_there_is_refused(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct heard heard;
    start(&loop, "everything", &heard);
    while (!heard.ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(heard.status, 2);
    finish(&loop, &heard);
}

/* Starts a host that hangs in a plugin's constructor, tells its pid, waits to be killed. */
static _Noreturn void be_ferryd(int tell)
{
    uv_loop_t loop;
    struct heard heard;
    start(&loop, "adapter", &heard);
    static const char config[] = "{\"config\":{\"connection\":\"a\",\"settings\":{},\"plugin\":\"" BINARY_DIR
                                 "/tests/abi/plugins/bad_constructor_hangs.so\"}}";
    assert_true(fy_child_send(heard.child, config, sizeof config - 1, NULL));
    fy_child_flush(heard.child);
    pid_t pid = fy_child_pid(heard.child);
    if (write(tell, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    for (;;)
        (void)pause();
}

/* Gone, or a zombie whose new parent has not looked yet. */
static bool is_gone(pid_t pid)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format("/proc/%d/stat", pid);
    char line[256] = "";
    FY_AUTO(fy_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || read(fd, line, sizeof line - 1) <= 0 || strstr(line, ") Z") != NULL;
}

static void test_a_host_dies_with_its_ferryd_even_while_a_plugin_blocks(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t ferryd = fork();
    if (ferryd == 0)
        be_ferryd(pipes[1]);
    pid_t host = 0;
    assert_int_equal(read(pipes[0], &host, sizeof host), sizeof host);
    assert_false(is_gone(host));
    assert_int_equal(kill(ferryd, SIGKILL), 0);
    assert_int_equal(waitpid(ferryd, NULL, 0), ferryd);
    while (!is_gone(host)) /* ctest's limit ends the wait */
        (void)usleep(1000);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_reader_reads_one_document_and_ends),
        cmocka_unit_test(test_a_mode_that_is_not_there_is_refused),
        cmocka_unit_test(test_a_host_dies_with_its_ferryd_even_while_a_plugin_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
