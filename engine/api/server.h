/* SPDX-License-Identifier: Apache-2.0 */
/* The API's inside: libmicrohttpd driven by the daemon's loop, its connections and streams. Private to api/.
 */
#ifndef FY_API_SERVER_H
#define FY_API_SERVER_H

#include "api/access.h"
#include "api/exchange.h"

#include <sys/types.h>

enum fy_peer_wait { FY_PEER_HEADER, FY_PEER_IDLE, FY_PEER_BODY, FY_PEER_SERVED };

/*
 * Where clients come in: libmicrohttpd on one listening socket. New certificates make a new door on the same
 * socket; the old one serves those it has, and goes when the last of them has.
 */
enum fy_door_kind { FY_DOOR_UNIX, FY_DOOR_TLS, FY_DOOR_KINDS };

struct fy_door {
    struct fy_api *api;
    enum fy_door_kind kind;
    bool retired; /* takes nobody any more */
    struct MHD_Daemon *mhd;
    uv_poll_t poll;   /* libmicrohttpd's epoll descriptor */
    uv_timer_t timer; /* what libmicrohttpd wants to do by itself */
    unsigned handles; /* of these two, still open */
    unsigned peers;
    char *certificate, *key, *clients; /* PEM texts, lent to libmicrohttpd; NULL on the UNIX socket */
    struct fy_door *next;
};

/* A connection. Its clock runs while we wait for a client, not while it waits for us. */
struct fy_peer {
    struct fy_door *door;
    int fd;
    uid_t uid;        /* on the UNIX socket */
    char address[48]; /* over TCP */
    struct fy_peer_certificate {
        bool looked, there, good; /* good: signed by who may, and in time */
        int64_t until_s;          /* seconds since 1970 */
        char sha256[65];          /* of the certificate (DER), in hex */
        char dn[256];
    } certificate;
    enum fy_peer_wait waits_for;
    uint64_t since_ms; /* of the loop */
    bool cut;          /* shut down; libmicrohttpd is about to notice */
    struct fy_peer *next, **link;
};

struct fy_stream;
struct fy_reading;
struct fy_change;
struct fy_passed;

struct fy_api {
    struct fy_api_world world;
    struct fy_api_limits limits;
    char *who[2];             /* names of root and of our own user, as they stand in records */
    struct fy_access *access; /* NULL: nobody but our own user and root */
    uint64_t refused;         /* requests without a good credential */
    int tls_fd;               /* listens; -1: nothing does */
    struct fy_door *doors;
    uv_timer_t reaper;
    unsigned readers;         /* reader processes at work */
    struct fy_reading *queue; /* orders that wait for one */
    struct fy_peer *peers;
    unsigned crowd[FY_DOOR_KINDS]; /* peers of doors of each kind: one cannot crowd out the other */
    struct fy_exchange *exchanges;
    struct fy_stream *streams;
    struct fy_passed *passed;  /* verbs that another engine was sent */
    struct fy_change *changes; /* accepted, not durable: their askers wait */
};

/*
 * door.c: serve a listening socket, which is taken over. For TLS the PEM texts are taken over, too.
 */
bool fy_door_open(struct fy_api *api, enum fy_door_kind kind, int listen_fd, char *certificate, char *key,
                  char *clients, struct fy_err *err) FY_MUST_CHECK;
void fy_door_retire(struct fy_door *door); /* takes nobody any more; freed when its last client has gone */
void fy_door_left(struct fy_door *door);   /* a client has gone */

/* socket.c: listening sockets. */
bool fy_socket_unix(const char *path, const char *group, int *ret_fd, struct fy_err *err) FY_MUST_CHECK;
bool fy_socket_tcp(const char *address, int *ret_fd, struct fy_err *err) FY_MUST_CHECK;

/* door.c: let a suspended connection go on; libmicrohttpd notices in the next turn of the loop. */
void fy_api_resume(struct fy_api *api, struct MHD_Connection *connection);
void fy_api_watch_peers(struct fy_api *api); /* there is a connection: have the slow ones reaped */

/* peer.c: called by libmicrohttpd for each connection; and the reaper of slow ones. */
void fy_peer_notify(void *door, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode code);
struct fy_peer *fy_peer_of(struct MHD_Connection *connection);
const struct fy_peer_certificate *
fy_peer_certificate_of(struct fy_peer *peer, struct MHD_Connection *connection); /* certificate.c */
void fy_peer_wait(struct fy_api *api, struct fy_peer *peer, enum fy_peer_wait waits_for);
void fy_peer_reap(struct fy_api *api);
void fy_peer_cut(struct fy_peer *peer); /* hang up */

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
void fy_streams_end(struct fy_api *api); /* all of them */
uint64_t fy_streams_count(const struct fy_api *api);

#endif
