/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter: its settings, its verb. docs/kpis.md says how files become ticks. */
#include "pmfiles/files.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_MS 20000 /* machine time for reading files in one call, which may take 30 s */
#define DAY_NS  INT64_C(86400000000000)
#define CARRY   4 /* periods before the first one that is asked for */

struct connection {
    const struct ferry_host *host;
    json_t *given; /* the settings' texts live in it */
    struct pm_folder folder;
};

static const struct ferry_setting settings[] = {
    {"folder", "path", true, false, NULL, "where the files are delivered; they are read, never removed"},
    {"version_key", "string", false, false, "",
     "key in measObjLdn whose value is the version, as in Version=1.3.0; otherwise swVersion of the "
     "managedElement"},
    {"users_5g", "string", false, false, "RM.RegisteredSubNbrMean", "measurement of registered 5G users"},
    {"users_4g", "string", false, false, "", "measurement of attached 4G users"},
    {"lag_ms", "integer", false, false, "60000",
     "a period is given so long after its end; a later file does not count"},
    {0},
};

static const char *text_of(const struct connection *connection, const char *name)
{
    return json_string_value(json_object_get(connection->given, name));
}

static void *pmfiles_open(const struct ferry_host *host, const char *text, char *why, size_t why_size)
{
    struct connection *connection = calloc(1, sizeof *connection);
    json_t *given = json_loads(text, 0, NULL);
    xmlInitParser(); /* before there are children */
    if (connection != NULL && given != NULL) {
        connection->host = host;
        connection->given = given;
        return connection;
    }
    (void)snprintf(why, why_size, "out of memory");
    json_decref(given);
    free(connection);
    return NULL;
}

static void pmfiles_close(void *self)
{
    struct connection *connection = self;
    pm_folder_done(&connection->folder);
    json_decref(connection->given);
    free(connection);
}

/* Files that were delivered long before what is asked for are not opened; a trial's time says nothing of
 * that. */
static int64_t since_ns(const struct kpi_ask *ask, uint32_t scale, int64_t from_ms)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t off_s = (int64_t)now.tv_sec - ask->now_ms / 1000;
    if (scale != 1 || off_s > 86400 || off_s < -86400)
        return 0;
    return from_ms * 1000000 - DAY_NS;
}

static void fill(struct connection *connection, const struct kpi_ask *ask, int64_t from_ms, uint32_t scale,
                 struct ferry_reply *reply)
{
    struct kpi_table table;
    char why[200] = "out of memory";
    if (!kpi_table_make(&table, ask, from_ms)) {
        connection->host->failed(reply, FERRY_FAILURE_TRANSIENT, why, "");
        return;
    }
    table.complete =
        ask->now_ms - json_integer_value(json_object_get(connection->given, "lag_ms")) * (int64_t)scale;
    bool good = pm_folder_fill(&connection->folder, &table, why, sizeof why);
    char *text = good ? kpi_table_answer(&table) : NULL;
    if (text != NULL)
        connection->host->result(reply, text);
    else
        connection->host->failed(reply, good ? FERRY_FAILURE_TRANSIENT : FERRY_FAILURE_INVALID, why,
                                 "give the order's KpiGate the files' granularity period");
    free(text);
    kpi_table_done(&table);
}

static void counters(void *self, const struct ferry_call *call, struct ferry_reply *reply)
{
    struct connection *connection = self;
    struct kpi_ask ask;
    char why[200] = "";
    uint32_t scale = call->scale > 0 ? call->scale : 1;
    if (!kpi_ask_read(&ask, call, why, sizeof why)) {
        connection->host->failed(reply, FERRY_FAILURE_INVALID, why, "");
        return;
    }
    struct pm_reader reader = {.ask = &ask,
                               .version_key = text_of(connection, "version_key"),
                               .users = {text_of(connection, "users_5g"), text_of(connection, "users_4g")}};
    int64_t from_ms = ask.after - CARRY * ask.period_ms;
    if (!pm_folder_look(&connection->folder, text_of(connection, "folder"), &reader,
                        since_ns(&ask, scale, from_ms), READ_MS, why, sizeof why))
        connection->host->failed(reply, FERRY_FAILURE_TRANSIENT, why,
                                 "is the setting folder right, and may it be read?");
    else
        fill(connection, &ask, from_ms, scale, reply);
    if (connection->folder.broken[0] != '\0')
        connection->host->log(connection->folder.broken);
    kpi_ask_done(&ask);
}

static const struct ferry_verb verbs[] = {
    {"counters", FERRY_OBSERVE, KPI_COUNTERS_ARGS, 60000, 0, counters},
    {0},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "pmfiles",
    .version = "1.0.0",
    .summary = "Counters from files of measurements (3GPP TS 32.435).",
    .kinds = FERRY_KIND_KPI,
    .simulated = true, /* its time is what the files say */
    .settings = settings,
    .verbs = verbs,
    .open = pmfiles_open,
    .close = pmfiles_close,
};
