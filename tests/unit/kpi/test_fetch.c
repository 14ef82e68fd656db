/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter against a server that answers as Prometheus does, with clocks and words of the test's choice.
 */
#include "prometheus/fetch.h"

#include "tests/unit/kpi/support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LABELS "\"version\":\"1.2.0\",\"job\":\"amf\",\"instance\":\"a\""

/* What the server says: samples lie at seconds after START by its own clock, which is ahead. */
struct server {
    int listener, port, status;
    int64_t ahead_s;
    int64_t now_s;    /* run time, after START */
    const char *body; /* of every answer; NULL: as Prometheus would */
    char seen[8192];  /* the last request but for time() */
    pthread_t thread;
};

static double stamp(const struct server *server, int64_t seconds)
{
    return (double)(START / 1000 + seconds + server->ahead_s);
}

static void samples(const struct server *server, char *text, size_t size, const char *name, int rise)
{
    int used = snprintf(text, size, "{\"metric\":{%s" LABELS "},\"values\":[", name);
    for (int64_t at = -1, value = 1000; at <= 16; at += 5, value += rise)
        used += snprintf(text + used, size - (size_t)used, "%s[%.3f,\"%lld\"]", at > 0 ? "," : "",
                         stamp(server, at), (long long)value);
    (void)snprintf(text + used, size - (size_t)used, "]}");
}

static void compose(const struct server *server, const char *request, char *body, size_t size)
{
    char tried[1024], worked[1024];
    samples(server, tried, sizeof tried, "\"__name__\":\"mm_paging5greq\",", 100);
    samples(server, worked, sizeof worked, "\"__name__\":\"mm_paging5gsucc\",", 90);
    if (server->body != NULL)
        (void)snprintf(body, size, "%s", server->body);
    else if (strstr(request, "query=time") != NULL)
        (void)snprintf(
            body, size,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[%.3f,\"x\"]}}",
            stamp(server, server->now_s));
    else if (strstr(request, "/query_range") != NULL)
        (void)snprintf(body, size,
                       "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{\"version\":\"1.3.0\"},"
                       "\"values\":[[%.3f,\"10\"],[%.3f,\"30\"],[%.3f,\"35\"]]}]}}",
                       stamp(server, 0), stamp(server, 5), stamp(server, 10));
    else
        (void)snprintf(body, size, "{\"status\":\"success\",\"data\":{\"result\":[%s,%s]}}", tried, worked);
}

/* One request with its form, as far as it matters here. */
static void answer(struct server *server, int fd)
{
    char request[8192] = "", body[4096], reply[5000];
    size_t got = 0;
    for (;;) {
        ssize_t now = recv(fd, request + got, sizeof request - 1 - got, 0);
        if (now <= 0)
            return;
        got += (size_t)now;
        request[got] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
        if (end != NULL && length != NULL && strlen(end + 4) >= strtoul(length + 16, NULL, 10))
            break;
    }
    if (strstr(request, "query=time") == NULL)
        (void)snprintf(server->seen, sizeof server->seen, "%s", request);
    compose(server, request, body, sizeof body);
    int length =
        snprintf(reply, sizeof reply, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                 server->status, strlen(body), body);
    (void)send(fd, reply, (size_t)length, MSG_NOSIGNAL);
}

static void *serve(void *context)
{
    struct server *server = context;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0; (void)close(fd))
        answer(server, fd);
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->status = server->status != 0 ? server->status : 200;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}

/* Ask it for the ticks after START. NULL: error says why. */
static json_t *asked(struct server *server, const json_t *exceptions, int64_t *skew_ms,
                     struct prom_error *error)
{
    struct kpi_ask ask;
    struct kpi_table table;
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", server->port);
    ask_at(&ask, server->now_s);
    const struct prom_settings set = {.map = {"", "", exceptions},
                                      .match = "job=\"amf\"",
                                      .version_label = "version",
                                      .cause_label = "cause",
                                      .users = "",
                                      .segment_label = "segment",
                                      .clock = "",
                                      .lag_ms = 15000,
                                      .max_skew_ms = 300000};
    struct prom_fetch fetch = {.set = &set,
                               .http = prom_http_new(url, "s3cret\n", NULL, NULL, NULL),
                               .ask = &ask,
                               .scale = 1,
                               .began_ms = prom_machine_ms(),
                               .skew_ms = skew_ms,
                               .reach_ms = START - 60000,
                               .look = {.max_gap_ms = 60000, .lag_ms = 15000}};
    json_t *result = NULL;
    if (prom_fetch_all(&fetch, error)) {
        assert_true(kpi_table_make(&table, &ask, fetch.reach_ms));
        assert_true(prom_look_fill(&fetch.look, &table));
        result = answer_of(&table);
        kpi_table_done(&table);
    }
    prom_fetch_done(&fetch);
    prom_http_free(fetch.http);
    kpi_ask_done(&ask);
    return result;
}

