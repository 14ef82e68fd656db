/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side: rows, lines and texts back out. */
#include "base/mem.h"
#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

/*
 * A run's records, from its head back along prev to the one wanted first, given in order. The seq is
 * counted down beside it, so a broken link shows as a row that does not fit.
 */
static const char read_run_sql[] =
    "WITH RECURSIVE chain (lsn, seq) AS ("
    " SELECT ?1, ?2 UNION ALL"
    " SELECT record.prev, chain.seq - 1 FROM chain JOIN record ON record.lsn = chain.lsn"
    " WHERE chain.seq - 1 > ?3) "
    "SELECT seq, kind, time_ms, epoch, hash, body, run FROM record "
    "WHERE lsn IN (SELECT lsn FROM chain) ORDER BY lsn";

static const char read_on_sql[] = "SELECT seq, kind, time_ms, epoch, hash, body, run FROM record "
                                  "WHERE lsn > ? ORDER BY lsn";

static bool row_of(sqlite3_stmt *statement, const char *run, struct fy_row *ret)
{
    const void *hash = sqlite3_column_blob(statement, 4);
    const char *body = (const char *)sqlite3_column_text(statement, 5);
    *ret = (struct fy_row){.run = run, .seq = (uint64_t)sqlite3_column_int64(statement, 0)};
    if (hash == NULL || body == NULL || sqlite3_column_bytes(statement, 4) != FY_SHA256_BYTES)
        return false;
    *ret = (struct fy_row){.run = run,
                           .seq = (uint64_t)sqlite3_column_int64(statement, 0),
                           .kind = (uint32_t)sqlite3_column_int64(statement, 1),
                           .time_ms = sqlite3_column_int64(statement, 2),
                           .epoch = (uint64_t)sqlite3_column_int64(statement, 3),
                           .body = body,
                           .body_length = (size_t)sqlite3_column_bytes(statement, 5)};
    memcpy(ret->hash, hash, FY_SHA256_BYTES);
    return true;
}

static bool damaged(const struct fy_sqlite *s, const char *run, uint64_t seq, struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s is missing or damaged in the %s",
                  (unsigned long long)seq, run, s->title);
    return fy_hint(err, "stop ferryd, keep a copy of the store, restore the last backup");
}

