/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's side: one batch, one transaction, one sync. */
#include "base/mem.h"
#include "base/point.h"
#include "store/sqlite.h"

#include <string.h>

#define NOTE_HEADS_EVERY  4096  /* records; bounds what the next opening looks through */
#define CHECKPOINT_IDLE   1000  /* pages of log that are copied when there is nothing to commit */
#define CHECKPOINT_ANYWAY 16384 /* pages (64 MB) that are copied even then */

static const char put_line_sql[] =
    "INSERT INTO run (number, name, request_id, tenant, vnf_instance_id, order_sha256, accepted_ms, final, "
    "after_lsn, head_lsn, head_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0) "
    "ON CONFLICT (name) DO UPDATE SET final = excluded.final";

bool fy_sqlite_prepare(struct fy_sqlite *s, struct fy_err *err)
{
    const struct {
        sqlite3_stmt **place;
        const char *text;
    } statements[] = {
        {&s->sql.begin, "BEGIN IMMEDIATE"},
        {&s->sql.commit, "COMMIT"},
        {&s->sql.rollback, "ROLLBACK"},
        {&s->sql.insert_record, "INSERT INTO record (lsn, run, seq, prev, kind, time_ms, epoch, hash, body) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        {&s->sql.put_line, put_line_sql},
        {&s->sql.pin, "INSERT INTO pinned (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING"},
        {&s->sql.find_run, "SELECT number, head_lsn, head_seq FROM run WHERE name = ?"},
        {&s->sql.note_head, "UPDATE run SET head_lsn = ?, head_seq = ? WHERE number = ?"},
        {&s->sql.note_heads_lsn, "UPDATE store SET heads_lsn = ?"},
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        int rc = sqlite3_prepare_v3(s->writer, statements[i].text, -1, SQLITE_PREPARE_PERSISTENT,
                                    statements[i].place, NULL);
        if (rc != SQLITE_OK)
            return fy_sqlite_fail(s->writer, rc, err, "could not prepare \"%s\" for the %s",
                                  statements[i].text, s->title);
    }
    return true;
}

/* Run a statement whose values are bound, and forget them: they were lent. */
static int run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    return sqlite3_bind_text(statement, at, text != NULL ? text : "", -1, SQLITE_STATIC);
}

/* A run that is not in memory: it ended long ago, or nobody knows it. */
static struct fy_head *load_head(struct fy_sqlite *s, const char *name)
{
    struct fy_head *head = NULL;
    if (bind_text(s->sql.find_run, 1, name) == SQLITE_OK && sqlite3_step(s->sql.find_run) == SQLITE_ROW)
        head = fy_heads_add(&s->heads, name, sqlite3_column_int64(s->sql.find_run, 0),
                            sqlite3_column_int64(s->sql.find_run, 1),
                            (uint64_t)sqlite3_column_int64(s->sql.find_run, 2));
    (void)sqlite3_reset(s->sql.find_run);
    return head;
}

static struct fy_head *head_of(struct fy_sqlite *s, const char *name)
{
    struct fy_head *head = fy_heads_find(&s->heads, name);
    return head != NULL ? head : load_head(s, name);
}

static int put_line(struct fy_sqlite *s, const struct fy_run_line *line)
{
    struct fy_head *head = head_of(s, line->run);
    if (head == NULL) /* stays if this batch fails: it is the one that will be tried again */
        head = fy_heads_add(&s->heads, line->run, ++s->last_number, 0, 0);
    sqlite3_stmt *put = s->sql.put_line;
    (void)sqlite3_bind_int64(put, 1, head->number);
    (void)bind_text(put, 2, line->run);
    (void)bind_text(put, 3, line->request_id);
    (void)bind_text(put, 4, line->tenant);
    (void)bind_text(put, 5, line->vnf_instance_id);
    (void)bind_text(put, 6, line->order_sha256);
    (void)sqlite3_bind_int64(put, 7, line->accepted_ms);
    (void)sqlite3_bind_int(put, 8, line->final ? 1 : 0);
    (void)sqlite3_bind_int64(put, 9, s->last_lsn);
    return run(put);
}

static int pin(struct fy_sqlite *s, const struct fy_text *text)
{
    (void)bind_text(s->sql.pin, 1, text->sha256);
    (void)sqlite3_bind_blob64(s->sql.pin, 2, text->length > 0 ? text->bytes : "", text->length,
                              SQLITE_STATIC);
    return run(s->sql.pin);
}

static int insert_record(struct fy_sqlite *s, const struct fy_row *row, struct fy_head *head, int64_t lsn)
{
    sqlite3_stmt *insert = s->sql.insert_record;
    (void)sqlite3_bind_int64(insert, 1, lsn);
    (void)sqlite3_bind_int64(insert, 2, head->number);
    (void)sqlite3_bind_int64(insert, 3, (int64_t)row->seq);
    (void)sqlite3_bind_int64(insert, 4, head->next_lsn);
    (void)sqlite3_bind_int64(insert, 5, row->kind);
    (void)sqlite3_bind_int64(insert, 6, row->time_ms);
    (void)sqlite3_bind_int64(insert, 7, (int64_t)row->epoch);
    (void)sqlite3_bind_blob(insert, 8, row->hash, FY_SHA256_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_text64(insert, 9, row->body, row->body_length, SQLITE_STATIC, SQLITE_UTF8);
    return run(insert);
}

/* Note the heads that moved, so that the next opening need not look for them. */
static int note_heads(struct fy_sqlite *s, int64_t lsn)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < s->heads.by_run.room; i++) {
        const struct fy_head *head = s->heads.by_run.slots[i].value;
        if (head == NULL || (!head->dirty && !head->touched))
            continue;
        (void)sqlite3_bind_int64(s->sql.note_head, 1, head->next_lsn);
        (void)sqlite3_bind_int64(s->sql.note_head, 2, (int64_t)head->next_seq);
        (void)sqlite3_bind_int64(s->sql.note_head, 3, head->number);
        rc = run(s->sql.note_head);
    }
    if (rc != SQLITE_OK)
        return rc;
    (void)sqlite3_bind_int64(s->sql.note_heads_lsn, 1, lsn);
    rc = run(s->sql.note_heads_lsn);
    FY_POINT(store_heads_noted);
    return rc;
}

