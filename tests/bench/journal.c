/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal against what the machine can do, interleaved:
 *     bench_journal [ROUNDS [SECONDS [DIRECTORY]]]
 * Each round measures a raw fdatasync of an overwritten 4 KiB block, a commit of the store of one step (two
 * records: outcome and next intent) on one thread, and the journal with 1, 50 and 500 runs that each
 * write their next step as soon as the last is durable. Medians, and ratios within a round.
 */
#include "journal/journal.h"
#include "base/buf.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST_ROUNDS 64

static const char outcome[] =
    "{\"step\":1234,\"attempt\":1,\"ok\":true,\"result\":{\"upgraded\":7,\"took_ms\":61234}}";
static const char intent[] =
    "{\"step\":1235,\"attempt\":1,\"program\":1,\"call\":\"upgrade\",\"connection\":\"sim-cloud\",\"verb\":"
    "\"upgrade\",\"args\":{\"instances\":[\"amf-svc-02\",\"amf-svc-03\",\"amf-svc-04\",\"amf-svc-05\"],"
    "\"image\":\"registry/amf-svc:1.3.0\",\"version\":\"1.3.0\"}}";

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const struct fy_err *err)
{
    (void)fprintf(stderr, "%s\n", err->message);
    exit(1);
}

struct figure {
    double rate; /* steps a second */
    double cpu;  /* microseconds a step, all threads */
    double commits;
};

static struct figure raw_fdatasync(const char *path, double seconds)
{
    static char block[4096];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    double begin = seconds_of(CLOCK_MONOTONIC), now = begin;
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    long count = 0;
    for (; now < begin + seconds; now = seconds_of(CLOCK_MONOTONIC), count++) {
        block[0]++;
        if (pwrite(fd, block, sizeof block, 0) != (ssize_t)sizeof block || fdatasync(fd) != 0) {
            perror(path);
            exit(1);
        }
    }
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    (void)close(fd);
    return (struct figure){(double)count / (now - begin), 1e6 * cpu / (double)count, 1};
}

static struct figure bare_store(struct fy_store *store, const char *run, double seconds)
{
    struct fy_row rows[2] = {
        {.run = run, .kind = FY_REC_OUTCOME, .body = outcome, .body_length = strlen(outcome)},
        {.run = run, .kind = FY_REC_INTENT, .body = intent, .body_length = strlen(intent)}};
    struct fy_run_line line = {.run = run, .final = true};
    struct fy_err err;
    double begin = seconds_of(CLOCK_MONOTONIC), now = begin;
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    long count = 0;
    for (; now < begin + seconds; now = seconds_of(CLOCK_MONOTONIC), count++) {
        struct fy_store_batch batch = {
            .rows = rows, .row_count = 2, .lines = &line, .line_count = count == 0 ? 1 : 0};
        rows[0].seq = rows[1].seq + 1;
        rows[1].seq = rows[0].seq + 1;
        if (!store->commit(store, &batch, &err))
            die(&err);
    }
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return (struct figure){(double)count / (now - begin), 1e6 * cpu / (double)count, 1};
}

struct driven {
    struct fy_journal *journal;
    char name[32];
    long *steps;
    const bool *stopping;
    bool begun;
};

static void step(void *context)
{
    struct driven *run = context;
    struct fy_record records[2] = {{FY_REC_OUTCOME, {0}, fy_strdup(outcome)},
                                   {FY_REC_INTENT, {0}, fy_strdup(intent)}};
    struct fy_run_line line = {.run = run->name};
    if (run->begun)
        ++*run->steps;
    if (!*run->stopping)
        fy_journal_append(run->journal, run->name, records, 2, run->begun ? NULL : &line, NULL, 0, step, run);
    else
        for (size_t i = 0; i < 2; i++)
            free(records[i].body);
    run->begun = true;
}

static void wake(void *context)
{
    uint64_t one = 1;
    (void)!write(*(int *)context, &one, sizeof one);
}

