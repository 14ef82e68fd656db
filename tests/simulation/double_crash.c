/* SPDX-License-Identifier: Apache-2.0 */
/*
 * double_crash: an engine dies at one crash point, and the one that takes over, or the one after it, at
 * another; every pair of points, over and over. The order is small (workflows/gray_upgrade). Besides all the
 * rules of the simulation the run must take the very steps, with the same arguments, that nobody disturbed it
 * in, and end the same. See README.md.
 */
#include "base/mem.h"
#include "base/point.h"
#include "tests/simulation/shrink.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX  16
#define TOLD_MAX  10
#define LONGEST_S 60

/* What is done to whom: the ordinary way, and those that pass points which it does not. */
static const char *const orders[] = {
    "seed=5 svc=2 build_s=2 sync_s=1 stages=1 period_s=60 patience=0 workflow=1",
    "seed=5 svc=2 build_s=2 sync_s=1 stages=1 soak_s=10 period_s=30 patience=0 deeds=slow@60:3:0,slow@90:3:0",
    "seed=5 svc=2 build_s=2 sync_s=1 stages=1 period_s=60 patience=0 workflow=1 early_min=1 "
    "deeds=press@1:recheck:0",
    "seed=5 svc=2 build_s=2 sync_s=1 stages=1 period_s=60 patience=0 workflow=1 retries=99 "
    "deeds=press@30:cancel:0,press@31:fail:0,press@31:clean:0",
    "seed=5 svc=2 build_s=2 sync_s=1 stages=1 soak_s=10 period_s=30 patience=0 retries=99 "
    "deeds=press@30:rollback:0",
};

struct base {
    struct scenario scenario;
    struct verdict verdict;
    bool pressed; /* an operator interferes, and a moment earlier or later the steps are others */
};

struct shared {
    struct seen seen;
    _Atomic uint64_t next;
    _Atomic int64_t samples[FY_POINT_COUNT][FY_POINT_COUNT]; /* both died */
    _Atomic int64_t missed[FY_POINT_COUNT][FY_POINT_COUNT];  /* the second was not reached that often */
    _Atomic int64_t played, sampled, told;
    _Atomic uint64_t playing[JOBS_MAX];
    struct {
        struct scenario scenario;
        struct verdict verdict;
    } broken[TOLD_MAX];
};

static struct options {
    int64_t samples, minutes;
    int jobs;
    uint64_t from;
} options = {.samples = 1, .jobs = 1};

static struct base bases[FY_COUNT(orders)];
static struct shared *shared;
static double began;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *point_name(int64_t point)
{
    return seen_name(SEEN_POINT, (size_t)point);
}

/* ---- one sample -----------------------------------------------------------------------------------------
 */

static void differs(const struct base *base, struct verdict *verdict)
{
    if (verdict->broken)
        return;
    if (strcmp(verdict->end, base->verdict.end) != 0)
        (void)snprintf(verdict->sentence, sizeof verdict->sentence, "it ends %s, undisturbed %s",
                       verdict->end, base->verdict.end);
    else if (!base->pressed && verdict->trace != base->verdict.trace)
        (void)snprintf(verdict->sentence, sizeof verdict->sentence, "it took other steps than undisturbed");
    else
        return;
    verdict->broken = true;
    (void)snprintf(verdict->rule, sizeof verdict->rule, "the same end");
}

static void keep_broken(const struct scenario *scenario, const struct verdict *verdict)
{
    int64_t at = atomic_fetch_add(&shared->told, 1);
    if (at >= TOLD_MAX)
        return;
    shared->broken[at].scenario = *scenario;
    shared->broken[at].verdict = *verdict;
}

/* Points that are passed only where somebody takes over. */
static bool is_recovery(int64_t point)
{
    const char *name = point_name(point);
    return strcmp(name, "run_restored") == 0 || strcmp(name, "run_resumed") == 0;
}

/* The shortest order that passes both points. */
static const struct base *base_for(int64_t first, int64_t second)
{
    for (size_t i = 0; i < FY_COUNT(bases); i++)
        if (bases[i].verdict.reached[first] > 0 &&
            (is_recovery(second) || bases[i].verdict.reached[second] > 0))
            return &bases[i];
    return NULL;
}

