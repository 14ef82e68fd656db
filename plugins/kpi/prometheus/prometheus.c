/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter: its settings, its verb. docs/kpis.md says how counters become ticks. */
#include "prometheus/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CARRY_MS                                                                                             \
    120000 /* looked at before what is asked: attempts whose success came later, counters' beginnings */
#define MAX_GAP_MS 60000

struct connection {
    const struct ferry_host *host;
    struct prom_http *http;
    struct prom_settings set;
    json_t *given, *map; /* the settings' texts live in them */
    int64_t skew_ms;
};

static const struct ferry_setting settings[] = {
    {"url", "url", true, false, NULL, "the server, as https://prometheus.example:9090"},
    {"token", "string", false, true, NULL, "bearer token; from a file"},
    {"user", "string", false, false, NULL, "user of basic authentication"},
    {"password", "string", false, true, NULL, "password of basic authentication; from a file"},
    {"ca", "path", false, false, NULL,
     "certificates of the authorities that may sign the server's; otherwise the system's"},
    {"prefix", "string", false, false, "", "before each counter's name, as in fivegs_amffunction_"},
    {"suffix", "string", false, false, "", "behind each counter's name, as in _total"},
    {"map", "path", false, false, NULL, "JSON file of counters whose metric is named otherwise"},
    {"match", "string", false, false, "",
     "matchers that every series must fit, as in job=\"amf\",nf=\"amf-east-1\""},
    {"version_label", "string", false, false, "version", "label that tells the version, as in the order"},
    {"cause_label", "string", false, false, "cause", "label that tells the cause of a failure"},
    {"users", "string", false, false, "", "metric of attached users, a gauge"},
    {"segment_label", "string", false, false, "segment", "label of it that tells 5g from 4g"},
    {"clock", "string", false, false, "",
     "metric with the exporter's own time in seconds, where that is not the time of the scrape: a trial"},
    {"lag_ms", "integer", false, false, "15000", "a scrape that is later than this is not waited for"},
    {"max_skew_ms", "integer", false, false, "300000",
     "the server's clock may be off by so much; it is corrected"},
    {0},
};

static const char *text_of(const struct connection *connection, const char *name)
{
    return json_string_value(json_object_get(connection->given, name));
}

static bool read_map(struct connection *connection, char *why, size_t why_size)
{
    const char *path = text_of(connection, "map");
    json_error_t error;
    if (path == NULL)
        return true;
    connection->map = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(connection->map)) {
        (void)snprintf(why, why_size, "could not read the map %s: line %d, %s", path, error.line, error.text);
        return false;
    }
    return prom_map_check(connection->map, why, why_size);
}

static void prometheus_close(void *self)
{
    struct connection *connection = self;
    prom_http_free(connection->http);
    json_decref(connection->map);
    json_decref(connection->given);
    free(connection);
}

static void use_settings(struct connection *connection)
{
    connection->set = (struct prom_settings){
        .map = {text_of(connection, "prefix"), text_of(connection, "suffix"), connection->map},
        .match = text_of(connection, "match"),
        .version_label = text_of(connection, "version_label"),
        .cause_label = text_of(connection, "cause_label"),
        .users = text_of(connection, "users"),
        .segment_label = text_of(connection, "segment_label"),
        .clock = text_of(connection, "clock"),
        .lag_ms = json_integer_value(json_object_get(connection->given, "lag_ms")),
        .max_skew_ms = json_integer_value(json_object_get(connection->given, "max_skew_ms")),
    };
}

static void *prometheus_open(const struct ferry_host *host, const char *text, char *why, size_t why_size)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)snprintf(why, why_size, "out of memory");
        free(connection);
        return NULL;
    }
    connection->host = host;
    connection->given = json_loads(text, 0, NULL);
    bool good = connection->given != NULL && read_map(connection, why, why_size);
    if (good) {
        use_settings(connection);
        connection->http = prom_http_new(text_of(connection, "url"), text_of(connection, "token"),
                                         text_of(connection, "user"), text_of(connection, "password"),
                                         text_of(connection, "ca"));
        if (connection->http == NULL)
            (void)snprintf(why, why_size, "out of memory");
    }
    if (good && connection->http != NULL)
        return connection;
    prometheus_close(connection);
    return NULL;
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool answer(struct connection *connection, struct prom_fetch *fetch, struct ferry_reply *reply,
                   struct prom_error *error)
{
    struct kpi_table table;
    *error = (struct prom_error){.failure = FERRY_FAILURE_TRANSIENT, .message = "out of memory"};
    if (!kpi_table_make(&table, fetch->ask, fetch->reach_ms))
        return false;
    char *text = prom_look_fill(&fetch->look, &table) ? kpi_table_answer(&table) : NULL;
    kpi_table_done(&table);
    if (text != NULL)
        connection->host->result(reply, text);
    free(text);
    return text != NULL;
}

static bool count(struct connection *connection, struct prom_fetch *fetch, struct ferry_reply *reply,
                  struct prom_error *error)
{
    if (!prom_fetch_all(fetch, error))
        return false;
    if (fetch->look.count > 0)
        return answer(connection, fetch, reply, error);
    *error = (struct prom_error){
        .failure = FERRY_FAILURE_TRANSIENT,
        .hint = "the settings prefix, suffix, map, match and version_label say how they are named"};
    (void)snprintf(error->message, sizeof error->message,
                   "the server has no samples of any metric that the KPIs are made of in the last %lld s",
                   (long long)((fetch->ask->now_ms - fetch->reach_ms) / fetch->scale / 1000));
    return false;
}

static void counters(void *self, const struct ferry_call *call, struct ferry_reply *reply)
{
    struct connection *connection = self;
    struct kpi_ask ask;
    struct prom_error error = {.failure = FERRY_FAILURE_INVALID};
    uint32_t scale = call->scale > 0 ? call->scale : 1;
    struct prom_fetch fetch = {.set = &connection->set,
                               .http = connection->http,
                               .ask = &ask,
                               .scale = scale,
                               .began_ms = prom_machine_ms(),
                               .skew_ms = &connection->skew_ms};
    if (scale != 1 && connection->set.clock[0] == '\0') {
        connection->host->failed(reply, FERRY_FAILURE_INVALID, "a trial's time is not that of the scrapes",
                                 "give the setting clock, or run at scale 1");
        return;
    }
    if (!kpi_ask_read(&ask, call, error.message, sizeof error.message)) {
        connection->host->failed(reply, error.failure, error.message, error.hint);
        return;
    }
    fetch.reach_ms = ask.after - longer(CARRY_MS, 6 * ask.period_ms);
    fetch.look = (struct prom_look){.max_gap_ms = longer(MAX_GAP_MS, 3 * ask.period_ms),
                                    .lag_ms = connection->set.lag_ms * (int64_t)scale};
    if (!count(connection, &fetch, reply, &error))
        connection->host->failed(reply, error.failure, error.message, error.hint);
    prom_fetch_done(&fetch);
    kpi_ask_done(&ask);
}

static const struct ferry_verb verbs[] = {
    {"counters", FERRY_OBSERVE, KPI_COUNTERS_ARGS, 60000, 0, counters},
    {0},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "prometheus",
    .version = "1.0.0",
    .summary = "Counters from a Prometheus server.",
    .kinds = FERRY_KIND_KPI,
    .simulated = true, /* with the setting clock it follows run time; without it a scaled call is refused */
    .settings = settings,
    .verbs = verbs,
    .open = prometheus_open,
    .close = prometheus_close,
};