static struct figure driven_journal(struct fy_store *store, const char *prefix, size_t count, double seconds)
{
    int event = eventfd(0, EFD_CLOEXEC);
    struct fy_journal *journal;
    struct fy_err err;
    long steps = 0;
    bool stopping = false;
    if (!fy_journal_open(store, (struct fy_journal_loop){.wake = wake, .context = &event, .gathers = true},
                         &journal, &err))
        die(&err);
    struct driven *runs = FY_NEW_ARRAY(struct driven, count);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double begin = seconds_of(CLOCK_MONOTONIC), now = begin;
    for (size_t i = 0; i < count; i++) {
        runs[i] = (struct driven){.journal = journal, .steps = &steps, .stopping = &stopping};
        (void)snprintf(runs[i].name, sizeof runs[i].name, "%s-%zu", prefix, i);
        step(&runs[i]);
    }
    fy_journal_turn(journal);
    for (; now < begin + seconds; now = seconds_of(CLOCK_MONOTONIC)) {
        uint64_t woken;
        if (read(event, &woken, sizeof woken) == sizeof woken)
            fy_journal_turn(journal);
    }
    stopping = true;
    uint64_t commits;
    uint64_t rows;
    fy_journal_counts(journal, &commits, &rows);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    fy_journal_close(journal);
    (void)close(event);
    free(runs);
    return (struct figure){(double)steps / (now - begin), 1e6 * cpu / (double)steps,
                           (double)commits / (double)steps};
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static double median(const double *values, size_t count)
{
    double sorted[MOST_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

enum what { RAW, STORE, ONE, FIFTY, FIVE_HUNDRED, WHAT_COUNT };
static const char *const what_names[] = {"fdatasync of 4 KiB", "store, a step a commit", "journal, 1 run",
                                         "journal, 50 runs", "journal, 500 runs"};

static void show(double (*rate)[MOST_ROUNDS], double (*cpu)[MOST_ROUNDS], double (*commits)[MOST_ROUNDS],
                 size_t rounds)
{
    (void)printf("%-26s %12s %12s %12s %16s\n", "", "steps/s", "CPU us/step", "commits/step",
                 "share of fdatasync");
    for (size_t i = 0; i < WHAT_COUNT; i++) {
        double share[MOST_ROUNDS];
        for (size_t round = 0; round < rounds; round++)
            share[round] = rate[i][round] / rate[RAW][round];
        (void)printf("%-26s %12.0f %12.1f %12.3f %16.2f\n", what_names[i], median(rate[i], rounds),
                     median(cpu[i], rounds), median(commits[i], rounds), median(share, rounds));
    }
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
    static double rate[WHAT_COUNT][MOST_ROUNDS], cpu[WHAT_COUNT][MOST_ROUNDS],
        commits[WHAT_COUNT][MOST_ROUNDS];
    FY_AUTO(fy_free_ptr) char *folder = fy_format("%s/ferry-bench-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    struct fy_store *store;
    struct fy_err err;
    rounds = rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
    if (mkdtemp(folder) == NULL)
        return 1;
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/ferry.db", folder);
    FY_AUTO(fy_free_ptr) char *raw = fy_format("%s/raw", folder);
    if (!fy_store_open_sqlite(path, &store, &err))
        die(&err);
    for (size_t round = 0; round < rounds; round++) {
        struct figure figures[WHAT_COUNT];
        char name[WHAT_COUNT][32];
        for (size_t i = 0; i < WHAT_COUNT; i++)
            (void)snprintf(name[i], sizeof name[i], "r%zu-%zu", round, i);
        figures[RAW] = raw_fdatasync(raw, seconds);
        figures[STORE] = bare_store(store, name[STORE], seconds);
        figures[ONE] = driven_journal(store, name[ONE], 1, seconds);
        figures[FIFTY] = driven_journal(store, name[FIFTY], 50, seconds);
        figures[FIVE_HUNDRED] = driven_journal(store, name[FIVE_HUNDRED], 500, seconds);
        for (size_t i = 0; i < WHAT_COUNT; i++) {
            rate[i][round] = figures[i].rate;
            cpu[i][round] = figures[i].cpu;
            commits[i][round] = figures[i].commits;
        }
    }
    show(rate, cpu, commits, rounds);
    store->close(store);
    static const char *const endings[] = {"ferry.db", "ferry.db-wal", "ferry.db-shm", "ferry.db.lock", "raw"};
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        FY_AUTO(fy_free_ptr) char *file = fy_format("%s/%s", folder, endings[i]);
        (void)unlink(file);
    }
    return rmdir(folder);
}
