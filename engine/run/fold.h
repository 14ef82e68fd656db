/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run is the fold of its records: fy_fold applies one durable record and is the only code that changes a
 * struct fy_run, in normal life and after a crash alike. A run folded twice from the same rows is the same.
 *
 * History is not kept: the workflow's past is read back from the store when a script has to be started again
 * (history.h). So a run that waits costs its order, its open step and little more.
 *
 * To add a record kind: its row in journal/record.def, its function in the table at the end of fold.c.
 */
#ifndef FY_RUN_FOLD_H
#define FY_RUN_FOLD_H

#include "base/clock.h"
#include "base/err.h"
#include "journal/journal.h"
#include "judge/judge.h"
#include "order/order.h"
#include "run/state/state.h"

/* A guard of the ledger: something switched off that must come back as it was. prior and off: JSON texts. */
struct fy_held {
    char *guard, *connection, *prior, *off;
    bool held, as_it_was;
    int64_t since_ms;
    int64_t lease_ms;  /* the platform ends it by itself after that; 0: it cannot (lease.h) */
    int64_t leased_ms; /* when it was last known to be set, with its lease; 0: not yet */
    bool giving_back;  /* has begun: it may be as it was already */
    bool left;         /* somebody else has changed it: the lease is not renewed any more */
    char *why;         /* not as it was: what was found */
};

/* The last step: open until its outcome, and again while it has failed and nobody has settled it. */
struct fy_run_step {
    uint64_t number;
    uint32_t attempt;
    bool open;
    bool failed;   /* its last attempt has failed: parked, `retry` is the next attempt */
    bool own;      /* the engine's, not the workflow's: releasing guards at the end */
    bool tolerant; /* the workflow wants to see its failure */
    bool instead;  /* this attempt asks another verb than the call's: replace for upgrade */
    int64_t since_ms, paused_ms;
    int64_t covered_ms; /* a soak: run time its ticks cover */
    char *call, *connection, *verb, *args;
    char *text; /* progress in words */
    int64_t done, total;
};

/* A verb that must look at the world before it is granted (wish.h). verb: a literal, NULL: there is none. */
struct fy_run_wish {
    const char *verb;
    char *args, *who;
    uint64_t seq; /* of its command: two of the same verb are told apart */
};

struct fy_run_approval {
    int64_t id; /* 0: none was asked */
    uint64_t step;
    char *question, *role;
    int64_t deadline_ms, remind_ms, needed, given;
    bool open, rejected, reminded, roll_back_on_timeout;
    char *who, *why; /* who answered last, and why if it was said */
    char **people;   /* who approved so far */
    size_t people_count;
};

struct fy_handover;
struct fy_observed;
struct fy_prep;

struct fy_run_error {
    enum fy_err_kind kind; /* FY_ERR_NONE: there is none */
    char *message, *hint;
};

#define FY_RUN_KPIS  32                /* rows of the catalogue a run counts */
#define FY_RUN_GATES (FY_RUN_KPIS + 1) /* and the security counters */

/* A gate that does not count until then (watch/signs.h). */
struct fy_gate_waiver {
    char *gate, *who, *role, *why;
    int64_t until_ms;
};

/* Counts since the last snapshot, per KPI of the catalogue, source and target. */
struct fy_run_counts {
    struct fy_count kpi[FY_RUN_KPIS][2];
};

/* A column of table 1: users when it was taken, counts since the one before. */
struct fy_snapshot {
    int64_t permille, at_ms;
    int64_t users[2][2]; /* 5g, 4g; source, target */
    struct fy_run_counts counts;
};

struct fy_pinned {
    char *role, *sha256;
};

struct fy_run {
    char *id;
    uint64_t seq;
    unsigned char hash[FY_SHA256_BYTES];
    int64_t time_ms; /* of the last record */

    /* order accepted */
    struct fy_order *order;
    struct fy_timebase base;
    char *order_sha256, *who, *from, *workflow;
    int64_t workflow_version;
    uint32_t api;
    struct fy_pinned *texts;
    size_t text_count;
    int64_t accepted_ms;

