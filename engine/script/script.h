/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between a run and the workflow that drives it.
 *
 * A workflow is pinned texts + arguments + past outcomes in, the next call out. It never acts by itself.
 * start() begins (or, with a history, replays) a program; the answer is one fy_script_event. resume() hands
 * in the outcome of the call that was yielded last; the answer is again one event. Between an event
 * and the next start/resume the script is silent. Events of many runs arrive in one batch a loop turn.
 *
 * Two implementations: remote.c (ferry-host script, the product) and local.c (same process, for tests and
 * the simulation).
 */
#ifndef FY_SCRIPT_SCRIPT_H
#define FY_SCRIPT_SCRIPT_H

#include "base/err.h"

#include <stdint.h>

/* A pinned text the program is made of. role: "prelude", "workflow" (the entry), or a module's name. */
struct fy_script_text {
    const char *role;
    const char *sha256;
    const char *bytes;
    size_t length;
};

/* A step that was taken before a crash: what was called, and the outcome; the last one may have none. */
struct fy_script_past {
    const char *call; /* "upgrade" */
    const char *args; /* JSON text as it was recorded */
    const char
        *outcome; /* JSON text {"ok":true,"result":{...}} or {"ok":false,"error":{...}}; NULL: none yet */
};

struct fy_script_start {
    const char *run;
    const struct fy_script_text *texts;
    size_t text_count;
    uint32_t api;         /* API level the run was accepted with */
    const char *function; /* "upgrade", "rollback" */
    const char *args;     /* JSON object: {"order":...,"plan":...,"params":...,"program":...} */
    const struct fy_script_past *history;
    size_t history_count;
};

enum fy_script_event_kind {
    FY_SCRIPT_CALL, /* wants a step taken: call and args; notes came before it. After a replay whose last past
                       step had no outcome, this is that very call again. */
    FY_SCRIPT_DONE, /* the function returned: result */
    FY_SCRIPT_ERROR, /* it failed: err says how; a divergence from the history has both texts in the message
                      */
    FY_SCRIPT_LOST,  /* its host died, through no fault of this run: start() it again with its history */
};

struct fy_script_note {
    bool phase; /* entered a phase; otherwise a line of log */
    const char *text;
};

struct fy_script_event {
    enum fy_script_event_kind kind;
    const char *run;
    const char *call; /* CALL */
    const char *args; /* CALL: JSON object text, members sorted, so that equal calls are equal bytes */
    bool tolerant;    /* CALL: nf:try_x; a permanent failure is an outcome for the workflow, not a parking */
    const char *result; /* DONE: JSON text */
    const struct fy_script_note *notes;
    size_t note_count;
    struct fy_err err;  /* ERROR */
    const char *reason; /* ERROR: "workflow", "diverged", "memory", "instructions", "steps", "hung", "host" */
};

struct fy_script {
    void (*start)(struct fy_script *self, const struct fy_script_start *start);
    void (*resume)(struct fy_script *self, const char *run, const char *outcome);
    void (*drop)(struct fy_script *self, const char *run); /* forget the run; no event follows */
    void (*close)(struct fy_script *self);
    /* Set by whoever owns the runs; called on the event loop. The event is borrowed for the call. */
    void (*on_event)(void *context, const struct fy_script_event *event);
    void *context;
};

#endif
