/* SPDX-License-Identifier: Apache-2.0 */
/* What is SQLite's own: the files, the lock, the schema, and a disk that fails. */
#include "base/mem.h"
#include "store/migrate.h"
#include "store/sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[32];
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/ferry-sqlite-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/ferry.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const endings[] = {"", "-wal", "-shm", ".lock", "-journal"};
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s%s", path, endings[i]);
        (void)unlink(file);
    }
    return rmdir(folder);
}

static struct fy_store *open_store(void)
{
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    if (!fy_store_open_sqlite(path, &store, &err))
        fail_msg("%s", err.message);
    return store;
}

static void refuses_to_open(enum fy_err_kind kind, const char *words)
{
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    assert_false(fy_store_open_sqlite(path, &store, &err));
    if (err.kind != kind || strstr(err.message, words) == NULL)
        fail_msg("%s (%s)", err.message, fy_err_kind_name(err.kind));
}

static bool commit(struct fy_store *store, uint64_t seq, struct fy_err *err)
{
    static char body[4096];
    memset(body, 'x', sizeof body);
    struct fy_row row = {.run = "r1", .seq = seq, .kind = 1, .body = body, .body_length = sizeof body};
    struct fy_run_line line = {.run = "r1"};
    struct fy_store_batch batch = {
        .rows = &row, .row_count = 1, .lines = &line, .line_count = seq == 1 ? 1 : 0};
    return store->commit(store, &batch, err);
}

static void execute(const char *sql, int wanted)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != wanted)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

static void test_only_the_owner_may_read_the_files(void **state)
{
    (void)state;
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    mode_t before = umask(0);
    struct fy_store *store = open_store();
    (void)umask(before);
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        char file[96];
        struct stat info;
        (void)snprintf(file, sizeof file, "%s%s", path, endings[i]);
        assert_int_equal(stat(file, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
    }
    store->close(store);
}

static void test_a_second_engine_is_refused_and_told_who_has_the_store(void **state)
{
    (void)state;
    char words[128];
    struct fy_store *store = open_store();
    (void)snprintf(words, sizeof words, "%s is in use by process %ld", path, (long)getpid());
    refuses_to_open(FY_ERR_CONFLICT, words);
    store->close(store);
    store = open_store();
    store->close(store);
}

static void test_the_owners_death_is_the_locks_death(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct fy_store *store = NULL;
        struct fy_err err;
        char byte = fy_store_open_sqlite(path, &store, &err) ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        for (;;)
            (void)pause();
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    char words[64];
    (void)snprintf(words, sizeof words, "in use by process %ld", (long)child);
    refuses_to_open(FY_ERR_CONFLICT, words);
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct fy_store *store = open_store();
    assert_int_equal(store->epoch, 2);
    store->close(store);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void test_records_and_texts_cannot_be_changed_or_deleted(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = open_store();
    assert_true(commit(store, 1, &err));
    store->close(store);
    execute("UPDATE record SET body = '{}'", SQLITE_CONSTRAINT);
    execute("DELETE FROM record", SQLITE_CONSTRAINT);
    execute("DELETE FROM run", SQLITE_CONSTRAINT);
    execute("INSERT INTO pinned VALUES ('a', 'b')", SQLITE_OK);
    execute("UPDATE pinned SET bytes = ''", SQLITE_CONSTRAINT);
    execute("DELETE FROM pinned", SQLITE_CONSTRAINT);
    execute("SELECT * FROM journal; SELECT * FROM chain", SQLITE_OK);
}

static void test_a_store_of_a_newer_ferryd_is_refused(void **state)
{
    (void)state;
    struct fy_store *store = open_store();
    store->close(store);
    execute("INSERT INTO migration VALUES (3, 'future', 'x', '9.9', 'then')", SQLITE_OK);
    refuses_to_open(FY_ERR_REFUSED, "migration 3, made by ferryd 9.9");
}

static void test_an_edited_migration_is_refused(void **state)
{
    (void)state;
    struct fy_store *store = open_store();
    store->close(store);
    execute("UPDATE migration SET sha256 = 'x' WHERE number = 2", SQLITE_OK);
    refuses_to_open(FY_ERR_REFUSED, "migration 2 (journal) was another text");
}

static void test_a_missing_migration_is_refused(void **state)
{
    (void)state;
    struct fy_store *store = open_store();
    store->close(store);
    execute("DELETE FROM migration WHERE number = 1", SQLITE_OK);
    refuses_to_open(FY_ERR_REFUSED, "lacks migration 1, but has number 2");
}

static void test_a_database_of_another_program_is_left_alone(void **state)
{
    (void)state;
    execute("CREATE TABLE songs (title)", SQLITE_OK);
    refuses_to_open(FY_ERR_REFUSED, "database of another program");
    execute("SELECT title FROM songs", SQLITE_OK);
}

static void test_a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 200; i++)
        (void)fprintf(file, "this is a letter to my aunt\n");
    (void)fclose(file);
    refuses_to_open(FY_ERR_REFUSED, "not a database");
}

static void test_a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    assert_false(fy_store_open_sqlite("/nowhere/at/all.db", &store, &err));
    assert_non_null(strstr(err.message, "/nowhere/at/all.db.lock: No such file"));
}