    /* state changed */
    enum fy_state state, back; /* back: where resume and retry lead */
    int64_t since_ms, started_ms, ended_ms, paused_since_ms;
    struct fy_run_error error;
    const char *asked; /* "pause", "cancel", "rollback", "fail", "gate": takes effect when the step can be
                          left; a literal of ours */
    bool forced;       /* what is asked does not wait for the end of a step, only for its call to return */
    char *asked_why;   /* who asked for it, and why if it was said */

    char *known;                  /* JSON: what was adopted before this order (handover.h); NULL: nothing */
    char *amended;                /* JSON: the last change of the order, by whom (amend.h); NULL: none */
    struct fy_observed *observed; /* NULL: no day of observation was told yet (observe.h) */
    struct fy_handover *handover; /* NULL: it was never given up */
    struct fy_prep *prep;         /* prechecks and waivers (prep.h); NULL: none yet */

    /* program started, phase, intent, outcome */
    int64_t program;
    char *function, *phase;
    uint64_t script_steps; /* of this program, the workflow's own */
    bool program_due;      /* a rollback has begun: its program is not started yet */
    bool returns;          /* the program plans towards the source */
    bool mirrored;         /* the order's source and target have changed places */
    bool in_doubt;         /* the step was left while it acted: it may still take effect until settles_ms */
    bool users_moved;      /* ever, by steering: a backup of data is too old to be restored */
    int64_t settles_ms;
    int64_t rollback_at_ms; /* of a completed upgrade, as an operator scheduled it; 0: not */
    char *backup;           /* id of the last backup of configuration and data */
    struct fy_run_step step;
    uint64_t steps;
    int64_t resumes; /* engines that died over the step in flight */

    /* plan made */
    int64_t revision, ends_ms, last_safe_ms;
    uint64_t plan_seq;
    uint64_t *foreseen; /* signature of each item of the plan, in order */
    size_t foreseen_count;
    size_t foreseen_left;    /* of them, still to be done when last planned */
    uint64_t handed;         /* signature of the last batch a next_* step handed out */
    int64_t wished_step;     /* adjust */
    int64_t wished_permille; /* adjust: of the stage; valid while ratio_wished: nobody has moved for it yet */
    bool ratio_wished;
    bool adjusted;      /* not planned with yet */
    int64_t plan_items; /* of the first revision, for progress */

    /* stages, gates, approvals */
    bool verdict_final, in_stage, watching, window_told, last_safe_told, observed_told;
    int64_t stage_index, stage_permille;
    int64_t steered_permille; /* the last steering of this stage that is done; -1: none */
    int64_t steered_waiting;  /* users it left behind, in calls: they follow by themselves */
    struct fy_run_approval approval;
    struct fy_held *held;
    size_t held_count;
    struct fy_aside *aside; /* instances the run goes on without (aside.h) */
    size_t aside_count;
    struct fy_former *former; /* images that were the target once (retarget.h) */
    size_t former_count;
    bool retargeted; /* not planned with yet */
    struct fy_run_wish wish;
    char *refusal;          /* of the last wish, in a sentence; NULL: it was granted */
    struct fy_kpi *kpis;    /* the catalogue and the order's own (watch/kpis.h); NULL: the catalogue alone */
    int64_t alpha_bp;       /* judged again with another error (rejudge.h); 0: the usual one */
    struct fy_judge *judge; /* of the current stage; fed by its samples */
    struct fy_gate_waiver *gate_waivers;
    size_t gate_waiver_count;
    char *verdict, *sentence, *evidence;
    int64_t ticks;
    int64_t sample_end_ms; /* end of the last tick seen */
    int64_t users[2][2];
    struct fy_run_counts *counts; /* NULL until the first sample */
    struct fy_snapshot *snapshots;
    size_t snapshot_count;
};

struct fy_run *fy_run_new(const char *id);
void fy_run_free(struct fy_run *run); /* NULL is allowed */

/* Apply one row. A row that does not follow, or cannot be read, is an error of the store or of a newer Ferry.
 */
bool fy_fold(struct fy_run *run, const struct fy_row *row, struct fy_err *err) FY_MUST_CHECK;

/* On the way back, in whatever state: a rollback has begun, or its program is the run's. */
bool fy_run_goes_back(const struct fy_run *run);

/* What the ledger still holds. */
size_t fy_run_held(const struct fy_run *run);
struct fy_held *fy_run_find_held(const struct fy_run *run, const char *guard);

#endif
