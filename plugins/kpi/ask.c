/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const kpi_segments[KPI_SEGMENTS] = {"5g", "4g"};

/* ---- cells ------------------------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

size_t kpi_ask_cell(const struct kpi_ask *ask, const char *counter, const char *cause)
{
    for (size_t i = 0; i < ask->cell_count; i++)
        if (strcmp(ask->cells[i].counter, counter) == 0 && same(ask->cells[i].cause, cause))
            return i;
    return KPI_NONE;
}

static bool need(struct kpi_ask *ask, const char *counter, const char *cause)
{
    if (counter == NULL || kpi_ask_cell(ask, counter, cause) != KPI_NONE)
        return true;
    struct kpi_cell *more = realloc(ask->cells, (ask->cell_count + 1) * sizeof *more);
    if (more == NULL)
        return false;
    ask->cells = more;
    struct kpi_cell *cell = &more[ask->cell_count];
    *cell = (struct kpi_cell){.counter = strdup(counter), .cause = cause != NULL ? strdup(cause) : NULL};
    ask->cell_count++;
    return cell->counter != NULL && (cause == NULL || cell->cause != NULL);
}

static bool need_all(struct kpi_ask *ask, const json_t *kpi, const char *list)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(kpi, list), i,
                       name) if (!need(ask, json_string_value(name), NULL)) return false;
    return true;
}

static bool need_causes(struct kpi_ask *ask, const json_t *kpi)
{
    const char *failures = json_string_value(json_object_get(kpi, "failures"));
    size_t i;
    json_t *cause;
    json_array_foreach(json_object_get(kpi, "exclude"), i,
                       cause) if (!need(ask, failures, json_string_value(cause))) return false;
    return true;
}

/* ---- the question ------------------------------------------------------------------------------------ */

static bool read_kpis(struct kpi_ask *ask)
{
    size_t i;
    json_t *kpi;
    json_array_foreach(ask->kpis, i, kpi) if (!need_all(ask, kpi, "numerator") ||
                                              !need_all(ask, kpi, "denominator") ||
                                              !need_causes(ask, kpi)) return false;
    return true;
}

bool kpi_ask_read(struct kpi_ask *ask, const struct ferry_call *call, char *why, size_t why_size)
{
    static const char *const sides[KPI_SIDES] = {"source", "target"};
    json_t *args = json_loads(call->args, 0, NULL);
    const json_t *versions = json_object_get(args, "versions");
    *ask = (struct kpi_ask){.after = json_integer_value(json_object_get(args, "after")),
                            .period_ms = json_integer_value(json_object_get(args, "period_ms")),
                            .now_ms = call->now_ms,
                            .kpis = json_incref(json_object_get(args, "kpis"))};
    bool whole = args != NULL && ask->period_ms > 0;
    for (int side = 0; side < KPI_SIDES; side++) {
        const char *version = json_string_value(json_object_get(versions, sides[side]));
        ask->versions[side] = version != NULL ? strdup(version) : NULL;
        whole = whole && ask->versions[side] != NULL;
    }
    whole = whole && read_kpis(ask);
    json_decref(args);
    if (!whole) {
        (void)snprintf(why, why_size, "no memory for the question, or it lacks versions or a period");
        kpi_ask_done(ask);
    }
    return whole;
}

void kpi_ask_done(struct kpi_ask *ask)
{
    for (size_t i = 0; i < ask->cell_count; i++) {
        free(ask->cells[i].counter);
        free(ask->cells[i].cause);
    }
    free(ask->cells);
    for (int side = 0; side < KPI_SIDES; side++)
        free(ask->versions[side]);
    json_decref(ask->kpis);
    *ask = (struct kpi_ask){0};
}

int kpi_ask_side(const struct kpi_ask *ask, const char *version)
{
    for (int side = 0; version != NULL && side < KPI_SIDES; side++)
        if (strcmp(ask->versions[side], version) == 0)
            return side;
    return -1;
}

/* ---- the table --------------------------------------------------------------------------------------- */

static size_t at(const struct kpi_table *table, size_t tick, int side, size_t cell)
{
    return (tick * KPI_SIDES + (size_t)side) * table->ask->cell_count + cell;
}

bool kpi_table_make(struct kpi_table *table, const struct kpi_ask *ask, int64_t from_ms)
{
    int64_t period = ask->period_ms;
    int64_t first = from_ms / period * period, last = ask->now_ms / period * period;
    int64_t most = ask->after / period * period + KPI_TICKS_MAX * period;
    if (last > most)
        last = most;
    size_t ticks = last >= first ? (size_t)((last - first) / period) + 1 : 0;
    size_t cells = (ticks * KPI_SIDES * ask->cell_count) + 1;
    *table = (struct kpi_table){.ask = ask, .first = first, .ticks = ticks, .complete = INT64_MIN};
    table->sums = calloc(cells, sizeof *table->sums);
    table->seen = calloc(cells, sizeof *table->seen);
    table->users = calloc(ticks + 1, sizeof *table->users);
    table->counted = calloc(ticks + 1, sizeof *table->counted);
    if (table->sums != NULL && table->seen != NULL && table->users != NULL && table->counted != NULL)
        return true;
    kpi_table_done(table);
    return false;
}

