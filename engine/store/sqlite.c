/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the SQLite store. */
#include "store/sqlite.h"

#include "base/mem.h"
#include "base/point.h"
#include "store/lock.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fy_sqlite_enter(struct fy_sqlite *s)
{
    if (s->reader == s->writer)
        (void)pthread_mutex_lock(&s->serial);
}

void fy_sqlite_leave(struct fy_sqlite *s)
{
    if (s->reader == s->writer)
        (void)pthread_mutex_unlock(&s->serial);
}

/* SQLite gives -wal and -shm the mode of the database, so the database is made by us. */
static bool make_private(const char *path, struct fy_err *err)
{
    FY_AUTO(fy_close_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0)
        return fy_fail_errno(err, "could not open the store %s", path);
    return true;
}

/* Ask for a setting and read back what it is now: a misspelt or refused one is silent otherwise. */
static bool set_pragma(struct fy_sqlite *s, sqlite3 *db, const char *name, const char *value,
                       const char *reads_back, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    FY_AUTO(fy_free_ptr) char *set = fy_format("PRAGMA %s = %s", name, value);
    FY_AUTO(fy_free_ptr) char *get = fy_format("PRAGMA %s", name);
    int rc = sqlite3_exec(db, set, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, get, -1, &ask, NULL);
    if (rc != SQLITE_OK || (rc = sqlite3_step(ask)) != SQLITE_ROW)
        return fy_sqlite_fail(db, rc, err, "could not set %s of the %s", name, s->title);
    const char *now = (const char *)sqlite3_column_text(ask, 0);
    if (now != NULL && strcmp(now, reads_back) == 0)
        return true;
    (void)fy_fail(err, FY_ERR_INTERNAL, "the %s has %s %s and cannot be given %s", s->title, name,
                  now != NULL ? now : "unknown", reads_back);
    return fy_hint(err, "a store needs a local file system with shared memory maps and working fsync");
}

static bool connect(struct fy_sqlite *s, const char *path, sqlite3 **ret, struct fy_err *err)
{
    bool memory = strcmp(path, ":memory:") == 0;
    int rc = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return fy_sqlite_fail(*ret, rc, err, "could not open the %s", s->title);
    (void)sqlite3_extended_result_codes(*ret, 1);
    (void)sqlite3_busy_timeout(*ret, 2000); /* a backup by hand holds it for a moment */
    (void)sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(*ret, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return set_pragma(s, *ret, "journal_mode", "wal", memory ? "memory" : "wal", err) &&
           set_pragma(s, *ret, "synchronous", "full", "2", err) &&
           set_pragma(s, *ret, "temp_store", "memory", "2", err) &&
           set_pragma(s, *ret, "cache_size", "-64", "-64", err); /* appends and one pass: 64 KiB serve both */
}

/* A closed store keeps its log file as it is: growing it anew would cost each commit after the next start. */
static void keep_wal(sqlite3 *db)
{
    int keep = 1;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

static bool raise_epoch(struct fy_sqlite *s, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *raise = NULL;
    int rc = sqlite3_prepare_v2(s->writer, "UPDATE store SET epoch = epoch + 1 RETURNING epoch, heads_lsn",
                                -1, &raise, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(raise)) == SQLITE_ROW) {
        s->store.epoch = (uint64_t)sqlite3_column_int64(raise, 0);
        s->heads_lsn = sqlite3_column_int64(raise, 1);
        if ((rc = sqlite3_step(raise)) == SQLITE_DONE)
            return true;
    }
    return fy_sqlite_fail(s->writer, rc, err, "could not raise the epoch of the %s", s->title);
}

/* Heads of the live runs as they were noted, then those that moved since. */
static const char find_heads[] =
    "SELECT name, number, head_lsn, head_seq FROM run WHERE final = 0 "
    "UNION ALL "
    "SELECT run.name, run.number, moved.lsn, moved.seq FROM "
    "(SELECT run, max(lsn) AS lsn, max(seq) AS seq FROM record WHERE lsn > ? GROUP BY run) AS moved "
    "JOIN run ON run.number = moved.run";

static bool load_heads(struct fy_sqlite *s, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *rows = NULL;
    int rc = sqlite3_prepare_v2(s->writer, find_heads, -1, &rows, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows, 1, s->heads_lsn);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(rows);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(rows)) {
        const char *run = (const char *)sqlite3_column_text(rows, 0);
        struct fy_head *head = fy_heads_find(&s->heads, run);
        if (head == NULL)
            head = fy_heads_add(&s->heads, run, sqlite3_column_int64(rows, 1), 0, 0);
        if (sqlite3_column_int64(rows, 2) <= head->lsn)
            continue;
        head->lsn = head->next_lsn = sqlite3_column_int64(rows, 2);
        head->seq = head->next_seq = (uint64_t)sqlite3_column_int64(rows, 3);
        head->dirty = head->lsn > s->heads_lsn;
    }
    if (rc != SQLITE_DONE)
        return fy_sqlite_fail(s->writer, rc, err, "could not find the last records in the %s", s->title);
    return true;
}

