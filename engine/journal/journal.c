/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side: gathers what runs hand over, and tells them when it is durable. */
#include "base/mem.h"
#include "base/point.h"
#include "journal/inside.h"
#include "journal/record.h"

#include <string.h>

static bool name_kinds(struct fy_store *store, struct fy_err *err)
{
    const char *names[64] = {NULL};
    size_t count = fy_record_kinds();
    _Static_assert(FY_REC_CHECKED < 64, "names has room for the kinds there are");
    for (uint32_t i = 0; i < count; i++)
        names[i] = fy_record_name(i);
    return store->name_kinds == NULL || store->name_kinds(store, names, count, err);
}

static void init_waiting(struct fy_journal *journal)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&journal->stir, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&journal->lock, NULL);
}

static void free_list(struct fy_journal_batch *list)
{
    for (struct fy_journal_batch *batch = list, *next; batch != NULL; batch = next) {
        next = batch->next;
        fy_journal_batch_free(batch);
    }
}

static void free_journal(struct fy_journal *journal)
{
    struct fy_journal_batch *lists[] = {journal->open, journal->stuck, journal->durable, journal->spare};
    for (size_t i = 0; i < FY_COUNT(lists); i++)
        free_list(lists[i]);
    for (size_t i = 0; i < journal->runs.room; i++) {
        struct fy_journal_run *run = journal->runs.slots[i].value;
        if (run == NULL)
            continue;
        fy_journal_batch_free(run->held);
        free(run->name);
        free(run);
    }
    fy_map_free(&journal->runs);
    free(journal->followers);
    (void)pthread_cond_destroy(&journal->stir);
    (void)pthread_mutex_destroy(&journal->lock);
    free(journal);
}

bool fy_journal_open(struct fy_store *store, struct fy_journal_loop loop, struct fy_journal **ret,
                     struct fy_err *err)
{
    if (!name_kinds(store, err))
        return false;
    struct fy_journal *journal = FY_NEW(struct fy_journal);
    journal->store = store;
    journal->loop = loop;
    journal->clock = loop.clock != NULL ? *loop.clock : fy_system_clock;
    journal->threaded = loop.wake != NULL;
    journal->open = fy_journal_batch_new();
    journal->durable_end = &journal->durable;
    init_waiting(journal);
    int rc = journal->threaded ? pthread_create(&journal->thread, NULL, fy_journal_writer, journal) : 0;
    if (rc != 0) {
        free_journal(journal);
        return fy_fail(err, FY_ERR_TRANSIENT, "could not start the journal's writer: %s", strerror(rc));
    }
    *ret = journal;
    return true;
}

static struct fy_journal_run *run_of(struct fy_journal *journal, const char *name)
{
    struct fy_journal_run *run = fy_map_get(&journal->runs, name);
    if (run != NULL)
        return run;
    run = FY_NEW(struct fy_journal_run);
    run->name = fy_strdup(name);
    fy_map_put(&journal->runs, run->name, run);
    return run;
}

void fy_journal_adopt(struct fy_journal *journal, const char *run, uint64_t last_seq,
                      const unsigned char last_hash[FY_SHA256_BYTES])
{
    struct fy_journal_run *known = run_of(journal, run);
    known->parted = false;
    known->seq = last_seq;
    memcpy(known->hash, last_hash, FY_SHA256_BYTES);
}

void fy_journal_write_as(struct fy_journal *journal, const char *run, uint64_t epoch)
{
    run_of(journal, run)->epoch = epoch;
}

/* How a call becomes durable: as its most pressing record, or at once if it brings more than records. */
static enum fy_record_when when_of(const struct fy_record *records, size_t count, bool brings_more)
{
    enum fy_record_when when = brings_more ? FY_WHEN_FORCED : FY_WHEN_LAZY;
    for (size_t i = 0; i < count; i++)
        if (fy_record_when(records[i].kind) < when)
            when = fy_record_when(records[i].kind);
    return when;
}

static void let_go(struct fy_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(records[i].body);
}

