/* SPDX-License-Identifier: Apache-2.0 */
/* Many cases, each in a process of its own: what aborts or leaks there is that case's alone. */
#include "base/mem.h"
#include "tests/fault/upgrade.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MOST 16

struct job {
    pid_t pid;
    size_t number;
};

static void start(const struct cases *cases, struct job *job, size_t number)
{
    (void)fflush(stdout);
    job->number = number;
    job->pid = fork();
    if (job->pid < 0)
        abort();
    if (job->pid > 0)
        return;
    char why[2048] = "", label[256] = "";
    (void)alarm(120);
    (void)freopen("/dev/null", "w", stderr);
    bool passed = cases->run(number, why, sizeof why);
    cases->label(number, label, sizeof label);
    if (!passed)
        (void)printf("FAILED %s case %zu (%s): %s\n", cases->name, number, label, why);
    (void)fflush(stdout);
    _exit(passed ? 0 : 1);
}

/* Wait for one; its place is free. False: it did not pass. */
static bool finish(const struct cases *cases, struct job *jobs, size_t *ret_place)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);
    *ret_place = 0;
    while (*ret_place < JOBS_MOST && jobs[*ret_place].pid != pid)
        ++*ret_place;
    if (*ret_place == JOBS_MOST)
        abort();
    jobs[*ret_place].pid = 0;
    if (WIFSIGNALED(status)) {
        char label[256] = "";
        cases->label(jobs[*ret_place].number, label, sizeof label);
        (void)printf("FAILED %s case %zu (%s): ended by %s\n", cases->name, jobs[*ret_place].number, label,
                     strsignal(WTERMSIG(status)));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first "want" of a shuffle. */
static size_t *choose(const struct cases *cases, size_t want)
{
    size_t *numbers = FY_NEW_ARRAY(size_t, cases->count);
    unsigned short state[3] = {(unsigned short)cases->seed, (unsigned short)(cases->seed >> 16), 7};
    for (size_t i = 0; i < cases->count; i++)
        numbers[i] = i;
    for (size_t i = 0; i < want && i + 1 < cases->count; i++) {
        size_t with = i + (size_t)nrand48(state) % (cases->count - i);
        size_t kept = numbers[i];
        numbers[i] = numbers[with];
        numbers[with] = kept;
    }
    return numbers;
}

static size_t run_here(const struct cases *cases)
{
    char why[2048] = "", label[256] = "";
    upgrade_shows = true;
    bool passed = cases->run((size_t)cases->only, why, sizeof why);
    cases->label((size_t)cases->only, label, sizeof label);
    (void)printf("%s case %ld (%s): %s\n", cases->name, cases->only, label, passed ? "passed" : why);
    return passed ? 0 : 1;
}

size_t cases_run(const struct cases *cases)
{
    if (cases->only >= 0)
        return run_here(cases);
    size_t want = cases->sample > 0 && cases->sample < cases->count ? cases->sample : cases->count;
    size_t *numbers = choose(cases, want);
    struct job jobs[JOBS_MOST] = {{0}};
    size_t failed = 0, running = 0, place = 0;
    for (size_t i = 0; i < want; i++) {
        if (running == cases->jobs) {
            failed += !finish(cases, jobs, &place);
            running--;
        } else {
            for (place = 0; jobs[place].pid != 0; place++)
                ;
        }
        start(cases, &jobs[place], numbers[i]);
        running++;
    }
    for (; running > 0; running--)
        failed += !finish(cases, jobs, &place);
    free(numbers);
    (void)printf("%s: %zu of %zu cases, seed %u, %zu failed\n", cases->name, want, cases->count, cases->seed,
                 failed);
    return failed;
}

void cases_options(struct cases *cases, int argc, char **argv)
{
    static const struct option options[] = {{"sample", required_argument, NULL, 'n'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"only", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    int option = 0;
    cases->seed = (unsigned)time(NULL);
    cases->jobs = 2;
    cases->only = -1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        unsigned long value = optarg != NULL ? strtoul(optarg, NULL, 10) : 0;
        if (option == 'o')
            cases->only = (long)value;
        else if (option == 'n')
            cases->sample = value;
        else if (option == 's')
            cases->seed = (unsigned)value;
        else if (option == 'j' && value > 0 && value <= JOBS_MOST)
            cases->jobs = (unsigned)value;
        else
            exit(2);
    }
}
