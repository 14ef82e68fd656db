/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: where the journal's rows, the index of runs and the pinned texts lie. Two implementations
 * stand behind this page: SQLite (embedded, one engine) and PostgreSQL (any number of engines).
 * One conformance suite runs on both (tests/unit/store).
 *
 * A store is opened once by ferryd and used by two threads: commit() and idle() by the journal's writer
 * thread only, everything else by the event loop only. Reads see every commit that returned before they
 * began; a visitor may read again. Rows and lines are lent to a visitor for the length of the call.
 *
 * A run's first row comes with its line. commit() refuses rows of a run without one and rows that leave a gap
 * (FY_ERR_INTERNAL: the caller is wrong).
 *
 * Failures: FY_ERR_TRANSIENT (full, busy, unreachable: the caller keeps the batch and tries again; nothing of
 * it is visible), FY_ERR_UNSURE (a commit whose end is not known; SQLite never says so), FY_ERR_REFUSED
 * (another engine owns the store; this process must stop), FY_ERR_INTERNAL (the store is damaged).
 */
#ifndef FY_STORE_STORE_H
#define FY_STORE_STORE_H

#include "base/err.h"
#include "base/sha256.h"

#include <stdint.h>

/* One record as it lies on disk. body is UTF-8 JSON text, kept and hashed byte for byte. */
struct fy_row {
    const char *run;
    uint64_t seq;    /* from 1, without a gap within a run */
    uint32_t kind;   /* journal/record.def */
    int64_t time_ms; /* run time */
    uint64_t epoch;  /* of the engine that wrote it */
    const char *body;
    size_t body_length;
    unsigned char hash[FY_SHA256_BYTES];
};

/* A run's line in the index; written with its first record, and again when it becomes final. */
struct fy_run_line {
    const char *run;
    const char *request_id, *tenant, *vnf_instance_id;
    const char *order_sha256; /* hex, of the bytes as they came */
    int64_t accepted_ms;      /* wall clock */
    bool final;
};

/* A text pinned by its digest: workflow, modules, prelude, the order's XML. */
struct fy_text {
    char sha256[FY_SHA256_HEX];
    const char *bytes;
    size_t length;
};

/* What becomes durable together. */
struct fy_store_batch {
    const struct fy_row *rows;
    size_t row_count;
    const struct fy_run_line *lines;
    size_t line_count;
    const struct fy_text *texts;
    size_t text_count;
};

struct fy_store {
    const char *name; /* for messages: "SQLite store /var/lib/ferry/ferry.db" */
    uint64_t epoch;   /* raised by one at each opening; the fence adapters see */
    bool (*commit)(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err);
    /* What the kinds of record are called, for people who read the store by hand. May be NULL. */
    bool (*name_kinds)(struct fy_store *self, const char *const *names, size_t count, struct fy_err *err);
    /* Writer thread, when there is nothing to commit: housekeeping that would hold up a commit. May be NULL.
     */
    void (*idle)(struct fy_store *self);
    /* Rows of a run with seq > after, in order, until visit returns false. FY_ERR_NOT_FOUND: no such run. */
    bool (*read)(struct fy_store *self, const char *run, uint64_t after,
                 bool (*visit)(void *context, const struct fy_row *row), void *context, struct fy_err *err);
    /*
     * Rows of every run that is not final, each run's in order, the runs mixed: for the restart, where one
     * pass is many times faster than a read() for each run.
     */
    bool (*read_live)(struct fy_store *self, bool (*visit)(void *context, const struct fy_row *row),
                      void *context, struct fy_err *err);
    /* Lines of the index, newest first; live_only leaves out the final ones. */
    bool (*runs)(struct fy_store *self, bool live_only,
                 bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                 struct fy_err *err);
    /* A pinned text, the caller's to free; FY_ERR_NOT_FOUND. */
    bool (*text)(struct fy_store *self, const char *sha256, char **ret_bytes, size_t *ret_length,
                 struct fy_err *err);
    /* Every pinned text, in no order; for moving a store. May be NULL. */
    bool (*texts)(struct fy_store *self, bool (*visit)(void *context, const struct fy_text *text),
                  void *context, struct fy_err *err);
    void (*close)(struct fy_store *self);
};

/*
 * Open (and make, mode 0600) the SQLite store at path: WAL, synchronous FULL, both asserted; the lock file
 * path.lock held until close() or the death of the process; migrations of sql/ applied; epoch raised.
 * FY_ERR_CONFLICT names the process that holds the lock; FY_ERR_REFUSED: not a store of this version
 * (somebody else's database, made by a newer ferryd, or with an edited migration). ":memory:" gives a store
 * for tests and the simulation.
 */
bool fy_store_open_sqlite(const char *path, struct fy_store **ret, struct fy_err *err) FY_MUST_CHECK;

struct fy_pg_options {
    const char
        *address; /* libpq's: postgresql://USER@HOST/NAME, service=NAME, host=... dbname=...; no secrets */
    const char *name; /* of this engine; NULL: made of its host and home */
    const char *home; /* its folder, which no other engine of this host has; NULL: none */
    /*
     * One of many engines (fleet/fleet.h): called once the store is found good, gives the epoch that commits
     * are written under. NULL: this engine fences every other, name and home are those of its row.
     */
    bool (*join)(void *context, uint64_t *ret_epoch, struct fy_err *err);
    void *context;
};

/*
 * Open the PostgreSQL store at an address, with its schema at least as this ferryd knows it ("ferry store
 * migrate"), as a login that may insert and read records and nothing else. FY_ERR_REFUSED: a setting of the
 * server cannot keep the promise (fsync, full_page_writes, synchronous_commit), the schema is missing, older,
 * or too new, the login may do too much or too little, or the address has a password in it.
 *
 * Differs from SQLite in that a commit whose answer was lost is FY_ERR_TRANSIENT, too: the same batch, handed
 * over again, is written only if it is not there.
 */
bool fy_store_open_postgresql(const struct fy_pg_options *options, struct fy_store **ret,
                              struct fy_err *err) FY_MUST_CHECK;

/*
 * Nothing more is written through this store, and the runs it wrote are nobody's: whoever claims them goes on
 * with them. No epoch that an engine is given from now on is "epoch" or below it.
 */
bool fy_store_leave_postgresql(struct fy_store *store, uint64_t epoch, struct fy_err *err) FY_MUST_CHECK;

/* From now on told, on the writer's thread: a commit begun at this time (CLOCK_BOOTTIME) has renewed the
 * lease. */
void fy_store_renews_postgresql(struct fy_store *store, void (*renewed)(void *context, int64_t asked_ns),
                                void *context);

/*
 * Bring the PostgreSQL store at an address to the last migration, as a login that is a member of ferry_owner
 * (the first time: one that may create roles and a schema). "told" hears of each migration that is applied.
 */
bool fy_store_migrate_postgresql(const char *address,
                                 void (*told)(void *context, int number, const char *name), void *context,
                                 struct fy_err *err) FY_MUST_CHECK;

/*
 * Take the records of all runs that were accepted before a month ("2026-11"), as a member of ferry_owner.
 * Their lines stay, with where each ended. FY_ERR_REFUSED: a run of such a month is not over, or is not what
 * was written.
 */
bool fy_store_retire_postgresql(const char *address, const char *month,
                                void (*told)(void *context, const char *month, uint64_t runs,
                                             uint64_t records),
                                void *context, struct fy_err *err) FY_MUST_CHECK;

#endif
