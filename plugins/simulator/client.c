/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct sim_client {
    pthread_mutex_t mutex; /* one question at a time on a connection */
    int fd;
    char path[];
};

struct sim_client *sim_client_new(const char *socket_path)
{
    size_t length = strlen(socket_path) + 1;
    struct sim_client *client = malloc(sizeof(*client) + length);
    if (!client)
        return NULL;
    (void)pthread_mutex_init(&client->mutex, NULL);
    client->fd = -1;
    memcpy(client->path, socket_path, length);
    return client;
}

static void hang_up(struct sim_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
}

void sim_client_free(struct sim_client *client)
{
    if (!client)
        return;
    hang_up(client);
    (void)pthread_mutex_destroy(&client->mutex);
    free(client);
}

static bool connect_to(struct sim_client *client, char *why, size_t why_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(client->path) >= sizeof(address.sun_path)) {
        (void)snprintf(why, why_size, "the socket path %s is too long (at most %zu bytes)", client->path,
                       sizeof(address.sun_path) - 1);
        return false;
    }
    memcpy(address.sun_path, client->path, strlen(client->path) + 1);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd >= 0 && connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    (void)snprintf(why, why_size, "no ferry-sim answers on %s: %s", client->path, strerror(errno));
    hang_up(client);
    return false;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until the socket is ready or the time is up. */
static bool ready(struct sim_client *client, short events, int64_t until, enum sim_lost *lost)
{
    struct pollfd wait = {.fd = client->fd, .events = events};
    for (;;) {
        int64_t left = until - clock_ms();
        int got = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        *lost = got == 0 ? SIM_LOST_TIME : SIM_LOST_PEER;
        return got > 0;
    }
}

static bool send_line(struct sim_client *client, const char *line, size_t length, int64_t until,
                      enum sim_lost *lost)
{
    while (length > 0) {
        ssize_t sent = send(client->fd, line, length, MSG_NOSIGNAL);
        if (sent > 0) {
            line += sent;
            length -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (!ready(client, POLLOUT, until, lost))
                return false;
        } else if (errno != EINTR) {
            *lost = SIM_LOST_PEER;
            return false;
        }
    }
    return true;
}

/* One line, without its end; the caller frees it. */
static char *receive_line(struct sim_client *client, int64_t until, enum sim_lost *lost)
{
    size_t length = 0, room = 65536;
    char *line = malloc(room);
    while (line) {
        ssize_t got = recv(client->fd, line + length, room - length - 1, 0);
        if (got > 0) {
            length += (size_t)got;
            if (line[length - 1] == '\n') {
                line[length - 1] = '\0';
                return line;
            }
            if (length + 1 < room)
                continue;
            char *more = room < SIM_LINE_MAX ? realloc(line, room *= 2) : NULL;
            if (!more)
                break;
            line = more;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            *lost = SIM_LOST_PEER;
            free(line);
            return NULL;
        } else if (!ready(client, POLLIN, until, lost)) {
            free(line);
            return NULL;
        }
    }
    *lost = SIM_LOST_MEMORY;
    free(line);
    return NULL;
}

static json_t *exchange(struct sim_client *client, const char *line, int timeout_ms, enum sim_lost *lost,
                        char *why, size_t why_size)
{
    *lost = SIM_LOST_PEER;
    if (client->fd < 0 && !connect_to(client, why, why_size))
        return NULL;
    int64_t until = clock_ms() + timeout_ms;
    bool sent = send_line(client, line, strlen(line), until, lost) && send_line(client, "\n", 1, until, lost);
    char *answer = sent ? receive_line(client, until, lost) : NULL;
    json_t *reply = answer ? json_loads(answer, 0, NULL) : NULL;
    free(answer);
    if (reply) {
        *lost = SIM_LOST_NOT;
        return reply;
    }
    (void)snprintf(why, why_size,
                   *lost == SIM_LOST_TIME     ? "ferry-sim on %s did not answer within its time"
                   : *lost == SIM_LOST_MEMORY ? "no memory for the answer of ferry-sim on %s"
                                              : "the connection to ferry-sim on %s was lost",
                   client->path);
    hang_up(client); /* a late answer must not be taken for the next one's */
    return NULL;
}

json_t *sim_client_ask(struct sim_client *client, const json_t *request, int timeout_ms,
                       enum sim_lost *ret_lost, char *why, size_t why_size)
{
    char *line = json_dumps(request, JSON_COMPACT);
    if (!line) {
        *ret_lost = SIM_LOST_MEMORY;
        (void)snprintf(why, why_size, "no memory to ask ferry-sim");
        return NULL;
    }
    (void)pthread_mutex_lock(&client->mutex);
    json_t *reply = exchange(client, line, timeout_ms, ret_lost, why, why_size);
    (void)pthread_mutex_unlock(&client->mutex);
    free(line);
    return reply;
}
