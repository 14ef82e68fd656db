/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/start.h"

#include "base/beside.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 10000
#define READY_FD 3
#define LOG_TAIL 500 /* bytes of the log that are shown when it does not start */

bool fy_make_store(const char *store, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *path = fy_strdup(store);
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            (void)fy_fail_errno(err, "could not make the store's directory %s", path);
            err->kind = FY_ERR_TRANSIENT; /* no ferryd without it */
            return fy_hint(err, "--store DIR names another place, $FERRY_STORE too");
        }
        if (slash == NULL)
            return true;
        *slash = '/';
    }
}

/* In the grandchild: nothing of this process but the pipe goes with it. */
static void become_ferryd(const char *program, const char *store, const char *log, int ready)
{
    int null = open("/dev/null", O_RDWR);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    if (ready != READY_FD && dup2(ready, READY_FD) < 0)
        _exit(126);
    if (ready == READY_FD)
        (void)fcntl(READY_FD, F_SETFD, 0);
    (void)close_range(READY_FD + 1, ~0u, 0);
    (void)execl(program, "ferryd", "--store", store, "--ready-fd", "3", (char *)NULL);
    _exit(127);
}

/* Twice, so that it is nobody's child and stays when this terminal goes. */
static bool launch(const char *program, const char *store, const char *log, int ready, struct fy_err *err)
{
    pid_t child = fork();
    if (child < 0)
        return fy_fail_errno(err, "could not start ferryd");
    if (child == 0) {
        (void)setsid();
        pid_t grandchild = fork();
        if (grandchild == 0)
            become_ferryd(program, store, log, ready);
        _exit(grandchild < 0 ? 1 : 0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? true
                                                         : fy_fail_errno(err, "could not start ferryd");
}

/* One byte: it serves. End of file: it has ended. */
static bool wait_ready(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char byte = 0;
    while (poll(&poll_fd, 1, START_MS) < 0 && errno == EINTR)
        continue;
    return (poll_fd.revents & POLLIN) != 0 && read(fd, &byte, 1) == 1;
}

/* ferryd's own words go to its log; without one it would fail in silence. */
static bool log_can_be_written(const char *store, const char *log, struct fy_err *err)
{
    struct statvfs disk;
    FY_AUTO(fy_close_fd) int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        (void)fy_fail_errno(err, "ferryd could not be started: its log %s cannot be written", log);
    else if (fstatvfs(fd, &disk) == 0 && disk.f_blocks > 0 && disk.f_bavail == 0)
        (void)fy_fail(err, FY_ERR_TRANSIENT, "ferryd could not be started: the disk of %s is full", store);
    else
        return true;
    err->kind = FY_ERR_TRANSIENT;
    return fy_hint(
        err, "a store is a directory that can be written, on a disk with room; --store DIR names another");
}

static bool explain(const char *log, struct fy_err *err)
{
    static const char refusal[] = "not started: ";
    char tail[LOG_TAIL + 1] = "";
    FILE *file = fopen(log, "re");
    if (file != NULL) {
        if (fseek(file, -LOG_TAIL, SEEK_END) != 0)
            (void)fseek(file, 0, SEEK_SET);
        tail[fread(tail, 1, LOG_TAIL, file)] = '\0';
        (void)fclose(file);
    }
    char *end = tail + strlen(tail);
    while (end > tail && end[-1] == '\n')
        *--end = '\0';
    const char *line = strrchr(tail, '\n');
    line = line != NULL ? line + 1 : tail;
    const char *why = strstr(line, refusal); /* behind the time and name of a log line */
    (void)fy_fail(err, FY_ERR_TRANSIENT, "ferryd did not start: %s",
                  why != NULL       ? why + sizeof refusal - 1
                  : line[0] != '\0' ? line
                                    : "it said nothing");
    return fy_hint(err, "its log is %s", log);
}

bool fy_start_ferryd(const char *store, struct fy_err *err)
{
    static const char *const places[] = {"ferryd", "engine/daemon/ferryd", "bin/ferryd", NULL};
    FY_AUTO(fy_free_ptr) char *program = fy_find_beside(places);
    FY_AUTO(fy_free_ptr) char *log = fy_format("%s/ferryd.log", store);
    int ready[2];
    if (program == NULL) {
        (void)fy_fail(err, FY_ERR_TRANSIENT, "ferryd was not found beside this program");
        return fy_hint(err, "is Ferry installed whole? ferry and ferryd lie in the same folder");
    }
    if (!fy_make_store(store, err) || !log_can_be_written(store, log, err))
        return false;
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fy_fail_errno(err, "could not make a pipe");
    bool launched = launch(program, store, log, ready[1], err);
    (void)close(ready[1]);
    bool answers = launched && wait_ready(ready[0]);
    (void)close(ready[0]);
    return answers || (launched && explain(log, err));
}