/* Where a run ends: from memory, else from its line. */
static bool find_head(struct fy_sqlite *s, const char *run, struct fy_head *ret, struct fy_err *err)
{
    if (fy_heads_look(&s->heads, run, ret))
        return true;
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    int rc = sqlite3_prepare_v2(s->reader, "SELECT number, head_lsn, head_seq FROM run WHERE name = ?", -1,
                                &ask, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(ask, 1, run, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(ask);
    if (rc == SQLITE_DONE)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %.100s in the %s", run, s->title),
               fy_hint(err, "\"ferry list\" shows the runs of this store");
    if (rc != SQLITE_ROW)
        return fy_sqlite_fail(s->reader, rc, err, "could not look for run %s in the %s", run, s->title);
    *ret = (struct fy_head){.number = sqlite3_column_int64(ask, 0),
                            .lsn = sqlite3_column_int64(ask, 1),
                            .seq = (uint64_t)sqlite3_column_int64(ask, 2)};
    return true;
}

static bool visit_run(struct fy_sqlite *s, const char *run, const struct fy_head *head, uint64_t after,
                      bool (*visit)(void *context, const struct fy_row *row), void *context,
                      struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *rows = NULL;
    int rc = sqlite3_prepare_v2(s->reader, read_run_sql, -1, &rows, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_int64(rows, 1, head->lsn);
        (void)sqlite3_bind_int64(rows, 2, (int64_t)head->seq);
        (void)sqlite3_bind_int64(rows, 3, (int64_t)after);
        rc = sqlite3_step(rows);
    }
    uint64_t seq = after;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(rows)) {
        struct fy_row row;
        if (!row_of(rows, run, &row) || sqlite3_column_int64(rows, 6) != head->number)
            return damaged(s, run, seq + 1, err);
        if (row.seq != ++seq) /* the links broke on the way back from the head */
            return damaged(s, run, row.seq - 1, err);
        if (!visit(context, &row))
            return true;
    }
    if (rc != SQLITE_DONE)
        return fy_sqlite_fail(s->reader, rc, err, "could not read run %s from the %s", run, s->title);
    return seq == head->seq || damaged(s, run, seq + 1, err);
}

bool fy_sqlite_read(struct fy_store *store, const char *run, uint64_t after,
                    bool (*visit)(void *context, const struct fy_row *row), void *context, struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    struct fy_head head;
    fy_sqlite_enter(s);
    bool good = find_head(s, run, &head, err) &&
                (head.seq <= after || visit_run(s, run, &head, after, visit, context, err));
    fy_sqlite_leave(s);
    return good;
}

/* The live runs by number, and how far back the oldest of them begins. */
struct live {
    struct live_run {
        int64_t number;
        char *name;
        uint64_t seq; /* of the last row given; the next must follow */
        struct fy_head head;
    } * runs;
    size_t count;
    int64_t after_lsn;
    uint64_t rows;
};

static void free_live(struct live *live)
{
    for (size_t i = 0; i < live->count; i++)
        free(live->runs[i].name);
    free(live->runs);
}

static bool list_live(struct fy_sqlite *s, struct live *live, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    int rc = sqlite3_prepare_v2(
        s->reader, "SELECT number, name, after_lsn FROM run WHERE final = 0 ORDER BY number", -1, &ask, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(ask);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(ask)) {
        if ((live->count & (live->count + 1)) == 0)
            live->runs = fy_realloc(live->runs, 2 * (live->count + 1) * sizeof(struct live_run));
        struct live_run *run = &live->runs[live->count];
        *run = (struct live_run){.number = sqlite3_column_int64(ask, 0),
                                 .name = fy_strdup((const char *)sqlite3_column_text(ask, 1))};
        if (live->count++ == 0 || sqlite3_column_int64(ask, 2) < live->after_lsn)
            live->after_lsn = sqlite3_column_int64(ask, 2);
        if (!find_head(s, run->name, &run->head, err))
            return false;
        live->rows += run->head.seq;
    }
    return rc == SQLITE_DONE ||
           fy_sqlite_fail(s->reader, rc, err, "could not list the runs of the %s", s->title);
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = ((const struct live_run *)b)->number;
    return left < right ? -1 : left > right ? 1 : 0;
}

static bool scan_live(struct fy_sqlite *s, const struct live *live,
                      bool (*visit)(void *context, const struct fy_row *row), void *context,
                      struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *rows = NULL;
    int rc = sqlite3_prepare_v2(s->reader, read_on_sql, -1, &rows, NULL);
    assert(live->runs != NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows, 1, live->after_lsn);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(rows);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(rows)) {
        int64_t number = sqlite3_column_int64(rows, 6);
        struct live_run *run =
            bsearch(&number, live->runs, live->count, sizeof(struct live_run), compare_numbers);
        struct fy_row row;
        if (run == NULL)
            continue;
        if (!row_of(rows, run->name, &row) || row.seq != ++run->seq)
            return damaged(s, run->name, run->seq, err);
        if (!visit(context, &row))
            return true;
    }
    if (rc != SQLITE_DONE)
        return fy_sqlite_fail(s->reader, rc, err, "could not read the live runs of the %s", s->title);
    for (size_t i = 0; i < live->count; i++)
        if (live->runs[i].seq < live->runs[i].head.seq)
            return damaged(s, live->runs[i].name, live->runs[i].seq + 1, err);
    return true;
}

struct stopping {
    bool (*visit)(void *context, const struct fy_row *row);
    void *context;
    bool stopped;
};

static bool visit_or_stop(void *context, const struct fy_row *row)
{
    struct stopping *stopping = context;
    stopping->stopped = !stopping->visit(stopping->context, row);
    return !stopping->stopped;
}

static bool read_each(struct fy_sqlite *s, const struct live *live, struct stopping *stopping,
                      struct fy_err *err)
{
    for (size_t i = 0; i < live->count && !stopping->stopped; i++)
        if (live->runs[i].head.seq > 0 &&
            !visit_run(s, live->runs[i].name, &live->runs[i].head, 0, visit_or_stop, stopping, err))
            return false;
    return true;
}

/*
 * One pass over everything since the oldest live run began, unless most of that belongs to others: looking a
 * record up costs about as much as passing eight by.
 */
bool fy_sqlite_read_live(struct fy_store *store, bool (*visit)(void *context, const struct fy_row *row),
                         void *context, struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    FY_AUTO(free_live) struct live live = {0};
    struct stopping stopping = {.visit = visit, .context = context};
    fy_sqlite_enter(s);
    bool good = list_live(s, &live, err);
    if (good && live.count > 0 && (uint64_t)(s->last_lsn - live.after_lsn) <= 8 * live.rows)
        good = scan_live(s, &live, visit, context, err);
    else if (good)
        good = read_each(s, &live, &stopping, err);
    fy_sqlite_leave(s);
    return good;
}