/* Under lock: into "open", behind what the run held back. */
static void gather(struct fy_journal *journal, struct fy_journal_run *run, enum fy_record_when when,
                   struct fy_record *records, size_t count)
{
    struct fy_journal_batch *open = journal->open;
    if (open->item_count == 0 && open->call_count == 0)
        journal->lazy_since_ns = journal->clock.machine(journal->clock.self).ns;
    if (when == FY_WHEN_FORCED && run->held != NULL) {
        fy_journal_batch_move(open, run->held);
        fy_journal_batch_free(run->held); /* phases are rare, and most runs wait */
        run->held = NULL;
    }
    if (when == FY_WHEN_LAZY && open->bytes > FY_JOURNAL_LAZY_BYTES)
        let_go(records, count);
    else
        fy_journal_batch_add(open, run, records, count);
    open->forced = open->forced || when == FY_WHEN_FORCED;
}

/* Rides, or comes after something that does: waits with its run, not for a commit. */
static void hold(struct fy_journal_run *run, struct fy_record *records, size_t count,
                 void (*done)(void *context), void *context)
{
    if (run->held == NULL)
        run->held = fy_journal_batch_new();
    fy_journal_batch_add(run->held, run, records, count);
    if (done != NULL)
        fy_journal_batch_end_call(run->held, done, context);
}

// NOLINTNEXTLINE(readability-function-size): one call is one transaction, and these are its parts
void fy_journal_append(struct fy_journal *journal, const char *run, struct fy_record *records, size_t count,
                       const struct fy_run_line *line, const struct fy_text *texts, size_t text_count,
                       void (*done)(void *context), void *context)
{
    struct fy_journal_run *known = run_of(journal, run);
    if (known->parted) {
        let_go(records, count);
        return;
    }
    enum fy_record_when when = when_of(records, count, line != NULL || text_count > 0);
    bool holds = known->held != NULL && known->held->item_count > 0;
    if (when == FY_WHEN_RIDES || (when == FY_WHEN_LAZY && holds)) {
        hold(known, records, count, done, context);
        return;
    }
    (void)pthread_mutex_lock(&journal->lock);
    gather(journal, known, when, records, count);
    if (line != NULL)
        fy_journal_batch_add_line(journal->open, line);
    fy_journal_batch_add_texts(journal->open, texts, text_count);
    if (done != NULL)
        fy_journal_batch_end_call(journal->open, done, context);
    if (!journal->loop.gathers)
        fy_journal_unlock_and_stir(journal);
    else
        (void)pthread_mutex_unlock(&journal->lock);
}

void fy_journal_part(struct fy_journal *journal, const char *run, void (*done)(void *context), void *context)
{
    struct fy_journal_run *known = run_of(journal, run);
    known->parted = true;
    (void)pthread_mutex_lock(&journal->lock);
    gather(journal, known, FY_WHEN_FORCED, NULL, 0);
    fy_journal_batch_end_call(journal->open, done, context);
    if (!journal->loop.gathers)
        fy_journal_unlock_and_stir(journal);
    else
        (void)pthread_mutex_unlock(&journal->lock);
}

static void show_followers(struct fy_journal *journal, const struct fy_row *row)
{
    for (size_t i = 0; i < journal->follower_count; i++)
        if (journal->followers[i].seen != NULL)
            journal->followers[i].seen(journal->followers[i].context, row);
}

static void deliver(struct fy_journal *journal, struct fy_journal_batch *batch)
{
    size_t shown = 0;
    for (size_t i = 0; i < batch->call_count; i++) {
        while (shown < batch->calls[i].end)
            show_followers(journal, &batch->rows[shown++]);
        batch->calls[i].done(batch->calls[i].context);
    }
    while (shown < batch->item_count)
        show_followers(journal, &batch->rows[shown++]);
    FY_POINT(journal_delivered);
}

/* Deliver a list of batches, then keep their room for later ones. */
static void deliver_all(struct fy_journal *journal, struct fy_journal_batch *list)
{
    for (struct fy_journal_batch *batch = list, *next; batch != NULL; batch = next) {
        next = batch->next;
        deliver(journal, batch);
        fy_journal_batch_clear(batch);
        (void)pthread_mutex_lock(&journal->lock);
        batch->next = journal->spare;
        journal->spare = batch;
        (void)pthread_mutex_unlock(&journal->lock);
    }
}

