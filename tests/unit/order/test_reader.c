/* SPDX-License-Identifier: Apache-2.0 */
/* The one-shot reader: a frame in, a frame out. */
#include "base/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "order/reader.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Ask a reader in a process of its own; the answer is in buf, NULL if there was none. */
static const char *ask(const char *text, struct fy_buf *buf, size_t *ret_length, int *ret_status)
{
    int ends[2];
    struct fy_err err = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        _exit(fy_reader_main(ends[1], ends[1]));
    }
    (void)close(ends[1]);
    if (text != NULL)
        assert_true(fy_frame_send(ends[0], text, strlen(text), &err));
    else
        (void)shutdown(ends[0], SHUT_WR);
    const char *answer = fy_frame_receive(ends[0], buf, ret_length, &err);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, ret_status, 0), child);
    return answer;
}

static void test_an_order_comes_back_as_json(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *text = load_order(AMF);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    struct fy_err err = {0};
    size_t length;
    int status;
    const char *answer = ask(text, &buf, &length, &status);
    assert_non_null(answer);
    assert_int_equal(status, 0);
    if (!fy_reader_take(answer, length, &order, NULL, &err))
        fail_msg("%s", err.message);
    assert_string_equal(order->request.id, "CHG-0007");
}

static void test_a_refusal_comes_back_whole(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *good = load_order(AMF);
    FY_AUTO(fy_free_ptr) char *text = replaced(good, "ratio=\"100\"", "ratio=\"120\"");
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_order *order = NULL;
    struct fy_refusal refusal;
    struct fy_err err = {0};
    size_t length;
    int status;
    const char *answer = ask(text, &buf, &length, &status);
    assert_non_null(answer);
    assert_int_equal(status, 0);
    assert_false(fy_reader_take(answer, length, &order, &refusal, &err));
    assert_int_equal(err.kind, FY_ERR_INVALID);
    assert_string_equal(refusal.element, "f:Stage");
    assert_int_equal(refusal.line, line_of(text, "ratio=\"120\""));
    assert_non_null(strstr(err.message, "\"120\""));
    assert_non_null(strstr(err.hint, "a percentage"));
}

static void test_a_reader_without_a_body_just_ends(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    size_t length;
    int status;
    assert_null(ask(NULL, &buf, &length, &status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

static void test_an_answer_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct fy_order *order = NULL;
    struct fy_err err = {0};
    assert_false(fy_reader_take("x", 1, &order, NULL, &err));
    assert_false(fy_reader_take("{}", 2, &order, NULL, &err));
    assert_int_equal(err.kind, FY_ERR_INTERNAL);
    assert_false(fy_reader_take("{\"ok\":true}", 11, &order, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_comes_back_as_json),
        cmocka_unit_test(test_a_refusal_comes_back_whole),
        cmocka_unit_test(test_a_reader_without_a_body_just_ends),
        cmocka_unit_test(test_an_answer_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