static void test_counts_are_the_same_whatever_the_servers_clock(void **state)
{
    (void)state;
    static const int64_t ahead[] = {0, 100, -100, 299};
    for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
        struct server server = {.ahead_s = ahead[i], .now_s = 17};
        struct prom_error error = {0};
        int64_t skew_ms = 0;
        server_start(&server);
        json_t *answer = asked(&server, NULL, &skew_ms, &error);
        server_stop(&server);
        if (answer == NULL)
            fail_msg("%s", error.message);
        assert_int_equal(skew_ms, ahead[i] * 1000);
        assert_row(answer, 5, "source", "amf.paging", 100, 10);
        assert_row(answer, 10, "source", "amf.paging", 100, 10);
        json_decref(answer);
    }
}

static void test_a_clock_too_far_off_is_told(void **state)
{
    (void)state;
    static const struct {
        int64_t ahead;
        const char *says;
    } cases[] = {{400, "s ahead of this run's"}, {-400, "s behind this run's"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server = {.ahead_s = cases[i].ahead, .now_s = 17};
        struct prom_error error = {0};
        int64_t skew_ms = 0;
        server_start(&server);
        assert_null(asked(&server, NULL, &skew_ms, &error));
        server_stop(&server);
        assert_int_equal(error.failure, FERRY_FAILURE_PERMANENT);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s", error.message);
    }
}

static void test_the_servers_words_are_passed_on(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum ferry_failure failure;
        const char *body, *says;
    } cases[] = {
        {422, FERRY_FAILURE_PERMANENT,
         "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"query processing would load too many "
         "samples\"}",
         "422, execution: query processing would load too many samples"},
        {400, FERRY_FAILURE_PERMANENT,
         "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
         "bad_data: parse error"},
        {401, FERRY_FAILURE_REFUSED, "Unauthorized", "401: Unauthorized"},
        {503, FERRY_FAILURE_TRANSIENT, "Service Unavailable", "503: Service Unavailable"},
        {504, FERRY_FAILURE_TIMEOUT, "", "504"},
        {200, FERRY_FAILURE_TRANSIENT, "<html>", "200: <html>"},
        {200, FERRY_FAILURE_TRANSIENT, "{\"status\":\"success\"}", "200"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server = {.now_s = 17, .status = cases[i].status, .body = cases[i].body};
        struct prom_error error = {0};
        int64_t skew_ms = 0;
        server_start(&server);
        assert_null(asked(&server, NULL, &skew_ms, &error));
        server_stop(&server);
        if (error.failure != cases[i].failure || strstr(error.message, cases[i].says) == NULL)
            fail_msg("%s", error.message);
    }
}

static void test_a_server_that_is_not_there_may_come_back(void **state)
{
    (void)state;
    struct server server = {.now_s = 17};
    struct prom_error error = {0};
    int64_t skew_ms = 0;
    server_start(&server);
    server_stop(&server);
    assert_null(asked(&server, NULL, &skew_ms, &error));
    assert_int_equal(error.failure, FERRY_FAILURE_TRANSIENT);
    assert_non_null(strstr(error.message, "127.0.0.1"));
}

static void test_the_question_is_one_and_carries_the_token(void **state)
{
    (void)state;
    struct server server = {.now_s = 17};
    struct prom_error error = {0};
    int64_t skew_ms = 0;
    server_start(&server);
    json_t *answer = asked(&server, NULL, &skew_ms, &error);
    server_stop(&server);
    assert_non_null(answer);
    assert_non_null(strstr(server.seen, "POST /api/v1/query HTTP"));
    assert_non_null(strstr(server.seen, "Authorization: Bearer s3cret\r\n"));
    assert_non_null(strstr(server.seen, "mm_paging5greq"));
    assert_non_null(strstr(server.seen, "job%3D%22amf%22"));
    json_decref(answer);
}

static void test_an_expression_is_asked_for_the_ends_of_ticks(void **state)
{
    (void)state;
    struct server server = {.now_s = 30}; /* past the lag: an expression has no target to wait for */
    struct prom_error error = {0};
    int64_t skew_ms = 0;
    json_t *exceptions = json_pack("{s:s}", "RM.RegInitReq", "(sum by (version) (registrations_total))");
    server_start(&server);
    json_t *answer = asked(&server, exceptions, &skew_ms, &error);
    server_stop(&server);
    if (answer == NULL)
        fail_msg("%s", error.message);
    assert_row(answer, 5, "target", "amf.initial_registration", 20, 20);
    assert_row(answer, 10, "target", "amf.initial_registration", 5, 5);
    assert_non_null(strstr(server.seen, "POST /api/v1/query_range HTTP"));
    assert_non_null(strstr(server.seen, "step=5.000"));
    assert_non_null(strstr(server.seen, "end=1763827230.000"));
    json_decref(answer);
    json_decref(exceptions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_the_same_whatever_the_servers_clock),
        cmocka_unit_test(test_a_clock_too_far_off_is_told),
        cmocka_unit_test(test_the_servers_words_are_passed_on),
        cmocka_unit_test(test_a_server_that_is_not_there_may_come_back),
        cmocka_unit_test(test_the_question_is_one_and_carries_the_token),
        cmocka_unit_test(test_an_expression_is_asked_for_the_ends_of_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
