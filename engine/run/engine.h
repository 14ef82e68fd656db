/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run engine: every run of this process, and nothing of the outside. It is handed its world (clock,
 * timers, journal, script, adapters) and only ever reacts: to a submission, a command, a timer, an answer, a
 * commit. ferryd hands in libuv and processes, tests/unit/run a virtual clock and the same code in one
 * process.
 *
 * A run is the fold of its records. fy_fold (fold.h) applies one durable record to the run's state; it is the
 * only code that changes that state, live and after a crash alike. What to do next is then a function of the
 * state (drive.h). So there is no recovery path that normal life does not take.
 */
#ifndef FY_RUN_ENGINE_H
#define FY_RUN_ENGINE_H

#include "adapter/adapter.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/journal.h"
#include "order/order.h"
#include "script/script.h"

/* One-shot timers in machine time. at() returns a handle; cancel() takes it; a fired one is gone. */
struct fy_timers {
    void *(*at)(void *self, int64_t after_ms, void (*fire)(void *context), void *context);
    void (*cancel)(void *self, void *timer);
    void *self;
};

/* A workflow of the catalogue: name, major version, and the texts a run pins. */
struct fy_workflow {
    const char *name;
    int version; /* major */
    uint32_t api;
    const struct fy_script_text *texts; /* prelude, workflow, modules */
    size_t text_count;
    const char *params; /* JSON: declared parameters {"name":{"type","default","help"}} */
    const char *needs;  /* JSON: verbs it needs, ["steer", ...] */
};

struct fy_engine_world {
    struct fy_clock clock;
    struct fy_timers timers;
    struct fy_store *store; /* reads; writes go through the journal */
    struct fy_journal *journal;
    struct fy_script *script;
    struct fy_adapters *adapters;
    const struct fy_workflow *workflows;
    size_t workflow_count;
    /* Many engines on one store; NULL where there is one. A run has left (fy_engine_let_go): give it back. */
    void (*left)(void *context, const char *run);
    void *left_context;
};

struct fy_engine;

struct fy_engine *fy_engine_new(const struct fy_engine_world *world);
void fy_engine_free(struct fy_engine *engine); /* close the journal first; forgets, nothing is written */

/* Restart: read every live run from the store, restore it, then go on (journals "resumed" for each). */
bool fy_engine_recover(struct fy_engine *engine, struct fy_err *err) FY_MUST_CHECK;

/*
 * Many engines on one store (fleet/fleet.h). A run that became this engine's is read and driven on, under an
 * epoch that is higher than any it had: its records and calls carry that instead of the store's. One that
 * it drives already, or that is over, is left as it is. FY_ERR_TRANSIENT: the store cannot be read just now.
 */
bool fy_engine_adopt(struct fy_engine *engine, const char *run, uint64_t epoch,
                     struct fy_err *err) FY_MUST_CHECK;

/*
 * So many runs, all with -1, go to another engine, those first that wait anyway: each as soon as no call of
 * it is out and all of it is durable. world.left is told of each. How many are on their way now.
 */
size_t fy_engine_let_go(struct fy_engine *engine, int64_t count);

/* It lives, and another engine drives it. Reads the store. */
bool fy_engine_elsewhere(struct fy_engine *engine, const char *run);

/* Who sends something: for the journal, and for what depends on who it is. */
struct fy_caller {
    const char *who;          /* "uid:1000 (ana)"; "ana" */
    const char *from;         /* "unix"; "192.0.2.7, token 3f2a0c11" */
    const char *key;          /* the request's Idempotency-Key; NULL: none */
    const char *const *roles; /* that they have for this run; ends with NULL; NULL: all of them */
};

/* Whose a run is. The members are the caller's to free; a group is there if the order names one. */
struct fy_owner {
    char *tenant, *group, *function;
};

