/* SPDX-License-Identifier: Apache-2.0 */
/*
 * double_crash: an engine dies at one crash point, and the one that takes over, or the one after it, at
 * another; every pair of points, over and over, in chains of deaths (chain.h). The orders are small. Besides
 * all the rules of the simulation the run must take the very steps, with the same arguments, that it takes
 * when nobody disturbs it, and end the same. See README.md.
 */
#include "base/mem.h"
#include "tests/simulation/chain.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/totals.h"
#include "tests/simulation/workers.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define TOLD_MAX 10

/* What is done to whom: the ordinary way, and those that pass points which it does not; the longest last. */
#define SMALL "seed=5 svc=2 build_s=2 sync_s=1 stages=1 soak_s=10 period_s=30 patience=0 "
static const char *const orders[] = {
    SMALL "workflow=1",
    SMALL
    "workflow=1 deeds=slow@14:3:0,slow@22:3:0,slow@30:3:0,slow@38:3:0,slow@46:3:0,slow@54:3:0,slow@62:3:0",
    SMALL "workflow=1 early_min=1 deeds=press@1:recheck:0",
    SMALL "workflow=1 retries=99 deeds=press@30:cancel:0,press@31:fail:0,press@31:adopt:0",
    SMALL "retries=99 deeds=press@30:rollback:0",
    SMALL "workflow=4 stages=2 users=600",
    SMALL "stages=2 users=600 deeds=slow@60:3:0,slow@90:3:0",
};
_Static_assert(FY_COUNT(orders) <= CHAIN_ORDERS, "an order has no place in the counts");

struct base {
    struct scenario scenario;
    struct verdict verdict;
    bool pressed; /* an operator interferes, and a moment earlier or later the steps are others */
};

struct shared {
    struct seen seen;
    struct chain_counts counts;
    _Atomic uint64_t next;
    _Atomic int64_t played, sampled, told;
    struct scenario playing[WORKERS_MAX];
    struct {
        struct scenario scenario;
        struct verdict verdict;
    } broken[TOLD_MAX];
};

static struct options {
    int64_t samples, minutes;
    int jobs;
    uint64_t from;
    const char *totals, *build;
} options = {.samples = 1, .jobs = 1};

static struct base bases[FY_COUNT(orders)];
static struct shared *shared;
static struct chain chain;   /* of this worker */
static struct totals before; /* of the runs that this one adds to */
static double began;

static const char *point_name(int64_t point)
{
    return seen_name(SEEN_POINT, (size_t)point);
}

/* ---- one run --------------------------------------------------------------------------------------------
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

static bool reaper(int64_t point)
{
    return chain_dies(&chain, point, points_play->settled);
}

static void play_chain(int job)
{
    const struct base *base = &bases[chain.order];
    struct verdict verdict;
    shared->playing[job] = base->scenario;
    chain_begin(&chain, &shared->playing[job], base->verdict.reached[chain.first]);
    workers_limit();
    play(&base->scenario, &shared->seen, &verdict, NULL);
    chain_end(&chain);
    differs(base, &verdict);
    atomic_fetch_add(&shared->played, 1);
    atomic_fetch_add(&shared->sampled, chain.deaths > 1 ? chain.deaths - 1 : 0);
    if (verdict.broken)
        keep_broken(&shared->playing[job], &verdict);
}

/* ---- many of them ---------------------------------------------------------------------------------------
 */

static bool goes_on(void)
{
    bool late = options.minutes > 0 && workers_now_s() - began > (double)options.minutes * 60;
    return !late && atomic_load(&shared->told) < TOLD_MAX;
}

static void work(int job)
{
    chain = (struct chain){.counts = &shared->counts,
                           .samples = options.samples > 0 ? options.samples : INT64_MAX / 100000,
                           .rests = options.samples == 1 ? 4 : 50};
    points_reaper = reaper;
    while (goes_on() && chain_aim(&chain, atomic_fetch_add(&shared->next, 1)))
        play_chain(job);
}

