/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulation: whole upgrades in one process on a virtual clock, each drawn from a seed, each checked against
 * everything that must hold. See README.md.
 */
#include "base/mem.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/workers.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define FAILURES_MAX 1000

struct options {
    uint64_t from, count;
    int64_t minutes;
    int jobs, most_failures;
    const char *profile, *scenario, *file;
    bool one, verbose, shrinks;
};

/* Lies in memory shared with the workers. */
struct campaign {
    struct seen seen;
    _Atomic uint64_t next; /* seed that nobody plays yet */
    _Atomic uint64_t playing[WORKERS_MAX];
    _Atomic int failures, noted; /* complete; begun */
    struct {
        uint64_t seed;
        struct verdict verdict;
    } failed[FAILURES_MAX];
};

static struct options options = {
    .from = 1, .count = 1000, .jobs = 1, .most_failures = 5, .profile = "all", .shrinks = true};
static struct campaign *campaign;
static double began;

/* ---- one scenario ---------------------------------------------------------------------------------------
 */

static void print_verdict(const struct verdict *verdict)
{
    if (verdict->broken)
        printf("BROKEN: %s: %s\n", verdict->rule, verdict->sentence);
    else
        printf("%s after %" PRId64 " events, %" PRId64 " records, %" PRId64 " engines died\n", verdict->end,
               verdict->events, verdict->rows, verdict->deaths);
}

static void print_scenario(const char *what, const struct scenario *scenario)
{
    struct fy_buf text = {0};
    scenario_write(scenario, &text);
    printf("%s: %s\n", what, text.data);
    fy_buf_free(&text);
}

static int one(const struct scenario *scenario)
{
    struct verdict verdict;
    print_scenario("scenario", scenario);
    play_apart(scenario, &verdict, options.verbose ? stdout : NULL);
    print_verdict(&verdict);
    if (verdict.broken && options.shrinks) {
        struct scenario small = shrink(scenario, &verdict);
        print_scenario("shrunk", &small);
        play_apart(&small, &verdict, stdout);
        print_verdict(&verdict);
    }
    return verdict.broken;
}

/* ---- the workers ----------------------------------------------------------------------------------------
 */

static void note_failure(uint64_t seed, const struct verdict *verdict)
{
    int at = atomic_fetch_add(&campaign->noted, 1);
    atomic_fetch_add(&campaign->seen.broken, 1);
    if (at >= FAILURES_MAX)
        return;
    campaign->failed[at].verdict = *verdict;
    campaign->failed[at].seed = seed;
    atomic_fetch_add(&campaign->failures, 1);
}

static bool goes_on(void)
{
    return (options.minutes == 0 || workers_now_s() - began < (double)options.minutes * 60) &&
           atomic_load(&campaign->failures) < options.most_failures;
}

static void work(int job)
{
    uint64_t seed;
    while (goes_on() && (seed = atomic_fetch_add(&campaign->next, 1)) < options.from + options.count) {
        struct scenario scenario;
        struct verdict verdict;
        atomic_store(&campaign->playing[job], seed);
        workers_limit();
        scenario_draw(&scenario, seed, options.profile);
        play(&scenario, &campaign->seen, &verdict, NULL);
        atomic_store(&campaign->playing[job], 0);
        struct seen *seen = &campaign->seen;
        atomic_fetch_add(&seen->plays, 1);
        atomic_fetch_add(&seen->events, verdict.events);
        atomic_fetch_add(&seen->rows, verdict.rows);
        size_t deaths = (size_t)verdict.deaths, most = FY_COUNT(seen->deaths) - 1;
        atomic_fetch_add(&seen->deaths[deaths < most ? deaths : most], 1);
        if (verdict.broken)
            note_failure(seed, &verdict);
    }
}

/* A worker that died has met something worse than a broken rule; another one goes on after it. */
static void bury(int job, int status)
{
    struct verdict verdict = {.broken = true};
    uint64_t seed = atomic_exchange(&campaign->playing[job], 0);
    (void)snprintf(verdict.rule, sizeof verdict.rule, "the process dies");
    workers_cause(status, verdict.sentence, sizeof verdict.sentence);
    note_failure(seed, &verdict);
}

static void progress(void)
{
    double passed = workers_now_s() - began;
    int64_t plays = atomic_load(&campaign->seen.plays);
    printf("%8.0f s  %9" PRId64 " upgrades  %6.0f a minute  %" PRId64 " violations\n", passed, plays,
           (double)plays * 60 / (passed > 0 ? passed : 1), (int64_t)atomic_load(&campaign->seen.broken));
    (void)fflush(stdout);
}

/* One line as soon as it is known; what it comes from follows at the end. */
static void tell_new(void)
{
    static int told;
    int count = atomic_load(&campaign->failures);
    for (; told < count && told < FAILURES_MAX; told++) {
        const struct verdict *verdict = &campaign->failed[told].verdict;
        printf("seed %" PRIu64 ": %s: %s\n", campaign->failed[told].seed, verdict->rule, verdict->sentence);
        (void)fflush(stdout);
    }
}

static void look(bool now_and_then)
{
    tell_new();
    if (now_and_then)
        progress();
}

/* ---- the report -----------------------------------------------------------------------------------------
 */

static bool told_before(int at)
{
    for (int i = 0; i < at; i++)
        if (strcmp(campaign->failed[i].verdict.rule, campaign->failed[at].verdict.rule) == 0)
            return true;
    return false;
}

