/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd inside the libuv loop: its epoll descriptor is polled, its time-out is a timer. */
#include "api/server.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REAP_EVERY_MS  250
#define CONNECTION_RAM 32768
#define ARRIVALS       64 /* connections that may be there until peer.c has made room */

static void serve(struct fy_api *api);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    serve(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    serve(timer->data);
}

static void serve(struct fy_api *api)
{
    (void)MHD_run(api->mhd);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(api->mhd, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&api->timer, on_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&api->timer);
}

void fy_api_resume(struct fy_api *api, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    (void)uv_timer_start(&api->timer, on_timer, 0, 0); /* nothing else wakes it when it has no thread */
}

static void on_reap(uv_timer_t *timer)
{
    struct fy_api *api = timer->data;
    fy_peer_reap(api);
    fy_changes_reap(api);
    if (api->peers == NULL)
        (void)uv_timer_stop(timer); /* nobody there: an idle daemon sleeps */
}

void fy_api_watch_peers(struct fy_api *api)
{
    if (uv_is_active((uv_handle_t *)&api->reaper) == 0)
        (void)uv_timer_start(&api->reaper, on_reap, REAP_EVERY_MS, REAP_EVERY_MS);
}

FY_PRINTF(2, 0)
static void on_complaint(void *context, const char *format, va_list args)
{
    (void)context;
    char text[512];
    (void)vsnprintf(text, sizeof text, format, args);
    fy_log(FY_LOG_DEBUG, "HTTP: %s", text);
}

/* The socket of a dead daemon is in the way; that it is dead is known from the store's lock. */
static bool make_socket(const char *path, int *ret_fd, struct fy_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        (void)fy_fail(err, FY_ERR_INVALID,
                      "the socket's path %s is longer than the %zu bytes a socket may have", path,
                      sizeof address.sun_path - 1);
        return fy_hint(err, "use a store in a directory with a shorter name");
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    FY_AUTO(fy_close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fy_fail_errno(err, "could not make a socket");
    if (unlink(path) != 0 && errno != ENOENT)
        return fy_fail_errno(err, "could not remove the old socket %s", path);
    mode_t before = umask(0177);
    int rc = bind(fd, (struct sockaddr *)&address, sizeof address);
    (void)umask(before);
    if (rc != 0)
        return fy_fail_errno(err, "could not make the socket %s", path);
    if (listen(fd, 128) != 0)
        return fy_fail_errno(err, "could not listen on %s", path);
    *ret_fd = fd;
    fd = -1;
    return true;
}

static bool start_http(struct fy_api *api, struct fy_err *err)
{
    api->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
                                fy_exchange_serve, api, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, NULL,
                                MHD_OPTION_LISTEN_SOCKET, api->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                                api->limits.connections + ARRIVALS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                (size_t)CONNECTION_RAM, MHD_OPTION_NOTIFY_CONNECTION, fy_peer_notify, api,
                                MHD_OPTION_NOTIFY_COMPLETED, fy_exchange_done, api,
                                MHD_OPTION_UNESCAPE_CALLBACK, fy_exchange_unescape, NULL, MHD_OPTION_END);
    if (api->mhd == NULL)
        return fy_fail(err, FY_ERR_INTERNAL, "could not start the HTTP server on %s", api->path);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    (void)uv_poll_init(api->world.loop, &api->poll, info->epoll_fd);
    (void)uv_timer_init(api->world.loop, &api->timer);
    (void)uv_timer_init(api->world.loop, &api->reaper);
    api->poll.data = api->timer.data = api->reaper.data = api;
    (void)uv_poll_start(&api->poll, UV_READABLE, on_poll);
    return true;
}

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

bool fy_api_open(const struct fy_api_world *world, const char *socket_path,
                 const struct fy_api_limits *limits, struct fy_api **ret_api, struct fy_err *err)
{
    static const struct fy_api_limits usual = {0};
    const struct fy_api_limits *wanted = limits != NULL ? limits : &usual;
    struct fy_api *api = FY_NEW(struct fy_api);
    api->world = *world;
    api->limits = (struct fy_api_limits){
        .header_ms = or_else(wanted->header_ms, 5000),
        .body_ms = or_else(wanted->body_ms, 10000),
        .idle_ms = or_else(wanted->idle_ms, 60000),
        .connections = (unsigned)or_else(wanted->connections, 256),
    };
    api->path = fy_strdup(socket_path);
    if (!make_socket(socket_path, &api->listen_fd, err)) {
        free(api->path);
        free(api);
        return false;
    }
    if (!start_http(api, err)) {
        (void)close(api->listen_fd);
        free(api->path);
        free(api);
        return false;
    }
    *ret_api = api;
    return true;
}

void fy_api_record(struct fy_api *api, const struct fy_row *row)
{
    fy_stream_wake(api, row->run);
}

void fy_api_workflows(struct fy_api *api, size_t count)
{
    api->world.workflow_count = count;
}
