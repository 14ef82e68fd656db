/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store/conformance.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fy_store *(*make_fresh)(void);
static struct fy_store *(*make_again)(struct fy_store *old);

static struct fy_row row(const char *run, uint64_t seq, const char *body)
{
    struct fy_row made = {.run = run,
                          .seq = seq,
                          .kind = 4,
                          .time_ms = -5 + (int64_t)seq,
                          .epoch = 7,
                          .body = body,
                          .body_length = strlen(body)};
    memset(made.hash, (int)seq, sizeof made.hash);
    return made;
}

static void must(bool good, const struct fy_err *err)
{
    if (!good)
        fail_msg("%s", err->message);
}

static void put_rows(struct fy_store *store, const struct fy_row *rows, size_t count)
{
    struct fy_err err = {0};
    struct fy_store_batch batch = {.rows = rows, .row_count = count};
    must(store->commit(store, &batch, &err), &err);
}

static void begin_run(struct fy_store *store, const char *run)
{
    struct fy_err err = {0};
    struct fy_row first = row(run, 1, "{\"first\":1}");
    struct fy_run_line line = {.run = run,
                               .request_id = "q",
                               .tenant = "t",
                               .vnf_instance_id = "amf-1",
                               .order_sha256 = "00",
                               .accepted_ms = 1790000000000};
    struct fy_store_batch batch = {.rows = &first, .row_count = 1, .lines = &line, .line_count = 1};
    must(store->commit(store, &batch, &err), &err);
}

static void end_run(struct fy_store *store, const char *run, uint64_t seq)
{
    struct fy_err err = {0};
    struct fy_row last = row(run, seq, "{}");
    struct fy_run_line line = {.run = run, .final = true};
    struct fy_store_batch batch = {.rows = &last, .row_count = 1, .lines = &line, .line_count = 1};
    must(store->commit(store, &batch, &err), &err);
}

/* What a visitor saw: "run/seq ", and where it stops. */
struct seen {
    struct fy_buf words;
    size_t most;
    size_t count;
};

static bool see_row(void *context, const struct fy_row *it)
{
    struct seen *seen = context;
    fy_buf_format(&seen->words, "%s/%llu ", it->run, (unsigned long long)it->seq);
    return ++seen->count != seen->most;
}

static void assert_reads(struct fy_store *store, const char *run, uint64_t after, size_t most,
                         const char *words)
{
    struct fy_err err = {0};
    struct seen seen = {.most = most};
    must(store->read(store, run, after, see_row, &seen, &err), &err);
    assert_string_equal(seen.words.data != NULL ? seen.words.data : "", words);
    fy_buf_free(&seen.words);
}

static struct fy_store *again(struct fy_store *store)
{
    return make_again != NULL ? make_again(store) : store;
}

static bool same_row(void *context, const struct fy_row *it)
{
    const struct fy_row *wanted = context;
    assert_string_equal(it->run, wanted->run);
    assert_int_equal(it->seq, wanted->seq);
    assert_int_equal(it->kind, wanted->kind);
    assert_int_equal(it->time_ms, wanted->time_ms);
    assert_int_equal(it->epoch, wanted->epoch);
    assert_int_equal(it->body_length, wanted->body_length);
    assert_memory_equal(it->body, wanted->body, it->body_length);
    assert_memory_equal(it->hash, wanted->hash, sizeof it->hash);
    return true;
}

static void test_store_gives_back_a_row_as_it_was(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    begin_run(store, "r1");
    struct fy_row second = row("r1", 2, "{\"text\":\"Z\xc3\xbcrich \xe5\x8d\x87\xe7\xba\xa7 \\u0000\"}");
    second.time_ms = INT64_MIN;
    put_rows(store, &second, 1);
    *state = store = again(store);
    must(store->read(store, "r1", 1, same_row, &second, &err), &err);
}

static void test_store_reads_a_run_in_order_from_where_it_is_asked(void **state)
{
    struct fy_store *store = *state;
    begin_run(store, "r1");
    begin_run(store, "r2");
    struct fy_row more[] = {row("r2", 2, "{}"), row("r1", 2, "{}"), row("r2", 3, "{}"), row("r1", 3, "{}")};
    put_rows(store, more, 4);
    for (int round = 0; round < 2; round++) {
        assert_reads(store, "r1", 0, 0, "r1/1 r1/2 r1/3 ");
        assert_reads(store, "r2", 1, 0, "r2/2 r2/3 ");
        assert_reads(store, "r2", 3, 0, "");
        assert_reads(store, "r2", 9, 0, "");
        assert_reads(store, "r1", 0, 2, "r1/1 r1/2 ");
        *state = store = again(store);
    }
    struct fy_row fourth = row("r1", 4, "{}");
    put_rows(store, &fourth, 1);
    assert_reads(store, "r1", 2, 0, "r1/3 r1/4 ");
}

