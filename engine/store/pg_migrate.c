/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of the PostgreSQL store. A ferryd only looks: it works on a schema that has all it knows,
 * untouched, and also on a newer one that says it needs no more than that, so that engines of two versions
 * can share a store. "ferry store migrate" applies what is missing, as the owner.
 */
#include "base/mem.h"
#include "base/point.h"
#include "store/migrate.h"
#include "store/pg.h"

#include <string.h>

extern const char fy_postgresql_roles[];

static const char list_sql[] = "SELECT number, sha256, ferryd, needs FROM ferry.migration ORDER BY number";
static const char make_list_sql[] =
    "CREATE TABLE IF NOT EXISTS ferry.migration (number integer PRIMARY KEY, name text NOT NULL, "
    "sha256 text NOT NULL, needs integer NOT NULL, ferryd text NOT NULL, applied timestamptz NOT NULL "
    "DEFAULT now(), "
    "applied_by text NOT NULL DEFAULT session_user);"
    "COMMENT ON TABLE ferry.migration IS 'What was applied to this schema, by whom';"
    "COMMENT ON COLUMN ferry.migration.number IS 'From 1, without a gap';"
    "COMMENT ON COLUMN ferry.migration.name IS 'What it is about';"
    "COMMENT ON COLUMN ferry.migration.sha256 IS 'Of its text: an edited one is refused';"
    "COMMENT ON COLUMN ferry.migration.needs IS 'The newest migration a ferryd must know of to work on this "
    "schema';"
    "COMMENT ON COLUMN ferry.migration.ferryd IS 'The version that applied it';"
    "COMMENT ON COLUMN ferry.migration.applied IS 'When';"
    "COMMENT ON COLUMN ferry.migration.applied_by IS 'The login that did';";

static int needs_of(const struct fy_migration *migration)
{
    static const char mark[] = "-- needs: ";
    const char *line = strstr(migration->text, mark);
    return line != NULL ? (int)strtol(line + sizeof mark - 1, NULL, 10) : migration->number;
}

static bool refuse_newer(const struct fy_pg_conn *conn, int number, const char *version, int needs,
                         struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_REFUSED,
                  "the %s has migration %d, made by ferryd %s, for which one must know number %d; this "
                  "ferryd " FERRY_VERSION " knows %zu",
                  conn->title, number, version, needs, fy_postgresql_migrations.count);
    return fy_hint(err, "run the newer ferryd, or restore a store of this version");
}

/* Compare row "at" of the store's list with ours. */
static bool check_applied(const struct fy_pg_conn *conn, const PGresult *list, int at, struct fy_err *err)
{
    int number = (int)strtol(PQgetvalue(list, at, 0), NULL, 10);
    int needs = (int)strtol(PQgetvalue(list, at, 3), NULL, 10);
    const char *version = PQgetvalue(list, at, 2);
    if (number != at + 1)
        return fy_fail(err, FY_ERR_REFUSED, "the %s lacks migration %d, but has number %d", conn->title,
                       at + 1, number);
    if ((size_t)at >= fy_postgresql_migrations.count)
        return needs <= (int)fy_postgresql_migrations.count ||
               refuse_newer(conn, number, version, needs, err);
    const struct fy_migration *ours = &fy_postgresql_migrations.list[at];
    char hex[FY_SHA256_HEX];
    fy_sha256_text(ours->text, strlen(ours->text), hex);
    if (strcmp(PQgetvalue(list, at, 1), hex) == 0)
        return true;
    (void)fy_fail(err, FY_ERR_REFUSED,
                  "migration %d (%s) was another text when ferryd %s applied it to the %s", number,
                  ours->name, version, conn->title);
    return fy_hint(err, "a released migration is never edited; add the next number instead");
}

static bool read_applied(struct fy_pg_conn *conn, int *ret, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *list = PQexec(conn->raw, list_sql);
    if (PQresultStatus(list) != PGRES_TUPLES_OK) {
        const char *state = PQresultErrorField(list, PG_DIAG_SQLSTATE);
        bool missing = state != NULL && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0);
        bool denied = state != NULL && strcmp(state, "42501") == 0;
        (void)fy_fail(err, missing || denied ? FY_ERR_REFUSED : FY_ERR_TRANSIENT, "the %s %s: %s",
                      conn->title, missing ? "was not prepared" : "could not be looked at",
                      PQresultErrorField(list, PG_DIAG_MESSAGE_PRIMARY));
        return fy_hint(err, "%s",
                       denied ? "the login wants to be a member of ferry_engine (GRANT ferry_engine TO ...)"
                              : "\"ferry store migrate\" prepares it");
    }
    for (int i = 0; i < PQntuples(list); i++)
        if (!check_applied(conn, list, i, err))
            return false;
    *ret = PQntuples(list);
    return true;
}

bool fy_pg_check_schema(struct fy_pg_conn *conn, struct fy_err *err)
{
    int applied = 0;
    if (!read_applied(conn, &applied, err))
        return false;
    if ((size_t)applied >= fy_postgresql_migrations.count)
        return true;
    (void)fy_fail(err, FY_ERR_REFUSED, "the %s has %d migrations; this ferryd " FERRY_VERSION " wants %zu",
                  conn->title, applied, fy_postgresql_migrations.count);
    return fy_hint(err, "\"ferry store migrate\" brings it up; older engines may go on meanwhile");
}

