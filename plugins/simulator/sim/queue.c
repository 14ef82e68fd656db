/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/queue.h"
#include "sim/state.h"

#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : (int32_t)(a->order - b->order) < 0;
}

void sim_queue_free(struct sim_queue *queue)
{
    free(queue->heap);
    *queue = (struct sim_queue){0};
}

void sim_queue_put(struct sim_queue *queue, int64_t at, uint32_t kind, uint32_t what, uint32_t generation)
{
    if (queue->count == queue->room) {
        queue->room = queue->room ? queue->room * 2 : 256;
        queue->heap = sim_grow(queue->heap, queue->room, sizeof(*queue->heap));
    }
    struct sim_event event = {at, queue->serial++, what, generation, kind};
    size_t hole = queue->count++;
    while (hole > 0 && before(&event, &queue->heap[(hole - 1) / 4])) {
        queue->heap[hole] = queue->heap[(hole - 1) / 4];
        hole = (hole - 1) / 4;
    }
    queue->heap[hole] = event;
}

bool sim_queue_next(const struct sim_queue *queue, int64_t until, int64_t *ret_at)
{
    if (queue->count == 0 || queue->heap[0].at > until)
        return false;
    *ret_at = queue->heap[0].at;
    return true;
}

struct sim_event sim_queue_take(struct sim_queue *queue)
{
    struct sim_event first = queue->heap[0];
    struct sim_event last = queue->heap[--queue->count];
    size_t hole = 0;
    for (;;) {
        size_t least = hole * 4 + 1;
        if (least >= queue->count)
            break;
        size_t end = least + 4 < queue->count ? least + 4 : queue->count;
        for (size_t child = least + 1; child < end; child++)
            if (before(&queue->heap[child], &queue->heap[least]))
                least = child;
        if (!before(&queue->heap[least], &last))
            break;
        queue->heap[hole] = queue->heap[least];
        hole = least;
    }
    if (queue->count > 0)
        queue->heap[hole] = last;
    return first;
}

void sim_queue_shift(struct sim_queue *queue, int64_t by)
{
    for (size_t i = 0; i < queue->count; i++)
        queue->heap[i].at += by;
}