void kpi_table_done(struct kpi_table *table)
{
    free(table->sums);
    free(table->seen);
    free(table->users);
    free(table->counted);
    *table = (struct kpi_table){0};
}

size_t kpi_table_tick(const struct kpi_table *table, int64_t at_ms)
{
    int64_t period = table->ask->period_ms, begin = table->first - period;
    if (at_ms <= begin)
        return KPI_NONE;
    size_t tick = (size_t)((at_ms - begin - 1) / period);
    return tick < table->ticks ? tick : KPI_NONE;
}

void kpi_table_add(struct kpi_table *table, size_t tick, int side, size_t cell, int64_t count)
{
    size_t place = at(table, tick, side, cell);
    table->sums[place] += count;
    table->seen[place] = true;
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static bool sum(const struct kpi_table *table, const json_t *kpi, const char *list, size_t tick, int side,
                int64_t *ret)
{
    bool seen = false;
    size_t i;
    json_t *name;
    *ret = 0;
    json_array_foreach(json_object_get(kpi, list), i, name)
    {
        size_t cell = kpi_ask_cell(table->ask, json_string_value(name), NULL);
        *ret += table->sums[at(table, tick, side, cell)];
        seen |= table->seen[at(table, tick, side, cell)];
    }
    return seen;
}

static int64_t excused(const struct kpi_table *table, const json_t *kpi, size_t tick, int side)
{
    const char *failures = json_string_value(json_object_get(kpi, "failures"));
    int64_t total = 0;
    size_t i;
    json_t *cause;
    json_array_foreach(json_object_get(kpi, "exclude"), i, cause)
    {
        size_t cell =
            failures != NULL ? kpi_ask_cell(table->ask, failures, json_string_value(cause)) : KPI_NONE;
        total += cell != KPI_NONE ? table->sums[at(table, tick, side, cell)] : 0;
    }
    return total;
}

/*
 * Attempts and failures of a tick. More successes than attempts are answers to attempts of earlier ticks,
 * which were taken for failures there: they are owed to the next ticks.
 */
static bool count(const struct kpi_table *table, const json_t *kpi, size_t tick, int side, int64_t *owed,
                  int64_t ret[2])
{
    int64_t numerator, denominator;
    const char *direction = json_string_value(json_object_get(kpi, "direction"));
    bool lower = direction != NULL && strcmp(direction, "lower") == 0;
    bool tried = sum(table, kpi, "denominator", tick, side, &denominator);
    (void)sum(table, kpi, "numerator", tick, side, &numerator);
    if (!tried)
        return false;
    int64_t user = excused(table, kpi, tick, side);
    int64_t failed = (lower ? numerator : denominator - numerator) - user - *owed;
    *owed = failed < 0 ? -failed : 0;
    ret[0] = denominator > user ? denominator - user : 0;
    ret[1] = failed < 0 ? 0 : failed;
    if (ret[1] > ret[0]) { /* failures of earlier attempts: they count, and so must those attempts */
        ret[0] = ret[1];
    }
    return ret[0] > 0;
}

static json_t *side_json(const struct kpi_table *table, size_t tick, int side, int64_t *owed)
{
    json_t *kpis = json_object(), *kpi;
    size_t i;
    json_array_foreach(table->ask->kpis, i, kpi)
    {
        int64_t counts[2];
        const char *name = json_string_value(json_object_get(kpi, "name"));
        if (count(table, kpi, tick, side, &owed[i * KPI_SIDES + (size_t)side], counts) && name != NULL)
            (void)json_object_set_new(kpis, name,
                                      json_pack("[I,I]", (json_int_t)counts[0], (json_int_t)counts[1]));
    }
    const int64_t *users = table->users[tick][side];
    return json_pack("{s:{s:I,s:I},s:o}", "users", kpi_segments[0], (json_int_t)users[0], kpi_segments[1],
                     (json_int_t)users[1], "kpis", kpis);
}

char *kpi_table_answer(const struct kpi_table *table)
{
    const struct kpi_ask *ask = table->ask;
    int64_t *owed = calloc(json_array_size(ask->kpis) * KPI_SIDES + 1, sizeof *owed);
    json_t *ticks = owed != NULL ? json_array() : NULL;
    for (size_t tick = 0; ticks != NULL && tick < table->ticks; tick++) {
        int64_t end = table->first + (int64_t)tick * ask->period_ms;
        if (end > table->complete || end > ask->now_ms || json_array_size(ticks) == KPI_TICKS_MAX)
            break;
        if (!table->counted[tick])
            continue;
        json_t *source = side_json(table, tick, 0, owed), *target = side_json(table, tick, 1, owed);
        json_t *row = json_pack("{s:I,s:o,s:o}", "end", (json_int_t)end, "source", source, "target", target);
        if (end > ask->after)
            (void)json_array_append_new(ticks, row);
        else
            json_decref(row);
    }
    json_t *result = json_pack("{s:I,s:o}", "period_ms", (json_int_t)ask->period_ms, "ticks", ticks);
    char *text = result != NULL ? json_dumps(result, JSON_COMPACT) : NULL;
    json_decref(result);
    free(owed);
    return text;
}
