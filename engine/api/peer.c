/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: who is at the other end, and how long they may take. */
#include "api/server.h"

#include "base/mem.h"

#include <sys/socket.h>

static void cut_off(struct fy_peer *peer)
{
    peer->cut = true;
    (void)shutdown(peer->fd, SHUT_RDWR);
}

/* Too many: whoever has kept us waiting longest makes room. Those we work for, and streams, stay. */
static void make_room(struct fy_api *api)
{
    struct fy_peer *slowest = NULL;
    if (++api->peer_count <= api->limits.connections)
        return;
    for (struct fy_peer *peer = api->peers; peer != NULL; peer = peer->next)
        if (peer->waits_for != FY_PEER_SERVED && !peer->cut &&
            (slowest == NULL || peer->since_ms <= slowest->since_ms))
            slowest = peer;
    if (slowest != NULL)
        cut_off(slowest);
}

static void peer_started(struct fy_api *api, struct MHD_Connection *connection, void **socket_context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct fy_peer *peer = FY_NEW(struct fy_peer);
    struct ucred cred;
    socklen_t size = sizeof cred;
    make_room(api);
    peer->fd = info->connect_fd;
    peer->uid = getsockopt(peer->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 ? cred.uid : (uid_t)-1;
    peer->next = api->peers;
    peer->link = &api->peers;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    api->peers = peer;
    fy_peer_wait(api, peer, FY_PEER_HEADER);
    *socket_context = peer;
    fy_api_watch_peers(api);
}

static void peer_closed(struct fy_api *api, struct fy_peer *peer)
{
    api->peer_count--;
    *peer->link = peer->next;
    if (peer->next != NULL)
        peer->next->link = peer->link;
    free(peer);
}

void fy_peer_notify(void *api, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_started(api, connection, socket_context);
    else
        peer_closed(api, *socket_context);
}

struct fy_peer *fy_peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

void fy_peer_wait(struct fy_api *api, struct fy_peer *peer, enum fy_peer_wait waits_for)
{
    peer->waits_for = waits_for;
    peer->since_ms = uv_now(api->world.loop);
}

/* libmicrohttpd's own time-out is one of inactivity: a byte a second would live for ever. */
void fy_peer_reap(struct fy_api *api)
{
    const int64_t patience[] = {[FY_PEER_HEADER] = api->limits.header_ms,
                                [FY_PEER_IDLE] = api->limits.idle_ms,
                                [FY_PEER_BODY] = api->limits.body_ms,
                                [FY_PEER_SERVED] = INT64_MAX};
    uint64_t now = uv_now(api->world.loop);
    for (struct fy_peer *peer = api->peers; peer != NULL; peer = peer->next)
        if ((int64_t)(now - peer->since_ms) > patience[peer->waits_for])
            cut_off(peer);
}
