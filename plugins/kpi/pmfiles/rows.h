/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of measurements (3GPP TS 32.435, XML), read in a process of its own.
 *
 * The bytes come from a network function and whatever stands between: they are parsed in a child that can do
 * nothing but read them from its memory and write rows into a pipe (sandbox.c), and that is killed when it
 * takes too long. No DTD, no entities, no network; what libxml2 complains about refuses the whole file, so
 * one that is still being written counts as not there yet.
 */
#ifndef KPI_PMFILES_ROWS_H
#define KPI_PMFILES_ROWS_H

#include "ask.h"

#define PM_FILE_MAX    ((size_t)32 * 1024 * 1024)
#define PM_ROWS_MAX    200000
#define PM_DEPTH_MAX   16
#define PM_CPU_SECONDS 5
#define PM_CHILD_MS    8000

/* One figure of one object in one granularity period. Those that are suspect are not among them. */
struct pm_row {
    int64_t end_ms, duration_ms;
    uint64_t object; /* digest of whose counter it is, and which: a second one of the same period is a
                        repetition */
    int64_t value;
    int32_t side; /* of kpi_ask_side */
    int32_t cell; /* of the ask; below 0: users of segment -1 - cell */
};

struct pm_rows {
    struct pm_row *rows;
    size_t count, room;
};

/* How to read: what is asked, and where a file says it. */
struct pm_reader {
    const struct kpi_ask *ask;
    const char *version_key;         /* in measObjLdn; "": swVersion of the managedElement */
    const char *users[KPI_SEGMENTS]; /* measurements of attached users; "": none */
};

/* In this process, for what the child does, and for tests. False, and one sentence in why. */
bool pm_parse(const struct pm_reader *reader, const char *bytes, size_t length, struct pm_rows *ret,
              char *why, size_t why_size);

/* The same in a child. */
bool pm_parse_apart(const struct pm_reader *reader, const char *bytes, size_t length, struct pm_rows *ret,
                    char *why, size_t why_size);

void pm_rows_free(struct pm_rows *rows);
bool pm_rows_add(struct pm_rows *rows, const struct pm_row *row);

/* What a file has of them, in ms. -1: it is none. */
int64_t pm_time(const char *text);     /* 2026-11-23T00:05:00+08:00 */
int64_t pm_duration(const char *text); /* PT300S, PT5M */

#endif