/* The first death anywhere among the times its point is reached; the second mostly soon after it. */
static bool set_up(uint64_t number, struct scenario *ret, const struct base **ret_base)
{
    struct chance chance = {chance_mix(number + 77)};
    uint64_t pair = number % ((uint64_t)FY_POINT_COUNT * FY_POINT_COUNT);
    int64_t first = (int64_t)(pair / FY_POINT_COUNT), second = (int64_t)(pair % FY_POINT_COUNT);
    const struct base *base = base_for(first, second);
    int64_t missed = atomic_load(&shared->missed[first][second]);
    int64_t have = atomic_load(&shared->samples[first][second]);
    if (base == NULL || (options.samples > 0 && have >= options.samples) ||
        (have == 0 && missed >= (options.samples == 1 ? 12 : 100)))
        return false;
    int64_t later = missed > have ? 1 : 6;
    *ret = base->scenario;
    *ret_base = base;
    ret->deeds[ret->deed_count++] = (struct deed){
        .kind = DEED_DIE_AT, .a = first, .b = chance_of(&chance, 1, base->verdict.reached[first])};
    ret->deeds[ret->deed_count++] =
        (struct deed){.kind = DEED_DIE_AT,
                      .a = second,
                      .b = chance_permille(&chance, 500) ? 1 : chance_of(&chance, 1, later)};
    return true;
}

static void sample(uint64_t number)
{
    struct scenario scenario;
    const struct base *base;
    struct verdict verdict;
    if (!set_up(number, &scenario, &base))
        return;
    (void)alarm(LONGEST_S);
    play(&scenario, &shared->seen, &verdict, NULL);
    differs(base, &verdict);
    atomic_fetch_add(&shared->played, 1);
    int64_t first = scenario.deeds[scenario.deed_count - 2].a,
            second = scenario.deeds[scenario.deed_count - 1].a;
    if (verdict.broken) {
        keep_broken(&scenario, &verdict);
    } else if (verdict.died_at == 2) {
        atomic_fetch_add(&shared->samples[first][second], 1);
        atomic_fetch_add(&shared->sampled, 1);
    } else {
        atomic_fetch_add(&shared->missed[first][second], 1);
    }
}

/* ---- many of them ---------------------------------------------------------------------------------------
 */

static bool goes_on(uint64_t number)
{
    uint64_t pairs = (uint64_t)FY_POINT_COUNT * FY_POINT_COUNT;
    bool enough = options.samples > 0 && number / pairs >= (uint64_t)options.samples * 3 + 30;
    bool late = options.minutes > 0 && seconds() - began > (double)options.minutes * 60;
    return !enough && !late && atomic_load(&shared->told) < TOLD_MAX;
}

_Noreturn static void work(int job)
{
    uint64_t number;
    while (goes_on(number = atomic_fetch_add(&shared->next, 1))) {
        atomic_store(&shared->playing[job], number);
        sample(number);
    }
    _exit(0);
}

static pid_t hire(int job)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        work(job);
    if (pid < 0)
        abort();
    return pid;
}

static void bury(int job)
{
    struct scenario scenario;
    const struct base *base;
    struct verdict verdict = {.broken = true, .rule = "the process dies", .sentence = "while it was played"};
    if (set_up(atomic_load(&shared->playing[job]), &scenario, &base))
        keep_broken(&scenario, &verdict);
    else
        atomic_fetch_add(&shared->told, 1);
}

static void progress(void)
{
    double passed = seconds() - began;
    int64_t sampled = atomic_load(&shared->sampled);
    printf("%8.0f s  %9" PRId64 " double deaths  %6.0f a minute  %" PRId64 " violations\n", passed, sampled,
           (double)sampled * 60 / (passed > 0 ? passed : 1), (int64_t)atomic_load(&shared->told));
    (void)fflush(stdout);
}

static void watch(void)
{
    pid_t workers[JOBS_MAX];
    int left = options.jobs;
    double told = seconds();
    for (int job = 0; job < options.jobs; job++)
        workers[job] = hire(job);
    while (left > 0) {
        for (int job = 0; job < options.jobs; job++) {
            int status;
            if (workers[job] == 0 || waitpid(workers[job], &status, WNOHANG) != workers[job])
                continue;
            if (status != 0)
                bury(job);
            workers[job] = status != 0 ? hire(job) : 0;
            left -= workers[job] == 0;
        }
        (void)usleep(20000);
        if (seconds() - told > 10) {
            told = seconds();
            progress();
        }
    }
}

