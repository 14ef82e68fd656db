/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include "base/mem.h"
#include "base/point.h"
#include "base/sha256.h"
#include "store/sqlite.h"

#include <string.h>

#define APPLICATION_ID 0x46655279 /* "FeRy", in the file's header */

/* One number out of the database, by a statement that gives one row. */
static bool ask_number(sqlite3 *db, const char *sql, const char *store, int64_t *ret, struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *ask = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &ask, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(ask)) == SQLITE_ROW) {
        *ret = sqlite3_column_int64(ask, 0);
        return true;
    }
    return fy_sqlite_fail(db, rc, err, "could not look at the schema of the %s", store);
}

/* An empty file becomes a store; a database of something else does not. */
static bool check_ours(sqlite3 *db, const char *store, struct fy_err *err)
{
    int64_t application = 0;
    int64_t tables = 0;
    if (!ask_number(db, "PRAGMA application_id", store, &application, err) ||
        !ask_number(db, "SELECT count(*) FROM sqlite_master", store, &tables, err))
        return false;
    if (application == APPLICATION_ID || (application == 0 && tables == 0))
        return true;
    (void)fy_fail(err, FY_ERR_REFUSED, "the %s is a database of another program", store);
    return fy_hint(err, "give a path of its own to the store");
}

static bool check_numbers(const struct fy_migrations *migrations, struct fy_err *err)
{
    for (size_t i = 0; i < migrations->count; i++)
        if (migrations->list[i].number != (int)i + 1)
            return fy_fail(err, FY_ERR_INTERNAL,
                           "migration %d (%s) stands where number %zu should be: sql/ has a gap",
                           migrations->list[i].number, migrations->list[i].name, i + 1);
    return true;
}

/* Compare row "at" of the store's list with ours. */
static bool check_applied(sqlite3_stmt *row, size_t at, const struct fy_migrations *migrations,
                          const char *store, struct fy_err *err)
{
    int number = sqlite3_column_int(row, 0);
    const char *digest = (const char *)sqlite3_column_text(row, 1);
    const char *version = (const char *)sqlite3_column_text(row, 2);
    if (number != (int)at + 1)
        return fy_fail(err, FY_ERR_REFUSED, "the %s lacks migration %zu, but has number %d", store, at + 1,
                       number);
    if (at >= migrations->count) {
        (void)fy_fail(err, FY_ERR_REFUSED,
                      "the %s has migration %d, made by ferryd %s; this ferryd " FERRY_VERSION " knows %zu",
                      store, number, version, migrations->count);
        return fy_hint(err, "run the newer ferryd, or restore a store of this version");
    }
    const struct fy_migration *ours = &migrations->list[at];
    char hex[FY_SHA256_HEX];
    fy_sha256_text(ours->text, strlen(ours->text), hex);
    if (digest == NULL || strcmp(digest, hex) != 0) {
        (void)fy_fail(err, FY_ERR_REFUSED,
                      "migration %d (%s) was another text when ferryd %s applied it to the %s", number,
                      ours->name, version, store);
        return fy_hint(err, "a released migration is never edited; add the next number instead");
    }
    return true;
}

static bool read_applied(sqlite3 *db, const struct fy_migrations *migrations, const char *store, size_t *ret,
                         struct fy_err *err)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *rows = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT number, sha256, ferryd FROM migration ORDER BY number", -1, &rows,
                                NULL);
    size_t count = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(rows);
        if (rc == SQLITE_ROW && !check_applied(rows, count++, migrations, store, err))
            return false;
    }
    if (rc != SQLITE_DONE)
        return fy_sqlite_fail(db, rc, err, "could not read which migrations the %s has", store);
    *ret = count;
    return true;
}

static int note_applied(sqlite3 *db, const struct fy_migration *migration)
{
    FY_AUTO(fy_sqlite_finalize) sqlite3_stmt *note = NULL;
    char hex[FY_SHA256_HEX];
    fy_sha256_text(migration->text, strlen(migration->text), hex);
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO migration (number, name, sha256, ferryd, applied) "
                                "VALUES (?, ?, ?, '" FERRY_VERSION "', datetime('now'))",
                                -1, &note, NULL);
    if (rc != SQLITE_OK)
        return rc;
    (void)sqlite3_bind_int(note, 1, migration->number);
    (void)sqlite3_bind_text(note, 2, migration->name, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(note, 3, hex, -1, SQLITE_STATIC);
    rc = sqlite3_step(note);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static bool apply(sqlite3 *db, const struct fy_migration *migration, const char *store, struct fy_err *err)
{
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, migration->text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = note_applied(db, migration);
    FY_POINT(store_migrating);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return true;
    (void)fy_sqlite_fail(db, rc, err, "could not apply migration %d (%s) to the %s", migration->number,
                         migration->name, store);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool make_list(sqlite3 *db, const char *store, struct fy_err *err)
{
    int64_t application = 0;
    if (!ask_number(db, "PRAGMA application_id", store, &application, err))
        return false;
    if (application == APPLICATION_ID)
        return true;
    char make[512];
    (void)sqlite3_snprintf(sizeof make, make,
                           "BEGIN IMMEDIATE; PRAGMA application_id = %d;"
                           "CREATE TABLE migration ("
                           " number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                           " sha256 TEXT NOT NULL, -- of its text\n"
                           " ferryd TEXT NOT NULL, -- the version that applied it\n"
                           " applied TEXT NOT NULL); COMMIT",
                           APPLICATION_ID);
    int rc = sqlite3_exec(db, make, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return true;
    (void)fy_sqlite_fail(db, rc, err, "could not begin the %s", store);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

bool fy_migrate(sqlite3 *db, const struct fy_migrations *migrations, const char *store, struct fy_err *err)
{
    size_t applied = 0;
    if (!check_numbers(migrations, err) || !check_ours(db, store, err) || !make_list(db, store, err) ||
        !read_applied(db, migrations, store, &applied, err))
        return false;
    for (; applied < migrations->count; applied++)
        if (!apply(db, &migrations->list[applied], store, err))
            return false;
    FY_POINT(store_migrated);
    return true;
}
