/* SPDX-License-Identifier: Apache-2.0 */
/* Each probe runs in a process of its own, enters a profile, then tries something. */
#include "host/profile.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A sanitizer's runtime needs memory, files and system calls that a strict host may not have: the tests of
 * what it may do run in the plain build only, where nothing skips them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static const struct fy_profile strict = {
    .strict = true, .memory = (size_t)256 * 1024 * 1024, .cpu_seconds = 5, .descriptors = 16};
static const struct fy_profile adapter = {.memory = (size_t)16 * 1024 * 1024 * 1024, .descriptors = 64};

/* How a process ends that enters the profile and then runs probe. 99: it could not enter. */
static int end_of(const struct fy_profile *profile, int (*probe)(void))
{
    pid_t child = fork();
    if (child == 0) {
        struct fy_err err = {0};
        if (!fy_profile_enter(profile, &err)) {
            (void)write(STDERR_FILENO, err.message, strlen(err.message));
            _exit(99);
        }
        _exit(probe());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int work(void)
{
    struct timespec now;
    char *memory = malloc((size_t)32 * 1024 * 1024);
    if (memory == NULL || clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 1;
    memset(memory, 'x', (size_t)32 * 1024 * 1024);
    free(memory);
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 2;
}

static int use_too_much(void)
{
    for (size_t i = 0; i < 64; i++) {
        char *memory = malloc((size_t)16 * 1024 * 1024);
        if (memory == NULL)
            return 0;
        memset(memory, 'x', (size_t)16 * 1024 * 1024);
    }
    return 1;
}

/* In test builds a crash point leaves a note and a token; nothing can be read for that. */
static char note[] = "/tmp/ferry-note-XXXXXX";

static int leave_a_note(void)
{
    if (open(note, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) < 0)
        return 1;
    if (open(note, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0 || errno != EEXIST)
        return 2;
    return open(note, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 3;
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 1 : 2;
}

static int start_process(void)
{
    return (int)fork();
}

static int run_program(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? 2
               : 1;
}

static int signal_parent(void)
{
    return kill(getppid(), 0);
}

static int trace(void)
{
    return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void test_a_strict_host_can_work(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    assert_int_equal(end_of(&strict, work), 0);
    int fd = mkstemp(note);
    assert_true(fd >= 0);
    assert_int_equal(end_of(&strict, leave_a_note), 0);
    (void)close(fd);
    (void)unlink(note);
}

static void test_a_strict_host_cannot_take_all_memory(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    assert_int_equal(end_of(&strict, use_too_much), 0);
}

static void test_a_strict_host_dies_when_it_reaches_out(void **state)
{
    (void)state;
    static int (*const probes[])(void) = {open_socket, start_process, run_program,
                                          map_code,    signal_parent, trace};
    if (SANITIZED)
        skip();
    for (size_t i = 0; i < FY_COUNT(probes); i++) {
        int status = end_of(&strict, probes[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("probe %zu ended with status %#x", i, (unsigned)status);
    }
}

static int look_at_rights(void)
{
    struct rlimit core;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0)
        return 2;
    if (prctl(PR_GET_DUMPABLE) != 0)
        return 3;
    if (prctl(PR_CAPBSET_READ, 0) != 0 && geteuid() == 0)
        return 4;
    return chroot("/") == 0 ? 5 : 0; /* what only a capability allows */
}

static int reach_network(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
}

static void test_an_adapter_host_has_no_rights_but_the_network(void **state)
{
    (void)state;
    assert_int_equal(end_of(&adapter, look_at_rights), 0);
    assert_int_equal(end_of(&adapter, reach_network), 0);
}

static void test_a_host_follows_its_parent_only(void **state)
{
    (void)state;
    int pair[2];
    struct fy_err err = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(fy_profile_follow_parent(pair[1], &err) ? 0 : 1);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(fy_profile_follow_parent(pair[1], &err)); /* we made the pair ourselves: not our parent's */
    assert_string_equal(err.message, "the process that started this host is gone");
    (void)prctl(PR_SET_PDEATHSIG, 0);
    assert_false(fy_profile_follow_parent(STDIN_FILENO, &err));
    (void)prctl(PR_SET_PDEATHSIG, 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_strict_host_can_work),
        cmocka_unit_test(test_a_strict_host_cannot_take_all_memory),
        cmocka_unit_test(test_a_strict_host_dies_when_it_reaches_out),
        cmocka_unit_test(test_an_adapter_host_has_no_rights_but_the_network),
        cmocka_unit_test(test_a_host_follows_its_parent_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
