/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"
#include "client.h"
#include "scrape.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_PEERS 256
#define LOOK_MS    1000 /* is the socket still in its folder? */

struct text {
    char *data;
    size_t length, room;
};

struct peer {
    int fd;
    struct text in, out;
    size_t sent; /* of out */
    bool scrapes, answered;
};

struct server {
    struct sim_world *world;
    struct sim_pace pace;
    struct peer peers[MOST_PEERS];
    size_t count;
};

static volatile sig_atomic_t ending;

static void end(int signal_number)
{
    (void)signal_number;
    ending = 1;
}

/* ---- the socket ---- */

#define HIDDEN ".new" /* after the path, until it listens */

static bool answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    if (fd >= 0)
        (void)close(fd);
    return taken;
}

/* It gets its name when it listens already: whoever sees the socket is served. */
static bool listen_then_show(int fd, const char *path)
{
    struct sockaddr_un hidden = {.sun_family = AF_UNIX};
    (void)snprintf(hidden.sun_path, sizeof(hidden.sun_path), "%s%s", path, HIDDEN);
    (void)unlink(hidden.sun_path);
    return bind(fd, (struct sockaddr *)&hidden, sizeof(hidden)) == 0 && listen(fd, 64) == 0 &&
           rename(hidden.sun_path, path) == 0;
}

int sim_server_listen(const char *path, char *why, size_t why_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) + strlen(HIDDEN) >= sizeof(address.sun_path)) {
        (void)snprintf(why, why_size, "the socket path %s is too long (at most %zu bytes)", path,
                       sizeof(address.sun_path) - 1 - strlen(HIDDEN));
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (answers(&address)) {
        (void)snprintf(why, why_size, "another ferry-sim serves %s already", path);
        return -1;
    }
    mode_t mask = umask(0077);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool up = fd >= 0 && listen_then_show(fd, path);
    (void)umask(mask);
    if (up)
        return fd;
    (void)snprintf(why, why_size, "could not listen on %s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool still_there(const char *path, const struct stat *ours)
{
    struct stat now;
    return stat(path, &now) == 0 && now.st_ino == ours->st_ino && now.st_dev == ours->st_dev;
}

/* ---- peers ---- */

static bool put(struct text *text, const char *bytes, size_t count)
{
    if (text->length + count + 1 > text->room) {
        size_t room = (text->length + count + 1) * 2;
        char *more = realloc(text->data, room);
        if (!more)
            return false;
        text->data = more;
        text->room = room;
    }
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
    return true;
}

static bool answer_line(struct server *server, struct peer *peer, const char *line, size_t length)
{
    json_error_t error;
    json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    json_t *answer = sim_server_answer(server->world, request);
    if (json_is_string(json_object_get(request, "run")) &&
        json_string_length(json_object_get(request, "run")) > 0)
        sim_pace_call(&server->pace, json_integer_value(json_object_get(request, "now_ms")),
                      (uint32_t)json_integer_value(json_object_get(request, "scale")));
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL; /* without one the connection is reset */
    bool ok = text && put(&peer->out, text, strlen(text)) && put(&peer->out, "\n", 1);
    free(text);
    json_decref(answer);
    json_decref(request);
    return ok;
}

static bool answer_lines(struct server *server, struct peer *peer)
{
    size_t from = 0;
    bool ok = true;
    while (ok && peer->in.length > from) {
        const char *start = peer->in.data + from;
        const char *stop = memchr(start, '\n', peer->in.length - from);
        if (!stop)
            break;
        ok = answer_line(server, peer, start, (size_t)(stop - start));
        from += (size_t)(stop - start) + 1;
    }
    if (from > 0) {
        peer->in.length -= from;
        memmove(peer->in.data, peer->in.data + from, peer->in.length);
    }
    return ok && peer->in.length < SIM_LINE_MAX;
}

static bool answer_scrape(struct server *server, struct peer *peer)
{
    char *text = peer->answered
                     ? NULL
                     : sim_scrape_answer(server->world, &server->pace, peer->in.data, peer->in.length);
    bool ok = !text || put(&peer->out, text, strlen(text));
    peer->answered |= text != NULL;
    free(text);
    return ok && peer->in.length < SIM_LINE_MAX;
}

static bool answer(struct server *server, struct peer *peer)
{
    return peer->scrapes ? answer_scrape(server, peer) : answer_lines(server, peer);
}

static bool flush_out(struct peer *peer)
{
    while (peer->sent < peer->out.length) {
        ssize_t sent =
            send(peer->fd, peer->out.data + peer->sent, peer->out.length - peer->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        peer->sent += (size_t)sent;
    }
    peer->sent = peer->out.length = 0;
    return true;
}

/* False when the peer is gone. */
static bool serve(struct server *server, struct peer *peer, short events)
{
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        char bytes[65536];
        ssize_t got = recv(peer->fd, bytes, sizeof(bytes), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (got > 0 && (!put(&peer->in, bytes, (size_t)got) || !answer(server, peer)))
            return false;
    }
    return flush_out(peer) && !(peer->answered && peer->out.length == 0);
}

static void let_in(struct server *server, int listener, bool scrapes)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (server->count == MOST_PEERS)
        (void)close(fd);
    else
        server->peers[server->count++] = (struct peer){.fd = fd, .scrapes = scrapes};
}

static void part_with(struct server *server, size_t index)
{
    struct peer *peer = &server->peers[index];
    (void)close(peer->fd);
    free(peer->in.data);
    free(peer->out.data);
    *peer = server->peers[--server->count];
}

static void turn(struct server *server, int listener, int scraper, const sigset_t *while_waiting)
{
    static const struct timespec look = {.tv_sec = LOOK_MS / 1000};
    struct pollfd waits[MOST_PEERS + 2] = {{.fd = listener, .events = POLLIN},
                                           {.fd = scraper, .events = POLLIN}};
    size_t count = server->count;
    for (size_t i = 0; i < count; i++) {
        short out = server->peers[i].out.length > 0 ? POLLOUT : 0;
        waits[i + 2] = (struct pollfd){.fd = server->peers[i].fd, .events = (short)(POLLIN | out)};
    }
    if (ppoll(waits, count + 2, &look, while_waiting) <= 0)
        return;
    for (size_t i = count; i-- > 0;) /* from the end: parting fills the gap with the last */
        if (waits[i + 2].revents && !serve(server, &server->peers[i], waits[i + 2].revents))
            part_with(server, i);
    if (waits[0].revents)
        let_in(server, listener, false);
    if (waits[1].revents)
        let_in(server, scraper, true);
}

void sim_server_run(struct sim_world *world, int listener, int scraper, const char *path)
{
    struct server *server = calloc(1, sizeof(*server));
    struct stat ours;
    sigset_t blocked, while_waiting;
    struct sigaction action = {.sa_handler = end};
    if (!server || stat(path, &ours) != 0) {
        free(server);
        return;
    }
    server->world = world;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
    (void)sigdelset(&while_waiting, SIGTERM);
    (void)sigdelset(&while_waiting, SIGINT);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    while (!ending && still_there(path, &ours))
        turn(server, listener, scraper, &while_waiting);
    while (server->count > 0)
        part_with(server, server->count - 1);
    free(server);
    if (still_there(path, &ours))
        (void)unlink(path);
}
