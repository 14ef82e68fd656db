/* SPDX-License-Identifier: Apache-2.0 */
/* The API over a real socket: routes, problems, limits, event streams. */
#include "tests/unit/api/kit.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct kit kit;

static int set_up(void **state)
{
    (void)state;
    kit = kit_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_stop(&kit);
    return 0;
}

static void test_api_answers_health(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/healthz", NULL, 200);
    assert_string_equal(fy_json_string_or(doc, "status", ""), "ok");
    FY_AUTO(fy_json_unref) json_t *ready = kit_ask_json(&kit, "GET", "/readyz", NULL, 200);
    assert_string_equal(fy_json_string_or(ready, "status", ""), "ready");
}

static void test_api_socket_is_private(void **state)
{
    (void)state;
    struct stat found;
    assert_int_equal(stat(kit.socket, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_api_tells_about_the_engine(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/v1/engine", NULL, 200);
    assert_int_equal(fy_json_int_or(doc, "pid", 0), kit.pid);
    assert_int_equal(fy_json_int_or(json_object_get(doc, "runs"), "live", 0), 1);
}

static void assert_hint(const json_t *problem)
{
    assert_true(strlen(fy_json_string_or(problem, "hint", "")) > 0);
}

static void test_api_says_that_a_path_does_not_exist(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/v2/nothing", NULL, 404);
    assert_int_equal(fy_json_int_or(doc, "status", 0), 404);
    assert_non_null(strstr(fy_json_string_or(doc, "type", ""), "not_found"));
    assert_non_null(strstr(fy_json_string_or(doc, "detail", ""), "/v2/nothing"));
    assert_hint(doc);
}

static void test_api_does_not_cut_a_path_at_a_nul(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/v1/upgrades/R1%00x", NULL, 404);
    assert_hint(doc);
    FY_AUTO(fy_json_unref)
    json_t *plain = kit_ask_json(&kit, "GET", "/v1/upgrades/%52%31/journal", NULL, 200);
    assert_true(json_array_size(json_object_get(plain, "records")) > 0);
}

static void test_api_names_the_methods_of_a_path(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    kit_send(fd, "DELETE /v1/upgrades HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    kit_read_all(fd, &answer);
    assert_non_null(strstr(answer.data, " 405 "));
    assert_non_null(strstr(answer.data, "Allow: GET, POST"));
    assert_non_null(strstr(answer.data, "\"hint\":\"ask with GET, POST;"));
}

static void test_api_says_that_a_run_does_not_exist(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/upgrades/NONE",         "/v1/upgrades/NONE/plan",
                                        "/v1/upgrades/NONE/journal", "/v1/upgrades/NONE/export",
                                        "/v1/upgrades/NONE/report",  "/v1/adapters/NONE",
                                        "/v1/workflows/NONE"};
    for (size_t i = 0; i < FY_COUNT(paths); i++) {
        FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", paths[i], NULL, 404);
        assert_non_null(strstr(fy_json_string_or(doc, "detail", ""), "NONE"));
        assert_hint(doc);
    }
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "POST", "/v1/upgrades/NONE/pause", "{}", 404);
    assert_non_null(doc);
}

static void test_api_gives_records_from_a_cursor(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref)
    json_t *doc = kit_ask_json(&kit, "GET", "/v1/upgrades/R1/journal?after=1&limit=1", NULL, 200);
    json_t *records = json_object_get(doc, "records");
    assert_int_equal(json_array_size(records), 1);
    assert_int_equal(fy_json_int_or(json_array_get(records, 0), "seq", 0), 2);
    assert_true(json_is_object(json_object_get(json_array_get(records, 0), "body")));
    assert_int_equal(strlen(fy_json_string_or(json_array_get(records, 0), "hash", "")), 64);
}

static void test_api_gives_several_records_as_one_document(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/v1/upgrades/R1/journal", NULL, 200);
    assert_int_equal(json_array_size(json_object_get(doc, "records")), 3);
}

static void test_api_refuses_a_cursor_that_is_no_number(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref)
    json_t *doc = kit_ask_json(&kit, "GET", "/v1/upgrades/R1/journal?after=x", NULL, 400);
    assert_non_null(strstr(fy_json_string_or(doc, "detail", ""), "after=x"));
}

static void test_api_exports_a_chain(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    assert_int_equal(kit_ask(&kit, "GET", "/v1/upgrades/R1/export", NULL, &text), 200);
    assert_non_null(strstr(text.data, "\"ferry\":\"export\""));
}

static void test_api_refuses_a_large_body(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *body = fy_alloc(70001);
    memset(body, 'x', 70000);
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "POST", "/v1/upgrades", body, 413);
    assert_int_equal(fy_json_int_or(doc, "status", 0), 413);
    assert_hint(doc);
}

static void test_api_refuses_a_large_body_of_unknown_length(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    FY_AUTO(fy_free_ptr) char *chunk = fy_alloc(16385);
    memset(chunk, 'x', 16384);
    kit_send(
        fd,
        "POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        kit_send(fd, "4000\r\n");
        kit_send(fd, chunk);
        kit_send(fd, "\r\n");
    }
    kit_send(fd, "0\r\n\r\n");
    (void)kit_read_until(fd, &answer, " 413 ");
    assert_non_null(strstr(answer.data, " 413 "));
}

static void test_api_refuses_many_headers(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    kit_send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (int i = 0; i < 40; i++)
        kit_send(fd, "X-Some: thing\r\n");
    kit_send(fd, "\r\n");
    kit_read_all(fd, &answer);
    assert_non_null(strstr(answer.data, " 431 "));
}