static void bury(int job, int status)
{
    struct verdict verdict = {.broken = true, .rule = "the process dies"};
    workers_cause(status, verdict.sentence, sizeof verdict.sentence);
    keep_broken(&shared->playing[job], &verdict);
}

static int64_t pairs_that_lack(void)
{
    int64_t lacking = 0;
    for (int64_t first = 0; first < FY_POINT_COUNT; first++)
        for (int64_t second = 0; second < FY_POINT_COUNT; second++)
            lacking += chain_is_pair(&shared->counts, first, second) &&
                       atomic_load(&shared->counts.samples[first][second]) < options.samples;
    return lacking;
}

static void progress(void)
{
    double passed = workers_now_s() - began;
    int64_t sampled = atomic_load(&shared->sampled);
    printf("%8.0f s  %9" PRId64 " double deaths in %" PRId64 " upgrades  %6.0f a minute  %" PRId64
           " violations  %" PRId64 " pairs lack samples\n",
           passed, sampled, (int64_t)atomic_load(&shared->played),
           (double)sampled * 60 / (passed > 0 ? passed : 1), (int64_t)atomic_load(&shared->told),
           pairs_that_lack());
    (void)fflush(stdout);
}

static void keep_totals(void)
{
    struct fy_err err;
    struct totals now = before;
    now.played += atomic_load(&shared->played);
    now.violations += atomic_load(&shared->told);
    if (options.totals != NULL && !totals_write(options.totals, &now, &err))
        (void)fprintf(stderr, "double_crash: %s\n", err.message);
}

static void look(bool now_and_then)
{
    if (!now_and_then)
        return;
    progress();
    keep_totals();
}

/* ---- what came of it ------------------------------------------------------------------------------------
 */

static int64_t deaths_at(int64_t point)
{
    int64_t deaths = 0;
    for (int64_t other = 0; other < FY_POINT_COUNT; other++)
        deaths += atomic_load(&shared->counts.samples[other][point]) +
                  atomic_load(&shared->counts.samples[point][other]);
    return deaths;
}

static void tell_points(void)
{
    printf("points that no order here passes (of SQLite and of process start; tests/crash has them):");
    for (int64_t point = 0; point < FY_POINT_COUNT; point++)
        if (deaths_at(point) == 0)
            printf(" %s", point_name(point));
    printf("\n");
}

static int64_t rests_of(int64_t first)
{
    int64_t rests = 0;
    for (int order = 0; order < CHAIN_ORDERS; order++)
        rests += atomic_load(&shared->counts.rests[order][first]);
    return rests;
}

