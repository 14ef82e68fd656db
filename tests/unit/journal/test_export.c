/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "journal/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool gather(void *context, const char *bytes, size_t length)
{
    fy_buf_put(context, bytes, length);
    return true;
}

/* An export of a run of five records, among them one with a line break in its body. */
static char *export_of_a_run(void)
{
    static const char *const bodies[] = {"{\"order\":{}}", "{\"step\":1,\"call\":\"load\"}",
                                         "{\"text\":\"Z\xc3\xbcrich\"}", "{\n \"ok\":true\n}",
                                         "{\"to\":\"COMPLETED\"}"};
    static const enum fy_record_kind kinds[] = {FY_REC_ORDER_ACCEPTED, FY_REC_INTENT, FY_REC_NOTE,
                                                FY_REC_OUTCOME, FY_REC_STATE_CHANGED};
    struct fy_store *store = NULL;
    struct fy_journal *journal = NULL;
    struct fy_buf file = {0};
    struct fy_err err = {0};
    assert_true(fy_store_open_sqlite(":memory:", &store, &err));
    assert_true(fy_journal_open(store, (struct fy_journal_loop){0}, &journal, &err));
    struct fy_run_line line = {.run = "run-1", .request_id = "CHG-7", .tenant = "east", .accepted_ms = 5};
    for (size_t i = 0; i < FY_COUNT(bodies); i++) {
        struct fy_record record = {kinds[i], {-1 + (int64_t)i}, fy_strdup(bodies[i])};
        fy_journal_append(journal, "run-1", &record, 1, i == 0 ? &line : NULL, NULL, 0, NULL, NULL);
    }
    fy_journal_close(journal);
    if (!fy_export_run(store, "run-1", gather, &file, &err))
        fail_msg("%s", err.message);
    store->close(store);
    return fy_buf_take(&file);
}

static bool verify(const char *bytes, size_t length, struct fy_err *err)
{
    struct fy_export_facts facts = {0};
    bool good = fy_export_verify(bytes, length, &(struct fy_export_against){0}, &facts, err);
    if (good)
        assert_int_equal(facts.records, 5);
    free(facts.run);
    return good;
}

static void test_an_export_verifies(void **state)
{
    (void)state;
    struct fy_err err = {0};
    FY_AUTO(fy_free_ptr) char *file = export_of_a_run();
    if (!verify(file, strlen(file), &err))
        fail_msg("%s", err.message);
}

static void test_every_change_of_a_byte_is_found(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *file = export_of_a_run();
    size_t length = strlen(file);
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            file[i] = (char)(file[i] ^ (1 << bit));
            struct fy_err err = {0};
            if (verify(file, length, &err))
                fail_msg("bit %d of byte %zu was flipped and not found", bit, i);
            assert_true(err.message[0] != '\0');
            file[i] = (char)(file[i] ^ (1 << bit));
        }
}

static void test_every_cut_is_found(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *file = export_of_a_run();
    size_t whole = strlen(file);
    for (size_t length = 0; length < whole; length++) {
        struct fy_err err = {0};
        FY_AUTO(fy_free_ptr) char *cut = fy_strndup(file, length);
        assert_false(verify(cut, length, &err));
    }
}

static void test_an_added_byte_is_found_everywhere(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *file = export_of_a_run();
    size_t length = strlen(file);
    for (size_t i = 0; i <= length; i++) {
        struct fy_err err = {0};
        FY_AUTO(fy_free_ptr) char *longer = fy_format("%.*s %s", (int)i, file, file + i);
        assert_false(verify(longer, length + 1, &err));
    }
}

/* The export without line "drop" (from 0), or with it twice. */
static char *edited(const char *file, size_t drop, bool twice)
{
    struct fy_buf out = {0};
    size_t number = 0;
    for (const char *at = file; *at != '\0'; number++) {
        size_t length = strcspn(at, "\n") + 1;
        for (int copies = number != drop ? 1 : twice ? 2 : 0; copies > 0; copies--)
            fy_buf_put(&out, at, length);
        at += length;
    }
    return fy_buf_take(&out);
}

static void test_the_first_bad_record_is_named(void **state)
{
    (void)state;
    struct fy_err err = {0};
    FY_AUTO(fy_free_ptr) char *file = export_of_a_run();
    FY_AUTO(fy_free_ptr) char *without_third = edited(file, 3, false);
    assert_false(verify(without_third, strlen(without_third), &err));
    assert_non_null(strstr(err.message, "run run-1 has record 4 where record 3 must be"));
    FY_AUTO(fy_free_ptr) char *third_twice = edited(file, 3, true);
    assert_false(verify(third_twice, strlen(third_twice), &err));
    assert_non_null(strstr(err.message, "run run-1 has record 3 where record 4 must be"));
    FY_AUTO(fy_free_ptr) char *without_last = edited(file, 5, false);
    assert_false(verify(without_last, strlen(without_last), &err));
    assert_non_null(strstr(err.message, "line 6 does not close the export"));
    *strstr(file, "load") = 'L';
    assert_false(verify(file, strlen(file), &err));
    assert_non_null(strstr(err.message, "line 3: record 2 of run run-1 (intent) is not what was written"));
}

static void test_an_unknown_run_is_not_exported(void **state)
{
    (void)state;
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    struct fy_buf file = {0};
    assert_true(fy_store_open_sqlite(":memory:", &store, &err));
    assert_false(fy_export_run(store, "nobody", gather, &file, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
    store->close(store);
}

/* The chain is on people's disks: the hash of this record must never come out differently. */
static void test_the_hash_of_a_record_is_fixed_for_ever(void **state)
{
    (void)state;
    struct fy_row row = {
        .run = "r", .seq = 1, .kind = 4, .time_ms = -2, .epoch = 3, .body = "{}", .body_length = 2};
    unsigned char zero[FY_SHA256_BYTES] = {0};
    unsigned char hash[FY_SHA256_BYTES];
    char hex[FY_SHA256_HEX];
    fy_row_hash(&row, zero, hash);
    fy_sha256_hex(hash, hex);
    assert_string_equal(hex, "8a0249699edb86f7c5bae4fd78650a48804c1bb3c7b433339a1a022b8d509afa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_export_verifies),
        cmocka_unit_test(test_every_change_of_a_byte_is_found),
        cmocka_unit_test(test_every_cut_is_found),
        cmocka_unit_test(test_an_added_byte_is_found_everywhere),
        cmocka_unit_test(test_the_first_bad_record_is_named),
        cmocka_unit_test(test_an_unknown_run_is_not_exported),
        cmocka_unit_test(test_the_hash_of_a_record_is_fixed_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
