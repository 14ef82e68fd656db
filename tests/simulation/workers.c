/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/workers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOW_AND_THEN_S 10

double workers_now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void *workers_share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

void workers_limit(void)
{
    const struct itimerval limit = {.it_value = {.tv_sec = WORKERS_LONGEST_S}};
    if (setitimer(ITIMER_PROF, &limit, NULL) != 0)
        abort();
}

void workers_cause(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
        (void)snprintf(text, size, "it does not end within %d s of processor time", WORKERS_LONGEST_S);
    else if (WIFSIGNALED(status))
        (void)snprintf(text, size, "it dies of signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    else
        (void)snprintf(text, size, "it ends with status %d", WEXITSTATUS(status));
}

static pid_t hire(const struct workers *workers, int job)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid > 0)
        return pid;
    workers->work(job);
    _exit(0);
}

/* True: this one has ended and nobody took its place. */
static bool ended(struct workers *workers, int job, pid_t *pid)
{
    struct rusage usage;
    int status;
    if (*pid == 0 || wait4(*pid, &status, WNOHANG, &usage) != *pid)
        return false;
    workers->spent_s += (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (status != 0)
        workers->bury(job, status);
    *pid = status != 0 && workers->goes_on() ? hire(workers, job) : 0;
    return *pid == 0;
}

void workers_run(struct workers *workers)
{
    pid_t pids[WORKERS_MAX];
    int left = workers->jobs;
    double told = workers_now_s();
    for (int job = 0; job < workers->jobs; job++)
        pids[job] = hire(workers, job);
    while (left > 0) {
        for (int job = 0; job < workers->jobs; job++)
            left -= ended(workers, job, &pids[job]);
        (void)usleep(20000);
        bool late = workers_now_s() - told > NOW_AND_THEN_S;
        if (late)
            told = workers_now_s();
        workers->look(late);
    }
}
