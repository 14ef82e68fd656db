/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what to the journal in PostgreSQL, what is refused at start, and how lost answers are settled.
 */
#include "base/mem.h"
#include "store/pg.h"
#include "tests/unit/store/postgresql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct fy_row row(uint64_t seq, const char *body)
{
    struct fy_row made = {
        .run = "r1", .seq = seq, .kind = 4, .epoch = 1, .body = body, .body_length = strlen(body)};
    memset(made.hash, (int)seq, sizeof made.hash);
    return made;
}

static bool write_rows(struct fy_store *store, uint64_t from, size_t count, struct fy_err *err)
{
    struct fy_row rows[8];
    for (size_t i = 0; i < count; i++)
        rows[i] = row(from + i, "{\"a\":1}");
    struct fy_run_line line = {.run = "r1", .request_id = "q", .tenant = "t", .accepted_ms = 1790000000000};
    struct fy_store_batch batch = {
        .rows = rows, .row_count = count, .lines = &line, .line_count = from == 1 ? 1 : 0};
    return store->commit(store, &batch, err);
}

static void must(bool good, const struct fy_err *err)
{
    if (!good)
        fail_msg("%s; %s", err->message, err->hint);
}

static struct fy_store *store_with_a_run(void)
{
    struct fy_err err = {0};
    assert_true(pg_fresh_database());
    struct fy_store *store = pg_open_store();
    assert_non_null(store);
    must(write_rows(store, 1, 3, &err), &err);
    return store;
}

static void assert_refused(const char *login, const char *sql, const char *with)
{
    const char *words = NULL;
    if (pg_ask(login, sql, &words) != NULL)
        fail_msg("%s was allowed: %s", login, sql);
    if (strstr(words, with) == NULL)
        fail_msg("%s: %s: %s", login, sql, words);
}

static const char *const changes[] = {
    "UPDATE ferry.record SET body = '{}'",
    "DELETE FROM ferry.record",
    "TRUNCATE ferry.record",
    "TRUNCATE ferry.record_2026_09",
    "DELETE FROM ferry.record_2026_09",
    "ALTER TABLE ferry.record DISABLE TRIGGER ALL",
    "ALTER TABLE ferry.record ADD COLUMN more text",
    "ALTER TABLE ferry.record DETACH PARTITION ferry.record_2026_09",
    "DROP TABLE ferry.record",
    "DROP TABLE ferry.record_2026_09",
    "DROP SCHEMA ferry CASCADE",
    "UPDATE ferry.pinned SET bytes = ''",
    "DELETE FROM ferry.pinned",
    "DELETE FROM ferry.run",
    "UPDATE ferry.run SET request_id = 'other'",
    "SELECT * FROM ferry.retire('2030-01-01')",
    "DELETE FROM ferry.engine",
    "UPDATE ferry.migration SET sha256 = ''",
    "CREATE TABLE ferry.mine (a integer)",
    "SET ROLE ferry_owner",
};

static void test_an_engine_can_insert_and_read_and_nothing_else(void **state)
{
    (void)state;
    struct fy_store *store = store_with_a_run();
    for (size_t i = 0; i < FY_COUNT(changes); i++) {
        const char *words = NULL;
        if (pg_ask("ferryd", changes[i], &words) != NULL)
            fail_msg("an engine was allowed: %s", changes[i]);
        print_message("as ferryd: %-62s %s", changes[i], words);
    }
    assert_string_equal(pg_ask("ferryd", "SELECT count(*) FROM ferry.record", NULL), "3");
    store->close(store);
}

static void test_an_auditor_can_read_and_nothing_else(void **state)
{
    (void)state;
    struct fy_store *store = store_with_a_run();
    for (size_t i = 0; i < FY_COUNT(changes); i++)
        assert_null(pg_ask("auditor", changes[i], NULL));
    assert_refused("auditor", "INSERT INTO ferry.pinned VALUES ('a', '')", "permission denied");
    static const char *const views[] = {"journal", "who_did_what", "approvals", "verdicts",
                                        "steps",   "switched_off", "chain"};
    for (size_t i = 0; i < FY_COUNT(views); i++) {
        FY_AUTO(fy_free_ptr) char *sql = fy_format("SELECT count(*) FROM ferry.%s", views[i]);
        assert_non_null(pg_ask("auditor", sql, NULL));
    }
    store->close(store);
}

static void test_even_the_owner_does_not_change_records_by_accident(void **state)
{
    (void)state;
    struct fy_store *store = store_with_a_run();
    assert_refused("owner", "UPDATE ferry.record SET body = '{}'", "what was written is never changed");
    assert_refused("owner", "DELETE FROM ferry.record", "what was written is never changed");
    assert_refused("owner", "TRUNCATE ferry.record", "what was written is never changed");
    assert_refused("owner", "TRUNCATE ferry.record_2026_09", "what was written is never changed");
    store->close(store);
}

