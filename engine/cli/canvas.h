/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of cells to draw on: text with a meaning ("source", "bad"), not with colours. What the meanings look
 * like on a terminal is term.c's business; tests read the page as plain text.
 */
#ifndef FY_CLI_CANVAS_H
#define FY_CLI_CANVAS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum fy_style {
    FY_STYLE_PLAIN,
    FY_STYLE_DIM,
    FY_STYLE_STRONG,
    FY_STYLE_TITLE,
    FY_STYLE_SOURCE, /* the old version's domain */
    FY_STYLE_TARGET, /* the new version's */
    FY_STYLE_GOOD,
    FY_STYLE_BAD,
    FY_STYLE_WAIT, /* somebody or something is waited for */
};

struct fy_cell {
    char glyph[5]; /* one character in UTF-8; "" is a space */
    unsigned char style;
};

struct fy_canvas {
    int width, height;
    struct fy_cell *cells; /* row by row */
};

void fy_canvas_size(struct fy_canvas *canvas, int width, int height); /* and clear it */
void fy_canvas_free(struct fy_canvas *canvas);

/* Put text at a place; what does not fit into the row is cut off. Returns the column behind it. */
int fy_canvas_put(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *text);
int fy_canvas_format(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *format,
                     ...) FY_PRINTF(5, 6);
/* The same, ending at column (not in it). */
void fy_canvas_right(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *text);
/* The same glyph, count times. */
int fy_canvas_fill(struct fy_canvas *canvas, int row, int column, int count, enum fy_style style,
                   const char *glyph);

/*
 * Words one after the other, on as many rows as they need and may have. What does not fit is left out, and
 * the cut is marked.
 */
struct fy_flow {
    int row, column;
    int indent;      /* where a further row begins */
    int last_row;    /* the last it may take */
    const char *cut; /* the mark: "…" */
    bool full;
};

void fy_canvas_flow(struct fy_canvas *canvas, struct fy_flow *flow, enum fy_style style, const char *text);

/* How many columns text takes. */
int fy_text_width(const char *text);

/* The page as plain text, trailing spaces and empty last rows left out. */
void fy_canvas_text(const struct fy_canvas *canvas, struct fy_buf *buf);

#endif
