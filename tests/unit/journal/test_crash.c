/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes the journal is killed at each crash point of store and journal. Its successor must
 * find every record that was acknowledged, a chain that verifies and no gap, and must be able to go on.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "journal/journal.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 5
#define ROUNDS                                                                                               \
    90 /* so many commits, each of 10 records of 1.2 KB a run: enough to note heads and to checkpoint */
#define RECORDS 10

static char folder[] = "/tmp/ferry-crash-XXXXXX";
static char path[64];

/* Shared with the children: how far each run was told that it is durable. */
static struct shared {
    atomic_uint_fast64_t acknowledged[RUNS];
} * shared;

/* ---- in the child -------------------------------------------------------------------------------------- */

struct writer {
    struct fy_store *store;
    struct fy_journal *journal;
    int event;
    struct fy_verifier seen[RUNS];
    char names[RUNS][16];
    size_t waiting; /* for so many runs */
};

static struct writer me;

static void wake(void *context)
{
    uint64_t one = 1;
    (void)!write(*(int *)context, &one, sizeof one);
}

static bool verify(void *context, const struct fy_row *row)
{
    (void)context;
    struct fy_err err = {0};
    size_t run = (size_t)(row->run[3] - '0');
    if (fy_verify_row(&me.seen[run], me.names[run], row, &err))
        return true;
    (void)fprintf(stderr, "%s\n", err.message);
    _exit(3);
}

/* What is in the store verifies and has all that was acknowledged. Exit code 3 and 4 say it does not. */
static void recover(void)
{
    struct fy_err err = {0};
    if (!fy_store_open_sqlite(path, &me.store, &err) || !me.store->read_live(me.store, verify, NULL, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        _exit(3);
    }
    for (size_t i = 0; i < RUNS; i++)
        if (me.seen[i].seq < shared->acknowledged[i] || me.seen[i].seq % RECORDS > 1)
            _exit(4);
}

static void acknowledged(void *context)
{
    uintptr_t number = (uintptr_t)context;
    shared->acknowledged[number % RUNS] = number / RUNS;
    me.waiting--;
}

static void append(size_t run, enum fy_record_kind kind, size_t count, bool begins)
{
    static char body[1200];
    struct fy_record records[RECORDS];
    (void)snprintf(body, sizeof body, "{\"text\":\"%01100d\"}", (int)me.seen[run].seq);
    for (size_t i = 0; i < count; i++)
        records[i] = (struct fy_record){i == 0 ? kind : FY_REC_SAMPLE, {0}, fy_strdup(body)};
    struct fy_run_line line = {.run = me.names[run]};
    me.seen[run].seq += count;
    me.waiting++;
    fy_journal_append(
        me.journal, me.names[run], records, count, begins ? &line : NULL, NULL, 0, acknowledged,
        (void *)(uintptr_t)(me.seen[run].seq * RUNS +
                            run)); // NOLINT(performance-no-int-to-ptr): a number on its way through
}

static void wait_for_all(void)
{
    while (me.waiting > 0) {
        uint64_t count;
        if (read(me.event, &count, sizeof count) != sizeof count)
            _exit(5);
        fy_journal_turn(me.journal);
    }
}

static void write_rounds(size_t rounds)
{
    struct fy_err err = {0};
    struct fy_journal_loop loop = {.wake = wake, .context = &me.event, .gathers = true};
    me.event = eventfd(0, EFD_CLOEXEC);
    if (!fy_journal_open(me.store, loop, &me.journal, &err))
        _exit(5);
    for (size_t i = 0; i < RUNS; i++) {
        fy_journal_adopt(me.journal, me.names[i], me.seen[i].seq, me.seen[i].hash);
        if (me.seen[i].seq == 0)
            append(i, FY_REC_ORDER_ACCEPTED, 1, true);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < RUNS; i++)
            append(i, FY_REC_STATE_CHANGED, RECORDS, false);
        fy_journal_turn(me.journal);
        wait_for_all();
    }
}

/* A life as an engine: recover, write, then idle until killed (at most ten seconds) or leave. */
static pid_t live(const char *crash, size_t rounds, bool idles)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)setenv("FERRY_CRASH", crash, 1);
    recover();
    write_rounds(rounds);
    for (int i = 0; idles && i < 100; i++)
        (void)poll(NULL, 0, 100);
    fy_journal_close(me.journal);
    me.store->close(me.store);
    _exit(0);
}

/* ---- in the test --------------------------------------------------------------------------------------- */

static void remove_files(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s%s", path, endings[i]);
        (void)unlink(file);
    }
    memset(shared, 0, sizeof *shared);
}

static int end_of(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void lives_on(const char *point)
{
    int status = end_of(live("", 3, false));
    if (status != 0)
        fail_msg("the successor of a process killed at %s ended with status %#x", point, status);
}

static void dies_at(const char *point, unsigned nth, bool must)
{
    char crash[96];
    (void)snprintf(crash, sizeof crash, "%s:%u", point, nth);
    remove_files();
    int status = end_of(live(crash, ROUNDS, must));
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!killed && (must || status != 0))
        fail_msg("%s was not reached: status %#x", crash, status);
    lives_on(crash);
    lives_on(crash);
}

static void test_nothing_acknowledged_is_lost_at_any_crash_point(void **state)
{
    (void)state;
    static const char *const points[] = {
#define X(name, where) #name,
#include "base/point.def"
#undef X
    };
    for (size_t i = 0; i < FY_COUNT(points); i++) {
        if (strncmp(points[i], "store_", 6) != 0 && strncmp(points[i], "journal_", 8) != 0)
            continue;
        dies_at(points[i], 1, true);
        dies_at(points[i], 2, false);
        dies_at(points[i], 40, false);
    }
}

static void test_nothing_acknowledged_is_lost_when_recovery_is_killed_again(void **state)
{
    (void)state;
    static const char *const again[] = {"store_locked:1", "store_migrated:1", "store_opened:1",
                                        "journal_before_commit:1", "journal_after_commit:1"};
    remove_files();
    for (size_t i = 0; i < 2 * FY_COUNT(again); i++) {
        int status = end_of(live(i % 2 == 0 ? "journal_after_insert:7" : again[i / 2], 10, false));
        assert_true(WIFSIGNALED(status));
    }
    lives_on("recovery");
}

static void test_a_process_killed_at_any_moment_loses_nothing(void **state)
{
    (void)state;
    remove_files();
    for (int i = 0; i < 20; i++) {
        pid_t child = live("", 100000, false);
        (void)usleep((useconds_t)(1000 + 3700 * i)); /* decides where it dies, not whether the test passes */
        (void)kill(child, SIGKILL);
        (void)end_of(child);
    }
    lives_on("any moment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acknowledged_is_lost_at_any_crash_point),
        cmocka_unit_test(test_nothing_acknowledged_is_lost_when_recovery_is_killed_again),
        cmocka_unit_test(test_a_process_killed_at_any_moment_loses_nothing),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    (void)snprintf(path, sizeof path, "%s/ferry.db", folder);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < RUNS; i++)
        (void)snprintf(me.names[i], sizeof me.names[i], "run%zu", i);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_files();
    (void)rmdir(folder);
    return failed;
}