static void test_every_table_and_column_says_what_it_is(void **state)
{
    (void)state;
    assert_true(pg_fresh_database());
    const char *missing = pg_ask(
        "auditor",
        "SELECT coalesce(string_agg(c.relname || '.' || coalesce(a.attname, '(itself)'), ', '), '') FROM "
        "pg_class AS c "
        "LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relkind IN ('r', 'p') "
        "WHERE c.relnamespace = 'ferry'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT "
        "c.relispartition "
        "AND (col_description(c.oid, a.attnum) IS NULL AND a.attnum IS NOT NULL OR obj_description(c.oid) IS "
        "NULL)",
        NULL);
    assert_string_equal(missing, "");
}

static void refuses_to_open(const char *address, const char *with)
{
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    if (fy_store_open_postgresql(&(struct fy_pg_options){.address = address}, &store, &err))
        fail_msg("opened in spite of: %s", with);
    if (strstr(err.message, with) == NULL)
        fail_msg("%s", err.message);
    print_message("refused: %s\n    %s\n", err.message, err.hint);
}

static void test_what_cannot_keep_the_promise_is_refused(void **state)
{
    (void)state;
    assert_true(pg_fresh_database());
    refuses_to_open(pg_address("postgres"), "could change records that were written");
    refuses_to_open(pg_address("owner"), "could change records that were written");
    refuses_to_open(pg_address("auditor"), "may not write records");
    assert_non_null(pg_ask("postgres", "ALTER ROLE ferryd SET synchronous_commit = off", NULL));
    refuses_to_open(pg_address("ferryd"), "has synchronous_commit = off");
    assert_non_null(pg_ask("postgres", "ALTER ROLE ferryd SET synchronous_commit = local", NULL));
    refuses_to_open(pg_address("ferryd"), "has synchronous_commit = local");
    assert_non_null(pg_ask("postgres", "ALTER ROLE ferryd RESET ALL", NULL));
    assert_non_null(pg_ask("postgres", "ALTER SYSTEM SET fsync = off", NULL));
    assert_non_null(pg_ask("postgres", "SELECT pg_reload_conf(), pg_sleep(0.3)", NULL));
    refuses_to_open(pg_address("ferryd"), "has fsync = off");
    assert_non_null(pg_ask("postgres", "ALTER SYSTEM SET fsync = on", NULL));
    assert_non_null(pg_ask("postgres", "ALTER SYSTEM SET full_page_writes = off", NULL));
    assert_non_null(pg_ask("postgres", "SELECT pg_reload_conf(), pg_sleep(0.3)", NULL));
    refuses_to_open(pg_address("ferryd"), "has full_page_writes = off");
    assert_non_null(pg_ask("postgres", "ALTER SYSTEM SET full_page_writes = on", NULL));
    assert_non_null(pg_ask("postgres", "SELECT pg_reload_conf(), pg_sleep(0.3)", NULL));
}

static void test_a_password_in_an_address_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const addresses[] = {"postgresql://ferryd:geheim@db/ferry",
                                            "host=db password=geheim dbname=ferry",
                                            "host=db pass word=geheim"};
    for (size_t i = 0; i < FY_COUNT(addresses); i++) {
        struct fy_store *store = NULL;
        struct fy_err err = {0};
        assert_false(
            fy_store_open_postgresql(&(struct fy_pg_options){.address = addresses[i]}, &store, &err));
        assert_null(strstr(err.message, "geheim"));
        assert_null(strstr(err.hint, "geheim"));
    }
}

static void test_a_schema_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_true(pg_fresh_database());
    assert_non_null(pg_ask("owner", "UPDATE ferry.migration SET sha256 = 'other' WHERE number = 2", NULL));
    refuses_to_open(pg_address("ferryd"), "was another text when");
    assert_true(pg_fresh_database());
    assert_non_null(pg_ask("owner", "DELETE FROM ferry.migration WHERE number = 1", NULL));
    refuses_to_open(pg_address("ferryd"), "lacks migration 1, but has number 2");
    assert_true(pg_fresh_database());
    assert_non_null(
        pg_ask("owner",
               "DELETE FROM ferry.migration WHERE number = (SELECT max(number) FROM ferry.migration)", NULL));
    refuses_to_open(pg_address("ferryd"), "wants");
    assert_true(pg_fresh_database());
    static const char newer[] = "INSERT INTO ferry.migration (number, name, sha256, needs, ferryd) "
                                "SELECT max(number) + 1, 'later', 'x', %s, '99.0' FROM ferry.migration";
    FY_AUTO(fy_free_ptr) char *harmless = fy_format(newer, "1");
    assert_non_null(pg_ask("owner", harmless, NULL));
    struct fy_store *store = pg_open_store(); /* an older engine may go on */
    assert_non_null(store);
    store->close(store);
    FY_AUTO(fy_free_ptr) char *strict = fy_format(newer, "max(number) + 1");
    assert_non_null(pg_ask("owner", strict, NULL));
    refuses_to_open(pg_address("ferryd"), "made by ferryd 99.0");
}

