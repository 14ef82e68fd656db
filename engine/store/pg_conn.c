/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: made, asked, understood when it fails. */
#include "base/mem.h"
#include "store/pg.h"

#include <endian.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_PARAMS FY_PG_COMMIT_PARAMS

static const struct {
    const char *name, *text;
} statements[] = {
#define X(name, text) {"ferry_" #name, text},
#include "store/pg_statement.def"
#undef X
};

/*
 * What SQLSTATE means to us, by its beginning; the longest that fits. Whatever is not here is a fault of
 * ours. A server's trouble may pass and nothing of a failed statement is visible, so it is asked again.
 */
static const struct meaning {
    const char *state;
    enum fy_err_kind kind;
    const char *hint;
} meanings[] = {
    {"08", FY_ERR_TRANSIENT,
     "is the database up, and does the network lead there? the engine goes on by itself"},
    {"25006", FY_ERR_TRANSIENT, "this server is a standby; the engine looks for the primary by itself"},
    {"28", FY_ERR_TRANSIENT, "see pg_hba.conf, and the password file (~/.pgpass, passfile=FILE)"},
    {"3D", FY_ERR_REFUSED, "\"createdb\" makes it, then \"ferry store migrate\" prepares it"},
    {"40", FY_ERR_TRANSIENT, ""},
    {"42501", FY_ERR_TRANSIENT, "the login wants to be a member of ferry_engine (GRANT ferry_engine TO ...)"},
    {"53100", FY_ERR_TRANSIENT, "make room on the database's disk; the engine goes on by itself"},
    {"53", FY_ERR_TRANSIENT, "the database lacks resources; the engine goes on by itself"},
    {"55", FY_ERR_TRANSIENT, ""},
    {"57", FY_ERR_TRANSIENT, "the database was told to stop or is starting; the engine goes on by itself"},
    {"58", FY_ERR_TRANSIENT, "look at the database's disk and log; the engine goes on by itself"},
    {"XX", FY_ERR_INTERNAL,
     "the database may be damaged: stop the engines, see its log, restore the last backup"},
};

/* A session as the store wants it. A time-out would cancel a COMMIT, and a cancelled one may be durable here
 * alone. */
static const char session_sql[] =
    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = '10s'; "
    "SET DateStyle = ISO; SET standard_conforming_strings = on; SET bytea_output = hex; "
    "SET default_transaction_isolation = 'read committed'; "
    /* a backend that waits behind a lock notices that we have gone (from PostgreSQL 14 on) */
    "SELECT set_config(name, '5s', false) FROM pg_catalog.pg_settings "
    "WHERE name = 'client_connection_check_interval'";

void fy_pg_clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

/* libpq ends its messages with a line break, and has several lines of some. */
static void put_words(char *to, size_t room, const char *words)
{
    size_t used = 0;
    for (; *words != '\0' && used + 1 < room; words++)
        if (*words != '\n')
            to[used++] = (char)(*words == '\t' ? ' ' : *words);
        else if (words[1] != '\0' && used + 3 < room) {
            to[used++] = ';';
            to[used++] = ' ';
        }
    to[used] = '\0';
}

static bool fail_state(const char *state, const char *words, struct fy_err *err, const char *title,
                       const char *what)
{
    const struct meaning *meaning = NULL;
    char line[400];
    put_words(line, sizeof line, words);
    for (size_t i = 0; state != NULL && i < FY_COUNT(meanings); i++)
        if (strncmp(meanings[i].state, state, strlen(meanings[i].state)) == 0 && meaning == NULL)
            meaning = &meanings[i];
    (void)fy_fail(err, meaning != NULL ? meaning->kind : FY_ERR_INTERNAL, "%s the %s: %s", what, title, line);
    return fy_hint(err, "%s", meaning != NULL ? meaning->hint : "");
}

/* What libpq itself has to say has no SQLSTATE: the link broke. */
static bool fail_result(const struct fy_pg_conn *conn, const PGresult *result, const char *what,
                        struct fy_err *err)
{
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return fail_state(state != NULL ? state : "08", words != NULL ? words : PQerrorMessage(conn->raw), err,
                      conn->title, what);
}

void fy_pg_disconnect(struct fy_pg_conn *conn)
{
    PQfinish(conn->raw);
    conn->raw = NULL;
    memset(conn->prepared, 0, sizeof conn->prepared);
    conn->warned = false;
}

/* "canceling wait for synchronous replication" is a warning beside a success: durable here, perhaps not
 * there. */
static void on_notice(void *context, const PGresult *notice)
{
    struct fy_pg_conn *conn = context;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        conn->warned = true;
}

/* The systemd credential is used where the address names no file of its own. */
static const char *credential(char *path, size_t room)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || snprintf(path, room, "%s/pgpass", directory) >= (int)room ||
        access(path, R_OK) != 0)
        return NULL;
    return path;
}

static PGconn *open_raw(const char *address)
{
    char path[512];
    /* what stands before dbname may be said otherwise in the address; what stands behind it may not */
    const char *const keywords[] = {"fallback_application_name",
                                    "connect_timeout",
                                    "tcp_user_timeout",
                                    "keepalives_idle",
                                    "target_session_attrs",
                                    "passfile",
                                    "dbname",
                                    "client_encoding",
                                    NULL};
    const char *const values[] = {
        "ferryd", "5", "10000", "10", "read-write", credential(path, sizeof path), address, "UTF8", NULL};
    return PQconnectdbParams(keywords, values, 1);
}