static void test_store_does_not_know_a_run_nobody_wrote(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    struct seen seen = {0};
    assert_false(store->read(store, "nobody", 0, see_row, &seen, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "nobody"));
}

static void refuses(struct fy_store *store, const struct fy_row *rows, size_t count, const char *words)
{
    struct fy_err err = {0};
    struct fy_store_batch batch = {.rows = rows, .row_count = count};
    assert_false(store->commit(store, &batch, &err));
    assert_int_equal(err.kind, FY_ERR_INTERNAL);
    assert_non_null(strstr(err.message, words));
}

static void test_store_refuses_a_gap_and_keeps_nothing_of_the_batch(void **state)
{
    struct fy_store *store = *state;
    begin_run(store, "r1");
    struct fy_row gap[] = {row("r1", 2, "{}"), row("r1", 4, "{}")};
    refuses(store, gap, 2, "record 4 of run r1 does not follow record 2");
    assert_reads(store, "r1", 0, 0, "r1/1 ");
    refuses(store, gap + 1, 1, "record 4 of run r1 does not follow record 1");
    put_rows(store, gap, 1);
    refuses(store, gap, 1, "record 2 of run r1 does not follow record 2");
    assert_reads(store, "r1", 0, 0, "r1/1 r1/2 ");
}

static void test_store_refuses_rows_of_a_run_without_a_line(void **state)
{
    struct fy_store *store = *state;
    struct fy_row orphan = row("r9", 1, "{}");
    refuses(store, &orphan, 1, "record 1 of run r9 has no line");
}

static bool see_line(void *context, const struct fy_run_line *line)
{
    struct seen *seen = context;
    fy_buf_format(&seen->words, "%s%s %s %s %s %s %lld; ", line->run, line->final ? "." : "",
                  line->request_id, line->tenant, line->vnf_instance_id, line->order_sha256,
                  (long long)line->accepted_ms);
    return ++seen->count != seen->most;
}

static void assert_lists(struct fy_store *store, bool live_only, size_t most, const char *words)
{
    struct fy_err err = {0};
    struct seen seen = {.most = most};
    must(store->runs(store, live_only, see_line, &seen, &err), &err);
    assert_string_equal(seen.words.data != NULL ? seen.words.data : "", words);
    fy_buf_free(&seen.words);
}

static void test_store_lists_runs_newest_first_and_live_ones_alone(void **state)
{
    struct fy_store *store = *state;
    begin_run(store, "r1");
    begin_run(store, "r2");
    begin_run(store, "r3");
    end_run(store, "r2", 2);
    *state = store = again(store);
    assert_lists(
        store, false, 0,
        "r3 q t amf-1 00 1790000000000; r2. q t amf-1 00 1790000000000; r1 q t amf-1 00 1790000000000; ");
    assert_lists(store, true, 0, "r3 q t amf-1 00 1790000000000; r1 q t amf-1 00 1790000000000; ");
    assert_lists(store, true, 1, "r3 q t amf-1 00 1790000000000; ");
}

static void test_store_reads_live_runs_in_one_pass(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    struct seen seen = {0};
    must(store->read_live(store, see_row, &seen, &err), &err);
    assert_int_equal(seen.count, 0);
    begin_run(store, "r1");
    begin_run(store, "r2");
    end_run(store, "r1", 2);
    begin_run(store, "r3");
    struct fy_row more[] = {row("r3", 2, "{}"), row("r2", 2, "{}")};
    put_rows(store, more, 2);
    *state = store = again(store);
    must(store->read_live(store, see_row, &seen, &err), &err);
    /* each run's in order; how the runs are mixed is the store's affair */
    assert_int_equal(seen.count, 4);
    assert_true(strstr(seen.words.data, "r2/1 ") < strstr(seen.words.data, "r2/2 "));
    assert_true(strstr(seen.words.data, "r3/1 ") < strstr(seen.words.data, "r3/2 "));
    assert_null(strstr(seen.words.data, "r1/"));
    fy_buf_free(&seen.words);
}

/* Far apart among a hundred times as many rows of others: looked up, not passed by. */
static void test_store_finds_few_live_rows_among_many_others(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    begin_run(store, "live");
    begin_run(store, "big");
    struct fy_row many[500];
    for (uint64_t i = 0; i < 500; i++)
        many[i] = row("big", i + 2, "{}");
    put_rows(store, many, 500);
    struct fy_row second = row("live", 2, "{}");
    put_rows(store, &second, 1);
    end_run(store, "big", 502);
    *state = store = again(store);
    struct seen seen = {0};
    must(store->read_live(store, see_row, &seen, &err), &err);
    assert_string_equal(seen.words.data, "live/1 live/2 ");
    seen.count = 0;
    seen.most = 1;
    fy_buf_clear(&seen.words);
    must(store->read_live(store, see_row, &seen, &err), &err);
    assert_string_equal(seen.words.data, "live/1 ");
    fy_buf_free(&seen.words);
}

