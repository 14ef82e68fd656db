/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include "base/mem.h"
#include "base/point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse_locked(int fd, const char *store_path, struct fy_err *err)
{
    char pid[32] = "";
    ssize_t length = pread(fd, pid, sizeof pid - 1, 0);
    pid[length > 0 ? length : 0] = '\0';
    long number = strtol(pid, NULL, 10);
    if (number > 0)
        (void)fy_fail(err, FY_ERR_CONFLICT, "the store %s is in use by process %ld", store_path, number);
    else
        (void)fy_fail(err, FY_ERR_CONFLICT, "the store %s is in use by another process", store_path);
    return fy_hint(err, "talk to the ferryd that runs there, or stop it first");
}

static bool write_pid(int fd, const char *path, struct fy_err *err)
{
    char pid[32];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)length, 0) != length)
        return fy_fail_errno(err, "could not write the process id into %s", path);
    return true;
}

static bool lock(int fd, const char *store_path, const char *path, struct fy_err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return refuse_locked(fd, store_path, err);
    return fy_fail_errno(err, "could not lock %s", path);
}

bool fy_lock_store(const char *store_path, int *ret_fd, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s.lock", store_path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fy_fail_errno(err, "could not open the lock file %s", path);
    if (!lock(fd, store_path, path, err) || !write_pid(fd, path, err)) {
        fy_close_fd(&fd);
        return false;
    }
    FY_POINT(store_locked);
    *ret_fd = fd;
    return true;
}
