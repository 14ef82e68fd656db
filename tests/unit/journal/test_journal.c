/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "journal/journal.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

/* A store that does as it is told, in front of one in memory. */
struct fixture {
    struct fy_store *store;
    struct fy_journal *journal;
    struct fy_store front;
    int refuse;  /* so many commits fail with what could pass */
    int commits; /* that reached the store */
    int event;   /* the loop's; -1 without a thread */
    int64_t now_ns;
    struct fy_buf heard; /* what was delivered, in words */
};

static struct fixture *current;

static bool front_commit(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    (void)self;
    if (current->refuse > 0) {
        current->refuse--;
        return fy_fail(err, FY_ERR_TRANSIENT, "no room");
    }
    current->commits++;
    return current->store->commit(current->store, batch, err);
}

static struct fy_mtime machine(void *self)
{
    return (struct fy_mtime){((struct fixture *)self)->now_ns};
}

static int64_t wall_ms(void *self)
{
    (void)self;
    return 1790000000000;
}

static void wake(void *context)
{
    uint64_t one = 1;
    assert_int_equal(write(((struct fixture *)context)->event, &one, sizeof one), sizeof one);
}

static void heard_row(void *context, const struct fy_row *row)
{
    fy_buf_format(context, "%s/%llu ", row->run, (unsigned long long)row->seq);
}

static void start(struct fixture *f, bool threaded)
{
    struct fy_err err = {0};
    struct fy_clock clock = {machine, wall_ms, f};
    current = f;
    *f = (struct fixture){.event = threaded ? eventfd(0, EFD_CLOEXEC) : -1};
    if (!fy_store_open_sqlite(":memory:", &f->store, &err))
        fail_msg("%s", err.message);
    f->front = *f->store;
    f->front.commit = front_commit;
    f->front.name_kinds = NULL;
    f->front.idle = NULL;
    struct fy_journal_loop loop = {.wake = threaded ? wake : NULL, .context = f};
    if (!threaded)
        loop.clock = &clock;
    if (!fy_journal_open(&f->front, loop, &f->journal, &err))
        fail_msg("%s", err.message);
    fy_journal_follow(f->journal, heard_row, &f->heard);
}

static void stop(struct fixture *f)
{
    fy_journal_close(f->journal);
    f->store->close(f->store);
    fy_buf_free(&f->heard);
    fy_close_fd(&f->event);
}

static void done_word(void *context)
{
    fy_buf_format(&current->heard, "%s ", (const char *)context);
}

static void append(struct fixture *f, const char *run, enum fy_record_kind kind, const char *done)
{
    struct fy_record record = {.kind = kind, .time = {1000}, .body = fy_strdup("{\"text\":\"x\"}")};
    struct fy_run_line line = {.run = run};
    fy_journal_append(f->journal, run, &record, 1, kind == FY_REC_ORDER_ACCEPTED ? &line : NULL, NULL, 0,
                      done != NULL ? done_word : NULL, (void *)(uintptr_t)done);
}

static void assert_heard(struct fixture *f, const char *words)
{
    assert_string_equal(f->heard.data != NULL ? f->heard.data : "", words);
    fy_buf_clear(&f->heard);
}

struct check {
    struct fy_verifier verifier;
    const char *run;
};

static bool check_row(void *context, const struct fy_row *row)
{
    struct check *check = context;
    struct fy_err err = {0};
    if (!fy_verify_row(&check->verifier, check->run, row, &err))
        fail_msg("%s", err.message);
    return true;
}

static uint64_t verified(struct fixture *f, const char *run)
{
    struct check check = {.run = run};
    struct fy_err err = {0};
    if (!f->store->read(f->store, run, 0, check_row, &check, &err))
        fail_msg("%s", err.message);
    return check.verifier.seq;
}

static void test_journal_tells_a_run_after_its_records_are_seen(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, "accepted");
    assert_heard(&f, "");
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/1 accepted ");
    assert_int_equal(verified(&f, "r1"), 1);
    stop(&f);
}

static void test_journal_commits_once_for_all_that_gathered(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, "a");
    append(&f, "r2", FY_REC_ORDER_ACCEPTED, "b");
    append(&f, "r1", FY_REC_STATE_CHANGED, "c");
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/1 a r2/1 b r1/2 c ");
    assert_int_equal(f.commits, 1);
    assert_int_equal(verified(&f, "r1"), 2);
    stop(&f);
}

static void test_journal_lets_lazy_records_wait_for_company(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
    fy_journal_turn(f.journal);
    append(&f, "r1", FY_REC_SAMPLE, "sampled");
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/1 ");
    append(&f, "r2", FY_REC_ORDER_ACCEPTED, NULL);
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/2 sampled r2/1 ");
    assert_int_equal(f.commits, 2);
    stop(&f);
}

static void test_journal_writes_lazy_records_after_five_seconds(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
    fy_journal_turn(f.journal);
    fy_buf_clear(&f.heard);
    append(&f, "r1", FY_REC_SAMPLE, NULL);
    f.now_ns += 4999999999;
    fy_journal_turn(f.journal);
    assert_heard(&f, "");
    f.now_ns += 1;
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/2 ");
    stop(&f);
}

