/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static void heed_notice(void *context, const PGresult *notice)
{
    struct fy_fleet *fleet = context;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        fleet->warned = true; /* "canceling wait for synchronous replication" is no success */
}

static void trouble(struct fy_fleet *fleet, const char *what)
{
    if (!fleet->told_trouble)
        fy_log(FY_LOG_WARNING, "the engines' table cannot be reached: %s; nothing acts beyond the lease",
               what);
    fleet->told_trouble = true;
    fleet->steady_since_ns = 0;
}

void fy_fleet_disconnect(struct fy_fleet *fleet)
{
    PQfinish(fleet->conn);
    fleet->conn = NULL;
    fleet->steady_since_ns = 0;
}

static bool connect(struct fy_fleet *fleet)
{
    char patience[FY_FLEET_TEXT], title[64];
    (void)snprintf(patience, sizeof patience, "%lld", (long long)(fleet->lease_ms / 3));
    (void)snprintf(title, sizeof title, "ferry %s keeper", fleet->epoch_text);
    const char *const keys[] = {"application_name",
                                "connect_timeout",
                                "tcp_user_timeout",
                                "keepalives_idle",
                                "target_session_attrs",
                                "dbname",
                                NULL};
    const char *const values[] = {title, "3", patience, "5", "read-write", fleet->conninfo, NULL};
    fleet->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(fleet->conn) != CONNECTION_OK) {
        FY_AUTO(fy_free_ptr)
        char *why = fy_strndup(PQerrorMessage(fleet->conn), strcspn(PQerrorMessage(fleet->conn), "\n"));
        trouble(fleet, why);
        fy_fleet_disconnect(fleet);
        return false;
    }
    (void)PQsetNoticeReceiver(fleet->conn, heed_notice, fleet);
    return true;
}

/* A backend that waits behind a lock notices that we have left it (from PostgreSQL 14 on). Else they pile up.
 */
static const char notice_gone_sql[] = "SELECT set_config(name, '5s', false) FROM pg_catalog.pg_settings "
                                      "WHERE name = 'client_connection_check_interval'";

/* LISTEN before anything is asked: what is told from then on is either heard or seen. */
bool fy_fleet_connected(struct fy_fleet *fleet)
{
    if (fleet->conn != NULL && PQstatus(fleet->conn) == CONNECTION_OK)
        return true;
    fy_fleet_disconnect(fleet);
    if (!connect(fleet))
        return false;
    fleet->resync = true;
    PGresult *gone = fy_fleet_ask(fleet, notice_gone_sql, 0, NULL);
    PGresult *heard = fy_fleet_ask(fleet, "LISTEN " FY_FLEET_CHANNEL, 0, NULL);
    PQclear(gone);
    PQclear(heard);
    return heard != NULL;
}

/* Until there is an answer, or it took too long. */
static bool await(struct fy_fleet *fleet, int64_t until_ns)
{
    while (PQisBusy(fleet->conn) != 0) {
        struct pollfd ready = {.fd = PQsocket(fleet->conn), .events = POLLIN};
        int64_t left_ms = (until_ns - fy_fleet_now()) / 1000000;
        if (left_ms <= 0 || (poll(&ready, 1, (int)left_ms) == 0 && fy_fleet_now() >= until_ns))
            return false;
        if (PQconsumeInput(fleet->conn) == 0)
            return false;
    }
    return true;
}

static PGresult *fail(struct fy_fleet *fleet, PGresult *result)
{
    const char *said = result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(fleet->conn);
    FY_AUTO(fy_free_ptr)
    char *why =
        fy_strndup(said[0] != '\0' ? said : "no answer in time", said[0] != '\0' ? strcspn(said, "\n") : 64);
    trouble(fleet, why);
    PQclear(result);
    fy_fleet_disconnect(fleet);
    return NULL;
}

PGresult *fy_fleet_ask(struct fy_fleet *fleet, const char *sql, int count, const char *const *values)
{
    int64_t until_ns = fy_fleet_now() + fleet->lease_ms * 1000000;
    PGresult *result = NULL;
    if (fleet->conn == NULL)
        return NULL;
    fleet->warned = false;
    if (PQsendQueryParams(fleet->conn, sql, count, NULL, values, NULL, NULL, 0) == 0)
        return fail(fleet, NULL);
    for (;;) {
        if (!await(fleet, until_ns))
            return fail(fleet, result);
        PGresult *next = PQgetResult(fleet->conn);
        if (next == NULL)
            break;
        PQclear(result);
        result = next;
    }
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return fail(fleet, result);
    return result;
}

const char *fy_fleet_cell(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) != 0 ? NULL : PQgetvalue(result, row, column);
}

int64_t fy_fleet_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

void fy_fleet_clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}