static void test_migrations_are_applied_once_each_and_in_order(void **state)
{
    (void)state;
    static const struct fy_migration list[] = {{1, "one", "CREATE TABLE a (x)"},
                                               {2, "two", "INSERT INTO a VALUES (1)"}};
    struct fy_err err = {0};
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t count = 0; count <= 2; count++)
        for (int again = 0; again < 2; again++)
            if (!fy_migrate(db, &(struct fy_migrations){list, count}, "store", &err))
                fail_msg("%s", err.message);
    assert_int_equal(sqlite3_total_changes(db), 3); /* two notes and the one row */
    assert_false(fy_migrate(db, &(struct fy_migrations){list, 1}, "store", &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    (void)sqlite3_close(db);
}

static void test_a_migration_that_fails_leaves_nothing(void **state)
{
    (void)state;
    static const struct fy_migration bad[] = {{1, "bad", "CREATE TABLE a (x); CREATE TABLE a (x)"}};
    static const struct fy_migration good[] = {{1, "good", "CREATE TABLE a (x)"}};
    static const struct fy_migration gap[] = {{2, "gap", "CREATE TABLE a (x)"}};
    struct fy_err err = {0};
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_false(fy_migrate(db, &(struct fy_migrations){bad, 1}, "store", &err));
    assert_non_null(strstr(err.message, "migration 1 (bad)"));
    assert_false(fy_migrate(db, &(struct fy_migrations){gap, 1}, "store", &err));
    assert_non_null(strstr(err.message, "has a gap"));
    assert_true(fy_migrate(db, &(struct fy_migrations){good, 1}, "store", &err));
    (void)sqlite3_close(db);
}

/* A limit on the size of files stands for a disk that is full; when it is lifted the same batch goes through.
 */
static void test_a_full_disk_is_a_passing_failure_with_the_systems_words(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct rlimit before;
    struct fy_store *store = open_store();
    uint64_t seq = 1;
    assert_true(commit(store, seq++, &err));
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &before);
    struct stat wal;
    char file[96];
    (void)snprintf(file, sizeof file, "%s-wal", path);
    assert_int_equal(stat(file, &wal), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)wal.st_size + 20000, .rlim_max = before.rlim_max};
    (void)setrlimit(RLIMIT_FSIZE, &tight);
    while (seq < 1000 && commit(store, seq, &err))
        seq++;
    assert_true(seq < 1000);
    assert_int_equal(err.kind, FY_ERR_TRANSIENT);
    assert_true(strstr(err.message, "disk I/O error") != NULL || strstr(err.message, "full") != NULL);
    assert_false(commit(store, seq, &err));
    (void)setrlimit(RLIMIT_FSIZE, &before);
    for (int i = 0; i < 3; i++)
        if (!commit(store, seq++, &err))
            fail_msg("%s", err.message);
    store->close(store);
}

static bool never(void *context, const struct fy_row *row)
{
    (void)context;
    (void)row;
    return true;
}

static void test_a_damaged_file_is_an_internal_error_and_names_the_record(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_store *store = open_store();
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_true(commit(store, seq, &err));
    store->close(store);
    execute("DROP TRIGGER record_is_kept; DELETE FROM record WHERE seq = 2", SQLITE_OK);
    store = open_store();
    assert_false(store->read(store, "r1", 0, never, NULL, &err));
    assert_int_equal(err.kind, FY_ERR_INTERNAL);
    assert_non_null(strstr(err.message, "record 2 of run r1 is missing or damaged"));
    assert_false(store->read_live(store, never, NULL, &err));
    assert_non_null(strstr(err.message, "record 2 of run r1 is missing or damaged"));
    store->close(store);
}

static void test_a_damaged_text_is_found(void **state)
{
    (void)state;
    struct fy_err err = {0};
    char *bytes = NULL;
    size_t length;
    struct fy_store *store = open_store();
    execute("INSERT INTO pinned VALUES ('beef', 'not this')", SQLITE_OK);
    assert_false(store->text(store, "beef", &bytes, &length, &err));
    assert_int_equal(err.kind, FY_ERR_INTERNAL);
    store->close(store);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_only_the_owner_may_read_the_files),
        IN_A_FOLDER(test_a_second_engine_is_refused_and_told_who_has_the_store),
        IN_A_FOLDER(test_the_owners_death_is_the_locks_death),
        IN_A_FOLDER(test_records_and_texts_cannot_be_changed_or_deleted),
        IN_A_FOLDER(test_a_store_of_a_newer_ferryd_is_refused),
        IN_A_FOLDER(test_an_edited_migration_is_refused),
        IN_A_FOLDER(test_a_missing_migration_is_refused),
        IN_A_FOLDER(test_a_database_of_another_program_is_left_alone),
        IN_A_FOLDER(test_a_file_that_is_no_database_is_refused),
        IN_A_FOLDER(test_a_folder_that_is_not_there_is_named),
        IN_A_FOLDER(test_migrations_are_applied_once_each_and_in_order),
        IN_A_FOLDER(test_a_migration_that_fails_leaves_nothing),
        IN_A_FOLDER(test_a_full_disk_is_a_passing_failure_with_the_systems_words),
        IN_A_FOLDER(test_a_damaged_file_is_an_internal_error_and_names_the_record),
        IN_A_FOLDER(test_a_damaged_text_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
