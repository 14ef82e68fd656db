/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/mem.h"
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_an_error_is_wrapped_from_the_outside(void **state)
{
    (void)state;
    struct fy_err err = {0};
    errno = ENOSPC;
    assert_false(fy_fail_errno(&err, "could not write %s", "x"));
    assert_int_equal(err.kind, FY_ERR_TRANSIENT);
    assert_false(fy_wrap(&err, "run %d", 7));
    assert_string_equal(err.message, "run 7: could not write x: No space left on device");
    assert_false(fy_hint(&err, "free some"));
    assert_string_equal(err.hint, "free some");
    assert_false(fy_fail(NULL, FY_ERR_INVALID, "nobody listens"));
}

static void test_every_kind_of_error_has_a_name_that_leads_back(void **state)
{
    (void)state;
    for (int kind = FY_ERR_NONE; kind <= FY_ERR_INTERNAL; kind++)
        assert_int_equal(fy_err_kind_parse(fy_err_kind_name((enum fy_err_kind)kind)), kind);
    assert_int_equal(fy_err_kind_parse("no such"), FY_ERR_INTERNAL);
}

static int64_t wall;

static int64_t wall_now(void *self)
{
    (void)self;
    return wall;
}

static void test_run_time_follows_the_wall_at_its_scale(void **state)
{
    (void)state;
    struct fy_clock clock = {.wall_ms = wall_now};
    struct fy_timebase base = {.epoch_ms = 5000000, .wall0_ms = 1000, .scale = 60};
    wall = 1000;
    assert_int_equal(fy_run_now(&base, &clock).ms, 5000000);
    wall = 1010;
    assert_int_equal(fy_run_now(&base, &clock).ms, 5000600);
    assert_int_equal(fy_run_wait_ms(&base, &clock, (struct fy_rtime){5000601}), 1); /* rounded up */
    assert_int_equal(fy_run_wait_ms(&base, &clock, (struct fy_rtime){5000600}), 0);
    assert_int_equal(fy_run_wait_ms(&base, &clock, (struct fy_rtime){1}), 0);
    struct fy_rtime never = fy_rtime_add((struct fy_rtime){5000600}, INT64_MAX);
    assert_true(fy_rtime_before((struct fy_rtime){5000600}, never)); /* not wrapped round into the past */
    assert_true(fy_run_wait_ms(&base, &clock, never) > 0);
}

static void test_frames_are_found_whole_or_not_at_all(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0}, partial = {0};
    size_t begin = fy_frame_begin(&buf);
    fy_buf_text(&buf, "hello");
    fy_frame_end(&buf, begin);
    const char *payload;
    size_t length, total;
    for (size_t i = 0; i < buf.length; i++) {
        assert_int_equal(fy_frame_peek(&partial, &payload, &length, &total), 0);
        fy_buf_put(&partial, buf.data + i, 1);
    }
    assert_int_equal(fy_frame_peek(&partial, &payload, &length, &total), 1);
    assert_int_equal(length, 5);
    assert_memory_equal(payload, "hello", 5);
    assert_int_equal(total, partial.length);
    fy_buf_clear(&buf);
    fy_buf_put(&buf, "\xff\xff\xff\xff", 4);
    assert_int_equal(fy_frame_peek(&buf, &payload, &length, &total), -1);
}

static void test_a_frame_crosses_a_socket(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct fy_err err = {0};
    assert_true(fy_frame_send(pair[0], "one", 3, &err));
    assert_true(fy_frame_send(pair[0], "", 0, &err));
    FY_AUTO(fy_buf_free) struct fy_buf scratch = {0};
    size_t length;
    assert_string_equal(fy_frame_receive(pair[1], &scratch, &length, &err), "one");
    assert_non_null(fy_frame_receive(pair[1], &scratch, &length, &err));
    assert_int_equal(length, 0);
    fy_close_fd(&pair[0]);
    assert_null(fy_frame_receive(pair[1], &scratch, &length, &err));
    assert_int_equal(err.kind, FY_ERR_TRANSIENT);
    fy_close_fd(&pair[1]);
}

static void test_sha256_is_that_of_the_standard(void **state)
{
    (void)state;
    char hex[FY_SHA256_HEX];
    fy_sha256_text("abc", 3, hex); /* FIPS 180-4, example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unsigned char digest[FY_SHA256_BYTES];
    struct fy_span spans[] = {{"a", 1}, {"", 0}, {"bc", 2}};
    fy_sha256(spans, FY_COUNT(spans), digest);
    char again[FY_SHA256_HEX];
    fy_sha256_hex(digest, again);
    assert_string_equal(again, hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_error_is_wrapped_from_the_outside),
        cmocka_unit_test(test_every_kind_of_error_has_a_name_that_leads_back),
        cmocka_unit_test(test_run_time_follows_the_wall_at_its_scale),
        cmocka_unit_test(test_frames_are_found_whole_or_not_at_all),
        cmocka_unit_test(test_a_frame_crosses_a_socket),
        cmocka_unit_test(test_sha256_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