static bool refuse_row(const struct fy_sqlite *s, const struct fy_row *row, const struct fy_head *head,
                       struct fy_err *err)
{
    if (head == NULL)
        return fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s has no line in the index of the %s",
                       (unsigned long long)row->seq, row->run, s->title);
    return fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s does not follow record %llu in the %s",
                   (unsigned long long)row->seq, row->run, (unsigned long long)head->next_seq, s->title);
}

/* All rows; *lsn moves with them. Rows of a run mostly stand together, so the last head is tried first. */
static bool insert_rows(struct fy_sqlite *s, const struct fy_store_batch *batch, int64_t *lsn,
                        struct fy_err *err)
{
    struct fy_head *head = NULL;
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct fy_row *row = &batch->rows[i];
        if (head == NULL || strcmp(head->run, row->run) != 0)
            head = head_of(s, row->run);
        if (head == NULL || row->seq != head->next_seq + 1)
            return refuse_row(s, row, head, err);
        int rc = insert_record(s, row, head, *lsn + 1);
        if (rc != SQLITE_OK)
            return fy_sqlite_fail(s->writer, rc, err, "could not write record %llu of run %s to the %s",
                                  (unsigned long long)row->seq, row->run, s->title);
        fy_heads_move(&s->heads, head, ++*lsn);
    }
    return true;
}

static bool write_batch(struct fy_sqlite *s, const struct fy_store_batch *batch, int64_t *lsn,
                        struct fy_err *err)
{
    int rc = run(s->sql.begin);
    for (size_t i = 0; rc == SQLITE_OK && i < batch->line_count; i++)
        rc = put_line(s, &batch->lines[i]);
    for (size_t i = 0; rc == SQLITE_OK && i < batch->text_count; i++)
        rc = pin(s, &batch->texts[i]);
    if (rc == SQLITE_OK && !insert_rows(s, batch, lsn, err))
        return false;
    if (rc == SQLITE_OK && *lsn - s->heads_lsn >= NOTE_HEADS_EVERY)
        rc = note_heads(s, *lsn);
    FY_POINT(journal_after_insert);
    if (rc == SQLITE_OK)
        rc = run(s->sql.commit);
    return rc == SQLITE_OK || fy_sqlite_fail(s->writer, rc, err, "could not write to the %s", s->title);
}

/* After a commit that noted the heads: counting begins anew. */
static void heads_are_noted(struct fy_sqlite *s, int64_t lsn)
{
    if (lsn - s->heads_lsn < NOTE_HEADS_EVERY)
        return;
    s->heads_lsn = lsn;
    for (size_t i = 0; i < s->heads.by_run.room; i++)
        if (s->heads.by_run.slots[i].key != NULL)
            ((struct fy_head *)s->heads.by_run.slots[i].value)->dirty = false;
}

static void checkpoint(struct fy_sqlite *s)
{
    FY_POINT(store_before_checkpoint);
    /* What cannot be copied now is copied later: nothing depends on it. The log is never truncated. */
    (void)sqlite3_wal_checkpoint_v2(s->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    s->wal_copied = s->wal_pages;
    FY_POINT(store_after_checkpoint);
}

/* Pages of the log since the last checkpoint; it begins anew once all of it was copied and nobody reads it.
 */
static int wal_to_copy(const struct fy_sqlite *s)
{
    return s->wal_pages - s->wal_copied;
}

int fy_sqlite_wal_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    struct fy_sqlite *s = context;
    if (pages < s->wal_pages)
        s->wal_copied = 0;
    s->wal_pages = pages;
    return SQLITE_OK;
}

bool fy_sqlite_commit(struct fy_store *store, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    int64_t lsn = s->last_lsn;
    fy_sqlite_enter(s);
    bool good = write_batch(s, batch, &lsn, err);
    if (good) {
        s->last_lsn = lsn;
        fy_heads_publish(&s->heads);
        heads_are_noted(s, lsn);
    } else {
        fy_heads_withdraw(&s->heads);
        if (sqlite3_get_autocommit(s->writer) == 0)
            (void)run(s->sql.rollback);
    }
    fy_sqlite_leave(s);
    if (good && wal_to_copy(s) >= CHECKPOINT_ANYWAY)
        checkpoint(s);
    return good;
}

void fy_sqlite_idle(struct fy_store *store)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    if (wal_to_copy(s) >= CHECKPOINT_IDLE)
        checkpoint(s);
}

bool fy_sqlite_name_kinds(struct fy_store *store, const char *const *names, size_t count, struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *put = NULL;
    int rc = run(s->sql.begin);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(s->writer,
                                "INSERT INTO kind (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE "
                                "SET name = excluded.name WHERE name <> excluded.name",
                                -1, &put, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        if (names[i] == NULL)
            continue;
        (void)sqlite3_bind_int64(put, 1, (int64_t)i);
        (void)bind_text(put, 2, names[i]);
        rc = run(put);
    }
    if (rc == SQLITE_OK)
        rc = run(s->sql.commit);
    if (rc == SQLITE_OK)
        return true;
    (void)fy_sqlite_fail(s->writer, rc, err, "could not name the kinds of record in the %s", s->title);
    if (sqlite3_get_autocommit(s->writer) == 0)
        (void)run(s->sql.rollback);
    return false;
}
