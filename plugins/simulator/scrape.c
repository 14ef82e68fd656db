/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADER_MAX 8192

int sim_scrape_listen(int port, int *ret_port, char *why, size_t why_size)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *ret_port = ntohs(address.sin_port);
        return fd;
    }
    (void)snprintf(why, why_size, "could not listen on 127.0.0.1:%d: %s", port, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sim_pace_call(struct sim_pace *pace, int64_t now_ms, uint32_t scale)
{
    int64_t ahead_ms = now_ms - (int64_t)scale * machine_ms();
    if (scale == 0 || (scale == pace->scale && ahead_ms <= pace->ahead_ms))
        return;
    *pace = (struct sim_pace){.ahead_ms = ahead_ms, .scale = scale};
}

static char *response(const char *status, const char *type, const char *body)
{
    size_t room = strlen(body) + 256;
    char *text = malloc(room);
    if (text)
        (void)snprintf(
            text, room,
            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
            type, strlen(body), body);
    return text;
}

char *sim_scrape_answer(struct sim_world *world, const struct sim_pace *pace, const char *request,
                        size_t length)
{
    static const char wanted[] = "GET /metrics";
    if (length > HEADER_MAX)
        return response("431 Request Header Fields Too Large", "text/plain", "too long\n");
    if (!memmem(request, length, "\r\n\r\n", 4))
        return NULL;
    if (length < sizeof(wanted) || memcmp(request, wanted, sizeof(wanted) - 1) != 0 ||
        !strchr(" ?", request[sizeof(wanted) - 1]))
        return response("404 Not Found", "text/plain", "there is GET /metrics\n");
    if (pace->scale > 0 && sim_world_now(world) > 0)
        sim_world_advance(world, pace->ahead_ms + (int64_t)pace->scale * machine_ms());
    char *metrics = sim_world_metrics(world);
    char *answer = metrics ? response("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics)
                           : response("500 Internal Server Error", "text/plain", "out of memory\n");
    free(metrics);
    return answer;
}