void fy_journal_trim(struct fy_journal *journal)
{
    (void)pthread_mutex_lock(&journal->lock);
    struct fy_journal_batch *spare = journal->spare;
    journal->spare = NULL;
    (void)pthread_mutex_unlock(&journal->lock);
    free_list(spare);
}

static struct fy_journal_batch *take_durable(struct fy_journal *journal)
{
    (void)pthread_mutex_lock(&journal->lock);
    struct fy_journal_batch *list = journal->durable;
    journal->durable = NULL;
    journal->durable_end = &journal->durable;
    memcpy(journal->trouble, journal->words, sizeof journal->trouble);
    (void)pthread_mutex_unlock(&journal->lock);
    return list;
}

/* Without a thread: write what is due, once. False: nothing is, or the store cannot be written. */
static bool write_here(struct fy_journal *journal)
{
    struct fy_journal_batch *batch = journal->stuck;
    if (batch == NULL) {
        if (!fy_journal_due(journal))
            return false;
        batch = fy_journal_take(journal);
        fy_journal_batch_number(batch, journal->store->epoch);
    }
    journal->stuck = batch;
    if (!fy_journal_write(journal, batch))
        return false;
    journal->stuck = NULL;
    fy_journal_hand_back(journal, batch);
    return true;
}

static void compact_followers(struct fy_journal *journal)
{
    size_t kept = 0;
    for (size_t i = 0; i < journal->follower_count; i++)
        if (journal->followers[i].seen != NULL)
            journal->followers[kept++] = journal->followers[i];
    journal->follower_count = kept;
}

void fy_journal_turn(struct fy_journal *journal)
{
    if (journal->in_turn)
        return; /* called from a callback: the turn that runs sees to it */
    journal->in_turn = true;
    bool more;
    do {
        more = !journal->threaded && write_here(journal);
        deliver_all(journal, take_durable(journal));
    } while (more);
    compact_followers(journal);
    journal->in_turn = false;
    if (!journal->loop.gathers || !journal->threaded)
        return;
    (void)pthread_mutex_lock(&journal->lock);
    fy_journal_unlock_and_stir(journal);
}

const char *fy_journal_trouble(const struct fy_journal *journal)
{
    return journal->trouble[0] != '\0' ? journal->trouble : NULL;
}

void fy_journal_follow(struct fy_journal *journal, void (*seen)(void *context, const struct fy_row *row),
                       void *context)
{
    journal->followers =
        fy_realloc(journal->followers, (journal->follower_count + 1) * sizeof *journal->followers);
    journal->followers[journal->follower_count++] = (struct fy_journal_follower){seen, context};
}

void fy_journal_unfollow(struct fy_journal *journal, void (*seen)(void *context, const struct fy_row *row),
                         void *context)
{
    for (size_t i = 0; i < journal->follower_count; i++)
        if (journal->followers[i].seen == seen && journal->followers[i].context == context)
            journal->followers[i].seen = NULL;
    if (!journal->in_turn)
        compact_followers(journal);
}

void fy_journal_counts(const struct fy_journal *journal, uint64_t *ret_commits, uint64_t *ret_rows)
{
    *ret_commits = atomic_load(&journal->commits);
    *ret_rows = atomic_load(&journal->rows);
}

void fy_journal_close(struct fy_journal *journal)
{
    if (journal == NULL)
        return;
    (void)pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < journal->runs.room; i++) {
        struct fy_journal_run *run = journal->runs.slots[i].value;
        if (run != NULL && run->held != NULL)
            fy_journal_batch_move(journal->open, run->held);
    }
    journal->closing = true;
    (void)pthread_cond_signal(&journal->stir);
    (void)pthread_mutex_unlock(&journal->lock);
    if (journal->threaded)
        (void)pthread_join(journal->thread, NULL);
    else
        while (write_here(journal))
            ;
    free_journal(journal);
}
