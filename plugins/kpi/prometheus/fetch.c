/* SPDX-License-Identifier: Apache-2.0 */
#include "prometheus/fetch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLACK_MS 2000 /* asked for beyond what is needed, for scrapes that are on their way */

int64_t prom_machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool no_memory(struct prom_error *error)
{
    *error = (struct prom_error){.failure = FERRY_FAILURE_TRANSIENT, .message = "out of memory"};
    return false;
}

static json_t *ask(struct prom_fetch *fetch, const char *endpoint, const char *const (*fields)[2],
                   size_t count, struct prom_error *error)
{
    char *form = NULL;
    for (size_t i = 0; i < count; i++)
        if (!prom_form_add(&form, fields[i][0], fields[i][1])) {
            free(form);
            (void)no_memory(error);
            return NULL;
        }
    json_t *data = prom_http_ask(fetch->http, endpoint, form,
                                 PROM_TIMEOUT_MS - (prom_machine_ms() - fetch->began_ms), error);
    free(form);
    return data;
}

/* ---- whose clock ------------------------------------------------------------------------------------- */

/* Run time now, as far as the call tells. */
static int64_t now_ms(const struct prom_fetch *fetch)
{
    return fetch->ask->now_ms + (prom_machine_ms() - fetch->began_ms) * (int64_t)fetch->scale;
}

/* The server's own time against ours: an instant query without a time is answered with it. */
static bool measure_skew(struct prom_fetch *fetch, struct prom_error *error)
{
    static const char *const fields[][2] = {{"query", "time()"}};
    int64_t before = now_ms(fetch);
    json_t *data = ask(fetch, "query", fields, 1, error);
    int64_t after = now_ms(fetch);
    if (data == NULL)
        return false;
    int64_t server = llround(json_number_value(json_array_get(json_object_get(data, "result"), 0)) * 1000);
    json_decref(data);
    int64_t skew = server - (before + (after - before) / 2);
    *fetch->skew_ms = prom_skew_ms(*fetch->skew_ms, skew);
    if (skew >= -fetch->set->max_skew_ms && skew <= fetch->set->max_skew_ms)
        return true;
    *error = (struct prom_error){.failure = FERRY_FAILURE_PERMANENT};
    (void)snprintf(error->message, sizeof error->message, "the server's clock is %lld s %s this run's",
                   (long long)(llabs(skew) / 1000), skew > 0 ? "ahead of" : "behind");
    (void)snprintf(error->hint, sizeof error->hint,
                   "set both clocks (NTP); in a trial, give the setting clock the exporter's own time");
    return false;
}

static bool has_clock(const struct prom_fetch *fetch)
{
    return fetch->set->clock[0] != '\0';
}

/* ---- series ------------------------------------------------------------------------------------------ */

/* Index of what was scraped, by job and instance; KPI_NONE for what has no instance. */
static size_t target_of(struct prom_fetch *fetch, const json_t *labels)
{
    const char *instance = json_string_value(json_object_get(labels, "instance"));
    const char *job = json_string_value(json_object_get(labels, "job"));
    char name[512];
    if (instance == NULL)
        return KPI_NONE;
    (void)snprintf(name, sizeof name, "%s\n%s", job != NULL ? job : "", instance);
    for (size_t i = 0; i < fetch->look.targets; i++)
        if (strcmp(fetch->targets[i], name) == 0)
            return i;
    char **more = realloc(fetch->targets, (fetch->look.targets + 1) * sizeof *more);
    char *own = more != NULL ? strdup(name) : NULL;
    if (more != NULL)
        fetch->targets = more;
    if (own == NULL)
        return KPI_NONE;
    more[fetch->look.targets] = own;
    return fetch->look.targets++;
}