static void tell_failures(void)
{
    int count = atomic_load(&campaign->failures);
    for (int i = 0; i < count && i < FAILURES_MAX; i++) {
        const struct verdict *verdict = &campaign->failed[i].verdict;
        struct scenario scenario;
        printf("\nseed %" PRIu64 ": %s: %s\n", campaign->failed[i].seed, verdict->rule, verdict->sentence);
        scenario_draw(&scenario, campaign->failed[i].seed, options.profile);
        if (!options.shrinks || told_before(i))
            continue;
        struct verdict again;
        struct scenario small = shrink(&scenario, verdict);
        print_scenario("shrunk", &small);
        play_apart(&small, &again, options.verbose ? stdout : NULL);
        print_verdict(&again);
    }
}

static int many(void)
{
    struct fy_buf report = {0};
    struct workers workers = {
        .jobs = options.jobs, .goes_on = goes_on, .work = work, .bury = bury, .look = look};
    campaign = workers_share(sizeof *campaign);
    atomic_store(&campaign->next, options.from);
    began = workers_now_s();
    workers_run(&workers);
    progress();
    int64_t plays = atomic_load(&campaign->seen.plays);
    printf("seeds %" PRIu64 "..%" PRIu64 ", profile %s: %.2f ms of processor time, %" PRId64
           " events and %" PRId64 " records an upgrade\n",
           options.from, atomic_load(&campaign->next) - 1, options.profile,
           plays > 0 ? workers.spent_s * 1000 / (double)plays : 0,
           plays > 0 ? campaign->seen.events / plays : 0, plays > 0 ? campaign->seen.rows / plays : 0);
    seen_report(&campaign->seen, &report);
    (void)fputs(report.data, stdout);
    fy_buf_free(&report);
    tell_failures();
    return atomic_load(&campaign->failures) > 0;
}

/* ---- pinned scenarios -----------------------------------------------------------------------------------
 */

/* One a line; "#" begins a comment, which says what the scenario found. */
static int pinned(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[4096];
    int played = 0, broken = 0;
    if (file == NULL) {
        (void)fprintf(stderr, "simulation: cannot read %s\n", path);
        return 2;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        struct scenario scenario;
        struct verdict verdict;
        struct fy_err err;
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        if (!scenario_read(&scenario, line, &err)) {
            (void)fprintf(stderr, "simulation: %s: %s\n", path, err.message);
            broken++;
            continue;
        }
        play_apart(&scenario, &verdict, NULL);
        played++;
        broken += verdict.broken;
        if (verdict.broken) {
            print_scenario("pinned", &scenario);
            print_verdict(&verdict);
        }
    }
    (void)fclose(file);
    printf("%d pinned scenarios, %d broken\n", played, broken);
    return broken > 0;
}

/* ---- the command line -----------------------------------------------------------------------------------
 */

static const char usage[] =
    "simulation [--seeds N | A..B] [--from S] [--minutes M] [--jobs J] [--profile NAME] [--failures N]\n"
    "           [--no-shrink] [--verbose]\n"
    "    plays N upgrades, or as many as fit into M minutes; prints the rate, what was seen, and what broke\n"
    "simulation --seed S [--profile NAME] [--verbose]      plays one again, bit for bit\n"
    "simulation --scenario 'TEXT' [--verbose]              plays what another run has printed\n"
    "simulation --file FILE                                plays pinned scenarios, one a line\n"
    "profiles: all, calm, crash, people, fault\n";

static void read_seeds(const char *text)
{
    char *rest;
    uint64_t first = strtoull(text, &rest, 10);
    if (strncmp(rest, "..", 2) != 0) {
        options.count = first;
        return;
    }
    options.from = first;
    options.count = strtoull(rest + 2, NULL, 10) - first + 1;
}

static bool known_profile(const char *name)
{
    for (size_t i = 0; profiles[i] != NULL; i++)
        if (strcmp(profiles[i], name) == 0)
            return true;
    return false;
}

static bool read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"seeds", required_argument, NULL, 'n'},   {"from", required_argument, NULL, 'f'},
        {"minutes", required_argument, NULL, 'm'}, {"jobs", required_argument, NULL, 'j'},
        {"profile", required_argument, NULL, 'p'}, {"failures", required_argument, NULL, 'x'},
        {"seed", required_argument, NULL, 's'},    {"scenario", required_argument, NULL, 'c'},
        {"file", required_argument, NULL, 'F'},    {"no-shrink", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},       {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        switch (option) {
        case 'n':
            read_seeds(optarg);
            break;
        case 'f':
            options.from = strtoull(optarg, NULL, 10);
            break;
        case 'm':
            options.minutes = strtoll(optarg, NULL, 10);
            options.count = options.count == 1000 ? UINT64_MAX / 2 : options.count;
            break;
        case 'j':
            options.jobs = (int)strtol(optarg, NULL, 10);
            break;
        case 'p':
            options.profile = optarg;
            break;
        case 'x':
            options.most_failures = (int)strtol(optarg, NULL, 10);
            break;
        case 's':
            options.from = strtoull(optarg, NULL, 10);
            options.one = true;
            break;
        case 'c':
            options.scenario = optarg;
            break;
        case 'F':
            options.file = optarg;
            break;
        case 'q':
            options.shrinks = false;
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            return false;
        }
    return optind == argc && options.jobs > 0 && options.jobs <= WORKERS_MAX &&
           known_profile(options.profile);
}

int main(int argc, char **argv)
{
    struct scenario scenario;
    struct fy_err err;
    if (!read_options(argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (options.file != NULL)
        return pinned(options.file);
    if (options.scenario != NULL) {
        if (scenario_read(&scenario, options.scenario, &err))
            return one(&scenario);
        (void)fprintf(stderr, "simulation: %s\n", err.message);
        return 2;
    }
    if (!options.one)
        return many();
    scenario_draw(&scenario, options.from, options.profile);
    return one(&scenario);
}