static bool load_counters(struct fy_sqlite *s, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    int rc = sqlite3_prepare_v2(s->writer,
                                "SELECT (SELECT coalesce(max(lsn), 0) FROM record), "
                                "(SELECT coalesce(max(number), 0) FROM run)",
                                -1, &ask, NULL);
    if (rc != SQLITE_OK || (rc = sqlite3_step(ask)) != SQLITE_ROW)
        return fy_sqlite_fail(s->writer, rc, err, "could not read the %s", s->title);
    s->last_lsn = sqlite3_column_int64(ask, 0);
    s->last_number = sqlite3_column_int64(ask, 1);
    return true;
}

static bool open_connections(struct fy_sqlite *s, const char *path, struct fy_err *err)
{
    bool memory = strcmp(path, ":memory:") == 0;
    if (!memory && (!fy_lock_store(path, &s->lock_fd, err) || !make_private(path, err)))
        return false;
    if (!connect(s, path, &s->writer, err))
        return false;
    (void)sqlite3_wal_hook(s->writer, fy_sqlite_wal_grew, s); /* in place of SQLite's own checkpoints */
    if (memory)
        s->reader = s->writer;
    return true;
}

/* The second connection comes last: it would see a schema that is not there yet. */
static bool open_reader(struct fy_sqlite *s, const char *path, struct fy_err *err)
{
    if (s->reader == NULL && !connect(s, path, &s->reader, err))
        return false;
    if (s->reader != s->writer)
        (void)sqlite3_wal_autocheckpoint(s->reader, 0);
    keep_wal(s->writer);
    keep_wal(s->reader);
    return true;
}

static void close_store(struct fy_store *store)
{
    struct fy_sqlite *s = fy_sqlite_of(store);
    sqlite3_stmt **statements = (sqlite3_stmt **)&s->sql;
    for (size_t i = 0; i < sizeof s->sql / sizeof(sqlite3_stmt *); i++)
        fy_sqlite_finalize(&statements[i]);
    if (s->reader != s->writer)
        (void)sqlite3_close(s->reader);
    (void)sqlite3_close(s->writer);
    fy_heads_free(&s->heads);
    fy_close_fd(&s->lock_fd);
    (void)pthread_mutex_destroy(&s->serial);
    free(s->title);
    free(s);
}

static struct fy_sqlite *new_store(const char *path)
{
    struct fy_sqlite *s = FY_NEW(struct fy_sqlite);
    s->title = fy_format("SQLite store %s", path);
    s->lock_fd = -1;
    s->store = (struct fy_store){
        .name = s->title,
        .commit = fy_sqlite_commit,
        .name_kinds = fy_sqlite_name_kinds,
        .idle = fy_sqlite_idle,
        .read = fy_sqlite_read,
        .read_live = fy_sqlite_read_live,
        .runs = fy_sqlite_runs,
        .text = fy_sqlite_text,
        .texts = fy_sqlite_texts,
        .close = close_store,
    };
    pthread_mutexattr_t recursive;
    (void)pthread_mutexattr_init(&recursive);
    (void)pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&s->serial, &recursive);
    (void)pthread_mutexattr_destroy(&recursive);
    fy_heads_init(&s->heads);
    return s;
}

bool fy_store_open_sqlite(const char *path, struct fy_store **ret, struct fy_err *err)
{
    struct fy_sqlite *s = new_store(path);
    if (!open_connections(s, path, err) || !fy_migrate(s->writer, &fy_sqlite_migrations, s->title, err) ||
        !raise_epoch(s, err) || !load_heads(s, err) || !load_counters(s, err) || !fy_sqlite_prepare(s, err) ||
        !open_reader(s, path, err)) {
        close_store(&s->store);
        return false;
    }
    FY_POINT(store_opened);
    *ret = &s->store;
    return true;
}