static struct prom_series *grow(struct prom_look *look)
{
    struct prom_series *more = realloc(look->series, (look->count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    look->series = more;
    more[look->count] =
        (struct prom_series){.side = -1, .segment = -1, .cell = {KPI_NONE, KPI_NONE}, .target = KPI_NONE};
    return &more[look->count++];
}

/* Samples as they came: at_ms is the scrape's time until read_times. */
static bool read_samples(struct prom_series *series, const json_t *values)
{
    size_t i;
    json_t *pair;
    series->samples = calloc(json_array_size(values) + 1, sizeof *series->samples);
    if (series->samples == NULL)
        return false;
    json_array_foreach(values, i, pair)
    {
        const char *text = json_string_value(json_array_get(pair, 1));
        double value = text != NULL ? strtod(text, NULL) : NAN;
        if (isfinite(value))
            series->samples[series->count++] =
                (struct prom_sample){llround(json_number_value(json_array_get(pair, 0)) * 1000), value};
    }
    return true;
}

static int segment_of(const struct prom_fetch *fetch, const json_t *labels)
{
    const char *segment = json_string_value(json_object_get(labels, fetch->set->segment_label));
    for (int i = 0; segment != NULL && i < KPI_SEGMENTS; i++)
        if (strcmp(segment, kpi_segments[i]) == 0)
            return i;
    return segment == NULL ? 0 : -1;
}

/* One series for each counter that it is: two counters may be the same metric with other labels. */
static bool take_counter(struct prom_fetch *fetch, const json_t *labels, const json_t *values, size_t cell)
{
    const struct kpi_cell *wanted = &fetch->ask->cells[cell];
    const char *cause = json_string_value(json_object_get(labels, fetch->set->cause_label));
    if (wanted->cause != NULL && (cause == NULL || strcmp(cause, wanted->cause) != 0))
        return true;
    if (!prom_map_fits(&fetch->set->map, wanted->counter, labels))
        return true;
    struct prom_series *series = grow(&fetch->look);
    if (series == NULL)
        return false;
    series->side =
        kpi_ask_side(fetch->ask, json_string_value(json_object_get(labels, fetch->set->version_label)));
    series->cell[0] = cell;
    series->target = target_of(fetch, labels);
    return read_samples(series, values);
}

static bool take_counters(struct prom_fetch *fetch, const char *name, const json_t *labels,
                          const json_t *values)
{
    for (size_t cell = 0; cell < fetch->ask->cell_count; cell++) {
        char own[PROM_NAME_MAX];
        prom_map_name(&fetch->set->map, fetch->ask->cells[cell].counter, own);
        if (strcmp(own, name) == 0 && !take_counter(fetch, labels, values, cell))
            return false;
    }
    return true;
}

static bool take_users(struct prom_fetch *fetch, const json_t *labels, const json_t *values)
{
    int segment = segment_of(fetch, labels);
    struct prom_series *series = segment >= 0 ? grow(&fetch->look) : NULL;
    if (series == NULL)
        return segment < 0;
    series->side =
        kpi_ask_side(fetch->ask, json_string_value(json_object_get(labels, fetch->set->version_label)));
    series->segment = segment;
    series->target = target_of(fetch, labels);
    return read_samples(series, values);
}

/* ---- run time ---------------------------------------------------------------------------------------- */

static bool read_clock(struct prom_fetch *fetch, const json_t *values, struct prom_clock **ret,
                       size_t *ret_count)
{
    struct prom_series raw = {0};
    if (!read_samples(&raw, values))
        return false;
    struct prom_clock *clock = calloc(raw.count + 1, sizeof *clock);
    for (size_t i = 0; clock != NULL && i < raw.count; i++)
        clock[i] = (struct prom_clock){raw.samples[i].at_ms, llround(raw.samples[i].value * 1000)};
    (void)fetch;
    free(raw.samples);
    *ret = clock;
    *ret_count = raw.count;
    return clock != NULL;
}

/* Times of the scrapes of one target become run time; a scrape without its clock is of no use. */
static void apply_clock(struct prom_fetch *fetch, size_t target, const struct prom_clock *clock, size_t count)
{
    for (size_t i = 0; i < fetch->look.count; i++) {
        struct prom_series *series = &fetch->look.series[i];
        size_t kept = 0;
        for (size_t k = 0; series->target == target && k < series->count; k++) {
            int64_t run_ms = prom_clock_read(clock, count, series->samples[k].at_ms);
            if (run_ms > 0)
                series->samples[kept++] = (struct prom_sample){run_ms, series->samples[k].value};
        }
        if (series->target == target)
            series->count = kept;
    }
}

static bool read_clocks(struct prom_fetch *fetch, const json_t *matrix)
{
    size_t i;
    json_t *entry;
    json_array_foreach(matrix, i, entry)
    {
        const json_t *labels = json_object_get(entry, "metric");
        const char *name = json_string_value(json_object_get(labels, "__name__"));
        struct prom_clock *clock;
        size_t count;
        if (name == NULL || strcmp(name, fetch->set->clock) != 0)
            continue;
        if (!read_clock(fetch, json_object_get(entry, "values"), &clock, &count))
            return false;
        apply_clock(fetch, target_of(fetch, labels), clock, count);
        free(clock);
    }
    return true;
}

static void apply_skew(struct prom_fetch *fetch, size_t first)
{
    for (size_t i = first; i < fetch->look.count; i++)
        for (size_t k = 0; k < fetch->look.series[i].count; k++)
            fetch->look.series[i].samples[k].at_ms -= *fetch->skew_ms;
}

/* ---- the queries ------------------------------------------------------------------------------------- */

static bool add_name(char **names, const char *name)
{
    char *longer = NULL;
    if (name[0] == '\0')
        return true;
    if (asprintf(&longer, "%s%s%s", *names != NULL ? *names : "", *names != NULL ? "|" : "", name) < 0)
        return false;
    free(*names);
    *names = longer;
    return true;
}

static bool names_of(const struct prom_fetch *fetch, char **ret)
{
    bool good = add_name(ret, fetch->set->users) && add_name(ret, fetch->set->clock);
    for (size_t i = 0; good && i < fetch->ask->cell_count; i++) {
        char name[PROM_NAME_MAX];
        prom_map_name(&fetch->set->map, fetch->ask->cells[i].counter, name);
        good = add_name(ret, name);
    }
    return good;
}

/* Seconds with three decimals, as the server reads them. */
static void put_time(char text[32], int64_t ms)
{
    (void)snprintf(text, 32, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
}

/* Raw samples: an instant query of a range, which alone gives scrapes as they were. */
static json_t *ask_raw(struct prom_fetch *fetch, int64_t until_ms, struct prom_error *error)
{
    char *names = NULL, *query = NULL, at[32];
    int64_t span_ms = (until_ms - fetch->reach_ms) / (int64_t)fetch->scale + SLACK_MS,
            span_s = span_ms / 1000 + 1;
    json_t *data = NULL;
    if (names_of(fetch, &names) &&
        asprintf(&query, "{__name__=~\"%s\"%s%s}[%llds]", names, fetch->set->match[0] != '\0' ? "," : "",
                 fetch->set->match, (long long)span_s) >= 0) {
        put_time(at, until_ms + *fetch->skew_ms);
        const char *const fields[][2] = {{"query", query}, {"time", at}};
        bool past = !has_clock(fetch) && until_ms < now_ms(fetch) - SLACK_MS;
        data = ask(fetch, "query", fields, past ? 2 : 1, error);
    } else {
        (void)no_memory(error);
    }
    free(names);
    free(query);
    return data;
}

static bool take_raw(struct prom_fetch *fetch, int64_t until_ms, struct prom_error *error)
{
    size_t i;
    json_t *entry, *data = ask_raw(fetch, until_ms, error);
    const json_t *matrix = json_object_get(data, "result");
    if (data == NULL)
        return false;
    bool good = true;
    json_array_foreach(matrix, i, entry)
    {
        const json_t *labels = json_object_get(entry, "metric"), *values = json_object_get(entry, "values");
        const char *name = json_string_value(json_object_get(labels, "__name__"));
        if (good && name != NULL && strcmp(name, fetch->set->users) == 0)
            good = take_users(fetch, labels, values);
        else if (good && name != NULL)
            good = take_counters(fetch, name, labels, values);
    }
    good = good && (!has_clock(fetch) || read_clocks(fetch, matrix));
    if (!has_clock(fetch))
        apply_skew(fetch, 0);
    json_decref(data);
    return good || no_memory(error);
}

/* An expression, evaluated by the server at the end of each tick: a range query. */
static bool take_expression(struct prom_fetch *fetch, size_t cell, int64_t until_ms, struct prom_error *error)
{
    const struct kpi_ask *question = fetch->ask;
    int64_t period = question->period_ms;
    char start[32], end[32], step[32];
    put_time(start, fetch->reach_ms / period * period + *fetch->skew_ms);
    put_time(end, until_ms / period * period + *fetch->skew_ms);
    put_time(step, period);
    const char *const fields[][2] = {
        {"query", prom_map_expression(&fetch->set->map, question->cells[cell].counter)},
        {"start", start},
        {"end", end},
        {"step", step}};
    json_t *entry, *data = ask(fetch, "query_range", fields, 4, error);
    size_t i, first = fetch->look.count;
    if (data == NULL)
        return false;
    bool good = true;
    json_array_foreach(json_object_get(data, "result"), i, entry) good =
        good && take_counter(fetch, json_object_get(entry, "metric"), json_object_get(entry, "values"), cell);
    for (size_t n = first; n < fetch->look.count; n++)
        fetch->look.series[n].target = KPI_NONE; /* it is of many */
    apply_skew(fetch, first);
    json_decref(data);
    return good || no_memory(error);
}

static bool take_expressions(struct prom_fetch *fetch, int64_t until_ms, struct prom_error *error)
{
    for (size_t cell = 0; cell < fetch->ask->cell_count; cell++) {
        if (prom_map_expression(&fetch->set->map, fetch->ask->cells[cell].counter) == NULL)
            continue;
        if (has_clock(fetch)) {
            *error =
                (struct prom_error){.failure = FERRY_FAILURE_PERMANENT,
                                    .message = "an expression is evaluated by the server's clock, not by the "
                                               "exporter's",
                                    .hint = "leave the setting clock away, or map counters to metrics"};
            return false;
        }
        if (!take_expression(fetch, cell, until_ms, error))
            return false;
    }
    return true;
}

bool prom_fetch_all(struct prom_fetch *fetch, struct prom_error *error)
{
    int64_t most = fetch->ask->after + (KPI_TICKS_MAX + 1) * fetch->ask->period_ms + fetch->look.lag_ms;
    if (!has_clock(fetch) && !measure_skew(fetch, error))
        return false;
    int64_t until_ms = now_ms(fetch);
    if (!has_clock(fetch) && most < until_ms)
        until_ms = most;
    return take_raw(fetch, until_ms, error) && take_expressions(fetch, until_ms, error);
}

void prom_fetch_done(struct prom_fetch *fetch)
{
    for (size_t i = 0; i < fetch->look.count; i++)
        free(fetch->look.series[i].samples);
    for (size_t i = 0; i < fetch->look.targets; i++)
        free(fetch->targets[i]);
    free(fetch->look.series);
    free(fetch->targets);
}
