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
#include <link.h>
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
#include <unwind.h>

#define PLACES 8192
#define DEPTH  12 /* callers that make a place */

enum { WRITES = 1, SYNCS = 2, SIZES = 4, READS = 8, OPENS = 16 };

/* fault.py has the same table. */
struct page {
    /* Calls on the store's files: those of "which" fail from the from-th on, "length" of them, with error. */
    _Atomic int64_t which, error, from, length;
    _Atomic int64_t growing; /* 1: only what would make a file longer, as on a full disk */
    _Atomic int64_t calls, failed;
    /* Allocations of one kind of process: the at-th fails, of those from "place" if that is not 0; lasting:
     * all of that process from there on. */
    _Atomic int64_t kind, at, lasting, place, passed;
    _Atomic int64_t allocations[4]; /* made so far, by kind */
    _Atomic int64_t refused, victim;
    _Atomic int64_t surveys;           /* 1: the places are noted */
    _Atomic int64_t places[4][PLACES]; /* where allocations came from, by kind: a hash of who called whom */
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

static int add_module(struct dl_phdr_info *info, size_t size, void *context);

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
    (void)dl_iterate_phdr(add_module, NULL);
    if (shared != MAP_FAILED)
        page = shared;
}

/* ---- places: the same in every process, wherever its libraries are loaded ---- */

static struct module {
    uintptr_t begin, end;
    uint64_t name;
} modules[64];
static int module_count;

static uint64_t mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    const char *slash = strrchr(info->dlpi_name, '/');
    struct module module = {.begin = UINTPTR_MAX};
    for (const char *at = slash != NULL ? slash : info->dlpi_name; *at != '\0'; at++)
        module.name = mix(module.name, (uint64_t)(unsigned char)*at);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD)
            continue;
        module.begin = begin < module.begin ? begin : module.begin;
        module.end = begin + part->p_memsz > module.end ? begin + part->p_memsz : module.end;
    }
    if (module_count < (int)(sizeof modules / sizeof modules[0]))
        modules[module_count++] = module;
    return 0;
}

static const struct module *module_of(uintptr_t address)
{
    for (int i = 0; i < module_count; i++)
        if (address >= modules[i].begin && address < modules[i].end)
            return &modules[i];
    return NULL;
}

struct unwinding {
    uint64_t hash;
    int depth;
};

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *context, void *self)
{
    struct unwinding *unwinding = self;
    uintptr_t address = (uintptr_t)_Unwind_GetIP(context);
    const struct module *module = module_of(address);
    if (module != NULL)
        unwinding->hash = mix(mix(unwinding->hash, module->name), address - module->begin);
    return ++unwinding->depth < DEPTH ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* 0: while a place is being found, which may allocate by itself. */
static int64_t place_of_caller(void)
{
    static _Thread_local bool busy;
    struct unwinding unwinding = {0};
    if (busy)
        return 0;
    busy = true;
    (void)_Unwind_Backtrace(add_caller, &unwinding);
    busy = false;
    return (int64_t)(unwinding.hash >> 1);
}

static void note_place(int64_t place)
{
    for (uint64_t i = (uint64_t)place, tries = 0; place != 0 && tries < PLACES; i++, tries++) {
        int64_t there = 0;
        if (atomic_compare_exchange_strong(&page->places[kind & 3][i % PLACES], &there, place) ||
            there == place)
            return;
    }
}

/* ---- allocations ---- */

static int64_t number_of_this(void)
{
    int64_t number = atomic_fetch_add(&page->allocations[kind & 3], 1) + 1;
    if (page->surveys == 0 && (page->place == 0 || page->kind != kind))
        return number;
    int64_t place = place_of_caller();
    if (page->surveys != 0)
        note_place(place);
    return place != 0 && place == page->place ? atomic_fetch_add(&page->passed, 1) + 1 : 0;
}

static bool refuse(void)
{
    if (page == NULL)
        return false;
    int64_t number = number_of_this();
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
