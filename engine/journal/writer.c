/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's side: takes what gathered, makes it durable, hands it back, and does so for ever. */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "base/time.h"
#include "journal/inside.h"

#include <stdio.h>

#define IDLE_NS       INT64_C(50000000) /* without work for so long the store may do its housekeeping */
#define FIRST_WAIT_MS 50
#define LAST_WAIT_MS  5000

static int64_t now_ns(const struct fy_journal *journal)
{
    return journal->clock.machine(journal->clock.self).ns;
}

bool fy_journal_due(const struct fy_journal *journal)
{
    const struct fy_journal_batch *open = journal->open;
    if (open->forced)
        return true;
    if (open->item_count == 0 && open->call_count == 0)
        return false;
    return journal->closing || now_ns(journal) - journal->lazy_since_ns >= FY_JOURNAL_LAZY_NS;
}

struct fy_journal_batch *fy_journal_take(struct fy_journal *journal)
{
    struct fy_journal_batch *taken = journal->open;
    journal->open = journal->spare != NULL ? journal->spare : fy_journal_batch_new();
    journal->spare = journal->open->next;
    journal->open->next = NULL;
    return taken;
}

void fy_journal_unlock_and_stir(struct fy_journal *journal)
{
    const struct fy_journal_batch *open = journal->open;
    bool work = open->forced || ((open->item_count > 0 || open->call_count > 0) && !journal->armed);
    bool wake = journal->waiting && work;
    if (wake)
        journal->waiting = false;
    (void)pthread_mutex_unlock(&journal->lock);
    if (wake)
        (void)pthread_cond_signal(&journal->stir);
}

static void say_trouble(struct fy_journal *journal, const struct fy_err *err)
{
    char since[FY_TIME_TEXT];
    (void)fy_time_format(journal->since_ms, since);
    (void)pthread_mutex_lock(&journal->lock);
    (void)snprintf(journal->words, sizeof journal->words,
                   "the store cannot be written since %s (tried %d times): %s%s%s", since, journal->tries,
                   err->message, err->hint[0] != '\0' ? "; " : "", err->hint);
    (void)pthread_mutex_unlock(&journal->lock);
}

static void say_all_is_well(struct fy_journal *journal)
{
    (void)pthread_mutex_lock(&journal->lock);
    journal->words[0] = '\0';
    (void)pthread_mutex_unlock(&journal->lock);
}

/* The store is damaged, belongs to another engine, or may or may not have taken the batch: only a new engine,
 * which reads what is there, can know where every run stands. */
static void give_up(const struct fy_journal *journal, const struct fy_err *err)
{
    fy_log_err(err, "the journal cannot go on with the %s and stops this process; the next one recovers",
               journal->store->name);
    abort();
}

static void note_written(struct fy_journal *journal, size_t rows)
{
    FY_POINT(journal_after_commit);
    atomic_fetch_add(&journal->commits, 1);
    atomic_fetch_add(&journal->rows, rows);
    if (journal->tries == 0)
        return;
    fy_log(FY_LOG_INFO, "the store can be written again; it took %d tries", journal->tries);
    say_all_is_well(journal);
    journal->tries = 0;
}

bool fy_journal_write(struct fy_journal *journal, struct fy_journal_batch *batch)
{
    struct fy_store_batch durable = {.rows = batch->rows,
                                     .row_count = batch->item_count,
                                     .lines = batch->lines,
                                     .line_count = batch->line_count,
                                     .texts = batch->texts,
                                     .text_count = batch->text_count};
    struct fy_err err = {0};
    FY_POINT(journal_before_commit);
    if (journal->store->commit(journal->store, &durable, &err)) {
        note_written(journal, batch->item_count);
        return true;
    }
    if (err.kind != FY_ERR_TRANSIENT)
        give_up(journal, &err);
    if (journal->tries++ == 0) {
        journal->since_ms = journal->clock.wall_ms(journal->clock.self);
        fy_log_err(&err, "the store cannot be written; nothing acts until it can");
    }
    say_trouble(journal, &err);
    return false;
}

void fy_journal_hand_back(struct fy_journal *journal, struct fy_journal_batch *batch)
{
    batch->next = NULL;
    *journal->durable_end = batch;
    journal->durable_end = &batch->next;
}

/* Under lock: sleep until woken, at most ns. The system's clock: this is a real thread. */
static void sleep_at_most(struct fy_journal *journal, int64_t ns)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t end = until.tv_nsec + (ns > 0 ? ns : 0);
    until.tv_sec += end / 1000000000;
    until.tv_nsec = end % 1000000000;
    (void)pthread_cond_timedwait(&journal->stir, &journal->lock, &until);
}

/* Under lock: wait for work. Lazy records are work after their time; an idle store may tidy up. */
static void wait_for_work(struct fy_journal *journal, bool *idle_done)
{
    bool lazy = journal->open->item_count > 0 || journal->open->call_count > 0;
    journal->waiting = true;
    journal->armed = lazy;
    if (lazy)
        sleep_at_most(journal, journal->lazy_since_ns + FY_JOURNAL_LAZY_NS - now_ns(journal));
    else if (!*idle_done)
        sleep_at_most(journal, IDLE_NS);
    else
        (void)pthread_cond_wait(&journal->stir, &journal->lock);
    bool slept_out = journal->waiting && !lazy;
    journal->waiting = false;
    if (!slept_out || *idle_done || journal->closing)
        return;
    *idle_done = true;
    (void)pthread_mutex_unlock(&journal->lock);
    if (journal->store->idle != NULL)
        journal->store->idle(journal->store);
    (void)pthread_mutex_lock(&journal->lock);
}

/* Not under lock: until it is durable. False: the journal is being closed and the store cannot be written. */
static bool write_until_durable(struct fy_journal *journal, struct fy_journal_batch *batch)
{
    for (int64_t wait_ms = FIRST_WAIT_MS; !fy_journal_write(journal, batch);
         wait_ms = 2 * wait_ms < LAST_WAIT_MS ? 2 * wait_ms : LAST_WAIT_MS) {
        journal->loop.wake(journal->loop.context); /* to hear of the trouble */
        (void)pthread_mutex_lock(&journal->lock);
        if (!journal->closing)
            sleep_at_most(journal, wait_ms * 1000000);
        bool closing = journal->closing;
        (void)pthread_mutex_unlock(&journal->lock);
        if (closing)
            return false;
    }
    return true;
}

void *fy_journal_writer(void *context)
{
    struct fy_journal *journal = context;
    bool idle_done = false;
    (void)pthread_mutex_lock(&journal->lock);
    for (;;) {
        if (!fy_journal_due(journal)) {
            if (journal->closing)
                break;
            wait_for_work(journal, &idle_done);
            continue;
        }
        struct fy_journal_batch *batch = fy_journal_take(journal);
        (void)pthread_mutex_unlock(&journal->lock);
        fy_journal_batch_number(batch, journal->store->epoch);
        bool durable = write_until_durable(journal, batch);
        (void)pthread_mutex_lock(&journal->lock);
        fy_journal_hand_back(journal, batch);
        idle_done = false;
        if (!durable)
            break;
        (void)pthread_mutex_unlock(&journal->lock);
        journal->loop.wake(journal->loop.context);
        (void)pthread_mutex_lock(&journal->lock);
    }
    (void)pthread_mutex_unlock(&journal->lock);
    return NULL;
}