/* How a submission is to be run; zeroes are the ordinary case. */
struct fy_submission {
    struct fy_order *order; /* taken over on success */
    const char *xml;        /* as it came; pinned */
    size_t xml_length;
    struct fy_caller caller;
    int64_t scale;      /* 0: 1; anything else is refused unless every connection is simulated */
    const char *commit; /* a completed run of the same network function that is committed first, in one go */
    int64_t epoch_ms;   /* run time at acceptance; 0: the wall clock; refused likewise */
};

/*
 * Accept an order: admission, conflicts, pinned texts, "order accepted". On success *ret_run is the run's id,
 * borrowed; *ret_existed says that the same order was already here (same requestId, same bytes). done is
 * called when it is durable. FY_ERR_CONFLICT: same requestId with other bytes, or the NF has a live run
 * (named). FY_ERR_TRANSIENT: the store cannot be read or written just now.
 */
bool fy_engine_submit(struct fy_engine *engine, struct fy_submission *submission, const char **ret_run,
                      bool *ret_existed, void (*done)(void *context), void *context,
                      struct fy_err *err) FY_MUST_CHECK;

/*
 * A verb of state.def. args is a JSON object (may be NULL). FY_ERR_REFUSED names the state and the legal
 * verbs; FY_ERR_NOT_FOUND; FY_ERR_TRANSIENT while the store cannot be written. done is called when the
 * command is durable. One that was accepted before with the caller's key is not done again: done is called,
 * no more.
 */
bool fy_engine_command(struct fy_engine *engine, const char *run, const char *verb, const char *args,
                       const struct fy_caller *caller, void (*done)(void *context), void *context,
                       struct fy_err *err) FY_MUST_CHECK;

/*
 * Plan without running (dry run): asks the order's connections for inventory and load and answers with the
 * plan as JSON and as the table a person judges, or an error; nothing is journalled. The order is copied.
 * epoch_ms is the run time to plan for; 0: now.
 */
void fy_engine_plan(struct fy_engine *engine, const struct fy_order *order, int64_t epoch_ms,
                    void (*done)(void *context, const char *plan_json, const char *table,
                                 const struct fy_err *err),
                    void *context);

/* The list of workflows that the world has lent has grown; there are so many now. */
void fy_engine_workflows(struct fy_engine *engine, size_t count);

/* Name of the state of a run that is not over yet; NULL otherwise. */
const char *fy_engine_state(const struct fy_engine *engine, const char *run);

/* Whose a run is, live or final; FY_ERR_NOT_FOUND. */
bool fy_engine_owner(struct fy_engine *engine, const char *run, struct fy_owner *ret,
                     struct fy_err *err) FY_MUST_CHECK;
void fy_owner_free(struct fy_owner *owner);

/* Views (docs/architecture.md, "Views"), as JSON appended to buf. A final run is read back from the store. */
struct fy_list_wish {
    bool live_only;                                                /* not those that are over */
    bool (*wanted)(void *context, const struct fy_run_line *line); /* newest first; NULL: all */
    void *context;
};
bool fy_engine_list(struct fy_engine *engine, const struct fy_list_wish *wish, struct fy_buf *buf,
                    struct fy_err *err) FY_MUST_CHECK;
bool fy_engine_show(struct fy_engine *engine, const char *run, struct fy_buf *buf,
                    struct fy_err *err) FY_MUST_CHECK;
bool fy_engine_show_plan(struct fy_engine *engine, const char *run, struct fy_buf *buf,
                         struct fy_err *err) FY_MUST_CHECK;
bool fy_engine_show_instances(struct fy_engine *engine, const char *run, struct fy_buf *buf,
                              struct fy_err *err) FY_MUST_CHECK;
void fy_show_kpi_catalogue(struct fy_buf *buf); /* KPIs that orders may name, as JSON */
bool fy_engine_show_kpis(struct fy_engine *engine, const char *run, struct fy_buf *buf,
                         struct fy_err *err) FY_MUST_CHECK;

/* The report of a run: what the morning meeting asks, from its views and its records. */
bool fy_engine_report(struct fy_engine *engine, const char *run, struct fy_buf *buf,
                      struct fy_err *err) FY_MUST_CHECK;

#endif
