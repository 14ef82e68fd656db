/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of counters that only ever rise, seen now and then: what happened in which tick.
 *
 * Nothing is interpolated: what a scrape shows more than the one before it happened in the tick in which the
 * later one lies. So the sums are integers, nothing is counted twice, and every attempt that was seen is in
 * exactly one tick. A value that has fallen was reset: it counts from 0. Over a gap longer than max_gap_ms
 * nothing can be said, and nothing is. A counter that appears on a target that was scraped twice before began
 * at 0 (a counter of failures is often not there before the first one); one that appears with its target is
 * only a beginning.
 */
#ifndef KPI_PROMETHEUS_SERIES_H
#define KPI_PROMETHEUS_SERIES_H

#include "ask.h"

struct prom_sample {
    int64_t at_ms; /* run time */
    double value;
};

struct prom_series {
    int side;
    int segment;    /* of a gauge of users; -1: a counter */
    size_t cell[2]; /* of a counter: where it is added up; KPI_NONE: nowhere. The second: by its cause */
    size_t target;  /* which scraped thing it is of; KPI_NONE: of none (a rule, an expression) */
    struct prom_sample *samples;
    size_t count;
};

struct prom_look {
    struct prom_series *series;
    size_t count;
    size_t targets;
    int64_t max_gap_ms;
    int64_t lag_ms; /* a scrape later than this is not waited for */
};

/* Fill a table. False: no memory. */
bool prom_look_fill(const struct prom_look *look, struct kpi_table *table);

/* Samples of one target carry the machine's time of the scrape; by its clock they are of another one. */
struct prom_clock {
    int64_t at_ms; /* of the scrape */
    int64_t run_ms;
};

/* Run time of a scrape, by the clock that was scraped with it; -1 if there was none. clock is in order. */
int64_t prom_clock_read(const struct prom_clock *clock, size_t count, int64_t at_ms);

/*
 * How far another clock is ahead (negative: behind), in whole seconds: the one that was believed before
 * stays, unless it is off by more than 1.5 s. A correction that trembles would count scrapes near a tick's
 * end twice or not at all.
 */
int64_t prom_skew_ms(int64_t before_ms, int64_t measured_ms);

#endif
