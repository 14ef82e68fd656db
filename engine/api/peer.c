/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: who is at the other end, and how long they may take. */
#include "api/server.h"

#include "base/mem.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

void fy_peer_cut(struct fy_peer *peer)
{
    peer->cut = true;
    (void)shutdown(peer->fd, SHUT_RDWR);
}

/* Too many: whoever has kept us waiting longest makes room. Those we work for, and streams, stay. */
static void make_room(struct fy_api *api, enum fy_door_kind kind)
{
    struct fy_peer *slowest = NULL;
    if (++api->crowd[kind] <= (kind == FY_DOOR_UNIX ? api->limits.connections : api->limits.tls_connections))
        return;
    for (struct fy_peer *peer = api->peers; peer != NULL; peer = peer->next)
        if (peer->door->kind == kind && peer->waits_for != FY_PEER_SERVED && !peer->cut &&
            (slowest == NULL || peer->since_ms <= slowest->since_ms))
            slowest = peer;
    if (slowest != NULL)
        fy_peer_cut(slowest);
}

static void read_address(struct fy_peer *peer, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    socklen_t size =
        info->client_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (getnameinfo(info->client_addr, size, peer->address, sizeof peer->address, NULL, 0, NI_NUMERICHOST) !=
        0)
        peer->address[0] = '\0';
}

static void read_user(struct fy_peer *peer)
{
    struct ucred cred;
    socklen_t size = sizeof cred;
    peer->uid = getsockopt(peer->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 ? cred.uid : (uid_t)-1;
}

static void peer_started(struct fy_door *door, struct MHD_Connection *connection, void **socket_context)
{
    struct fy_api *api = door->api;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct fy_peer *peer = FY_NEW(struct fy_peer);
    make_room(api, door->kind);
    door->peers++;
    peer->door = door;
    peer->fd = info->connect_fd;
    peer->uid = (uid_t)-1;
    if (door->kind == FY_DOOR_UNIX)
        read_user(peer);
    else
        read_address(peer, connection);
    peer->next = api->peers;
    peer->link = &api->peers;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    api->peers = peer;
    fy_peer_wait(api, peer, FY_PEER_HEADER);
    *socket_context = peer;
    fy_api_watch_peers(api);
}

static void peer_closed(struct fy_peer *peer)
{
    struct fy_door *door = peer->door;
    door->api->crowd[door->kind]--;
    *peer->link = peer->next;
    if (peer->next != NULL)
        peer->next->link = peer->link;
    free(peer);
    fy_door_left(door);
}

void fy_peer_notify(void *door, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_started(door, connection, socket_context);
    else
        peer_closed(*socket_context);
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
            fy_peer_cut(peer);
}