static bool visit_lines(struct fy_sqlite *s, const char *sql,
                        bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                        struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *lines = NULL;
    int rc = sqlite3_prepare_v2(s->reader, sql, -1, &lines, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(lines);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(lines)) {
        struct fy_run_line line = {.run = (const char *)sqlite3_column_text(lines, 0),
                                   .request_id = (const char *)sqlite3_column_text(lines, 1),
                                   .tenant = (const char *)sqlite3_column_text(lines, 2),
                                   .vnf_instance_id = (const char *)sqlite3_column_text(lines, 3),
                                   .order_sha256 = (const char *)sqlite3_column_text(lines, 4),
                                   .accepted_ms = sqlite3_column_int64(lines, 5),
                                   .final = sqlite3_column_int(lines, 6) != 0};
        if (!visit(context, &line))
            return true;
    }
    return rc == SQLITE_DONE ||
           fy_sqlite_fail(s->reader, rc, err, "could not list the runs of the %s", s->title);
}

#define LINE_COLUMNS "name, request_id, tenant, vnf_instance_id, order_sha256, accepted_ms, final"

bool fy_sqlite_runs(struct fy_store *store, bool live_only,
                    bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                    struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    const char *sql = live_only ? "SELECT " LINE_COLUMNS " FROM run WHERE final = 0 ORDER BY number DESC"
                                : "SELECT " LINE_COLUMNS " FROM run ORDER BY number DESC";
    fy_sqlite_enter(s);
    bool good = visit_lines(s, sql, visit, context, err);
    fy_sqlite_leave(s);
    return good;
}

static bool find_text(struct fy_sqlite *s, const char *sha256, char **ret_bytes, size_t *ret_length,
                      struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    int rc = sqlite3_prepare_v2(s->reader, "SELECT bytes FROM pinned WHERE sha256 = ?", -1, &ask, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(ask, 1, sha256, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(ask);
    if (rc == SQLITE_DONE)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no text %s in the %s", sha256, s->title);
    if (rc != SQLITE_ROW)
        return fy_sqlite_fail(s->reader, rc, err, "could not read text %s from the %s", sha256, s->title);
    const char *bytes = sqlite3_column_blob(ask, 0);
    size_t length = (size_t)sqlite3_column_bytes(ask, 0);
    char hex[FY_SHA256_HEX];
    fy_sha256_text(bytes != NULL ? bytes : "", length, hex);
    if (strcmp(hex, sha256) != 0)
        return fy_fail(err, FY_ERR_INTERNAL, "the text %s in the %s is damaged: its digest is %s", sha256,
                       s->title, hex);
    *ret_bytes = fy_alloc(length + 1);
    if (bytes != NULL)
        memcpy(*ret_bytes, bytes, length);
    *ret_length = length;
    return true;
}

bool fy_sqlite_text(struct fy_store *store, const char *sha256, char **ret_bytes, size_t *ret_length,
                    struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    fy_sqlite_enter(s);
    bool good = find_text(s, sha256, ret_bytes, ret_length, err);
    fy_sqlite_leave(s);
    return good;
}

static bool visit_texts(struct fy_sqlite *s, bool (*visit)(void *context, const struct fy_text *text),
                        void *context, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *rows = NULL;
    int rc = sqlite3_prepare_v2(s->reader, "SELECT sha256, bytes FROM pinned", -1, &rows, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(rows);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(rows)) {
        const char *bytes = sqlite3_column_blob(rows, 1);
        struct fy_text text = {.bytes = bytes != NULL ? bytes : "",
                               .length = (size_t)sqlite3_column_bytes(rows, 1)};
        (void)strncpy(text.sha256, (const char *)sqlite3_column_text(rows, 0), sizeof text.sha256 - 1);
        if (!visit(context, &text))
            return true;
    }
    return rc == SQLITE_DONE ||
           fy_sqlite_fail(s->reader, rc, err, "could not read the texts of the %s", s->title);
}

bool fy_sqlite_texts(struct fy_store *store, bool (*visit)(void *context, const struct fy_text *text),
                     void *context, struct fy_err *err)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    fy_sqlite_enter(s);
    bool good = visit_texts(s, visit, context, err);
    fy_sqlite_leave(s);
    return good;
}
