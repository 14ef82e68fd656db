/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that a host has not answered yet, in the order in which it got them. A host serves the oldest
 * `threads` of a lane side by side; so those are the ones being served, each since it became one of them.
 * That is how ferryd knows which call is stuck without trusting the host to tell.
 */
#ifndef FY_ADAPTER_LANE_H
#define FY_ADAPTER_LANE_H

#include "adapter/adapter.h"

struct fy_asked {
    struct fy_asked *next;
    uint64_t handle;
    fy_adapter_replied *replied; /* NULL: forgotten */
    void *ctx;
    int64_t settle_ms;
    const char *verb;             /* borrowed from the description of the host that serves it */
    uint64_t since;               /* loop milliseconds since when it is being served; 0: not yet */
    struct fy_adapter_call *call; /* until it is sent */
    struct fy_err *failed;        /* needs no host: this is the answer */
};

struct fy_lane {
    struct fy_asked *first, **last; /* last is NULL while the lane was never used */
    size_t threads;                 /* 0: nothing in it is being served */
};

void fy_lane_push(struct fy_lane *lane, struct fy_asked *asked);
struct fy_asked *fy_lane_pop(struct fy_lane *lane);                   /* the oldest; NULL if there is none */
struct fy_asked *fy_lane_take(struct fy_lane *lane, uint64_t handle); /* NULL: not in this lane */
struct fy_asked *fy_lane_find(struct fy_lane *lane, uint64_t handle);
void fy_lane_mark(struct fy_lane *lane,
                  uint64_t now); /* the oldest ones are being served since now, if not before */
bool fy_lane_stuck(const struct fy_lane *lane, uint64_t now, uint64_t limit_ms);
void fy_lane_free(struct fy_lane *lane); /* without answering */
void fy_asked_free(struct fy_asked *asked);

#endif