static void test_api_refuses_arguments_that_are_no_object(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "POST", "/v1/upgrades/NONE/pause", "[1]", 400);
    assert_non_null(strstr(fy_json_string_or(doc, "detail", ""), "object"));
}

static void test_api_refuses_an_order_with_line_and_element(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *empty = kit_ask_json(&kit, "POST", "/v1/orders/check", NULL, 400);
    assert_non_null(empty);
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "POST", "/v1/orders/check", "<a>\n<b></a>", 400);
    assert_int_equal(fy_json_int_or(doc, "line", 0), 2);
}

static void test_api_answers_many_orders_at_once(void **state)
{
    (void)state;
    int fds[30];
    for (size_t i = 0; i < FY_COUNT(fds); i++) {
        fds[i] = kit_connect(&kit);
        kit_send(fds[i], "POST /v1/orders/check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         "Content-Length: 12\r\n\r\n<a>\n<b></a>\n");
    }
    for (size_t i = 0; i < FY_COUNT(fds); i++) {
        FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
        kit_read_all(fds[i], &answer);
        assert_non_null(strstr(answer.data, "\"line\":2"));
        (void)close(fds[i]);
    }
}

static void test_api_gives_a_template(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    assert_int_equal(kit_ask(&kit, "GET", "/v1/orders/templates/amf", NULL, &text), 200);
    assert_non_null(strstr(text.data, "<Definitions"));
}

/* A byte now and then must not keep a connection for ever. */
static bool is_cut_off(const char *start)
{
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    kit_send(fd, start);
    for (int i = 0; i < 400; i++) {
        char byte = 0;
        if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
            return true;
        ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
        if (got == 0)
            return true;
        (void)usleep(10000);
    }
    return false;
}

static void test_api_cuts_off_who_trickles_a_header(void **state)
{
    (void)state;
    assert_true(is_cut_off("GET /healthz HTTP/1.1\r\nX-Slow: "));
}

static void test_api_cuts_off_who_trickles_a_body(void **state)
{
    (void)state;
    assert_true(is_cut_off("POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"));
}

static void test_api_serves_an_honest_client_after_a_crowd_of_slow_ones(void **state)
{
    (void)state;
    int slow[40];
    for (size_t i = 0; i < FY_COUNT(slow); i++) {
        slow[i] = kit_connect(&kit);
        kit_send(slow[i], "GET /hea");
    }
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/healthz", NULL, 200);
    assert_non_null(doc);
    for (size_t i = 0; i < FY_COUNT(slow); i++)
        (void)close(slow[i]);
}

static void test_stream_begins_behind_the_cursor_and_goes_on(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    kit_send(fd,
             "GET /v1/upgrades/R1/journal?after=2 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
    assert_true(kit_read_until(fd, &text, "id: 3\n"));
    assert_null(strstr(text.data, "id: 2\n"));
    kit_append(&kit);
    assert_true(kit_read_until(fd, &text, "id: 4\n"));
    assert_non_null(strstr(text.data, "one more"));
}

static void test_stream_resumes_from_the_last_event_it_knows(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
    kit_send(fd, "GET /v1/upgrades/R1/journal HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                 "Last-Event-ID: 1\r\n\r\n");
    assert_true(kit_read_until(fd, &text, "id: 3\n"));
    assert_null(strstr(text.data, "id: 1\n"));
    assert_non_null(strstr(text.data, "id: 2\n"));
}

static void test_stream_that_is_left_does_no_harm(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        FY_AUTO(fy_buf_free) struct fy_buf text = {0};
        FY_AUTO(fy_close_fd) int fd = kit_connect(&kit);
        kit_send(fd, "GET /v1/upgrades/R1/journal HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
        assert_true(kit_read_until(fd, &text, "id: 3\n"));
    }
    kit_append(&kit);
    FY_AUTO(fy_json_unref) json_t *doc = kit_ask_json(&kit, "GET", "/healthz", NULL, 200);
    assert_non_null(doc);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_answers_health),
        TEST(test_api_socket_is_private),
        TEST(test_api_tells_about_the_engine),
        TEST(test_api_says_that_a_path_does_not_exist),
        TEST(test_api_does_not_cut_a_path_at_a_nul),
        TEST(test_api_names_the_methods_of_a_path),
        TEST(test_api_says_that_a_run_does_not_exist),
        TEST(test_api_gives_records_from_a_cursor),
        TEST(test_api_gives_several_records_as_one_document),
        TEST(test_api_refuses_a_cursor_that_is_no_number),
        TEST(test_api_exports_a_chain),
        TEST(test_api_refuses_a_large_body),
        TEST(test_api_refuses_a_large_body_of_unknown_length),
        TEST(test_api_refuses_many_headers),
        TEST(test_api_refuses_arguments_that_are_no_object),
        TEST(test_api_refuses_an_order_with_line_and_element),
        TEST(test_api_answers_many_orders_at_once),
        TEST(test_api_gives_a_template),
        TEST(test_api_cuts_off_who_trickles_a_header),
        TEST(test_api_cuts_off_who_trickles_a_body),
        TEST(test_api_serves_an_honest_client_after_a_crowd_of_slow_ones),
        TEST(test_stream_begins_behind_the_cursor_and_goes_on),
        TEST(test_stream_resumes_from_the_last_event_it_knows),
        TEST(test_stream_that_is_left_does_no_harm),
    };
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
