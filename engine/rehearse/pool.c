/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/pool.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_JOBS 64

struct slot {
    pid_t pid;
    int fd;
    struct fy_case *one;
};

/* The child: one rehearsal, its outcome as it lies in memory, the end. */
static void rehearse(const struct fy_score *score, const struct fy_case *one, int fd)
{
    struct fy_outcome outcome;
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(null, STDERR_FILENO); /* an engine that is killed on purpose complains */
    fy_rehearse(score, one->trouble, one->acting->step, &outcome, NULL);
    ssize_t written = write(fd, &outcome, sizeof outcome);
    _exit(written == (ssize_t)sizeof outcome ? 0 : 1);
}

static bool start(const struct fy_score *score, struct fy_case *one, struct slot *slot)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        rehearse(score, one, ends[1]);
    }
    (void)close(ends[1]);
    *slot = (struct slot){.pid = pid, .fd = ends[0], .one = one};
    if (pid > 0)
        return true;
    (void)close(ends[0]);
    return false;
}

static void take(struct slot *slot)
{
    struct fy_outcome outcome;
    int status = 0;
    ssize_t got = read(slot->fd, &outcome, sizeof outcome);
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (got == (ssize_t)sizeof outcome) {
        slot->one->outcome = outcome;
    } else {
        slot->one->outcome = (struct fy_outcome){.end = FY_END_DIED};
        (void)snprintf(slot->one->outcome.why, sizeof slot->one->outcome.why,
                       "report this as a fault of Ferry (%s %d)", WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    (void)close(slot->fd);
    *slot = (struct slot){0};
}

static size_t wait_for_one(struct slot *slots, int jobs)
{
    struct pollfd waits[MOST_JOBS];
    int of[MOST_JOBS];
    nfds_t count = 0;
    size_t taken = 0;
    for (int i = 0; i < jobs; i++)
        if (slots[i].pid > 0) {
            of[count] = i;
            waits[count++] = (struct pollfd){.fd = slots[i].fd, .events = POLLIN};
        }
    while (poll(waits, count, -1) < 0 && errno == EINTR)
        continue;
    for (nfds_t i = 0; i < count; i++)
        if (waits[i].revents != 0) {
            take(&slots[of[i]]);
            taken++;
        }
    return taken;
}

static int free_slot(const struct slot *slots, int jobs)
{
    for (int i = 0; i < jobs; i++)
        if (slots[i].pid == 0)
            return i;
    return -1;
}

void fy_pool_run(const struct fy_score *score, struct fy_programme *programme, int jobs,
                 void (*told)(size_t done, size_t count))
{
    struct slot slots[MOST_JOBS] = {{0}};
    size_t begun = 0, done = 0;
    jobs = jobs < 1 ? 1 : jobs > MOST_JOBS ? MOST_JOBS : jobs;
    while (done < programme->count) {
        int slot = begun < programme->count ? free_slot(slots, jobs) : -1;
        if (slot >= 0) {
            struct fy_case *one = &programme->cases[begun++];
            if (!start(score, one, &slots[slot])) {
                one->outcome = (struct fy_outcome){.end = FY_END_DIED, .why = "no process could be started"};
                slots[slot] = (struct slot){0};
                done++;
            }
            continue;
        }
        done += wait_for_one(slots, jobs);
        told(done, programme->count);
    }
}
