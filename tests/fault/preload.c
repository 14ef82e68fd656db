/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded into Ferry's programs (LD_PRELOAD) by fault.py: allocations and calls on the store's files fail as a
 * page says that both share. What the programs link (SQLite, jansson, libuv, libmicrohttpd, Lua, libc) is hit
 * as they are. The page may be changed at any time; nothing of this is in the product.
 *
 * FERRY_FAULT_PAGE names the file. FERRY_FAULT_KIND says which process this is: 0 ferryd, 1 script host,
 * 2 adapter host, 3 reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WRITES = 1, SYNCS = 2, SIZES = 4, READS = 8, OPENS = 16 };

/* fault.py has the same table. */
struct page {
    /* Calls on the store's files: those of "which" fail from the from-th on, "length" of them, with error. */
    _Atomic int64_t which, error, from, length;
    _Atomic int64_t growing; /* 1: only what would make a file longer, as on a full disk */
    _Atomic int64_t calls, failed;
    /* Allocations of one kind of process: the at-th fails; lasting: all of that process from there on. */
    _Atomic int64_t kind, at, lasting;
    _Atomic int64_t allocations[4]; /* made so far, by kind */
    _Atomic int64_t refused, victim;
};

#define FILES 4096

static struct page *page;
static int64_t kind;
static int32_t own_pid;
static _Atomic bool ours[FILES]; /* descriptors of the store's files */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FERRY_FAULT_PAGE"), *which = getenv("FERRY_FAULT_KIND");
    int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)syscall(SYS_close, fd);
    kind = which != NULL ? strtol(which, NULL, 10) : 0;
    own_pid = getpid();
    if (shared != MAP_FAILED)
        page = shared;
}

/* ---- allocations ---- */

static bool refuse(void)
{
    if (page == NULL)
        return false;
    int64_t number = atomic_fetch_add(&page->allocations[kind & 3], 1) + 1;
    if (page->at == 0 || page->kind != kind)
        return false;
    if (number == page->at)
        page->victim = own_pid;
    else if (!page->lasting || page->victim != own_pid)
        return false;
    atomic_fetch_add(&page->refused, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return refuse() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuse() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return refuse() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *ret = memory;
    return 0;
}

/* ---- calls on the store's files ---- */

static bool is_ours(int fd)
{
    return page != NULL && fd >= 0 && fd < FILES && ours[fd];
}

static bool fails(int64_t what)
{
    if ((page->which & what) == 0)
        return false;
    int64_t number = atomic_fetch_add(&page->calls, 1) + 1;
    if (page->error == 0 || number < page->from || (page->length > 0 && number >= page->from + page->length))
        return false;
    atomic_fetch_add(&page->failed, 1);
    errno = (int)page->error;
    return true;
}

static bool grows(int fd, int64_t end)
{
    struct stat now;
    return syscall(SYS_fstat, fd, &now) != 0 || end > now.st_size;
}

static bool write_fails(int fd, int64_t end)
{
    return is_ours(fd) && (!page->growing || grows(fd, end)) && fails(WRITES);
}

static int open_file(int at, const char *path, int flags, unsigned mode)
{
    bool store = page != NULL && strstr(path, "/ferry.db") != NULL;
    if (store && fails(OPENS))
        return -1;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < FILES)
        ours[fd] = store;
    return fd;
}

#define OPEN(name)                                                                                           \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, flags);                                                                               \
        unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, unsigned) : 0;                   \
        va_end(args);                                                                                        \
        return open_file(AT_FDCWD, path, flags, mode);                                                       \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    if (fd >= 0 && fd < FILES)
        ours[fd] = false;
    return (int)syscall(SYS_close, fd);
}

static ssize_t put_at(int fd, const void *data, size_t size, int64_t at)
{
    return write_fails(fd, at + (int64_t)size) ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return put_at(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return put_at(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    return write_fails(fd, INT64_MAX) ? -1 : syscall(SYS_write, fd, data, size);
}

static ssize_t get_at(int fd, void *data, size_t size, int64_t at)
{
    return is_ours(fd) && fails(READS) ? -1 : syscall(SYS_pread64, fd, data, size, at);
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
    return get_at(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
    return get_at(fd, data, size, at);
}

int fsync(int fd)
{
    return is_ours(fd) && fails(SYNCS) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return is_ours(fd) && fails(SYNCS) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static int resize(int fd, int64_t size)
{
    bool refused = is_ours(fd) && (!page->growing || grows(fd, size)) && fails(SIZES);
    return refused ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size)
{
    return resize(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return resize(fd, size);
}
