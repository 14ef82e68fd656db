/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crosses between ferryd and a script host, written and read (host.h has the shapes). An address is the
 * slot of a run and the turn that is answered: what comes for an earlier turn of that slot is not listened
 * to.
 */
#ifndef FY_SCRIPT_WIRE_H
#define FY_SCRIPT_WIRE_H

#include "base/walk.h"
#include "script/script.h"

struct fy_wire_address {
    uint32_t slot, turn; /* both from 1 */
};

/* A start that was read: points into the message and into its own lists, which are used again for the next.
 */
struct fy_wire_start {
    struct fy_script_start start;
    struct fy_buf strings; /* names, decoded and ended with NUL */
    struct fy_buf texts;   /* struct fy_script_text */
    struct fy_buf history; /* struct fy_script_past */
};

void fy_wire_put_text(struct fy_buf *out, const struct fy_script_text *text);
void fy_wire_put_start(struct fy_buf *out, struct fy_wire_address to, const struct fy_script_start *start);
void fy_wire_put_resume(struct fy_buf *out, struct fy_wire_address to, const char *outcome);
void fy_wire_put_drop(struct fy_buf *out, uint32_t slot);
bool fy_wire_read_start(struct fy_piece item, struct fy_wire_start *ret);
void fy_wire_free_start(struct fy_wire_start *start);

/* An event that was read: points into its own buffers. */
struct fy_wire_event {
    struct fy_wire_address from;
    struct fy_script_event event;
    struct fy_buf strings, notes;
};

void fy_wire_put_event(struct fy_buf *out, struct fy_wire_address from, const struct fy_script_event *event);
bool fy_wire_read_event(struct fy_piece item, struct fy_wire_event *ret); /* run is left NULL */
void fy_wire_free_event(struct fy_wire_event *event);

#endif
