/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the journal: what gathers for the next commit. The loop fills a batch; the writer takes it whole,
 * gives its records their numbers and hashes, commits it and hands it back; the loop delivers it.
 */
#ifndef FY_JOURNAL_BATCH_H
#define FY_JOURNAL_BATCH_H

#include "journal/journal.h"

/* A run the journal writes for. seq and hash belong to whoever numbers batches, held to the loop. */
struct fy_journal_run {
    char *name;
    uint64_t seq;
    unsigned char hash[FY_SHA256_BYTES];
    uint64_t epoch;                /* of its records; 0: the store's */
    bool parted;                   /* another process writes it: what is handed over here is let go */
    struct fy_journal_batch *held; /* records that ride, and what came after them; NULL: none */
};

struct fy_journal_item {
    struct fy_journal_run *run;
    struct fy_record record;
    size_t length; /* of the body */
};

/* One fy_journal_append: its items end before "end". */
struct fy_journal_call {
    size_t end;
    void (*done)(void *context);
    void *context;
};

struct fy_journal_batch {
    struct fy_journal_batch *next;
    struct fy_journal_item *items;
    size_t item_count, item_room;
    struct fy_journal_call *calls;
    size_t call_count, call_room;
    struct fy_run_line *lines; /* with copies of their strings */
    size_t line_count;
    struct fy_text *texts; /* copies */
    size_t text_count;
    struct fy_row *rows; /* once numbered: one for each item, bodies lent */
    size_t row_room;
    size_t bytes; /* of bodies and texts */
    bool forced;
};

struct fy_journal_batch *fy_journal_batch_new(void);
void fy_journal_batch_free(struct fy_journal_batch *batch);
void fy_journal_batch_clear(struct fy_journal_batch *batch); /* keeps its room */

void fy_journal_batch_add(struct fy_journal_batch *batch, struct fy_journal_run *run,
                          struct fy_record *records, size_t count);
void fy_journal_batch_end_call(struct fy_journal_batch *batch, void (*done)(void *context), void *context);
void fy_journal_batch_add_line(struct fy_journal_batch *batch, const struct fy_run_line *line);
void fy_journal_batch_add_texts(struct fy_journal_batch *batch, const struct fy_text *texts, size_t count);

/* Move everything of "from" behind what "to" has; from is empty then. */
void fy_journal_batch_move(struct fy_journal_batch *to, struct fy_journal_batch *from);

/* Give each item its seq and hash: fills rows. Once for a batch; a batch tried again keeps them. */
void fy_journal_batch_number(struct fy_journal_batch *batch, uint64_t epoch);

#endif