static const char kill_writers[] =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ferryd'";

static void test_a_lost_connection_is_made_again(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = store_with_a_run();
    assert_non_null(pg_ask("postgres", kill_writers, NULL));
    usleep(100000);
    assert_false(write_rows(store, 4, 2, &err)); /* nobody knows how that ended */
    if (err.kind != FY_ERR_TRANSIENT)
        fail_msg("%s", err.message);
    must(write_rows(store, 4, 2, &err), &err);
    must(write_rows(store, 6, 1, &err), &err);
    assert_string_equal(
        pg_ask("auditor", "SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM ferry.record", NULL),
        "1 2 3 4 5 6");
    store->close(store);
}

/* The answer is lost, the commit is not: the same batch, handed over again, is found. */
static void test_a_commit_whose_answer_was_lost_is_not_written_twice(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = store_with_a_run();
    must(write_rows(store, 4, 2, &err), &err);
    struct fy_pg *s = fy_pg_of(store);
    s->unsure = true; /* as if nothing had come back of it */
    struct fy_pg_run *run = fy_map_get(&s->runs, "r1");
    run->seq = run->next_seq = 3;
    must(write_rows(store, 4, 2, &err), &err);
    must(write_rows(store, 6, 1, &err), &err);
    assert_int_equal(s->session, 2);
    assert_string_equal(
        pg_ask("auditor", "SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM ferry.record", NULL),
        "1 2 3 4 5 6");
    store->close(store);
}

/* What an earlier connection still has under way comes to nothing once the session was raised. */
static void test_an_earlier_session_can_write_no_more(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = store_with_a_run();
    struct fy_pg *s = fy_pg_of(store);
    must(fy_pg_next_session(s, &err), &err);
    s->session--;
    assert_false(write_rows(store, 4, 1, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_string_equal(pg_ask("auditor", "SELECT max(seq) FROM ferry.record", NULL), "3");
    store->close(store);
}

static void test_a_fenced_engine_writes_nothing(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *old = store_with_a_run();
    struct fy_store *successor = pg_open_store();
    assert_non_null(successor);
    assert_true(successor->epoch > old->epoch);
    assert_false(write_rows(old, 4, 1, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_non_null(strstr(err.message, "was fenced"));
    must(write_rows(successor, 4, 1, &err), &err);
    old->close(old);
    successor->close(successor);
}

static void test_retention_takes_whole_runs_and_leaves_where_they_ended(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = store_with_a_run();
    assert_refused("owner", "SET ROLE ferry_owner; SELECT * FROM ferry.retire('2026-12-01')",
                   "run r1 of that month is not over");
    struct fy_row last = row(4, "{}");
    struct fy_run_line line = {.run = "r1", .final = true};
    struct fy_store_batch batch = {.rows = &last, .row_count = 1, .lines = &line, .line_count = 1};
    must(store->commit(store, &batch, &err), &err);
    assert_refused("owner", "SET ROLE ferry_owner; SELECT * FROM ferry.retire('2026-12-01')",
                   "is not what was written");
    assert_string_equal(pg_ask("auditor", "SELECT count(*) FROM ferry.record", NULL), "4");
    store->close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_engine_can_insert_and_read_and_nothing_else),
        cmocka_unit_test(test_an_auditor_can_read_and_nothing_else),
        cmocka_unit_test(test_even_the_owner_does_not_change_records_by_accident),
        cmocka_unit_test(test_every_table_and_column_says_what_it_is),
        cmocka_unit_test(test_what_cannot_keep_the_promise_is_refused),
        cmocka_unit_test(test_a_password_in_an_address_is_refused_and_not_repeated),
        cmocka_unit_test(test_a_schema_that_does_not_fit_is_refused),
        cmocka_unit_test(test_a_lost_connection_is_made_again),
        cmocka_unit_test(test_a_commit_whose_answer_was_lost_is_not_written_twice),
        cmocka_unit_test(test_an_earlier_session_can_write_no_more),
        cmocka_unit_test(test_a_fenced_engine_writes_nothing),
        cmocka_unit_test(test_retention_takes_whole_runs_and_leaves_where_they_ended),
    };
    return pg_begin() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
