/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the journal: what the loop's side (journal.c) and the writer's side (writer.c) share. */
#ifndef FY_JOURNAL_INSIDE_H
#define FY_JOURNAL_INSIDE_H

#include "base/map.h"
#include "journal/batch.h"

#include <pthread.h>
#include <stdatomic.h>

#define FY_JOURNAL_LAZY_NS    INT64_C(5000000000)
#define FY_JOURNAL_LAZY_BYTES ((size_t)64 << 20)
#define FY_JOURNAL_WORDS      1200

struct fy_journal_follower {
    void (*seen)(void *context, const struct fy_row *row);
    void *context;
};

struct fy_journal {
    struct fy_store *store;
    struct fy_journal_loop loop;
    struct fy_clock clock;
    bool threaded;

    /* The loop's. */
    struct fy_map runs;
    struct fy_journal_follower *followers;
    size_t follower_count;
    bool in_turn;
    char trouble[FY_JOURNAL_WORDS]; /* empty: none */

    /* Both sides', under lock. */
    pthread_mutex_t lock;
    pthread_cond_t stir;            /* tells the writer that there is work */
    struct fy_journal_batch *open;  /* gathers; never NULL */
    struct fy_journal_batch *stuck; /* without a thread: could not be written at the last turn */
    struct fy_journal_batch *durable, **durable_end;
    struct fy_journal_batch *spare;
    int64_t lazy_since_ns; /* when the first of "open" came */
    bool waiting;          /* the writer sleeps and nobody has woken it yet */
    bool armed;            /* ... and gets up by itself for lazy records */
    bool closing;
    char words[FY_JOURNAL_WORDS]; /* the writer's trouble, on its way to the loop */

    /* Whoever writes: how often the batch in hand was tried in vain, and since when (wall clock). */
    int tries;
    int64_t since_ms;

    atomic_uint_fast64_t commits, rows;
    pthread_t thread;
};

/* Under lock: should "open" be written now? Take it, leaving an empty one. */
bool fy_journal_due(const struct fy_journal *journal);
struct fy_journal_batch *fy_journal_take(struct fy_journal *journal);
/* Unlock, then wake the writer if it sleeps and would sleep too long: woken earlier it would wait for the
 * lock. */
void fy_journal_unlock_and_stir(struct fy_journal *journal);

/* Try once to make a numbered batch durable. False: try again; what that cannot mend ends the process. */
bool fy_journal_write(struct fy_journal *journal, struct fy_journal_batch *batch);

/* Durable: for delivery. */
void fy_journal_hand_back(struct fy_journal *journal, struct fy_journal_batch *batch);

void *fy_journal_writer(void *context); /* the thread; context is the journal */

#endif