/* ---- what came of it ------------------------------------------------------------------------------------
 */

static bool is_first(int64_t point)
{
    for (size_t i = 0; i < FY_COUNT(bases); i++)
        if (bases[i].verdict.reached[point] > 0)
            return true;
    return false;
}

static void tell_points(void)
{
    printf("points that are not passed first:");
    for (int64_t point = 0; point < FY_POINT_COUNT; point++)
        if (!is_first(point))
            printf(" %s", point_name(point));
    printf("\n");
}

static void tell_pairs(void)
{
    int64_t least = INT64_MAX, most = 0, pairs = 0, never = 0;
    for (int64_t first = 0; first < FY_POINT_COUNT; first++)
        for (int64_t second = 0; is_first(first) && second < FY_POINT_COUNT; second++) {
            int64_t count = atomic_load(&shared->samples[first][second]);
            never += count == 0;
            if (count == 0)
                continue;
            pairs++;
            least = count < least ? count : least;
            most = count > most ? count : most;
        }
    printf("%" PRId64 " pairs of points, each %" PRId64 " to %" PRId64 " times; %" PRId64
           " pairs cannot happen: nothing passes the second after the first\n",
           pairs, pairs > 0 ? least : 0, most, never);
    printf("%" PRId64 " upgrades played, %" PRId64 " with both deaths, %" PRId64 " violations\n",
           (int64_t)atomic_load(&shared->played), (int64_t)atomic_load(&shared->sampled),
           (int64_t)atomic_load(&shared->told));
}

static void tell_broken(void)
{
    int64_t count = atomic_load(&shared->told);
    for (int64_t i = 0; i < count && i < TOLD_MAX; i++) {
        struct fy_buf text = {0};
        scenario_write(&shared->broken[i].scenario, &text);
        printf("\n%s: %s\n%s\n", shared->broken[i].verdict.rule, shared->broken[i].verdict.sentence,
               text.data);
        fy_buf_free(&text);
    }
}

static bool prepare(void)
{
    struct fy_err err;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        abort();
    for (size_t i = 0; i < FY_COUNT(orders); i++) {
        if (!scenario_read(&bases[i].scenario, orders[i], &err)) {
            (void)fprintf(stderr, "double_crash: %s\n", err.message);
            return false;
        }
        for (size_t j = 0; j < bases[i].scenario.deed_count; j++)
            bases[i].pressed |= bases[i].scenario.deeds[j].kind == DEED_PRESS;
        play(&bases[i].scenario, &shared->seen, &bases[i].verdict, NULL);
        const struct verdict *verdict = &bases[i].verdict;
        printf("undisturbed: %s after %" PRId64 " events, %" PRId64 " records%s%s\n", verdict->end,
               verdict->events, verdict->rows, verdict->broken ? ": " : "", verdict->sentence);
        if (verdict->broken)
            return false;
    }
    return true;
}

static const char usage[] =
    "double_crash [--samples N] [--minutes M] [--jobs J] [--from NUMBER]\n"
    "    every pair of crash points N times (1), or as often as fits into M minutes (--samples 0)\n";

static bool read_options(int argc, char **argv)
{
    static const struct option names[] = {{"samples", required_argument, NULL, 'n'},
                                          {"minutes", required_argument, NULL, 'm'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"from", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        switch (option) {
        case 'n':
            options.samples = strtoll(optarg, NULL, 10);
            break;
        case 'm':
            options.minutes = strtoll(optarg, NULL, 10);
            break;
        case 'j':
            options.jobs = (int)strtol(optarg, NULL, 10);
            break;
        case 'f':
            options.from = strtoull(optarg, NULL, 10);
            break;
        default:
            return false;
        }
    return optind == argc && options.jobs > 0 && options.jobs <= JOBS_MAX &&
           (options.samples > 0 || options.minutes > 0);
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (!prepare())
        return 1;
    atomic_store(&shared->next, options.from);
    began = seconds();
    watch();
    progress();
    tell_points();
    tell_pairs();
    tell_broken();
    return atomic_load(&shared->told) > 0;
}
