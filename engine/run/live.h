/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run while this process drives it: what is durable (fold.h), what waits to become durable (write.c), where
 * its workflow stands (workflow.c) and what is being done for its step (step.h). Only the first is state; the
 * rest is asked for again after a crash.
 *
 *     records -> tray -> fy_journal_append -> durable -> fy_fold -> fy_drive -> the next act
 */
#ifndef FY_RUN_LIVE_H
#define FY_RUN_LIVE_H

#include "base/buf.h"
#include "base/map.h"
#include "run/engine.h"
#include "run/fold.h"

struct fy_live;
struct fy_ask;
struct fy_leases;
struct fy_watch;
struct fy_written;

enum fy_script_stand {
    FY_SCRIPT_IDLE,    /* not started in this process, or dropped */
    FY_SCRIPT_RUNS,    /* started or resumed; its answer is awaited */
    FY_SCRIPT_AT_CALL, /* suspended in a call: in the open step, or in `next`, which has no intent yet */
    FY_SCRIPT_ENDED,   /* its function has returned */
};

/* What is being done for the open step, in this process. */
struct fy_flight {
    bool taken;
    void (*look)(struct fy_live *live);  /* the run changed: may the step go on or end? May be NULL */
    void (*leave)(struct fy_live *live); /* let go of data; may be NULL */
    void *data;
    void *timer;        /* of this step; gone with it */
    struct fy_ask *ask; /* observations under way; gone with it */
};

struct fy_done { /* whoever waits for a command to be durable */
    void (*done)(void *context);
    void *context;
    struct fy_done *next;
};

struct fy_tray {
    struct fy_record *records;
    size_t count, room;
    bool forced;  /* something in it may not wait for company */
    bool command; /* an operator's verb is in it: what follows waits until it is folded */
    bool held;    /* an outcome waits for the script's answer, to share its commit */
    struct fy_done *done;
};

struct fy_live {
    struct fy_engine *engine;
    struct fy_live *next;
    struct fy_run *run;
    uint64_t epoch; /* the fence of its calls: the store's, or that of the claim that brought it here */
    /* its line in the index of runs, known before its first record is durable */
    char *line_request, *line_tenant, *line_nf, *line_group;
    char line_sha256[FY_SHA256_HEX];
    char *last_key;     /* Idempotency-Key of the last verb that was accepted (verb/repeat.h) */
    enum fy_state tail; /* the state once everything handed over is durable */

    struct fy_tray tray;
    struct fy_written *written; /* handed over and not durable yet, oldest first */
    size_t writing;             /* forced appends among them */

    enum fy_script_stand script;
    bool replays_open; /* its next event is the open step's own call again */
    bool has_next;
    char *next_call, *next_args;
    bool next_tolerant;
    void *answer_timer;

    struct fy_flight flight;
    uint64_t wish_seq; /* the wish whose questions are in flight (wish.h) */
    bool settled;      /* the open step's outcome is in the tray or being written */
    struct fy_watch *watch;
    void *window_timer;
    int64_t window_timer_ms;
    void *state_timer; /* of the state: window, observation period, settling */
    int64_t state_timer_ms;
    struct fy_leases *leases; /* of the guards it holds (lease.h); NULL: none was looked at */
    void *observe_timer;      /* COMPLETED: the next daily line or reminder */
    char *trouble;            /* why going back has not begun yet; NULL: nothing is wrong */
    char *instances;          /* JSON of the last look at the instances, for the view */
    int64_t instances_at_ms;
    struct fy_ask *instances_ask;
    struct fy_ask *aside; /* asked aside of the steps: prechecks, what stands there when a run is given up */
    const char *aside_when; /* what for; a literal */

    bool driving, again, over, buried;
    bool dirty; /* given up, and what it left is not freed: it stays in the index of live runs (handover.h) */
    bool leaving;   /* another engine is to have it: it goes as soon as nothing of it acts (moving.c) */
    bool recovered; /* taken over from the store: RESUMED is to be written first */
};

struct fy_engine {
    struct fy_engine_world world;
    struct fy_live *lives;
    struct fy_map by_id;
    struct fy_live *over; /* final: freed at the next quiet moment */
    void *sweep_timer;
    struct fy_written *orphans; /* of runs that are gone: the journal still has to tell */
    struct fy_dry_run *dry_runs;
    char *found; /* id of the run an order was already here as; lent to the caller of submit */
};

