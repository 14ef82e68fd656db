/* SPDX-License-Identifier: Apache-2.0 */
/* Events in the order of their time; of equal times, in the order they were put. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event {
    int64_t at;
    uint32_t order;      /* among equal times */
    uint32_t what;       /* a user, an instance, an operation, ... */
    uint32_t generation; /* stale if "what" has another one by then */
    uint32_t kind;
};

struct sim_queue {
    struct sim_event *heap;
    size_t count, room;
    uint32_t serial;
};

void sim_queue_free(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, int64_t at, uint32_t kind, uint32_t what, uint32_t generation);
bool sim_queue_next(const struct sim_queue *queue, int64_t until, int64_t *ret_at); /* is one due? */
struct sim_event sim_queue_take(struct sim_queue *queue);
void sim_queue_shift(struct sim_queue *queue, int64_t by); /* everything later by so much */

#endif
