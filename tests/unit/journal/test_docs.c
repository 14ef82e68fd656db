/* SPDX-License-Identifier: Apache-2.0 */
/* docs/records.md and docs/crash-safety.md against the tables they describe, and the chain by hand. */
#include "base/mem.h"
#include "journal/record.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *page(const char *name)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format(SOURCE_DIR "/docs/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = fy_alloc((size_t)1 << 20);
    (void)fread(text, 1, ((size_t)1 << 20) - 1, file);
    (void)fclose(file);
    return text;
}

static void assert_has(const char *text, const char *file, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("docs/%s lacks the row: %s", file, line);
}

static void test_every_kind_has_its_row_in_records(void **state)
{
    (void)state;
    static const char *const when[] = {"forced", "rides", "lazy"};
    FY_AUTO(fy_free_ptr) char *text = page("records.md");
    for (uint32_t kind = 1; kind < fy_record_kinds(); kind++) {
        FY_AUTO(fy_free_ptr)
        char *row = fy_format("\n| %u | %s | %s | ", kind, fy_record_name(kind), when[fy_record_when(kind)]);
        assert_has(text, "records.md", row);
    }
}

static void test_every_crash_point_has_its_row_in_crash_safety(void **state)
{
    (void)state;
    static const char *const rows[] = {
#define X(name, where) "\n| `" #name "` | " where " |\n",
#include "base/point.def"
#undef X
    };
    FY_AUTO(fy_free_ptr) char *text = page("crash-safety.md");
    for (size_t i = 0; i < FY_COUNT(rows); i++)
        assert_has(text, "crash-safety.md", rows[i]);
}

static void write_run(const char *path)
{
    struct fy_store *store = NULL;
    struct fy_journal *journal = NULL;
    struct fy_err err = {0};
    assert_true(fy_store_open_sqlite(path, &store, &err));
    assert_true(fy_journal_open(store, (struct fy_journal_loop){0}, &journal, &err));
    struct fy_run_line line = {.run = "run-1"};
    for (int i = 0; i < 3; i++) {
        struct fy_record record = {FY_REC_STATE_CHANGED, {-1}, fy_strdup("{\"why\":\"Z\xc3\xbcrich\"}")};
        fy_journal_append(journal, "run-1", &record, 1, i == 0 ? &line : NULL, NULL, 0, NULL, NULL);
        fy_journal_turn(journal);
    }
    fy_journal_close(journal);
    store->close(store);
}

static size_t unhex(const char *hex, unsigned char *bytes)
{
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)strtoul((char[]){hex[2 * i], hex[2 * i + 1], '\0'}, NULL, 16);
    return length;
}

static void test_the_chain_view_gives_what_was_hashed(void **state)
{
    (void)state;
    char folder[] = "/tmp/ferry-docs-XXXXXX";
    assert_non_null(mkdtemp(folder));
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/ferry.db", folder);
    write_run(path);
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    int count = 0;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT hash, hashed FROM chain WHERE run = 'run-1' ORDER BY seq",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
        unsigned char bytes[512];
        char hex[FY_SHA256_HEX];
        size_t length = unhex((const char *)sqlite3_column_text(rows, 1), bytes);
        fy_sha256_text((const char *)bytes, length, hex);
        assert_string_equal(hex, (const char *)sqlite3_column_text(rows, 0));
    }
    assert_int_equal(count, 3);
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT 1 / (kind = 'state changed') FROM journal", NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(db);
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        FY_AUTO(fy_free_ptr) char *file = fy_format("%s%s", path, endings[i]);
        (void)remove(file);
    }
    assert_int_equal(remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_has_its_row_in_records),
        cmocka_unit_test(test_every_crash_point_has_its_row_in_crash_safety),
        cmocka_unit_test(test_the_chain_view_gives_what_was_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
