/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store/postgresql.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char database[64] = "postgres";
static unsigned made;

const char *pg_address(const char *login)
{
    static char address[512];
    (void)snprintf(address, sizeof address, "host=%s dbname=%s user=%s", getenv("FERRY_TEST_PG"), database,
                   login);
    return address;
}

const char *pg_ask(const char *login, const char *sql, const char **ret_words)
{
    static char answer[4096], words[1024];
    PGconn *conn = PQconnectdb(pg_address(login));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    (void)snprintf(answer, sizeof answer, "%s",
                   good && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    (void)snprintf(words, sizeof words, "%s", good ? "" : PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    if (ret_words != NULL)
        *ret_words = words;
    return good ? answer : NULL;
}

static bool must(const char *login, const char *sql)
{
    const char *words = NULL;
    if (pg_ask(login, sql, &words) != NULL)
        return true;
    (void)fprintf(stderr, "%s: %s", sql, words);
    return false;
}

bool pg_begin(void)
{
    if (getenv("FERRY_TEST_PG") != NULL)
        return true;
    (void)fprintf(stderr, "FERRY_TEST_PG is not set: tests/support/postgresql.py runs this\n");
    return false;
}

static void be_quiet(void *context, int number, const char *name)
{
    (void)context;
    (void)number;
    (void)name;
}

bool pg_fresh_database(void)
{
    char sql[128];
    struct fy_err err = {0};
    (void)snprintf(database, sizeof database, "postgres");
    char name[64];
    (void)snprintf(name, sizeof name, "unit_%ld_%u", (long)getpid(), ++made);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s OWNER owner", name);
    if (!must("owner", sql))
        return false;
    (void)snprintf(database, sizeof database, "%s", name);
    if (!fy_store_migrate_postgresql(pg_address("owner"), be_quiet, NULL, &err)) {
        (void)fprintf(stderr, "%s; %s\n", err.message, err.hint);
        return false;
    }
    return must("owner", "DO $$ BEGIN "
                         "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ferryd') THEN "
                         "CREATE ROLE ferryd LOGIN IN ROLE ferry_engine; "
                         "CREATE ROLE auditor LOGIN IN ROLE ferry_auditor; END IF; END $$");
}

struct fy_store *pg_open_store(void)
{
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    if (!fy_store_open_postgresql(&(struct fy_pg_options){.address = pg_address("ferryd")}, &store, &err))
        (void)fprintf(stderr, "%s; %s\n", err.message, err.hint);
    return store;
}
