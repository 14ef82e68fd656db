/* SPDX-License-Identifier: Apache-2.0 */
/* Signed checkpoints, and an export of a thousand records in which nothing can be changed unseen. */
#include "base/buf.h"
#include "base/mem.h"
#include "journal/export.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RECORDS 1000

static char folder[] = "/tmp/ferry-checkpoint-XXXXXX";

struct keys {
    char private[96], public[96];
};

static struct keys mine, forgers;

static void make_keys(struct keys *keys, const char *name)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    (void)snprintf(keys->private, sizeof keys->private, "%s/%s.key", folder, name);
    (void)snprintf(keys->public, sizeof keys->public, "%s/%s.pub", folder, name);
    FILE *file = fopen(keys->private, "w");
    (void)fchmod(fileno(file), 0600);
    assert_int_equal(PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    file = fopen(keys->public, "w");
    assert_int_equal(PEM_write_PUBKEY(file, pair), 1);
    (void)fclose(file);
    EVP_PKEY_free(pair);
}

static int64_t wall_now(void *self)
{
    (void)self;
    return 1790000000000;
}

static bool gather(void *context, const char *bytes, size_t length)
{
    fy_buf_put(context, bytes, length);
    return true;
}

/* A run of "count" records, signed on the way, as a file. */
static char *make_export(size_t count, const struct keys *keys, const char *marked)
{
    struct fy_store *store = NULL;
    struct fy_journal *journal = NULL;
    struct fy_signer *signer = NULL;
    struct fy_buf file = {0};
    struct fy_err err = {0};
    const struct fy_clock clock = {.wall_ms = wall_now};
    assert_true(fy_store_open_sqlite(":memory:", &store, &err));
    assert_true(fy_journal_open(store, (struct fy_journal_loop){0}, &journal, &err));
    if (!fy_signer_open(keys->private, &signer, &err))
        fail_msg("%s", err.message);
    struct fy_notary *notary = fy_notary_new(journal, signer, &clock);
    struct fy_run_line line = {.run = "run-1", .request_id = "CHG-7", .tenant = "east", .accepted_ms = 5};
    for (size_t i = 0; i < count; i++) {
        enum fy_record_kind kind = i % 2 == 0 ? FY_REC_INTENT : FY_REC_OUTCOME;
        struct fy_record record = {
            kind, {(int64_t)i}, fy_format("{\"step\":%zu,\"text\":\"%s\"}", i, i == 500 ? marked : "a")};
        fy_journal_append(journal, "run-1", &record, 1, i == 0 ? &line : NULL, NULL, 0, NULL, NULL);
        fy_journal_turn(journal);
    }
    fy_notary_turn(notary);
    fy_notary_free(notary);
    fy_journal_close(journal);
    if (!fy_export_run(store, "run-1", gather, &file, &err))
        fail_msg("%s", err.message);
    store->close(store);
    return fy_buf_take(&file);
}

static struct fy_public_key *public_key(const struct keys *keys)
{
    struct fy_public_key *key = NULL;
    struct fy_err err = {0};
    if (!fy_public_key_open(keys->public, &key, &err))
        fail_msg("%s", err.message);
    return key;
}

static bool verify(const char *file, size_t length, const struct keys *keys, const struct fy_checkpoint *kept,
                   struct fy_export_facts *facts, struct fy_err *err)
{
    struct fy_export_facts read = {0};
    struct fy_public_key *key = keys != NULL ? public_key(keys) : NULL;
    bool good = fy_export_verify(file, length, &(struct fy_export_against){key, kept}, &read, err);
    fy_public_key_free(key);
    if (good)
        free(read.run);
    if (facts != NULL)
        *facts = read;
    return good;
}

/* The last checkpoint in a file, as somebody would have kept it. */
static struct fy_checkpoint last_checkpoint(const char *file)
{
    struct fy_checkpoint kept = {0};
    struct fy_err err = {0};
    const char *found = NULL;
    for (const char *at = file; (at = strstr(at, "\"name\":\"checkpoint\"")) != NULL; at++)
        found = at;
    assert_non_null(found);
    const char *body = strstr(found, "\"body\":") + 7;
    assert_true(fy_checkpoint_read(body, strcspn(body, "\n") - 1, NULL, &kept, &err));
    return kept;
}

static void test_a_signed_run_verifies(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_export_facts facts = {0};
    FY_AUTO(fy_free_ptr) char *file = make_export(RECORDS, &mine, "a");
    if (!verify(file, strlen(file), &mine, NULL, &facts, &err))
        fail_msg("%s", err.message);
    assert_true(facts.checkpoints >= RECORDS / 100);
    assert_true(facts.signed_to >= RECORDS);
    assert_int_equal(facts.others, 0);
}

/* FERRY_EVERY_BYTE=1: each byte of the file. Otherwise each of the head, the end, a checkpoint and every
 * 37th: seconds. */
static void test_every_changed_byte_of_a_thousand_records_is_found(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *file = make_export(RECORDS, &mine, "a");
    struct fy_public_key *key = public_key(&mine);
    const struct fy_export_against against = {.key = key};
    size_t length = strlen(file);
    size_t found = 0;
    bool every = getenv("FERRY_EVERY_BYTE") != NULL;
    for (size_t i = 0; i < length; i++) {
        if (!every && i > 600 && i < length - 300 && i % 101 != 0)
            continue;
        struct fy_err err = {0};
        struct fy_export_facts facts = {0};
        file[i] = (char)(file[i] ^ (1 << (i % 8)));
        if (fy_export_verify(file, length, &against, &facts, &err))
            fail_msg("byte %zu was changed and not found", i);
        file[i] = (char)(file[i] ^ (1 << (i % 8)));
        found++;
    }
    fy_public_key_free(key);
    print_message("%zu changed bytes of %zu, all found\n", found, length);
}

