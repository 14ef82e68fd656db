/* SPDX-License-Identifier: Apache-2.0 */
/* What a campaign has seen: counts of everything that can happen. Lies in memory shared by its processes. */
#ifndef SIMULATION_SEEN_H
#define SIMULATION_SEEN_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum seen_what {
    SEEN_STATE, /* entered */
    SEEN_MOVE,  /* rows of state.def */
    SEEN_VERB,  /* accepted */
    SEEN_REFUSED,
    SEEN_CALL, /* steps begun */
    SEEN_RECORD,
    SEEN_DEED,
    SEEN_FAULT,
    SEEN_POINT, /* the engine died there */
    SEEN_END,
    SEEN_WHATS
};

#define SEEN_ROOM 160

struct seen {
    _Atomic int64_t count[SEEN_WHATS][SEEN_ROOM];
    _Atomic int64_t deaths[8]; /* plays with so many; the last: and more */
    _Atomic int64_t plays, broken, events, rows;
};

/* The names of a kind, in order; NULL ends. */
const char *seen_name(enum seen_what what, size_t i);
void seen_note(struct seen *seen, enum seen_what what, const char *name); /* an unknown name is no matter */
void seen_move(struct seen *seen, const char *from, const char *event, const char *to);
void seen_number(struct seen *seen, enum seen_what what, int64_t number);

/* Everything counted, and what was never reached, for people. */
void seen_report(const struct seen *seen, struct fy_buf *buf);

#endif