static void test_journal_holds_what_rides_for_the_runs_next_forced_record(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
    append(&f, "r2", FY_REC_ORDER_ACCEPTED, NULL);
    fy_journal_turn(f.journal);
    fy_buf_clear(&f.heard);
    append(&f, "r1", FY_REC_PHASE, "phase");
    append(&f, "r1", FY_REC_SAMPLE, NULL);
    append(&f, "r2", FY_REC_STATE_CHANGED, NULL);
    f.now_ns += 6000000000;
    fy_journal_turn(f.journal);
    assert_heard(&f, "r2/2 ");
    append(&f, "r1", FY_REC_INTENT, "intent");
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/2 phase r1/3 r1/4 intent ");
    assert_int_equal(verified(&f, "r1"), 4);
    stop(&f);
}

static void test_journal_tries_again_and_goes_on_by_itself(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    f.refuse = 2;
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, "accepted");
    fy_journal_turn(f.journal);
    assert_heard(&f, "");
    assert_non_null(strstr(fy_journal_trouble(f.journal), "no room"));
    fy_journal_turn(f.journal);
    assert_non_null(strstr(fy_journal_trouble(f.journal), "2026-09-21T14:13:20Z (tried 2 times): no room"));
    append(&f, "r1", FY_REC_STATE_CHANGED, "changed");
    fy_journal_turn(f.journal);
    assert_null(fy_journal_trouble(f.journal));
    assert_heard(&f, "r1/1 accepted r1/2 changed ");
    assert_int_equal(verified(&f, "r1"), 2);
    stop(&f);
}

static void wait_for(struct fixture *f, const char *words)
{
    while (f->heard.data == NULL || strcmp(f->heard.data, words) != 0) {
        struct pollfd ready = {.fd = f->event, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 20000), 1);
        uint64_t count;
        assert_int_equal(read(f->event, &count, sizeof count), sizeof count);
        fy_journal_turn(f->journal);
    }
    fy_buf_clear(&f->heard);
}

static void test_writer_thread_makes_records_durable_and_wakes_the_loop(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, true);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, "a");
    wait_for(&f, "r1/1 a ");
    for (int i = 0; i < 200; i++) {
        append(&f, "r1", FY_REC_STATE_CHANGED, NULL);
        append(&f, "r1", FY_REC_SAMPLE, NULL);
        append(&f, "r1", FY_REC_PHASE, NULL);
        append(&f, "r1", FY_REC_INTENT, i == 199 ? "end" : NULL);
    }
    while (f.heard.data == NULL || strstr(f.heard.data, "end") == NULL) {
        uint64_t count;
        assert_int_equal(read(f.event, &count, sizeof count), sizeof count);
        fy_journal_turn(f.journal);
    }
    assert_int_equal(verified(&f, "r1"), 801);
    stop(&f);
}

static void test_writer_thread_outlasts_a_store_that_fails(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, true);
    f.refuse = 2;
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, "a");
    wait_for(&f, "r1/1 a ");
    assert_null(fy_journal_trouble(f.journal));
    stop(&f);
}

static void test_close_commits_what_was_handed_over(void **state)
{
    (void)state;
    struct fixture f;
    for (int threaded = 0; threaded < 2; threaded++) {
        start(&f, threaded);
        append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
        append(&f, "r1", FY_REC_SAMPLE, NULL);
        append(&f, "r1", FY_REC_PHASE, NULL);
        fy_journal_close(f.journal);
        f.journal = NULL;
        assert_int_equal(verified(&f, "r1"), 3);
        stop(&f);
    }
}

static void follow_once(void *context, const struct fy_row *row)
{
    (void)row;
    fy_buf_text(context, "once ");
    fy_journal_unfollow(current->journal, follow_once, context);
}

static void test_a_follower_may_leave_while_it_is_shown_a_record(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, false);
    fy_journal_follow(f.journal, follow_once, &f.heard);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
    append(&f, "r1", FY_REC_STATE_CHANGED, NULL);
    fy_journal_turn(f.journal);
    assert_heard(&f, "r1/1 once r1/2 ");
    stop(&f);
}

static void test_journal_continues_the_chain_of_an_adopted_run(void **state)
{
    (void)state;
    struct fixture f;
    struct fy_err err = {0};
    start(&f, false);
    append(&f, "r1", FY_REC_ORDER_ACCEPTED, NULL);
    fy_journal_close(f.journal);
    struct check check = {.run = "r1"};
    assert_true(f.store->read(f.store, "r1", 0, check_row, &check, &err));
    assert_true(fy_journal_open(&f.front, (struct fy_journal_loop){0}, &f.journal, &err));
    fy_journal_adopt(f.journal, "r1", check.verifier.seq, check.verifier.hash);
    append(&f, "r1", FY_REC_RESUMED, NULL);
    fy_journal_turn(f.journal);
    assert_int_equal(verified(&f, "r1"), 2);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_tells_a_run_after_its_records_are_seen),
        cmocka_unit_test(test_journal_commits_once_for_all_that_gathered),
        cmocka_unit_test(test_journal_lets_lazy_records_wait_for_company),
        cmocka_unit_test(test_journal_writes_lazy_records_after_five_seconds),
        cmocka_unit_test(test_journal_holds_what_rides_for_the_runs_next_forced_record),
        cmocka_unit_test(test_journal_tries_again_and_goes_on_by_itself),
        cmocka_unit_test(test_writer_thread_makes_records_durable_and_wakes_the_loop),
        cmocka_unit_test(test_writer_thread_outlasts_a_store_that_fails),
        cmocka_unit_test(test_close_commits_what_was_handed_over),
        cmocka_unit_test(test_a_follower_may_leave_while_it_is_shown_a_record),
        cmocka_unit_test(test_journal_continues_the_chain_of_an_adopted_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