bool fy_pg_connect(struct fy_pg_conn *conn, struct fy_err *err)
{
    if (conn->raw != NULL && PQstatus(conn->raw) == CONNECTION_OK)
        return true;
    fy_pg_disconnect(conn);
    conn->raw = open_raw(conn->address);
    if (PQstatus(conn->raw) != CONNECTION_OK) {
        bool missing = strstr(PQerrorMessage(conn->raw), "does not exist") != NULL;
        (void)fail_state(missing ? "3D" : "08", PQerrorMessage(conn->raw), err, conn->title,
                         "could not reach");
        fy_pg_disconnect(conn);
        return false;
    }
    (void)PQsetNoticeReceiver(conn->raw, on_notice, conn);
    if (fy_pg_script(conn, session_sql, "could not prepare a session of", err) &&
        fy_pg_check_server(conn, err))
        return true;
    fy_pg_disconnect(conn);
    return false;
}

static bool prepare(struct fy_pg_conn *conn, enum fy_pg_statement statement, const struct fy_pg_param *params,
                    size_t count, struct fy_err *err)
{
    Oid types[MOST_PARAMS];
    for (size_t i = 0; i < count; i++)
        types[i] = fy_pg_type_oid(&params[i]);
    FY_AUTO(fy_pg_clear)
    PGresult *result =
        PQprepare(conn->raw, statements[statement].name, statements[statement].text, (int)count, types);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return fail_result(conn, result, "could not prepare a statement for", err);
    conn->prepared[statement] = true;
    return true;
}

bool fy_pg_send(struct fy_pg_conn *conn, enum fy_pg_statement statement, const struct fy_pg_param *params,
                size_t count, struct fy_err *err)
{
    const char *values[MOST_PARAMS];
    int lengths[MOST_PARAMS];
    int formats[MOST_PARAMS];
    if (!fy_pg_connect(conn, err) ||
        (!conn->prepared[statement] && !prepare(conn, statement, params, count, err)))
        return false;
    for (size_t i = 0; i < count; i++) {
        values[i] = params[i].bytes.data;
        lengths[i] = (int)params[i].bytes.length;
        formats[i] = 1;
    }
    if (PQsendQueryPrepared(conn->raw, statements[statement].name, (int)count, values, lengths, formats, 1) ==
        1)
        return true;
    return fail_state("08", PQerrorMessage(conn->raw), err, conn->title, "could not ask");
}

/* An ERROR is the server's word that nothing happened. Anything else that is not an answer leaves it open. */
static bool said_no(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && strcmp(severity, "ERROR") == 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/*
 * A server that is stopped, or cut off, says nothing at all. What was asked is not cancelled: the connection
 * is left, and how it ended is asked elsewhere.
 */
static bool await_answer(struct fy_pg_conn *conn, struct fy_err *err)
{
    int64_t until_ms = now_ms() + conn->patience_ms;
    while (conn->patience_ms > 0 && PQisBusy(conn->raw) != 0) {
        struct pollfd ready = {.fd = PQsocket(conn->raw), .events = POLLIN};
        int64_t left_ms = until_ms - now_ms();
        if (PQflush(conn->raw) == 1)
            ready.events |= POLLOUT;
        if (left_ms <= 0)
            return fy_fail(err, FY_ERR_UNSURE, "the %s has not answered within %d s", conn->title,
                           conn->patience_ms / 1000) ||
                   fy_hint(err, "is the database stopped, or does it wait for its standby?");
        (void)poll(&ready, 1, (int)left_ms);
        if (PQconsumeInput(conn->raw) == 0)
            return true; /* libpq has the words */
    }
    return true;
}

PGresult *fy_pg_receive(struct fy_pg_conn *conn, const char *what, struct fy_err *err)
{
    if (!await_answer(conn, err)) {
        fy_pg_disconnect(conn);
        return NULL;
    }
    PGresult *result = PQgetResult(conn->raw);
    for (PGresult *more; (more = PQgetResult(conn->raw)) != NULL;)
        PQclear(more);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    (void)fail_result(conn, result, what, err);
    if (!said_no(result)) {
        err->kind = FY_ERR_UNSURE;
        fy_pg_disconnect(conn);
    }
    PQclear(result);
    return NULL;
}

/* A connection that was lost while nobody looked shows only when it is used: once more, on a new one. */
PGresult *fy_pg_ask(struct fy_pg_conn *conn, enum fy_pg_statement statement, const struct fy_pg_param *params,
                    size_t count, struct fy_err *err)
{
    static const char what[] = "could not ask";
    for (int tries = 0;; tries++) {
        PGresult *result = NULL;
        bool sent = fy_pg_send(conn, statement, params, count, err);
        if (sent)
            result = fy_pg_receive(conn, what, err);
        bool lost = result == NULL && (conn->raw == NULL || PQstatus(conn->raw) != CONNECTION_OK);
        if (result == NULL && err->kind == FY_ERR_UNSURE)
            err->kind = FY_ERR_TRANSIENT;
        if (!lost || tries > 0 || err->kind != FY_ERR_TRANSIENT)
            return result;
    }
}

bool fy_pg_script(struct fy_pg_conn *conn, const char *sql, const char *what, struct fy_err *err)
{
    FY_AUTO(fy_pg_clear) PGresult *result = PQexec(conn->raw, sql);
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || fail_result(conn, result, what, err);
}

int64_t fy_pg_int(const PGresult *result, int row, int column)
{
    unsigned char wide[8] = {0};
    int length = PQgetlength(result, row, column);
    if (length < 1 || length > 8)
        return 0;
    const char *bytes = PQgetvalue(result, row, column);
    memset(wide, (bytes[0] & 0x80) != 0 && length > 1 ? 0xff : 0, sizeof wide);
    memcpy(wide + 8 - length, bytes, (size_t)length);
    uint64_t wire;
    memcpy(&wire, wide, sizeof wire);
    return (int64_t)be64toh(wire);
}
