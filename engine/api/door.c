/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd inside the libuv loop: its epoll descriptor is polled, its time-out is a timer. */
#include "api/server.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

#define CONNECTION_RAM 32768
#define ARRIVALS       64 /* connections that may be there until peer.c has made room */

/* TLS 1.2 with forward secrecy and authenticated encryption, and 1.3. */
#define PRIORITIES                                                                                           \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-"  \
    "GCM"

static void serve(struct fy_door *door);

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

static void serve(struct fy_door *door)
{
    (void)MHD_run(door->mhd);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(door->mhd, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&door->timer, on_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&door->timer);
}

void fy_api_resume(struct fy_api *api, struct MHD_Connection *connection)
{
    (void)api;
    MHD_resume_connection(connection);
    /* nothing else wakes it when it has no thread */
    (void)uv_timer_start(&fy_peer_of(connection)->door->timer, on_timer, 0, 0);
}

FY_PRINTF(2, 0)
static void on_complaint(void *context, const char *format, va_list args)
{
    (void)context;
    char text[512];
    (void)vsnprintf(text, sizeof text, format, args);
    fy_log(FY_LOG_DEBUG, "HTTP: %s", text);
}

/* What only TLS has; the list ends at once on the UNIX socket. */
static void tls_options(const struct fy_door *door, struct MHD_OptionItem items[5])
{
    size_t count = 0;
    if (door->kind == FY_DOOR_TLS) {
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, door->certificate};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, door->key};
        items[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES};
        if (door->clients != NULL)
            items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, door->clients};
    }
    items[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static bool start(struct fy_door *door, int listen_fd)
{
    struct fy_api *api = door->api;
    struct MHD_OptionItem tls[5];
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (door->kind == FY_DOOR_TLS ? MHD_USE_TLS : 0);
    tls_options(door, tls);
    door->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, fy_exchange_serve, api, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, NULL,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (door->kind == FY_DOOR_UNIX ? api->limits.connections : api->limits.tls_connections) + ARRIVALS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_RAM, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        door->kind == FY_DOOR_TLS ? api->limits.per_address : 0u, MHD_OPTION_NOTIFY_CONNECTION,
        fy_peer_notify, door, MHD_OPTION_NOTIFY_COMPLETED, fy_exchange_done, api,
        MHD_OPTION_UNESCAPE_CALLBACK, fy_exchange_unescape, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return door->mhd != NULL;
}

static void free_door(struct fy_door *door)
{
    if (door->key != NULL)
        explicit_bzero(door->key, strlen(door->key));
    free(door->certificate);
    free(door->key);
    free(door->clients);
    free(door);
}

bool fy_door_open(struct fy_api *api, enum fy_door_kind kind, int listen_fd, char *certificate, char *key,
                  char *clients, struct fy_err *err)
{
    struct fy_door *door = FY_NEW(struct fy_door);
    *door = (struct fy_door){
        .api = api, .kind = kind, .certificate = certificate, .key = key, .clients = clients};
    if (!start(door, listen_fd)) {
        (void)close(listen_fd);
        free_door(door);
        (void)fy_fail(err, FY_ERR_INVALID, "the HTTP server could not be started%s",
                      kind == FY_DOOR_TLS ? " with this certificate and key" : "");
        return fy_hint(err, kind == FY_DOOR_TLS ? "is the key that of the certificate? --log debug says more"
                                                : "--log debug says more");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    (void)uv_poll_init(api->world.loop, &door->poll, info->epoll_fd);
    (void)uv_timer_init(api->world.loop, &door->timer);
    door->poll.data = door->timer.data = door;
    door->handles = 2;
    (void)uv_poll_start(&door->poll, UV_READABLE, on_poll);
    door->next = api->doors;
    api->doors = door;
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct fy_door *door = handle->data;
    if (--door->handles > 0)
        return;
    MHD_stop_daemon(door->mhd);
    free_door(door);
}

/* The last client has gone through it: from the loop, as libmicrohttpd itself may be above us. */
static void close_up(struct fy_door *door)
{
    struct fy_door **at = &door->api->doors;
    while (*at != door)
        at = &(*at)->next;
    *at = door->next;
    uv_close((uv_handle_t *)&door->poll, on_closed);
    uv_close((uv_handle_t *)&door->timer, on_closed);
}

void fy_door_retire(struct fy_door *door)
{
    MHD_socket fd = MHD_quiesce_daemon(door->mhd);
    door->retired = true;
    if (fd != MHD_INVALID_SOCKET)
        (void)close(fd);
    if (door->peers == 0)
        close_up(door);
}

void fy_door_left(struct fy_door *door)
{
    if (--door->peers == 0 && door->retired)
        close_up(door);
}
