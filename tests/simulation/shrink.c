/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/shrink.h"

#include "base/mem.h"
#include "tests/simulation/workers.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 300

struct shared {
    struct seen seen;
    struct verdict verdict;
};

static void died(struct verdict *verdict, int status)
{
    verdict->broken = true;
    (void)snprintf(verdict->rule, sizeof verdict->rule, "the process dies");
    workers_cause(status, verdict->sentence, sizeof verdict->sentence);
}

_Noreturn static void child(const struct scenario *scenario, struct shared *shared, FILE *out)
{
    struct fy_buf story = {0};
    struct verdict verdict;
    workers_limit();
    play(scenario, &shared->seen, &verdict, out != NULL ? &story : NULL);
    shared->verdict = verdict;
    if (out != NULL && story.data != NULL) {
        (void)fputs(story.data, out);
        (void)fflush(out);
    }
    _exit(0);
}

void play_apart(const struct scenario *scenario, struct verdict *verdict, FILE *out)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    if (shared == MAP_FAILED)
        abort();
    if (out != NULL)
        (void)fflush(out);
    pid_t pid = fork();
    if (pid == 0)
        child(scenario, shared, out);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    *verdict = shared->verdict;
    if (status != 0)
        died(verdict, status);
    (void)munmap(shared, sizeof *shared);
}

static int tries_left;

static bool still_breaks(const struct scenario *scenario, const char *rule)
{
    struct verdict verdict;
    if (tries_left-- <= 0)
        return false;
    play_apart(scenario, &verdict, NULL);
    return verdict.broken && strcmp(verdict.rule, rule) == 0;
}

/* Chunks of deeds, halves first, then single ones, until none can be spared. */
static void spare_deeds(struct scenario *scenario, const char *rule)
{
    for (size_t chunk = (scenario->deed_count + 1) / 2; chunk > 0; chunk /= 2)
        for (size_t at = 0; at < scenario->deed_count;) {
            struct scenario less = *scenario;
            size_t count = at + chunk < less.deed_count ? chunk : less.deed_count - at;
            memmove(&less.deeds[at], &less.deeds[at + count],
                    (less.deed_count - at - count) * sizeof less.deeds[0]);
            less.deed_count -= count;
            if (still_breaks(&less, rule))
                *scenario = less;
            else
                at += chunk;
        }
}

static void make_usual(struct scenario *scenario, const char *rule)
{
    struct scenario usual;
    struct fy_err err;
    if (!scenario_read(&usual, "", &err))
        return;
    size_t count = offsetof(struct scenario, deeds) / sizeof(int64_t);
    for (size_t i = 1; i < count; i++) { /* the seed stays */
        struct scenario other = *scenario;
        int64_t *field = &((int64_t *)(void *)&other)[i];
        int64_t value = ((const int64_t *)(const void *)&usual)[i];
        bool differs = *field != value;
        *field = value;
        if (differs && still_breaks(&other, rule))
            *scenario = other;
    }
}

struct scenario shrink(const struct scenario *scenario, const struct verdict *broken)
{
    struct scenario small = *scenario;
    tries_left = TRIES;
    spare_deeds(&small, broken->rule);
    make_usual(&small, broken->rule);
    spare_deeds(&small, broken->rule);
    return small;
}
