/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each run's last record is. The journal has no index by run (it would cost more than the record), so
 * the store remembers heads in memory, notes them in the run table every few thousand records, and
 * looks through the records after that point when it is opened.
 *
 * The writer thread changes heads, the loop looks one up for a read: publishing and looking up are locked,
 * the writer's own "next" values need no lock.
 */
#ifndef FY_STORE_HEADS_H
#define FY_STORE_HEADS_H

#include "base/map.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fy_head {
    char *run;
    int64_t number;
    int64_t lsn; /* of the last durable record; 0: none */
    uint64_t seq;
    int64_t next_lsn; /* in the batch being written */
    uint64_t next_seq;
    bool touched; /* in the batch being written */
    bool dirty;   /* moved since heads were noted */
};

struct fy_heads {
    pthread_mutex_t lock;
    struct fy_map by_run;
    struct fy_head **touched;
    size_t touched_count, touched_room;
};

void fy_heads_init(struct fy_heads *heads);
void fy_heads_free(struct fy_heads *heads);

/* Writer: the head of a run, NULL if it is not known; a new one; move one within the batch. */
struct fy_head *fy_heads_find(struct fy_heads *heads, const char *run);
struct fy_head *fy_heads_add(struct fy_heads *heads, const char *run, int64_t number, int64_t lsn,
                             uint64_t seq);
void fy_heads_move(struct fy_heads *heads, struct fy_head *head, int64_t lsn);

/* The batch is durable: others may see it. Or it came to nothing. */
void fy_heads_publish(struct fy_heads *heads);
void fy_heads_withdraw(struct fy_heads *heads);

/* Any thread: a copy of what is durable; run is not set. */
bool fy_heads_look(struct fy_heads *heads, const char *run, struct fy_head *ret);

#endif
