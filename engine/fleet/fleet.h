/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many engines on one PostgreSQL store: who is there, which runs each owns, and how they hear of each other.
 *
 * An engine has a lease, one row of the table "engine", with an epoch from a sequence of the whole store.
 * Time is the database's. Every commit of the journal renews that row in its own transaction and fails when
 * the row was fenced, so whoever fences an engine knows that nothing of it can become durable any more. An
 * engine whose lease has run out is fenced first; then its runs are claimed, by those who have room. One that
 * starts again fences its own former epoch at once and need not wait for the lease.
 *
 * A thread of its own, the keeper, does all of this on its own connection: it renews, fences, claims and
 * carries messages. The loop hears of it through fy_fleet_take, after wake(), and never waits for it.
 *
 * A keeper that could not reach the store for a while judges nobody: where the store itself was away, every
 * lease has run out, and everybody gets one lease's time to come back before it is called dead.
 */
#ifndef FY_FLEET_FLEET_H
#define FY_FLEET_FLEET_H

#include "base/err.h"

#include <stdint.h>

/*
 * What an engine must know to read a run: raised whenever a record says something that older engines cannot
 * fold (journal/record.def, docs/records.md). A run has the level of the newest engine that ever owned it,
 * and an engine claims no run above its own.
 */
#define FY_FLEET_LEVEL 1

#define FY_FLEET_LEASE_MS 15000 /* unless ferryd is told otherwise */

struct fy_fleet;

struct fy_fleet_options {
    const char *conninfo;           /* libpq's: "host=db1,db2 dbname=ferry" */
    const char *name;               /* of this engine; NULL: HOST-FOLDER */
    const char *home;               /* its folder, which no other engine has */
    int64_t lease_ms;               /* 0: FY_FLEET_LEASE_MS */
    void (*wake)(void *context);    /* on the keeper's thread: call fy_fleet_take soon */
    void (*ended)(const char *why); /* on the keeper's thread: fenced; the process must end here */
    void *context;
};

/*
 * Take an epoch: this engine's former one is fenced, the new row has a fresh lease. The schema must be there.
 * FY_ERR_CONFLICT: an engine of that name lives in another folder.
 */
bool fy_fleet_join(const struct fy_fleet_options *options, struct fy_fleet **ret,
                   struct fy_err *err) FY_MUST_CHECK;

uint64_t fy_fleet_epoch(const struct fy_fleet *fleet);
const char *fy_fleet_name(const struct fy_fleet *fleet);

/* Start the keeper: from now on the lease is renewed and runs are claimed. */
bool fy_fleet_begin(struct fy_fleet *fleet, struct fy_err *err) FY_MUST_CHECK;

/* NULL is allowed. The lease is left to run out: whoever starts next fences it. */
void fy_fleet_free(struct fy_fleet *fleet);

/*
 * May this process touch the world? Not once its lease may have run out: it was stopped, or cut off, and
 * somebody else may own its runs. Any thread.
 */
bool fy_fleet_may_act(const struct fy_fleet *fleet);

/* A commit that was begun at this time (fy_fleet_now) has renewed the lease. Any thread. */
void fy_fleet_renewed(struct fy_fleet *fleet, int64_t asked_ns);
int64_t fy_fleet_now(void); /* nanoseconds, also of times when the machine slept */

enum fy_fleet_kind {
    FY_FLEET_CLAIMED,  /* run is this engine's now, under the epoch id: read it and go on (it may be known) */
    FY_FLEET_RELEASED, /* run was given back and is nobody's */
    FY_FLEET_LET_GO,   /* count runs are too many here; -1: all, this engine is being drained */
    FY_FLEET_COMMAND,  /* somebody sends verb and args to run; fy_fleet_answer(id) tells how it went */
    FY_FLEET_ANSWER,   /* to fy_fleet_post(id): an HTTP status, and a JSON text */
};

struct fy_fleet_event {
    struct fy_fleet_event *next;
    enum fy_fleet_kind kind;
    uint64_t id;
    int64_t count;
    int status;
    char *run, *verb, *args, *who,
        *text; /* who: the caller, as it was posted. NULL where they do not apply */
};

/* The oldest event, the caller's to free; NULL: there is none. */
struct fy_fleet_event *fy_fleet_take(struct fy_fleet *fleet);
void fy_fleet_event_free(struct fy_fleet_event *event);

/* Give a run back, once nothing of it will be written here any more. */
void fy_fleet_release(struct fy_fleet *fleet, const char *run);

/* Send a verb to whoever owns the run. The answer comes as an event, after 20 s at the latest. */
uint64_t fy_fleet_post(struct fy_fleet *fleet, const char *run, const char *verb, const char *args,
                       const char *who);
void fy_fleet_answer(struct fy_fleet *fleet, uint64_t id, int status, const char *text);

/* Drain the engine of that name, or let it work again; answered like a post. */
uint64_t fy_fleet_drain(struct fy_fleet *fleet, const char *name, bool drained);

/* This engine is being drained: it takes no new order. */
bool fy_fleet_draining(const struct fy_fleet *fleet);

/*
 * Every engine that is not fenced, and those fenced within the last hour, as a JSON array, a moment old:
 * [{"name","epoch","state","version","level","runs","lease_ms","lease_left_ms","started","self":bool}]
 */
struct fy_buf;
void fy_fleet_list(struct fy_fleet *fleet, struct fy_buf *buf);

#endif
