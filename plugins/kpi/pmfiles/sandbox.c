/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child in which a file is parsed. It has the bytes and a pipe; no other descriptor, no system call but
 * those that memory and the pipe need, a limit of memory and of CPU. What comes out of the pipe is not
 * believed either: rows of a fixed size are checked one by one.
 */
#include "pmfiles/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* they map terabytes of shadow and make calls of their own */
#else
#define SANITIZED 0
#endif

#define CHILD_PIPE   3
#define CHILD_MEMORY ((rlim_t)1 << 30) /* beyond what the process that it is a copy of has already */

struct verdict {
    uint32_t good;
    uint32_t rows;
    char why[120];
};

/* ---- in the child ------------------------------------------------------------------------------------ */

/* Memory, as a thread's heap gets it, but none that can be executed. */
static bool allow_memory(scmp_filter_ctx rules)
{
    return seccomp_rule_add(rules, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
           seccomp_rule_add(rules, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

static bool filter(void)
{
    static const int allowed[] = {SCMP_SYS(write),         SCMP_SYS(brk),      SCMP_SYS(munmap),
                                  SCMP_SYS(mremap),        SCMP_SYS(madvise),  SCMP_SYS(futex),
                                  SCMP_SYS(exit_group),    SCMP_SYS(exit),     SCMP_SYS(rt_sigreturn),
                                  SCMP_SYS(clock_gettime), SCMP_SYS(getrandom)};
    scmp_filter_ctx rules = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool good = rules != NULL && allow_memory(rules);
    for (size_t i = 0; good && i < sizeof allowed / sizeof allowed[0]; i++)
        good = seccomp_rule_add(rules, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    /* When a heap shrinks the C library looks whether memory is overcommitted, and can do without. */
    good = good && seccomp_rule_add(rules, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0) == 0;
    good = good && seccomp_load(rules) == 0;
    seccomp_release(rules);
    return good;
}

static bool limit(int resource, rlim_t value)
{
    struct rlimit limits = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &limits) == 0;
}

/* What the copy of the parent has mapped already counts against a limit of memory, too. */
static rlim_t mapped(void)
{
    char text[32] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    unsigned long pages = got > 0 ? strtoul(text, NULL, 10) : 0;
    if (fd >= 0)
        (void)close(fd);
    return pages > 0 ? (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) : RLIM_INFINITY - CHILD_MEMORY;
}

static bool shut_in(int pipe_fd)
{
    if (dup2(pipe_fd, CHILD_PIPE) < 0)
        return false;
    rlim_t memory = mapped() + CHILD_MEMORY;
    (void)close_range(0, CHILD_PIPE - 1, 0);
    (void)close_range(CHILD_PIPE + 1, ~0u, 0);
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, PM_CPU_SECONDS) && limit(RLIMIT_FSIZE, 0) &&
           (SANITIZED || limit(RLIMIT_AS, memory)) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && (SANITIZED || filter());
}

static bool send_all(const void *bytes, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t now = write(CHILD_PIPE, (const char *)bytes + sent, length - sent);
        if (now <= 0)
            return false;
        sent += (size_t)now;
    }
    return true;
}

static void child(const struct pm_reader *reader, const char *bytes, size_t length, int pipe_fd)
{
    struct pm_rows rows = {0};
    struct verdict verdict = {0};
    if (!shut_in(pipe_fd))
        _exit(2);
    verdict.good = pm_parse(reader, bytes, length, &rows, verdict.why, sizeof verdict.why);
    verdict.rows = (uint32_t)rows.count;
    bool sent = send_all(&verdict, sizeof verdict) && send_all(rows.rows, rows.count * sizeof *rows.rows);
    _exit(sent ? 0 : 2);
}

/* ---- in the parent ----------------------------------------------------------------------------------- */

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the child ended, or took too long, before it sent them all. */
static bool take_all(int fd, int64_t until_ms, void *bytes, size_t length)
{
    for (size_t got = 0; got < length;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = until_ms - machine_ms();
        if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR))
            return false;
        if (wait.revents == 0)
            continue;
        ssize_t now = read(fd, (char *)bytes + got, length - got);
        if (now == 0 || (now < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        got += now > 0 ? (size_t)now : 0;
    }
    return true;
}

static bool is_row(const struct pm_reader *reader, const struct pm_row *row)
{
    return row->end_ms > 0 && row->duration_ms > 0 && row->value >= 0 &&
           row->value <= INT64_C(9000000000000000) && row->side >= 0 && row->side < KPI_SIDES &&
           row->cell >= -KPI_SEGMENTS && row->cell < (int32_t)reader->ask->cell_count;
}

static bool take_rows(const struct pm_reader *reader, int fd, int64_t until_ms, size_t count,
                      struct pm_rows *ret)
{
    ret->rows = calloc(count + 1, sizeof *ret->rows);
    ret->room = count + 1;
    if (ret->rows == NULL || !take_all(fd, until_ms, ret->rows, count * sizeof *ret->rows))
        return false;
    ret->count = count;
    for (size_t i = 0; i < count; i++)
        if (!is_row(reader, &ret->rows[i]))
            return false;
    return true;
}

static bool receive(const struct pm_reader *reader, int fd, struct pm_rows *ret, char *why, size_t why_size)
{
    struct verdict verdict;
    int64_t until_ms = machine_ms() + PM_CHILD_MS;
    (void)snprintf(why, why_size,
                   "reading it took more time, memory or rights than a file of measurements may");
    if (!take_all(fd, until_ms, &verdict, sizeof verdict) || verdict.rows > PM_ROWS_MAX)
        return false;
    if (verdict.good != 1) {
        (void)snprintf(why, why_size, "%.*s", (int)sizeof verdict.why - 1, verdict.why);
        return false;
    }
    if (take_rows(reader, fd, until_ms, verdict.rows, ret))
        return true;
    pm_rows_free(ret);
    return false;
}

bool pm_parse_apart(const struct pm_reader *reader, const char *bytes, size_t length, struct pm_rows *ret,
                    char *why, size_t why_size)
{
    int ends[2];
    *ret = (struct pm_rows){0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)snprintf(why, why_size, "no pipe to its reader: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        child(reader, bytes, length, ends[1]);
    (void)close(ends[1]);
    bool good = pid > 0 && receive(reader, ends[0], ret, why, why_size);
    if (pid < 0)
        (void)snprintf(why, why_size, "no process to read it in: %s", strerror(errno));
    (void)close(ends[0]);
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return good;
}