/* A pair is none when the second was not passed in any rest of any run after a death at the first. */
static int64_t tell_never(void)
{
    int64_t never = 0;
    printf("never passed after a death at ...\n");
    for (int64_t first = 0; first < FY_POINT_COUNT; first++) {
        if (deaths_at(first) == 0)
            continue;
        printf("    %s (%" PRId64 " rests looked at):", point_name(first), rests_of(first));
        for (int64_t second = 0; second < FY_POINT_COUNT; second++)
            if (deaths_at(second) > 0 && !chain_is_pair(&shared->counts, first, second)) {
                printf(" %s", point_name(second));
                never++;
            }
        printf("\n");
    }
    return never;
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void tell_counts(const char *what, _Atomic int64_t counts[FY_POINT_COUNT][FY_POINT_COUNT])
{
    int64_t sorted[FY_POINT_COUNT * FY_POINT_COUNT], sum = 0;
    size_t pairs = 0;
    for (int64_t first = 0; first < FY_POINT_COUNT; first++)
        for (int64_t second = 0; second < FY_POINT_COUNT; second++)
            if (chain_is_pair(&shared->counts, first, second)) {
                sorted[pairs] = atomic_load(&counts[first][second]);
                sum += sorted[pairs++];
            }
    if (pairs == 0)
        return;
    qsort(sorted, pairs, sizeof sorted[0], by_size);
    printf("%s: %" PRId64 ", each of %zu pairs %" PRId64 " to %" PRId64 " times, the median %" PRId64 "\n",
           what, sum, pairs, sorted[0], sorted[pairs - 1], sorted[pairs / 2]);
}

static void tell_pairs(void)
{
    tell_points();
    int64_t never = tell_never();
    tell_counts("double deaths", shared->counts.samples);
    tell_counts("of them with an undisturbed rest", shared->counts.ended);
    printf("%" PRId64
           " pairs of points that are passed cannot happen: nothing passes the second after the first\n",
           never);
    printf("%" PRId64 " upgrades played, %" PRId64 " violations\n",
           before.played + atomic_load(&shared->played), before.violations + atomic_load(&shared->told));
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

static bool prepare_order(size_t i)
{
    struct fy_err err;
    struct base *base = &bases[i];
    if (!scenario_read(&base->scenario, orders[i], &err)) {
        (void)fprintf(stderr, "double_crash: %s\n", err.message);
        return false;
    }
    for (size_t j = 0; j < base->scenario.deed_count; j++)
        base->pressed |= base->scenario.deeds[j].kind == DEED_PRESS;
    play(&base->scenario, &shared->seen, &base->verdict, NULL);
    const struct verdict *verdict = &base->verdict;
    printf("undisturbed: %s after %" PRId64 " events, %" PRId64 " records%s%s\n", verdict->end,
           verdict->events, verdict->rows, verdict->broken ? ": " : "", verdict->sentence);
    for (int64_t point = 0; point < FY_POINT_COUNT; point++)
        if (verdict->reached[point] > 0)
            atomic_store(&shared->counts.met[i][point], true);
    if (!base->pressed && strcmp(verdict->end, "COMMITTED") != 0) {
        printf("an order that nobody disturbs is to be COMMITTED: mend it, or what it stands on\n");
        return false;
    }
    return !verdict->broken;
}

static bool prepare(void)
{
    struct fy_err err;
    shared = workers_share(sizeof *shared);
    before = (struct totals){.counts = &shared->counts, .build = options.build};
    if (options.totals != NULL && !totals_read(options.totals, &before, &err)) {
        (void)fprintf(stderr, "double_crash: %s (%s)\n", err.message, err.hint);
        return false;
    }
    for (size_t i = 0; i < FY_COUNT(orders); i++)
        if (!prepare_order(i))
            return false;
    atomic_store(&shared->next, options.from + (uint64_t)before.played);
    return true;
}

static const char usage[] =
    "double_crash [--samples N] [--minutes M] [--jobs J] [--from NUMBER] [--totals FILE --build COMMIT]\n"
    "    every pair of crash points N times (1), or as often as fits into M minutes (--samples 0)\n"
    "    --totals: goes on with what earlier runs of the same build have counted there\n";

static bool read_options(int argc, char **argv)
{
    static const struct option names[] = {{"samples", required_argument, NULL, 'n'},
                                          {"minutes", required_argument, NULL, 'm'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"totals", required_argument, NULL, 't'},
                                          {"build", required_argument, NULL, 'b'},
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
        case 't':
            options.totals = optarg;
            break;
        case 'b':
            options.build = optarg;
            break;
        default:
            return false;
        }
    return optind == argc && options.jobs > 0 && options.jobs <= WORKERS_MAX &&
           (options.samples > 0 || options.minutes > 0) &&
           (options.totals == NULL) == (options.build == NULL);
}

int main(int argc, char **argv)
{
    struct workers workers = {.goes_on = goes_on, .work = work, .bury = bury, .look = look};
    if (!read_options(argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (!prepare())
        return 1;
    workers.jobs = options.jobs;
    began = workers_now_s();
    workers_run(&workers);
    progress();
    keep_totals();
    tell_pairs();
    printf("%.2f ms of processor time for each double death\n",
           workers.spent_s * 1000 / (double)(atomic_load(&shared->sampled) + 1));
    tell_broken();
    return atomic_load(&shared->told) > 0;
}