/* ---- time ---- */
struct fy_rtime fy_live_now(const struct fy_live *live);
/* Fire once the run's clock has reached when; the step's timer, replaced by the next call. */
void fy_live_wait(struct fy_live *live, struct fy_rtime when, void (*fire)(void *live));
void *fy_live_timer(struct fy_live *live, struct fy_rtime when, void (*fire)(void *live));
void fy_live_cancel(struct fy_live *live, void **timer);

/* ---- write.c: records ---- */
/* Put a record into the tray. The body's text is taken; the buffer is empty afterwards. */
void fy_put(struct fy_live *live, enum fy_record_kind kind, struct fy_buf *body);
void fy_put_done(struct fy_live *live, void (*done)(void *context), void *context);
/* Told when all that was handed over so far is durable: at once if it is. live NULL: the run is over. */
void fy_when_durable(struct fy_live *live, void (*done)(void *context), void *context);
/* Hand the tray over, unless an append is under way (then as soon as that is durable). */
void fy_flush(struct fy_live *live);
/* With the first record: the run's line and the texts it pins. */
void fy_flush_first(struct fy_live *live, const struct fy_run_line *line, const struct fy_text *texts,
                    size_t text_count);
void fy_write_free(struct fy_live *live);       /* what was handed over is waited for by nobody any more */
void fy_write_forget(struct fy_engine *engine); /* the journal is closed: nothing more is told */

/* ---- record.c: bodies ---- */
void fy_put_state(struct fy_live *live, enum fy_state to, const char *event, const char *why,
                  const struct fy_err *error);
void fy_put_text(struct fy_live *live, enum fy_record_kind kind, const char *text, const char *about);
void fy_put_caller(struct fy_buf *buf, const struct fy_caller *caller);
void fy_put_command(struct fy_live *live, const char *verb, const char *args, const struct fy_caller *caller);
void fy_put_error(struct fy_buf *buf, const char *key, const struct fy_err *error);

/* ---- drive.c ---- */
/* Do what follows from the state, until something has to be waited for. Safe to call at any time. */
void fy_drive(struct fy_live *live);
/* The run cannot go on by itself: FAILED_TEMP (or ROLLED_BACK while nothing was touched), with the error. */
void fy_park(struct fy_live *live, const char *event, const struct fy_err *error);

/* ---- moving.c ---- */
/* A run that is to leave: true if it has left, or waits for what it has handed over. */
bool fy_move_out(struct fy_live *live);

/* ---- command.c ---- */
bool fy_command(struct fy_live *live, const char *verb, const char *args, const struct fy_caller *caller,
                struct fy_err *err) FY_MUST_CHECK;

/* ---- engine.c, submit.c ---- */
void fy_live_keep_line(struct fy_live *live, const struct fy_order *order, const char *sha256);
void fy_live_line(const struct fy_live *live, bool final, struct fy_run_line *line);
void fy_live_put_away(struct fy_live *live); /* out of the list now, freed at the next quiet moment */
bool fy_run_read(struct fy_store *store, struct fy_run *run, struct fy_err *err) FY_MUST_CHECK;
/* Takes the run. err says why it cannot be read, if so: then NULL. */
struct fy_live *fy_run_take_over(struct fy_engine *engine, struct fy_run *run, uint64_t epoch,
                                 struct fy_err *err);
void fy_dry_runs_free(struct fy_engine *engine);
struct fy_live *fy_live_new(struct fy_engine *engine, struct fy_run *run); /* takes the run */
void fy_live_free(struct fy_live *live);
struct fy_live *fy_live_find(const struct fy_engine *engine, const char *run);
/* False (FY_ERR_TRANSIENT) while the store cannot be written: orders and verbs are refused then. */
bool fy_engine_may_change(const struct fy_engine *engine, struct fy_err *err);

/* ---- workflow.c ---- */
void fy_workflow_start(struct fy_live *live);                       /* from the top, with its history */
void fy_workflow_resume(struct fy_live *live, const char *outcome); /* with the outcome of its call */
void fy_workflow_drop(struct fy_live *live);
void fy_workflow_event(void *engine, const struct fy_script_event *event);

#endif
