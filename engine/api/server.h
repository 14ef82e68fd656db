/* SPDX-License-Identifier: Apache-2.0 */
/* The API's inside: libmicrohttpd driven by the daemon's loop, its connections and streams. Private to api/.
 */
#ifndef FY_API_SERVER_H
#define FY_API_SERVER_H

#include "api/exchange.h"

#include <sys/types.h>

enum fy_peer_wait { FY_PEER_HEADER, FY_PEER_IDLE, FY_PEER_BODY, FY_PEER_SERVED };

/* A connection. Its clock runs while we wait for a client, not while it waits for us. */
struct fy_peer {
    int fd;
    uid_t uid;
    enum fy_peer_wait waits_for;
    uint64_t since_ms; /* of the loop */
    bool cut;          /* shut down; libmicrohttpd is about to notice */
    struct fy_peer *next, **link;
};

struct fy_stream;
struct fy_reading;
struct fy_change;

struct fy_api {
    struct fy_api_world world;
    struct fy_api_limits limits;
    char *path;
    char *who[2]; /* names of root and of our own user, as they stand in records */
    struct MHD_Daemon *mhd;
    int listen_fd;
    uv_poll_t poll;   /* libmicrohttpd's epoll descriptor */
    uv_timer_t timer; /* what libmicrohttpd wants to do by itself */
    uv_timer_t reaper;
    unsigned readers;         /* reader processes at work */
    struct fy_reading *queue; /* orders that wait for one */
    struct fy_peer *peers;
    unsigned peer_count;
    struct fy_exchange *exchanges;
    struct fy_stream *streams;
    struct fy_change *changes; /* accepted, not durable: their askers wait */
};

/* server.c: let a suspended connection go on; libmicrohttpd notices in the next turn of the loop. */
void fy_api_resume(struct fy_api *api, struct MHD_Connection *connection);
void fy_api_watch_peers(struct fy_api *api); /* there is a connection: have the slow ones reaped */

/* peer.c: called by libmicrohttpd for each connection; and the reaper of slow ones. */
void fy_peer_notify(void *api, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode code);
struct fy_peer *fy_peer_of(struct MHD_Connection *connection);
void fy_peer_wait(struct fy_api *api, struct fy_peer *peer, enum fy_peer_wait waits_for);
void fy_peer_reap(struct fy_api *api);

/* exchange.c: called by libmicrohttpd for each request. */
enum MHD_Result fy_exchange_serve(void *api, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **context);
size_t fy_exchange_unescape(void *self, struct MHD_Connection *connection, char *text);
void fy_exchange_done(void *api, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code);

/* post.c: the store cannot be written, and whoever waits for it has waited long enough: 503, "pending". */
void fy_changes_reap(struct fy_api *api);

/* stream.c: server-sent events. */
void fy_stream_begin(struct fy_exchange *exchange, const char *run, uint64_t after);
void fy_stream_wake(struct fy_api *api, const char *run);

#endif
