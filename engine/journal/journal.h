/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: append-only records per run, numbered without a gap, chained by SHA-256, made durable in
 * group commits by one writer thread.
 *
 * A run hands over everything it wants durable together and is called back on the event loop when it is.
 * Commits are never delayed on purpose: the next one takes whatever gathered while the last one ran. Lazy
 * records wait for company, at most 5 s of machine time. A forced record carries all earlier lazy ones of its
 * run. While the store cannot be written the journal keeps the batch, tries again with back-off, and says so
 * once (fy_journal_trouble); nothing is lost and nothing is acknowledged.
 *
 * Chain: hash = SHA-256(previous hash, run, seq, kind, time, epoch, length, body), integers as 8 bytes
 * big-endian, run as its bytes with a NUL; the hash before the first is 32 zero bytes. docs/records.md spells
 * it out.
 */
#ifndef FY_JOURNAL_JOURNAL_H
#define FY_JOURNAL_JOURNAL_H

#include "base/clock.h"
#include "store/store.h"

enum fy_record_kind {
#define X(id, NAME, name, when, says) FY_REC_##NAME = (id),
#include "journal/record.def"
#undef X
};

/* "intent", ...; NULL for an id that is not in the table. */
const char *fy_record_name(uint32_t kind);

struct fy_record {
    enum fy_record_kind kind;
    struct fy_rtime time;
    char *body; /* JSON text; taken over by fy_journal_append */
};

struct fy_journal;

/*
 * Wakes the event loop from the writer thread: wake() is called there and must make the loop call
 * fy_journal_turn soon (uv_async_send). With wake NULL the journal has no thread: fy_journal_turn commits by
 * itself, until nothing forced is left or the store fails; that is the simulation's way.
 */
struct fy_journal_loop {
    void (*wake)(void *context);
    void *context;
    /*
     * True: the loop promises to call fy_journal_turn each time before it waits, and the writer is woken
     * there, once for everything a turn handed over. False: each append wakes it.
     */
    bool gathers;
    const struct fy_clock *clock; /* machine time for lazy records; NULL: the system's */
};

bool fy_journal_open(struct fy_store *store, struct fy_journal_loop loop, struct fy_journal **ret,
                     struct fy_err *err) FY_MUST_CHECK;

/*
 * Commits what was handed over (records that ride included) and forgets the rest: no "done" is called any
 * more. If the store cannot be written just then, what was never acknowledged is let go, as in a crash.
 * NULL is allowed.
 */
void fy_journal_close(struct fy_journal *journal);

/*
 * Continue the chain of a run read from the store: its last seq and hash. A new run starts at 0 and zeros.
 * Must come before the run's first append in this process.
 */
void fy_journal_adopt(struct fy_journal *journal, const char *run, uint64_t last_seq,
                      const unsigned char last_hash[FY_SHA256_BYTES]);

/*
 * Hand over records of a run, in order; bodies are taken. done (may be NULL) is called in fy_journal_turn
 * once they are durable, and after the followers saw them. line and texts, if given, become durable with them
 * and are copied; a run's first records come with its line. A call with a forced record, a line or texts is
 * forced. A call with a record that rides waits for the run's next forced call, and so does what follows it;
 * a call of lazy records only waits for the next commit of any run.
 *
 * What is kept in memory while the store cannot be written is bounded: forced records are (a run waits for
 * each), lazy ones are let go beyond 64 MB. That is a gap in the samples and nothing else; done is called.
 */
void fy_journal_append(struct fy_journal *journal, const char *run, struct fy_record *records, size_t count,
                       const struct fy_run_line *line, const struct fy_text *texts, size_t text_count,
                       void (*done)(void *context), void *context);

/* Its records carry this epoch instead of the store's: a run that was taken over from another engine. */
void fy_journal_write_as(struct fy_journal *journal, const char *run, uint64_t epoch);

/*
 * Part with a run: everything of it that gathers or was held back is committed now. done is called when that
 * is durable. What is handed over of the run from now on is let go, until fy_journal_adopt takes it up again.
 */
void fy_journal_part(struct fy_journal *journal, const char *run, void (*done)(void *context), void *context);

/* Deliver what became durable; call it when woken and once in each turn of the loop. */
void fy_journal_turn(struct fy_journal *journal);

/* Give back the room that a burst of records needed; for quiet times. */
void fy_journal_trim(struct fy_journal *journal);

/* What keeps the store from being written, since when; NULL while all is well. */
const char *fy_journal_trouble(const struct fy_journal *journal);

/*
 * Follow the journal: called on the loop for each durable record of every run, in order within a run, lent
 * for the length of the call. Any number may follow; unfollow takes the same pair and may be called from
 * seen.
 */
void fy_journal_follow(struct fy_journal *journal, void (*seen)(void *context, const struct fy_row *row),
                       void *context);
void fy_journal_unfollow(struct fy_journal *journal, void (*seen)(void *context, const struct fy_row *row),
                         void *context);

/* How many commits and rows there have been, for the bench. */
void fy_journal_counts(const struct fy_journal *journal, uint64_t *ret_commits, uint64_t *ret_rows);

/* Hash of a row after "previous"; and verification of a run's rows fed one after the other. */
void fy_row_hash(const struct fy_row *row, const unsigned char previous[FY_SHA256_BYTES],
                 unsigned char hash[FY_SHA256_BYTES]);

struct fy_verifier {
    uint64_t seq;
    unsigned char hash[FY_SHA256_BYTES];
};
/* False names the first bad record: a gap, a wrong run, or a hash that does not fit. Start from a zeroed one.
 */
bool fy_verify_row(struct fy_verifier *verifier, const char *run, const struct fy_row *row,
                   struct fy_err *err) FY_MUST_CHECK;

/* One sentence for a person: "step 12: upgrade amf-svc-03, amf-svc-04 to 1.3.0". Appended to buf. */
struct fy_buf;
void fy_describe(const struct fy_row *row, struct fy_buf *buf);

#endif
