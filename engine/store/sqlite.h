/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the SQLite store: what its files share. */
#ifndef FY_STORE_SQLITE_H
#define FY_STORE_SQLITE_H

#include "store/heads.h"
#include "store/store.h"

#include <sqlite3.h>

struct fy_sqlite {
    struct fy_store store; /* first: the vtable's self */
    char *title;           /* store.name */
    int lock_fd;
    /*
     * Two connections, so that a read never waits for a disk. A store in memory has one, and "serial" keeps
     * the two threads apart.
     */
    sqlite3 *writer, *reader;
    pthread_mutex_t serial;
    struct fy_heads heads;
    _Atomic int64_t last_lsn; /* the loop looks at it */
    int64_t last_number;
    int64_t heads_lsn; /* heads are noted up to here */
    int wal_pages;     /* in the write-ahead log after the last commit */
    int wal_copied;    /* of them, at the last checkpoint */
    struct {
        sqlite3_stmt *begin, *commit, *rollback;
        sqlite3_stmt *insert_record, *put_line, *pin, *find_run, *note_head, *note_heads_lsn;
    } sql; /* the writer's */
};

/* Message, kind and hint for what SQLite returned; "format" says what could not be done. Returns false. */
bool fy_sqlite_fail(sqlite3 *db, int rc, struct fy_err *err, const char *format, ...) FY_PRINTF(4, 5);
void fy_sqlite_finalize(sqlite3_stmt **statement); /* for FY_AUTO */

static inline struct fy_sqlite *fy_sqlite_of(struct fy_store *store)
{
    return (struct fy_sqlite *)store;
}

/* A store in memory is shared by both threads; a file is not locked here. Recursive: visitors read again. */
void fy_sqlite_enter(struct fy_sqlite *s);
void fy_sqlite_leave(struct fy_sqlite *s);

/* sqlite_commit.c */
bool fy_sqlite_prepare(struct fy_sqlite *s, struct fy_err *err);
bool fy_sqlite_commit(struct fy_store *store, const struct fy_store_batch *batch, struct fy_err *err);
bool fy_sqlite_name_kinds(struct fy_store *store, const char *const *names, size_t count, struct fy_err *err);
void fy_sqlite_idle(struct fy_store *store);
int fy_sqlite_wal_grew(void *context, sqlite3 *db, const char *schema, int pages);

/* sqlite_read.c */
bool fy_sqlite_read(struct fy_store *store, const char *run, uint64_t after,
                    bool (*visit)(void *context, const struct fy_row *row), void *context,
                    struct fy_err *err);
bool fy_sqlite_read_live(struct fy_store *store, bool (*visit)(void *context, const struct fy_row *row),
                         void *context, struct fy_err *err);
bool fy_sqlite_runs(struct fy_store *store, bool live_only,
                    bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                    struct fy_err *err);
bool fy_sqlite_text(struct fy_store *store, const char *sha256, char **ret_bytes, size_t *ret_length,
                    struct fy_err *err);
bool fy_sqlite_texts(struct fy_store *store, bool (*visit)(void *context, const struct fy_text *text),
                     void *context, struct fy_err *err);

#endif
