/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/load.h"

#include "adapter/check.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256ll * 1024 * 1024)

static bool check_owner(const struct stat *found, const char *what, const char *path, struct fy_err *err)
{
    if (found->st_uid != 0 && found->st_uid != geteuid()) {
        fy_fail(err, FY_ERR_REFUSED, "%s %s belongs to uid %u; it must belong to root or to uid %u", what,
                path, found->st_uid, geteuid());
        return fy_hint(err, "chown root '%s'", path);
    }
    if ((found->st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    fy_fail(err, FY_ERR_REFUSED, "%s %s can be written by others (mode %04o)", what, path,
            (unsigned)found->st_mode & 07777u);
    return fy_hint(err, "chmod go-w '%s'", path);
}

static int open_folder(const char *path, struct fy_err *err)
{
    const char *slash = strrchr(path, '/');
    FY_AUTO(fy_free_ptr)
    char *folder =
        slash == NULL ? fy_strdup(".") : fy_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    struct stat found;
    FY_AUTO(fy_close_fd) int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &found) != 0) {
        fy_fail_errno(err, "could not open the folder %s", folder);
        return -1;
    }
    if (!check_owner(&found, "the folder", folder, err))
        return -1;
    int opened = fd;
    fd = -1;
    return opened;
}

static bool check_file(int fd, const char *path, struct stat *ret, struct fy_err *err)
{
    if (fstat(fd, ret) != 0)
        return fy_fail_errno(err, "could not look at the plugin %s", path);
    if (!S_ISREG(ret->st_mode))
        return fy_fail(err, FY_ERR_REFUSED, "the plugin %s is not a regular file", path);
    if (ret->st_size == 0 || ret->st_size > FILE_MAX)
        return fy_fail(err, FY_ERR_INVALID, "the plugin %s has %lld bytes; that is not a shared object", path,
                       (long long)ret->st_size);
    return check_owner(ret, "the plugin", path, err);
}

static int open_file(const char *path, struct stat *ret, struct fy_err *err)
{
    FY_AUTO(fy_close_fd) int folder = open_folder(path, err);
    if (folder < 0)
        return -1;
    const char *slash = strrchr(path, '/');
    FY_AUTO(fy_close_fd)
    int fd = openat(folder, slash != NULL ? slash + 1 : path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP) {
        fy_fail(err, FY_ERR_REFUSED, "the plugin %s is a symbolic link", path);
        fy_hint(err, "put the file itself into the plugin folder");
        return -1;
    }
    if (fd < 0) {
        fy_fail_errno(err, "could not open the plugin %s", path);
        if (errno == ENOENT)
            err->kind = FY_ERR_NOT_FOUND;
        return -1;
    }
    if (!check_file(fd, path, ret, err))
        return -1;
    int opened = fd;
    fd = -1;
    return opened;
}

static bool hash_file(int fd, size_t size, char hex[FY_SHA256_HEX], struct fy_err *err)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return fy_fail_errno(err, "could not read the plugin");
    unsigned char digest[FY_SHA256_BYTES];
    struct fy_span span = {bytes, size};
    fy_sha256(&span, 1, digest);
    fy_sha256_hex(digest, hex);
    (void)munmap(bytes, size);
    return true;
}

/* The loader speaks of /proc/self/fd/N; say the path instead. */
static bool loader_failed(const char *path, const char *why, struct fy_err *err)
{
    const char *behind = why != NULL ? strstr(why, ": ") : NULL;
    bool ours = why != NULL && strncmp(why, "/proc/", 6) == 0 && behind != NULL;
    return fy_fail(err, FY_ERR_INVALID, "could not load the plugin %s: %s", path,
                   ours          ? behind + 2
                   : why != NULL ? why
                                 : "unknown reason");
}

bool fy_plugin_load(const char *path, struct fy_plugin *ret_plugin, struct fy_err *err)
{
    struct stat found;
    struct fy_plugin plugin = {0};
    FY_AUTO(fy_close_fd) int fd = open_file(path, &found, err);
    if (fd < 0 || !hash_file(fd, (size_t)found.st_size, plugin.sha256, err))
        return false;
    /* The loader takes a name it has seen for the library it has loaded: no two loads share a name. */
    static int loads;
    char by_descriptor[64];
    (void)snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%.*s%d", ++loads % 32,
                   "////////////////////////////////", fd);
    plugin.library = dlopen(by_descriptor, RTLD_NOW | RTLD_LOCAL);
    if (plugin.library == NULL)
        return loader_failed(path, dlerror(), err);
    plugin.adapter = dlsym(plugin.library, "ferry_adapter");
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    bool fit =
        plugin.adapter != NULL ||
        fy_fail(err, FY_ERR_INVALID, "%s is no Ferry adapter: it exports no symbol ferry_adapter", file);
    if (!fit || !fy_adapter_check(plugin.adapter, file, err)) {
        fy_plugin_unload(&plugin);
        return false;
    }
    *ret_plugin = plugin;
    return true;
}

void fy_plugin_unload(struct fy_plugin *plugin)
{
    if (plugin->library != NULL)
        (void)dlclose(plugin->library);
    *plugin = (struct fy_plugin){0};
}
