/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the fleet: what the loop's side (fleet.c) and the keeper's (keep.c, claim.c, post.c) share. */
#ifndef FY_FLEET_INSIDE_H
#define FY_FLEET_INSIDE_H

#include "base/buf.h"
#include "fleet/fleet.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#define FY_FLEET_CHANNEL "ferry_engines"
#define FY_FLEET_TEXT    24 /* room for a number */

/* What the loop wants done; an event read the other way round. */
enum fy_fleet_wish { FY_WISH_RELEASE, FY_WISH_POST, FY_WISH_ANSWER, FY_WISH_DRAIN };

struct fy_fleet_errand {
    struct fy_fleet_errand *next;
    enum fy_fleet_wish wish;
    uint64_t ticket;  /* of this process: what the loop knows a post by */
    uint64_t id;      /* of the row; 0: not posted yet */
    int64_t until_ns; /* of a post: then it is given up */
    int status;
    bool on;
    char *run, *verb, *args, *who, *text;
};

struct fy_fleet {
    char *conninfo, *name, *home;
    int64_t lease_ms;
    void (*wake)(void *context);
    void (*ended)(const char *why);
    void *context;
    uint64_t epoch;
    char epoch_text[FY_FLEET_TEXT], lease_text[FY_FLEET_TEXT], level_text[FY_FLEET_TEXT];
    atomic_int_fast64_t good_until_ns; /* by this machine's clock: the lease lasts at least so long */
    atomic_bool draining;

    /* Both sides', under lock. */
    pthread_mutex_t lock;
    struct fy_fleet_event *events, **events_end;
    struct fy_fleet_errand *errands, **errands_end;
    uint64_t last_ticket;
    struct fy_buf list;
    bool closing;

    /* The keeper's. */
    pthread_t thread;
    bool threaded;
    int stir_fd;
    PGconn *conn;
    bool warned;             /* the last statement ended with a warning: durable here, perhaps not there */
    int64_t steady_since_ns; /* connected and renewing without a gap; 0: not */
    int64_t let_go_ns;       /* when runs were last found to be too many */
    int64_t tidied_ns;
    bool resync; /* the connection is new: an answer may have been lost with the old one */
    bool told_trouble;
    struct fy_fleet_errand *posted; /* whose answers are awaited */
};

/* ---- ask.c: the keeper's connection ---- */
/*
 * One statement, its parameters as text. NULL: not reached or refused (said once in the log); the connection
 * is then new at the next try. A statement that takes longer than a lease is given up. "rows" below are
 * tuples.
 */
PGresult *fy_fleet_ask(struct fy_fleet *fleet, const char *sql, int count, const char *const *values);
bool fy_fleet_connected(struct fy_fleet *fleet); /* connects if need be */
void fy_fleet_disconnect(struct fy_fleet *fleet);
const char *fy_fleet_cell(const PGresult *result, int row, int column); /* NULL for NULL */
int64_t fy_fleet_number(const PGresult *result, int row, int column);
void fy_fleet_clear(PGresult **result); /* for FY_AUTO */

/* ---- fleet.c ---- */
void fy_fleet_tell(struct fy_fleet *fleet, struct fy_fleet_event event); /* strings are taken */
void fy_fleet_errand_free(struct fy_fleet_errand *errand);

/* ---- keep.c, claim.c, post.c: parts of the keeper's turn ---- */
void *fy_fleet_keeper(void *fleet);
void fy_fleet_fence(struct fy_fleet *fleet);    /* whose lease has run out */
void fy_fleet_claim(struct fy_fleet *fleet);    /* runs that are nobody's, up to a fair share */
void fy_fleet_resync(struct fy_fleet *fleet);   /* runs that are ours already */
void fy_fleet_snapshot(struct fy_fleet *fleet); /* the list */
void fy_fleet_run_errands(struct fy_fleet *fleet, struct fy_fleet_errand *errands);
void fy_fleet_fetch(struct fy_fleet *fleet); /* commands to our runs, answers to our posts */

#endif
