/* SPDX-License-Identifier: Apache-2.0 */
/* From the views of a run (docs/architecture.md, "Views") to text: nothing here reads a socket or a clock. */
#ifndef FY_CLI_LAYOUT_H
#define FY_CLI_LAYOUT_H

#include "base/json.h"
#include "cli/canvas.h"
#include "cli/history.h"

#define FY_PICTURE_LINES   12
#define FY_PICTURE_NOTICES 3

/* A call that is held through the upgrade. */
struct fy_held_call {
    char subscriber[64], peer[64];
    char before[64], now[64]; /* the instance that handled it first, and at the last test */
    int64_t since_ms, seen_ms;
    int sightings;
    bool alive;
};

struct fy_picture {
    const json_t *view, *instances, *kpis; /* the last two may be NULL */
    const struct fy_history *history;      /* NULL: no curves */
    const char *phases[16];                /* in the order in which they were entered */
    size_t phase_count;
    struct fy_held_call calls[4];
    size_t call_count;
    const char *lines[FY_PICTURE_LINES]; /* the last records, oldest first */
    size_t line_count;
    const char *notices[FY_PICTURE_NOTICES]; /* what must not scroll away, oldest first */
    size_t notice_count;
    const char *prompt; /* a question to whoever sits there; NULL: none */
    bool ascii;         /* no characters but ASCII */
};

/* The live picture. The canvas has its size already. */
void fy_layout(struct fy_canvas *canvas, const struct fy_picture *picture);

/* "ferry show": a run in some lines. */
/* What the last prechecks found, and who waived what; nothing if there were none. */
void fy_show_checks(const json_t *view, struct fy_buf *buf);

void fy_show_text(const json_t *view, struct fy_buf *buf);

/* One row for a KPI: "99.98 %" with attempts, or "no data". counts is [used, failed] of one domain. */
void fy_kpi_words(int64_t users, int64_t failed, char text[32]);

#endif
