/* SPDX-License-Identifier: Apache-2.0 */
#include "prometheus/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t prom_clock_read(const struct prom_clock *clock, size_t count, int64_t at_ms)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (clock[middle].at_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && clock[low].at_ms == at_ms ? clock[low].run_ms : -1;
}

int64_t prom_skew_ms(int64_t before_ms, int64_t measured_ms)
{
    int64_t off = measured_ms - before_ms;
    if (off >= -1500 && off <= 1500)
        return before_ms;
    return (measured_ms + (measured_ms < 0 ? -500 : 500)) / 1000 * 1000;
}

/* ---- when each target was scraped -------------------------------------------------------------------- */

struct scrape {
    size_t target;
    int64_t at_ms;
};

static int by_target(const void *a, const void *b)
{
    const struct scrape *left = a, *right = b;
    if (left->target != right->target)
        return left->target < right->target ? -1 : 1;
    return (left->at_ms > right->at_ms) - (left->at_ms < right->at_ms);
}

struct scrapes {
    struct scrape *all; /* by target, then time, each once */
    size_t count;
};

static bool find_scrapes(const struct prom_look *look, struct scrapes *ret)
{
    size_t room = 0, used = 0;
    for (size_t i = 0; i < look->count; i++)
        room += look->series[i].count;
    struct scrape *all = calloc(room + 1, sizeof *all);
    *ret = (struct scrapes){.all = all};
    if (all == NULL)
        return false;
    for (size_t i = 0; i < look->count; i++)
        for (size_t k = 0; look->series[i].target != KPI_NONE && k < look->series[i].count; k++)
            all[used++] = (struct scrape){look->series[i].target, look->series[i].samples[k].at_ms};
    qsort(all, used, sizeof *all, by_target);
    for (size_t i = 0; i < used; i++)
        if (ret->count == 0 || by_target(&all[ret->count - 1], &all[i]) != 0)
            all[ret->count++] = all[i];
    return true;
}

/* Where the scrape of a target at that time is, or would be. */
static size_t find(const struct scrapes *scrapes, size_t target, int64_t at_ms)
{
    struct scrape wanted = {target, at_ms};
    size_t low = 0, high = scrapes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_target(&scrapes->all[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* It was not there in the two scrapes before: it began at 0. */
static bool began(const struct scrapes *scrapes, const struct prom_series *series, int64_t max_gap_ms)
{
    int64_t at_ms = series->samples[0].at_ms;
    if (series->target == KPI_NONE)
        return false;
    size_t here = find(scrapes, series->target, at_ms);
    return here >= 2 && scrapes->all[here - 2].target == series->target &&
           at_ms - scrapes->all[here - 2].at_ms <= max_gap_ms;
}

/* ---- counters ---------------------------------------------------------------------------------------- */

static void put(struct kpi_table *table, const struct prom_series *series, int64_t at_ms, double rise)
{
    size_t tick = kpi_table_tick(table, at_ms);
    if (tick == KPI_NONE || !isfinite(rise) || rise < 0 || rise > 9e15)
        return;
    table->counted[tick] = true;
    for (size_t i = 0; i < 2; i++)
        if (series->cell[i] != KPI_NONE)
            kpi_table_add(table, tick, series->side, series->cell[i], llround(rise));
}

static void fill_counter(const struct prom_look *look, const struct scrapes *scrapes,
                         const struct prom_series *series, struct kpi_table *table)
{
    for (size_t i = 0; i < series->count; i++) {
        const struct prom_sample *now = &series->samples[i];
        if (i == 0) {
            if (began(scrapes, series, look->max_gap_ms))
                put(table, series, now->at_ms, now->value);
            continue;
        }
        const struct prom_sample *before = &series->samples[i - 1];
        if (now->at_ms - before->at_ms > look->max_gap_ms || now->at_ms <= before->at_ms)
            continue;
        bool reset = now->value < before->value;
        put(table, series, now->at_ms, reset ? now->value : now->value - before->value);
    }
}

/* ---- users: the last figure of a tick, or of a tick shortly before ----------------------------------------
 */

static void fill_users(const struct prom_look *look, const struct prom_series *series,
                       struct kpi_table *table)
{
    size_t next = 0;
    for (size_t tick = 0; tick < table->ticks; tick++) {
        int64_t end = table->first + (int64_t)tick * table->ask->period_ms;
        while (next < series->count && series->samples[next].at_ms <= end)
            next++;
        if (next > 0 && end - series->samples[next - 1].at_ms <= look->max_gap_ms)
            table->users[tick][series->side][series->segment] += llround(series->samples[next - 1].value);
    }
}

/* ---- what is complete -------------------------------------------------------------------------------- */

/* Each target that still is scraped was scraped later than this; whoever is late is not waited for. */
static int64_t known_until(const struct prom_look *look, const struct scrapes *scrapes, int64_t now_ms)
{
    int64_t waited = now_ms - look->lag_ms, least = INT64_MAX;
    for (size_t i = 0; i < scrapes->count; i++) {
        bool last = i + 1 == scrapes->count || scrapes->all[i + 1].target != scrapes->all[i].target;
        if (last && scrapes->all[i].at_ms > waited && scrapes->all[i].at_ms < least)
            least = scrapes->all[i].at_ms;
    }
    if (least == INT64_MAX)
        return waited;
    return least;
}

bool prom_look_fill(const struct prom_look *look, struct kpi_table *table)
{
    struct scrapes scrapes;
    if (!find_scrapes(look, &scrapes))
        return false;
    for (size_t i = 0; i < look->count; i++) {
        const struct prom_series *series = &look->series[i];
        if (series->count == 0 || series->side < 0)
            continue;
        if (series->segment >= 0)
            fill_users(look, series, table);
        else
            fill_counter(look, &scrapes, series, table);
    }
    table->complete = known_until(look, &scrapes, table->ask->now_ms);
    free(scrapes.all);
    return true;
}
