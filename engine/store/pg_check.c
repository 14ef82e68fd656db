/* SPDX-License-Identifier: Apache-2.0 */
/* What the promise needs of the server and of the login, looked at whenever a connection is made. */
#include "base/mem.h"
#include "store/pg.h"

#include <string.h>

#define OLDEST_SERVER 130000 /* triggers of a partitioned table */

struct wanted {
    const char *name;
    const char *good[3];
    const char *why;
};

static const struct wanted settings[] = {
    {"fsync", {"on", NULL}, "a commit would not be on the disk when it is acknowledged"},
    {"full_page_writes", {"on", NULL}, "a torn page after a power loss would damage the journal"},
    {"synchronous_commit", {"on", "remote_apply", NULL}, "acknowledged commits could be lost"},
    {"zero_damaged_pages", {"off", NULL}, "damaged records would be read as nothing"},
    {"ignore_checksum_failure", {"off", NULL}, "damaged records would be read as good ones"},
    {"server_encoding", {"UTF8", NULL}, "records are UTF-8 and hashed byte for byte"},
    {"transaction_read_only", {"off", NULL}, "a standby takes no records"},
};

static bool is_good(const struct wanted *wanted, const char *value)
{
    for (size_t i = 0; wanted->good[i] != NULL; i++)
        if (strcmp(wanted->good[i], value) == 0)
            return true;
    return false;
}

static bool check_setting(struct fy_pg_conn *conn, const struct wanted *wanted, struct fy_err *err)
{
    const char *values[] = {wanted->name};
    FY_AUTO(fy_pg_clear)
    PGresult *result = PQexecParams(conn->raw, "SELECT pg_catalog.current_setting($1, true)", 1, NULL, values,
                                    NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fy_fail(err, FY_ERR_TRANSIENT, "could not look at %s of the %s: %s", wanted->name, conn->title,
                       PQerrorMessage(conn->raw));
    const char *value = PQgetvalue(result, 0, 0);
    if (PQgetisnull(result, 0, 0) || is_good(wanted, value))
        return true;
    bool standby = strcmp(wanted->name, "transaction_read_only") == 0;
    (void)fy_fail(err, standby ? FY_ERR_TRANSIENT : FY_ERR_REFUSED, "the %s has %s = %s: %s", conn->title,
                  wanted->name, value, wanted->why);
    return fy_hint(err,
                   "set %s = %s for this server, database and login (\"ALTER SYSTEM\", \"ALTER DATABASE\", "
                   "\"ALTER ROLE\")",
                   wanted->name, wanted->good[0]);
}

bool fy_pg_check_server(struct fy_pg_conn *conn, struct fy_err *err)
{
    int version = PQserverVersion(conn->raw);
    if (version < OLDEST_SERVER)
        return fy_fail(err, FY_ERR_REFUSED, "the %s is PostgreSQL %d; Ferry wants 13 or later", conn->title,
                       version / 10000);
    for (size_t i = 0; i < FY_COUNT(settings); i++)
        if (!check_setting(conn, &settings[i], err))
            return false;
    return true;
}

/* Is the login what a ferryd may be, and no more? */
static const char rights_sql[] =
    "SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), "
    "has_table_privilege('ferry.record', 'INSERT') AND has_table_privilege('ferry.record', 'SELECT'), "
    "has_table_privilege('ferry.record', 'UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES') "
    "OR pg_has_role('ferry_owner', 'MEMBER'), current_user";

bool fy_pg_check_rights(struct fy_pg_conn *conn, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *result = PQexec(conn->raw, rights_sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fy_fail(err, FY_ERR_TRANSIENT, "could not look at the rights of this login in the %s: %s",
                       conn->title, PQerrorMessage(conn->raw));
    bool all = PQgetvalue(result, 0, 0)[0] == 't';
    bool enough = PQgetvalue(result, 0, 1)[0] == 't';
    bool more = PQgetvalue(result, 0, 2)[0] == 't';
    const char *login = PQgetvalue(result, 0, 3);
    if (enough && !all && !more)
        return true;
    (void)fy_fail(err, FY_ERR_REFUSED, "the login %s of the %s %s", login, conn->title,
                  all || more ? "could change records that were written; an engine's must not be able to"
                              : "may not write records");
    return fy_hint(err,
                   "CREATE ROLE ferryd LOGIN IN ROLE ferry_engine; and user=ferryd in the store's address");
}