static void test_store_finds_runs_again_whose_heads_were_noted_long_ago(void **state)
{
    struct fy_store *store = *state;
    begin_run(store, "old");
    end_run(store, "old", 2);
    begin_run(store, "quiet");
    begin_run(store, "busy");
    for (uint64_t i = 0; i < 90; i++) {
        struct fy_row rows[100];
        for (uint64_t j = 0; j < 100; j++)
            rows[j] = row("busy", 2 + i * 100 + j, "{}");
        put_rows(store, rows, 100);
    }
    *state = store = again(store);
    assert_reads(store, "old", 0, 0, "old/1 old/2 ");
    assert_reads(store, "quiet", 0, 0, "quiet/1 ");
    assert_reads(store, "busy", 8999, 0, "busy/9000 busy/9001 ");
    struct fy_row more[] = {row("busy", 9002, "{}"), row("old", 3, "{}"), row("quiet", 2, "{}")};
    put_rows(store, more, 3);
    *state = store = again(store);
    assert_reads(store, "busy", 9001, 0, "busy/9002 ");
    assert_reads(store, "old", 0, 0, "old/1 old/2 old/3 ");
    assert_reads(store, "quiet", 0, 0, "quiet/1 quiet/2 ");
}

static void test_store_keeps_a_text_once_by_its_digest(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    struct fy_text texts[2] = {{.bytes = "a\0b", .length = 3}, {.bytes = "", .length = 0}};
    for (size_t i = 0; i < 2; i++)
        fy_sha256_text(texts[i].bytes, texts[i].length, texts[i].sha256);
    struct fy_store_batch batch = {.texts = texts, .text_count = 2};
    must(store->commit(store, &batch, &err), &err);
    must(store->commit(store, &batch, &err), &err);
    *state = store = again(store);
    for (size_t i = 0; i < 2; i++) {
        FY_AUTO(fy_free_ptr) char *bytes = NULL;
        size_t length = 99;
        must(store->text(store, texts[i].sha256, &bytes, &length, &err), &err);
        assert_int_equal(length, texts[i].length);
        assert_memory_equal(bytes, texts[i].bytes, length);
    }
    char *none = NULL;
    size_t length;
    assert_false(store->text(store, "beef", &none, &length, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
}

static void test_store_raises_its_epoch_at_each_opening(void **state)
{
    struct fy_store *store = *state;
    uint64_t first = store->epoch;
    assert_true(first > 0);
    *state = store = again(store);
    assert_int_equal(store->epoch, make_again != NULL ? first + 1 : first);
}

struct nested {
    struct fy_store *store;
    size_t inner;
};

static bool count_one(void *context, const struct fy_row *it)
{
    (void)it;
    ((struct nested *)context)->inner++;
    return true;
}

static bool read_again(void *context, const struct fy_row *it)
{
    struct nested *nested = context;
    struct fy_err err = {0};
    must(nested->store->read(nested->store, it->run, 0, count_one, nested, &err), &err);
    return true;
}

static void test_a_visitor_may_read_again(void **state)
{
    struct fy_store *store = *state;
    struct fy_err err = {0};
    struct nested nested = {.store = store};
    begin_run(store, "r1");
    begin_run(store, "r2");
    must(store->read_live(store, read_again, &nested, &err), &err);
    assert_int_equal(nested.inner, 2);
}

static int open_fresh(void **state)
{
    *state = make_fresh();
    return *state != NULL ? 0 : -1;
}

static int close_it(void **state)
{
    struct fy_store *store = *state;
    store->close(store);
    return 0;
}

#define CONFORMS(test) cmocka_unit_test_setup_teardown(test, open_fresh, close_it)

int conformance_run(const char *name, struct fy_store *(*fresh)(void),
                    struct fy_store *(*reopen)(struct fy_store *old))
{
    const struct CMUnitTest tests[] = {
        CONFORMS(test_store_gives_back_a_row_as_it_was),
        CONFORMS(test_store_reads_a_run_in_order_from_where_it_is_asked),
        CONFORMS(test_store_does_not_know_a_run_nobody_wrote),
        CONFORMS(test_store_refuses_a_gap_and_keeps_nothing_of_the_batch),
        CONFORMS(test_store_refuses_rows_of_a_run_without_a_line),
        CONFORMS(test_store_lists_runs_newest_first_and_live_ones_alone),
        CONFORMS(test_store_reads_live_runs_in_one_pass),
        CONFORMS(test_store_finds_few_live_rows_among_many_others),
        CONFORMS(test_store_finds_runs_again_whose_heads_were_noted_long_ago),
        CONFORMS(test_store_keeps_a_text_once_by_its_digest),
        CONFORMS(test_store_raises_its_epoch_at_each_opening),
        CONFORMS(test_a_visitor_may_read_again),
    };
    make_fresh = fresh;
    make_again = reopen;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
