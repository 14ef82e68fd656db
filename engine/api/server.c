/* SPDX-License-Identifier: Apache-2.0 */
/* The API put together: its doors, who may come in, the reaper of slow clients. */
#include "api/server.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define REAP_EVERY_MS 250
#define PEM_MAX       ((size_t)1024 * 1024)

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

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static struct fy_api *make(const struct fy_api_world *world, const struct fy_api_limits *limits)
{
    static const struct fy_api_limits usual = {0};
    const struct fy_api_limits *wanted = limits != NULL ? limits : &usual;
    struct fy_api *api = FY_NEW(struct fy_api);
    api->world = *world;
    api->tls_fd = -1;
    api->limits = (struct fy_api_limits){
        .header_ms = or_else(wanted->header_ms, 5000),
        .body_ms = or_else(wanted->body_ms, 10000),
        .idle_ms = or_else(wanted->idle_ms, 60000),
        .connections = (unsigned)or_else(wanted->connections, 256),
        .tls_connections = (unsigned)or_else(wanted->tls_connections, 256),
        .per_address = (unsigned)or_else(wanted->per_address, 64),
    };
    (void)uv_timer_init(world->loop, &api->reaper);
    api->reaper.data = api;
    return api;
}

static void on_forgotten(uv_handle_t *handle)
{
    free(handle->data);
}

bool fy_api_open(const struct fy_api_world *world, const char *socket_path,
                 const struct fy_api_limits *limits, struct fy_api **ret_api, struct fy_err *err)
{
    struct fy_api *api = make(world, limits);
    int fd = -1;
    if (fy_socket_unix(socket_path, world->socket_group, &fd, err) &&
        fy_door_open(api, FY_DOOR_UNIX, fd, NULL, NULL, NULL, err)) {
        *ret_api = api;
        return true;
    }
    uv_close((uv_handle_t *)&api->reaper, on_forgotten);
    return false;
}

static bool read_pem(const char *path, bool secret, char **ret, struct fy_err *err)
{
    struct fy_buf text = {0};
    bool good =
        secret ? fy_read_private_file(path, PEM_MAX, &text, err) : fy_read_file(path, PEM_MAX, &text, err);
    if (good && (text.data == NULL || strstr(text.data, "-----BEGIN") == NULL))
        good = fy_fail(err, FY_ERR_INVALID, "%s has nothing in PEM", path);
    if (good) {
        *ret = fy_buf_take(&text);
        return true;
    }
    if (secret && text.data != NULL)
        explicit_bzero(text.data, text.room);
    fy_buf_free(&text);
    return false;
}

/* A new door with these files; the one before it takes nobody any more. */
static bool change_doors(struct fy_api *api, const struct fy_api_tls *tls, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *certificate = NULL;
    FY_AUTO(fy_free_ptr) char *key = NULL;
    FY_AUTO(fy_free_ptr) char *clients = NULL;
    struct fy_door *before = api->doors;
    while (before != NULL && (before->kind != FY_DOOR_TLS || before->retired))
        before = before->next;
    if (!read_pem(tls->certificate, false, &certificate, err) || !read_pem(tls->key, true, &key, err) ||
        (tls->clients != NULL && !read_pem(tls->clients, false, &clients, err)))
        return false;
    int fd = fcntl(api->tls_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return fy_fail_errno(err, "could not serve HTTPS");
    if (!fy_door_open(api, FY_DOOR_TLS, fd, fy_steal(&certificate), fy_steal(&key), fy_steal(&clients), err))
        return fy_wrap(err, "%s", tls->certificate);
    if (before != NULL)
        fy_door_retire(before);
    return true;
}

bool fy_api_listen(struct fy_api *api, const char *address, const struct fy_api_tls *tls, struct fy_err *err)
{
    return fy_socket_tcp(address, &api->tls_fd, err) && change_doors(api, tls, err);
}

bool fy_api_certificates(struct fy_api *api, const struct fy_api_tls *tls, struct fy_err *err)
{
    return api->tls_fd < 0 || change_doors(api, tls, err);
}

void fy_api_access(struct fy_api *api, struct fy_access *access)
{
    fy_access_unref(api->access);
    api->access = access;
    fy_streams_end(api); /* they come again with their cursor, and are asked who they are */
}

void fy_api_record(struct fy_api *api, const struct fy_row *row)
{
    fy_stream_wake(api, row->run);
}

void fy_api_workflows(struct fy_api *api, size_t count)
{
    api->world.workflow_count = count;
}