/* The lines of a file but one, or with two of them swapped. */
static char *without(const char *file, size_t drop, bool swap)
{
    struct fy_buf out = {0};
    size_t number = 0;
    for (const char *at = file; *at != '\0'; number++) {
        size_t length = strcspn(at, "\n") + 1;
        if (number == drop && swap && at[length] != '\0') {
            size_t second = strcspn(at + length, "\n") + 1;
            fy_buf_put(&out, at + length, second);
            fy_buf_put(&out, at, length);
            at += length + second;
            number++;
            continue;
        }
        if (number != drop)
            fy_buf_put(&out, at, length);
        at += length;
    }
    return fy_buf_take(&out);
}

static void test_removed_and_swapped_records_are_found(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *file = make_export(RECORDS, &mine, "a");
    for (size_t drop = 0; drop < RECORDS; drop += 9)
        for (int swap = 0; swap < 2; swap++) {
            struct fy_err err = {0};
            FY_AUTO(fy_free_ptr) char *edited = without(file, drop, swap == 1);
            assert_false(verify(edited, strlen(edited), &mine, NULL, NULL, &err));
        }
}

/* Somebody who can write the store can cut the end off, and all that is left is in order. */
static void test_a_cut_off_end_is_found_with_a_kept_checkpoint(void **state)
{
    (void)state;
    struct fy_err err = {0};
    FY_AUTO(fy_free_ptr) char *whole = make_export(RECORDS, &mine, "a");
    FY_AUTO(fy_free_ptr) char *cut = make_export(RECORDS - 150, &mine, "a");
    struct fy_checkpoint kept = last_checkpoint(whole);
    assert_true(verify(whole, strlen(whole), &mine, &kept, NULL, &err));
    assert_true(verify(cut, strlen(cut), &mine, NULL, NULL, &err));
    assert_false(verify(cut, strlen(cut), &mine, &kept, NULL, &err));
    assert_non_null(strstr(err.message, "run-1 was cut off"));
    free(kept.run);
}

static void test_a_run_written_anew_is_found(void **state)
{
    (void)state;
    struct fy_err err = {0};
    struct fy_export_facts facts = {0};
    FY_AUTO(fy_free_ptr) char *whole = make_export(RECORDS, &mine, "a");
    FY_AUTO(fy_free_ptr) char *forged = make_export(RECORDS, &forgers, "b");
    struct fy_checkpoint kept = last_checkpoint(whole);
    assert_true(verify(forged, strlen(forged), NULL, NULL, NULL, &err)); /* its own chain is in order */
    assert_false(verify(forged, strlen(forged), &mine, NULL, NULL, &err));
    assert_non_null(strstr(err.message, "has no checkpoint that fits the key"));
    assert_false(verify(forged, strlen(forged), &mine, &kept, &facts, &err));
    assert_non_null(strstr(err.message, "was written anew"));
    free(kept.run);
}

static void test_a_changed_checkpoint_does_not_fit_its_signature(void **state)
{
    (void)state;
    struct fy_signer *signer = NULL;
    struct fy_err err = {0};
    unsigned char hash[FY_SHA256_BYTES] = {1, 2, 3};
    assert_true(fy_signer_open(mine.private, &signer, &err));
    FY_AUTO(fy_free_ptr) char *body = fy_checkpoint_body(signer, "run-1", 7, hash, 99);
    struct fy_public_key *key = public_key(&mine);
    struct fy_checkpoint read = {0};
    assert_true(fy_checkpoint_read(body, strlen(body), key, &read, &err));
    assert_int_equal(read.seq, 7);
    free(read.run);
    for (size_t i = 0; i < strlen(body); i++) {
        body[i] = (char)(body[i] ^ 1);
        struct fy_checkpoint changed = {0};
        assert_false(fy_checkpoint_read(body, strlen(body), key, &changed, &err));
        body[i] = (char)(body[i] ^ 1);
    }
    fy_public_key_free(key);
    fy_signer_free(signer);
}

static void test_a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct fy_signer *signer = NULL;
    struct fy_err err = {0};
    assert_int_equal(chmod(mine.private, 0640), 0);
    assert_false(fy_signer_open(mine.private, &signer, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_int_equal(chmod(mine.private, 0600), 0);
    assert_false(fy_signer_open(mine.public, &signer, &err));
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    make_keys(&mine, "mine");
    make_keys(&forgers, "forgers");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const files[] = {mine.private, mine.public, forgers.private, forgers.public};
    for (size_t i = 0; i < FY_COUNT(files); i++)
        (void)unlink(files[i]);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signed_run_verifies),
        cmocka_unit_test(test_every_changed_byte_of_a_thousand_records_is_found),
        cmocka_unit_test(test_removed_and_swapped_records_are_found),
        cmocka_unit_test(test_a_cut_off_end_is_found_with_a_kept_checkpoint),
        cmocka_unit_test(test_a_run_written_anew_is_found),
        cmocka_unit_test(test_a_changed_checkpoint_does_not_fit_its_signature),
        cmocka_unit_test(test_a_key_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
