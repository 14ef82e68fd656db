/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: every escape sequence there is in ferry is in term.c. */
#ifndef FY_CLI_TERM_H
#define FY_CLI_TERM_H

#include "cli/canvas.h"

struct fy_term {
    bool live; /* can be redrawn in place */
    bool keys; /* single keys are read */
    bool colours;
    int width, height;
    struct fy_canvas shown; /* what stands there now */
};

/* stdout and stdin as they are; live only if stdout is a terminal that can do it. */
void fy_term_open(struct fy_term *term, bool plain);
void fy_term_close(struct fy_term *term); /* everything as it was; also done when the process exits */

/* The size may have changed: true if it has. */
bool fy_term_measure(struct fy_term *term);

/* Show the page in place of the former one, changing only rows that differ, in one write. */
void fy_term_draw(struct fy_term *term, const struct fy_canvas *page);

/* A line that stays, above the page. On a terminal that is not live: just a line. */
void fy_term_line(struct fy_term *term, enum fy_style style, const char *text);

/*
 * Wait at most ms for a key or for fd (-1: none) to become readable. Returns the key, 0 if there was none,
 * -1 if fd is readable.
 */
int fy_term_wait(struct fy_term *term, int fd, int ms);

#endif
