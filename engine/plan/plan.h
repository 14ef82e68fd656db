/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a value, made from the order and the landscape, without side effects.
 *
 * It always describes what is LEFT to do: which instances already run the target, and where the users are, is
 * read from the landscape, never remembered. So a plan made again in the middle of a run, after a crash or by
 * hand is the remainder of the first one, and a world that moved gives a new revision by itself.
 *
 * Walking through it: do slice[0] and plan again until slice_count is 0; then, for a stage, do the first move
 * of the plan's stage with that index and plan again until the plan has no such stage (it is reached); then
 * rest[0] until rest_count is 0.
 *
 * "Users" are sessions throughout when the order's basis is sessions. docs/planning.md has the arithmetic.
 */
#ifndef FY_PLAN_PLAN_H
#define FY_PLAN_PLAN_H

#include "base/buf.h"
#include "base/clock.h"
#include "plan/landscape.h"

/* A pair's mate that must be active. */
struct fy_switch {
    const char *pair, *active;
};

/* Instances that are upgraded together, and what that is expected to cost. */
struct fy_batch {
    const struct fy_order_vdu *vdu;
    const struct fy_order_image *image; /* that they are to run, and its version */
    const char *version;
    enum fy_domain domain;  /* where they are to serve */
    const char **instances; /* ids, borrowed from the landscape */
    size_t count;
    const char *pair;      /* the pair whose half this is; NULL: no pair, or halves of several */
    const char *switch_to; /* the same, out of switches: set when there is one pair and something to switch */
    struct fy_switch *switches; /* to be made, in sync, before these instances go */
    size_t switch_count;
    int64_t users_moved;       /* that leave these instances */
    int64_t users_at_risk;     /* that the mobility cannot move undisturbed */
    int64_t headroom_permille; /* left in the domain that carries them meanwhile */
    int64_t in_service;        /* instances of the VDU left in service meanwhile (replicas, for a store) */
    int64_t starts_ms;         /* from now */
    int64_t duration_ms;
    int64_t simplex_ms; /* halves of pairs: how long a mate stands alone, from its half's start to the rest's
                           end */
};

/* Users first, then the instances they left. batch.count may be 0: only users move. */
struct fy_move {
    int64_t permille; /* of users on the target when it is done */
    int64_t rate;     /* users a second */
    int64_t users_moved;
    int64_t users_at_risk; /* with those of the batch */
    struct fy_batch batch;
    int64_t starts_ms;   /* from now */
    int64_t duration_ms; /* with the batch's */
};

struct fy_plan_stage {
    size_t index;
    int64_t permille;
    int64_t soak_ms;
    int64_t soak_starts_ms; /* from now */
    bool ask_before, ask_after;
    struct fy_move *moves;
    size_t count;
};

struct fy_plan {
    const struct fy_order *order; /* order and landscape outlive the plan: it borrows from both */
    struct fy_batch *slice;       /* smallest set that carries a complete service flow */
    size_t slice_count;
    struct fy_plan_stage *stages; /* those not reached yet */
    size_t stage_count;
    struct fy_batch *rest;
    size_t rest_count;
    const struct fy_order_vdu **skipped; /* source and target images are equal */
    size_t skipped_count;
    int64_t step;            /* load-sharing instances a batch, at most */
    int64_t users, capacity; /* of both domains now */
    int64_t share_permille;  /* of the users that are on the target now */
    bool back;               /* as wished */
    bool began;              /* an instance runs the target already, or users are there */
    struct fy_rtime starts;  /* now, or when the window opens */
    int64_t duration_ms;     /* of all that is left, soaks included */
    int64_t rollback_ms;     /* how long going back would take at the worst moment */
    struct fy_rtime ends;
    struct fy_rtime last_safe; /* last moment to start a rollback that ends inside the window */
    int64_t max_simplex_ms;    /* the longest a pair stands alone */
    int64_t users_at_risk;
    int64_t
        overrun_ms; /* past the window's end; more than 0 only when the run has begun (see fy_plan_make) */
};

/* What an operator may have changed while the run goes. */
struct fy_plan_wishes {
    int64_t step; /* 0: as the order says */
    /* Stages before this index are behind us, even if the share has drifted back a little. */
    size_t first_stage;
    bool ratio_set; /* an operator's share instead of the order's for the stage first_stage; users go back to
                       it, too */
    int64_t ratio_permille;
    bool back; /* towards the source version: one stage, index 0, takes everybody back as capacity allows */
};

/*
 * FY_ERR_REFUSED: it cannot be done within the limits: which limit, the figures, the remedy. A run that has
 * begun is no longer refused for its forecast (window, duration, simplex time, users at risk): it is shown,
 * and the order's policies decide. Capacity and what must be preserved are never given up. wishes may be
 * NULL.
 */
bool fy_plan_make(const struct fy_order *order, const struct fy_landscape *landscape,
                  const struct fy_plan_wishes *wishes, struct fy_rtime now, struct fy_plan **ret,
                  struct fy_err *err) FY_MUST_CHECK;
void fy_plan_free(struct fy_plan *plan);
void fy_plan_free_ptr(struct fy_plan **plan);

/*
 * JSON: the members are the fields. A batch, which is also what a workflow gets, has "vdu" and "role" as
 * words, "image":{"ref","digest"} and "version", "switches":[{"pair","switch_to"}] and "served_by", the
 * adapter that upgrades its instances. A move without a batch has no "batch".
 */
void fy_plan_json(const struct fy_plan *plan, struct fy_buf *buf);
void fy_batch_json(const struct fy_batch *batch, const struct fy_order *order, struct fy_buf *buf);
void fy_move_json(const struct fy_move *move, const struct fy_order *order, struct fy_buf *buf);

#endif