/* One number out of the database, as text. */
static bool is_true(struct fy_pg_conn *conn, const char *sql, bool *ret, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *row = PQexec(conn->raw, sql);
    if (PQresultStatus(row) != PGRES_TUPLES_OK)
        return fy_fail(err, FY_ERR_TRANSIENT, "could not look at the %s: %s", conn->title,
                       PQerrorMessage(conn->raw));
    *ret = PQgetvalue(row, 0, 0)[0] == 't';
    return true;
}

/* The roles and the schema, made once by whoever may. */
static bool prepare_roles(struct fy_pg_conn *conn, struct fy_err *err)
{
    bool there = false;
    if (!is_true(
            conn,
            "SELECT (SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname IN ('ferry_owner', "
            "'ferry_engine', "
            "'ferry_auditor')) = 3 AND EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'ferry')",
            &there, err))
        return false;
    if (there || fy_pg_script(conn, fy_postgresql_roles, "could not make the roles and the schema of", err))
        return true;
    err->kind = FY_ERR_REFUSED;
    return fy_hint(
        err,
        "an administrator runs sql/postgresql/roles.sql in this database once, and grants you ferry_owner");
}

static bool apply(struct fy_pg_conn *conn, const struct fy_migration *migration, struct fy_err *err)
{
    char hex[FY_SHA256_HEX];
    fy_sha256_text(migration->text, strlen(migration->text), hex);
    FY_AUTO(fy_free_ptr)
    char *note = fy_format("INSERT INTO ferry.migration (number, name, sha256, needs, ferryd) "
                           "VALUES (%d, '%s', '%s', %d, '" FERRY_VERSION "')",
                           migration->number, migration->name, hex, needs_of(migration));
    FY_AUTO(fy_free_ptr)
    char *what = fy_format("could not apply migration %d (%s) to", migration->number, migration->name);
    bool good = fy_pg_script(conn, "BEGIN", what, err) && fy_pg_script(conn, migration->text, what, err) &&
                fy_pg_script(conn, note, what, err);
    FY_POINT(store_migrating);
    if (good && fy_pg_script(conn, "COMMIT", what, err))
        return true;
    struct fy_err ignored;
    (void)fy_pg_script(conn, "ROLLBACK", what, &ignored);
    return false;
}

/* Two people may do it at once: the second waits, and finds nothing left to do. */
static bool migrate(struct fy_pg_conn *conn, void (*told)(void *context, int number, const char *name),
                    void *context, struct fy_err *err)
{
    int applied = 0;
    if (!fy_pg_script(conn, "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtext('ferry.migrate'))",
                      "could not lock", err) ||
        !prepare_roles(conn, err) ||
        !fy_pg_script(conn, "SET client_min_messages = warning; SET ROLE ferry_owner",
                      "could not become the owner of", err) ||
        !fy_pg_script(conn, make_list_sql, "could not begin", err) || !read_applied(conn, &applied, err))
        return false;
    for (size_t i = (size_t)applied; i < fy_postgresql_migrations.count; i++) {
        const struct fy_migration *next = &fy_postgresql_migrations.list[i];
        if (next->number != (int)i + 1)
            return fy_fail(err, FY_ERR_INTERNAL,
                           "migration %d stands where number %zu should be: sql/ has a gap", next->number,
                           i + 1);
        if (!apply(conn, next, err))
            return false;
        told(context, next->number, next->name);
    }
    return true;
}

bool fy_store_migrate_postgresql(const char *address,
                                 void (*told)(void *context, int number, const char *name), void *context,
                                 struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *title = NULL;
    if (!fy_pg_check_address(address, &title, err))
        return false;
    struct fy_pg_conn conn = {.address = address, .title = title};
    bool good = fy_pg_connect(&conn, err) && migrate(&conn, told, context, err);
    fy_pg_disconnect(&conn);
    return good;
}

static bool retire(struct fy_pg_conn *conn, const char *month,
                   void (*told)(void *context, const char *month, uint64_t runs, uint64_t records),
                   void *context, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *first = fy_format("%s-01", month);
    const char *values[] = {first};
    if (!fy_pg_script(conn, "SET ROLE ferry_owner", "could not become the owner of", err))
        return false;
    FY_AUTO(fy_pg_clear)
    PGresult *gone =
        PQexecParams(conn->raw, "SELECT to_char(month, 'YYYY-MM'), runs, records FROM ferry.retire($1::date)",
                     1, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(gone) != PGRES_TUPLES_OK) {
        const char *words = PQresultErrorField(gone, PG_DIAG_MESSAGE_PRIMARY);
        return fy_fail(err, FY_ERR_REFUSED, "nothing was taken from the %s: %s", conn->title,
                       words != NULL ? words : PQerrorMessage(conn->raw));
    }
    for (int i = 0; i < PQntuples(gone); i++)
        told(context, PQgetvalue(gone, i, 0), strtoull(PQgetvalue(gone, i, 1), NULL, 10),
             strtoull(PQgetvalue(gone, i, 2), NULL, 10));
    return true;
}

bool fy_store_retire_postgresql(const char *address, const char *month,
                                void (*told)(void *context, const char *month, uint64_t runs,
                                             uint64_t records),
                                void *context, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *title = NULL;
    if (!fy_pg_check_address(address, &title, err))
        return false;
    struct fy_pg_conn conn = {.address = address, .title = title};
    bool good = fy_pg_connect(&conn, err) && fy_pg_check_schema(&conn, err) &&
                retire(&conn, month, told, context, err);
    fy_pg_disconnect(&conn);
    return good;
}
