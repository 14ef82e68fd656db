/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/api/kit.h"

#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The server's side. */
struct server {
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t turn;
    uv_poll_t orders;
    int orders_fd;
    struct fy_store *store;
    struct fy_journal *journal;
    struct fy_api *api;
};

static void wake_loop(void *context)
{
    struct server *server = context;
    (void)uv_async_send(&server->wake);
}

static void on_wake(uv_async_t *wake)
{
    struct server *server = wake->data;
    fy_journal_turn(server->journal);
}

static void on_turn(uv_prepare_t *turn)
{
    struct server *server = turn->data;
    fy_journal_turn(server->journal);
}

static void on_record(void *context, const struct fy_row *row)
{
    struct server *server = context;
    if (server->api != NULL)
        fy_api_record(server->api, row);
}

static void on_durable(void *context)
{
    int *ready = context;
    (void)!write(*ready, "r", 1);
}

static void append(struct server *server, const char *text, const struct fy_run_line *line, int *ready)
{
    struct fy_record record = {
        .kind = FY_REC_STATE_CHANGED,
        .time = {1000},
        .body = fy_format("{\"from\":\"SCHEDULED\",\"to\":\"STARTING\",\"why\":\"%s\"}", text)};
    fy_journal_append(server->journal, "R1", &record, 1, line, NULL, 0, ready != NULL ? on_durable : NULL,
                      ready);
}

static void on_orders(uv_poll_t *poll, int status, int events)
{
    struct server *server = poll->data;
    char byte = 0;
    (void)status;
    (void)events;
    if (read(server->orders_fd, &byte, 1) == 1)
        append(server, "one more", NULL, NULL);
}

static const struct fy_adapter_info *no_connection(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static const struct fy_adapter_info *no_connection_at(void *self, size_t index)
{
    (void)self;
    (void)index;
    return NULL;
}

static void *no_timer(void *self, int64_t after_ms, void (*fire)(void *context), void *context)
{
    (void)after_ms;
    (void)fire;
    (void)context;
    return self;
}

static void no_cancel(void *self, void *timer)
{
    (void)self;
    (void)timer;
}

static void require(bool good, const struct fy_err *err)
{
    if (good)
        return;
    fy_log_err(err, "the test's server");
    _exit(1);
}

static void serve(const char *socket, int ready, int orders)
{
    static struct server server;
    static struct fy_adapters adapters = {.describe = no_connection, .at = no_connection_at};
    static struct fy_script script;
    const struct fy_run_line line = {.run = "R1",
                                     .request_id = "R1",
                                     .tenant = "t",
                                     .vnf_instance_id = "nf",
                                     .order_sha256 = "",
                                     .accepted_ms = 1000};
    struct fy_err err;
    (void)uv_loop_init(&server.loop);
    (void)uv_async_init(&server.loop, &server.wake, on_wake);
    (void)uv_prepare_init(&server.loop, &server.turn);
    (void)uv_poll_init(&server.loop, &server.orders, orders);
    server.orders_fd = orders;
    server.wake.data = server.turn.data = server.orders.data = &server;
    require(fy_store_open_sqlite(":memory:", &server.store, &err), &err);
    require(fy_journal_open(server.store, (struct fy_journal_loop){.wake = wake_loop, .context = &server},
                            &server.journal, &err),
            &err);
    fy_journal_follow(server.journal, on_record, &server);
    (void)uv_prepare_start(&server.turn, on_turn);
    (void)uv_poll_start(&server.orders, UV_READABLE, on_orders);
    const struct fy_engine_world engine = {.clock = fy_system_clock,
                                           .timers = {.at = no_timer, .cancel = no_cancel, .self = &server},
                                           .store = server.store,
                                           .journal = server.journal,
                                           .script = &script,
                                           .adapters = &adapters};
    const struct fy_api_world world = {.loop = &server.loop,
                                       .engine = fy_engine_new(&engine),
                                       .store = server.store,
                                       .journal = server.journal,
                                       .adapters = &adapters,
                                       .host_path = BINARY_DIR "/engine/host/ferry-host"};
    const struct fy_api_limits limits = {.header_ms = 300, .body_ms = 300, .idle_ms = 300, .connections = 40};
    require(fy_api_open(&world, socket, &limits, &server.api, &err), &err);
    for (int i = 0; i < 3; i++)
        append(&server, "first", i == 0 ? &line : NULL, i == 2 ? &ready : NULL);
    (void)uv_run(&server.loop, UV_RUN_DEFAULT);
}

struct kit kit_start(void)
{
    struct kit kit = {.dir = "/tmp/ferry-api-XXXXXX"};
    int ready[2];
    int orders[2];
    char byte = 0;
    if (mkdtemp(kit.dir) == NULL || pipe(ready) != 0 || pipe(orders) != 0)
        abort();
    (void)snprintf(kit.socket, sizeof kit.socket, "%s/s", kit.dir);
    kit.orders = orders[1];
    kit.pid = fork();
    if (kit.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)signal(SIGPIPE, SIG_IGN);
        fy_log_open("kit", FY_LOG_ERROR);
        serve(kit.socket, ready[1], orders[0]);
        _exit(0);
    }
    (void)close(ready[1]);
    (void)close(orders[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    if (read(ready[0], &byte, 1) != 1)
        abort();
    (void)close(ready[0]);
    return kit;
}

void kit_stop(struct kit *kit)
{
    (void)kill(kit->pid, SIGKILL);
    (void)waitpid(kit->pid, NULL, 0);
    (void)close(kit->orders);
    (void)unlink(kit->socket);
    (void)rmdir(kit->dir);
}

void kit_append(struct kit *kit)
{
    if (write(kit->orders, "x", 1) != 1)
        abort();
}

int kit_connect(const struct kit *kit)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", kit->socket);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

void kit_send(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

void kit_read_all(int fd, struct fy_buf *ret)
{
    (void)kit_read_until(fd, ret, NULL);
}

bool kit_read_until(int fd, struct fy_buf *ret, const char *wanted)
{
    char piece[4096];
    ssize_t got = 0;
    for (;;) {
        if (wanted != NULL && ret->length > 0 && strstr(ret->data, wanted) != NULL)
            return true;
        got = recv(fd, piece, sizeof piece, 0);
        if (got <= 0)
            return false;
        fy_buf_put(ret, piece, (size_t)got);
    }
}

int kit_ask(const struct kit *kit, const char *method, const char *path, const char *body, struct fy_buf *ret)
{
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    FY_AUTO(fy_close_fd) int fd = kit_connect(kit);
    FY_AUTO(fy_free_ptr)
    char *head = fy_format("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                           method, path, body != NULL ? strlen(body) : 0);
    kit_send(fd, head);
    kit_send(fd, body != NULL ? body : "");
    kit_read_all(fd, &answer);
    const char *text = answer.length > 0 ? strstr(answer.data, "\r\n\r\n") : NULL;
    if (text == NULL)
        return 0;
    fy_buf_text(ret, text + 4);
    return (int)strtol(answer.data + strlen("HTTP/1.1 "), NULL, 10);
}

json_t *kit_ask_json(const struct kit *kit, const char *method, const char *path, const char *body,
                     int wanted_status)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    int status = kit_ask(kit, method, path, body, &text);
    if (status != wanted_status) {
        (void)fprintf(stderr, "%s %s: %d %s\n", method, path, status, text.length > 0 ? text.data : "");
        return NULL;
    }
    return json_loadb(text.data, text.length, 0, NULL);
}
