/* SPDX-License-Identifier: Apache-2.0 */
#include "host/filter.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Descriptors it has, memory, time, and its own end. */
static const char *const allowed[] = {
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "recvfrom",
    "sendto",
    "recvmsg",
    "sendmsg",
    "poll",
    "ppoll",
    "close",
    "lseek",
    "fstat",
    "newfstatat",
    "munmap",
    "mremap",
    "brk",
    "madvise",
    "futex",
    "clock_gettime",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "getpid",
    "gettid",
    "getppid",
    "getrandom",
    "sysinfo",
    "sched_yield",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "restart_syscall",
    "setitimer",
    "timer_create",
    "timer_settime",
    "timer_delete",
    "getrusage",
    "exit",
    "exit_group",
    "set_robust_list",
    "rseq",
};

/* A library looks for a file, finds that it may not, and goes on. */
static const char *const refused[] = {"open",       "access", "faccessat", "faccessat2", "readlink",
                                      "readlinkat", "stat",   "lstat",     "statx",      "ioctl",
                                      "fcntl",      "getcwd", "prlimit64", "uname",      "sched_getaffinity"};

/* A name that this architecture does not have is no rule and no loss. */
static int add(scmp_filter_ctx filter, uint32_t action, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    int failed = number < 0 ? 0 : seccomp_rule_add(filter, action, number, 0);
    return failed == -EACCES || failed == -EDOM ? 0 : failed; /* the same as the default, or unknown here */
}

#ifdef FERRY_POINTS
/* A crash point notes that it was reached, leaves its token, and kills. Reading is refused all the same. */
static int add_open(scmp_filter_ctx filter)
{
    const uint64_t mask = O_ACCMODE | O_CREAT;
    int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, mask, O_WRONLY | O_CREAT));
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, mask, O_RDONLY));
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return failed;
}
#else
static int add_open(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
}
#endif

/* Memory, but never memory that can be executed. Signals to itself: how abort() ends. */
static int add_narrow(scmp_filter_ctx filter)
{
    const uint64_t exec = PROT_EXEC;
    int failed =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return failed == 0 ? add_open(filter) : failed;
}

static int build(scmp_filter_ctx filter)
{
    int failed = 0;
    for (size_t i = 0; i < FY_COUNT(allowed) && failed == 0; i++)
        failed = add(filter, SCMP_ACT_ALLOW, allowed[i]);
    for (size_t i = 0; i < FY_COUNT(refused) && failed == 0; i++)
        failed = add(filter, SCMP_ACT_ERRNO(EACCES), refused[i]);
    if (failed == 0)
        failed = add_narrow(filter);
    return failed == 0 ? seccomp_load(filter) : failed;
}

bool fy_filter_enter(struct fy_err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed = filter == NULL ? -ENOMEM : build(filter);
    seccomp_release(filter);
    return failed == 0 ||
           fy_fail(err, FY_ERR_INTERNAL, "could not set the system call filter: %s", strerror(-failed));
}
