/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. */
#include "api/server.h"

#include "base/mem.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

/* The group's members may connect; who of them may do what is for auth.c. */
static bool let_in(const char *path, const char *group, struct fy_err *err)
{
    if (group == NULL)
        return true;
    const struct group *found = getgrnam(group);
    if (found == NULL)
        return fy_fail(err, FY_ERR_INVALID, "socket-group %s: there is no such group", group);
    if (chown(path, (uid_t)-1, found->gr_gid) != 0 || chmod(path, 0660) != 0) {
        (void)fy_fail_errno(err, "could not give the socket %s to the group %s", path, group);
        return fy_hint(err, "the user who runs ferryd must be a member of it");
    }
    return true;
}

/* The socket of a dead daemon is in the way; that it is dead is known from the store's lock. */
bool fy_socket_unix(const char *path, const char *group, int *ret_fd, struct fy_err *err)
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
    if (!let_in(path, group, err))
        return false;
    if (listen(fd, BACKLOG) != 0)
        return fy_fail_errno(err, "could not listen on %s", path);
    *ret_fd = fd;
    fd = -1;
    return true;
}

/* "127.0.0.1:8443" or "[::1]:8443", without asking any name service. */
static struct addrinfo *read_address(const char *address, struct fy_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(address, ':');
    size_t length = colon != NULL ? (size_t)(colon - address) : 0;
    bool bracketed = length > 2 && address[0] == '[' && address[length - 1] == ']';
    FY_AUTO(fy_free_ptr)
    char *host = fy_strndup(address + (bracketed ? 1 : 0), bracketed ? length - 2 : length);
    if (length > 0 && getaddrinfo(host, colon + 1, &hints, &found) == 0)
        return found;
    (void)fy_fail(err, FY_ERR_INVALID, "listen = %s is not an address and a port", address);
    (void)fy_hint(err, "127.0.0.1:8443, 0.0.0.0:8443 or [::]:8443");
    return NULL;
}

bool fy_socket_tcp(const char *address, int *ret_fd, struct fy_err *err)
{
    struct addrinfo *where = read_address(address, err);
    const int yes = 1;
    if (where == NULL)
        return false;
    FY_AUTO(fy_close_fd) int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int error = errno;
    freeaddrinfo(where);
    errno = error;
    if (!bound)
        return fy_fail_errno(err, "could not listen on %s", address);
    *ret_fd = fd;
    fd = -1;
    return true;
}
