/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What KPI sources have in common: what they are asked, the table of counters per tick and domain they fill,
 * and the answer that comes of it. The arguments and the answer of "counters" are in docs/adapter-guide.md,
 * the arithmetic in docs/kpis.md.
 *
 * A source reads the question (kpi_ask_read), finds out which cell a counter of its own is (kpi_ask_cell),
 * fills a kpi_table tick by tick, and lets kpi_table_answer make the answer of it.
 */
#ifndef KPI_ASK_H
#define KPI_ASK_H

#include "ferry/adapter.h"

#include <jansson.h>

#define KPI_SIDES     2   /* source, target */
#define KPI_SEGMENTS  2   /* 5g, 4g */
#define KPI_TICKS_MAX 120 /* in one answer */
#define KPI_NONE      ((size_t)-1)

extern const char *const kpi_segments[KPI_SEGMENTS];

/* One counter, or one subcounter by cause, that a KPI is made of. */
struct kpi_cell {
    char *counter;
    char *cause; /* NULL: the whole counter */
};

struct kpi_ask {
    int64_t after, period_ms, now_ms;
    char *versions[KPI_SIDES];
    json_t *kpis; /* as given */
    struct kpi_cell *cells;
    size_t cell_count;
};

/* False, and one sentence in why, if memory ran out or the arguments make no sense. */
bool kpi_ask_read(struct kpi_ask *ask, const struct ferry_call *call, char *why, size_t why_size);
void kpi_ask_done(struct kpi_ask *ask);

/* The domain that runs a version: 0 source, 1 target, -1 neither. */
int kpi_ask_side(const struct kpi_ask *ask, const char *version);

/* Which cell a counter is, KPI_NONE if no KPI is made of it. A cause that no KPI excludes is KPI_NONE, too.
 */
size_t kpi_ask_cell(const struct kpi_ask *ask, const char *counter, const char *cause);

/*
 * Counts of consecutive ticks. It reaches back before "after", because successes of the attempts of one tick
 * may be counted in the next one: what is too many there is carried over.
 */
struct kpi_table {
    const struct kpi_ask *ask;
    int64_t first; /* end of the first tick */
    size_t ticks;
    int64_t *sums;                             /* [tick][side][cell] */
    bool *seen;                                /* [tick][side][cell] */
    int64_t (*users)[KPI_SIDES][KPI_SEGMENTS]; /* [tick] */
    bool *counted;                             /* [tick]: something was looked at in it */
    int64_t complete;                          /* ticks that end later are not given yet */
};

/* Ticks from one that ends at or before from_ms to the last that ended by now. False: no memory. */
bool kpi_table_make(struct kpi_table *table, const struct kpi_ask *ask, int64_t from_ms);
void kpi_table_done(struct kpi_table *table);

/* The tick a moment belongs to: later than its beginning, not later than its end. KPI_NONE: not in the table.
 */
size_t kpi_table_tick(const struct kpi_table *table, int64_t at_ms);

void kpi_table_add(struct kpi_table *table, size_t tick, int side, size_t cell, int64_t count);

/* NULL: no memory. The caller owns the text. */
char *kpi_table_answer(const struct kpi_table *table);

/* Schema of the arguments. */
#define KPI_COUNTERS_ARGS                                                                                    \
    "{\"type\":\"object\",\"required\":[\"after\",\"period_ms\",\"versions\",\"kpis\"],"                     \
    "\"additionalProperties\":false,\"properties\":{\"after\":{\"type\":\"integer\"},"                       \
    "\"period_ms\":{\"type\":\"integer\",\"minimum\":1},"                                                    \
    "\"versions\":{\"type\":\"object\",\"required\":[\"source\",\"target\"],\"additionalProperties\":false," \
    "\"properties\":{\"source\":{\"type\":\"string\"},\"target\":{\"type\":\"string\"}}},"                   \
    "\"kpis\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\",\"numerator\","      \
    "\"denominator\"],\"additionalProperties\":false,\"properties\":{\"name\":{\"type\":\"string\"},"        \
    "\"numerator\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"                                    \
    "\"denominator\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"                                  \
    "\"failures\":{\"type\":\"string\"},\"exclude\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"   \
    "\"direction\":{\"type\":\"string\",\"enum\":[\"higher\",\"lower\"]}}}}}}"

#endif
