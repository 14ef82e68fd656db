/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a value, made from the order and the landscape, without side effects.
 *
 * It always describes what is LEFT to do: which instances already run the target, and where the users are, is
 * read from the landscape, never remembered. So a plan made again in the middle of a run, after a crash or by
 * hand is the remainder of the first one, and a world that moved gives a new revision by itself.
 *
 * Rules: requirements B and design "Planning"; docs/planning.md has the arithmetic.
 */
#ifndef FY_PLAN_PLAN_H
#define FY_PLAN_PLAN_H

#include "base/buf.h"
#include "base/clock.h"
#include "plan/landscape.h"

/* Instances that are upgraded together, and what that is expected to cost. */
struct fy_batch {
    const struct fy_order_vdu *vdu;
    const char **instances; /* ids, borrowed from the landscape */
    size_t count;
    const char *pair;      /* a pair's half; NULL otherwise */
    const char *switch_to; /* the mate that must be active before this half goes; NULL: nothing to switch */
    int64_t users_moved;   /* that leave these instances */
    int64_t users_at_risk; /* that the mobility cannot move undisturbed */
    int64_t headroom_permille; /* left in the domain that carries them meanwhile */
    int64_t duration_ms;
    int64_t simplex_ms; /* a pair: how long its mate stands alone, until the end of the plan */
};

/* Users first, then the instances they left. batch.count may be 0: only users move. */
struct fy_move {
    int64_t permille; /* of users on the target when it is done */
    int64_t rate;     /* users a second */
    struct fy_batch batch;
    int64_t duration_ms;
};

struct fy_plan_stage {
    size_t index;
    int64_t permille;
    int64_t soak_ms;
    bool ask_before;
    struct fy_move *moves;
    size_t count;
};

struct fy_plan {
    struct fy_batch *slice; /* smallest set that carries a complete service flow */
    size_t slice_count;
    struct fy_plan_stage *stages; /* those not reached yet */
    size_t stage_count;
    struct fy_batch *rest;
    size_t rest_count;
    const struct fy_order_vdu **skipped; /* source and target images are equal */
    size_t skipped_count;
    int64_t step; /* load-sharing instances a batch, at most */
    int64_t users, capacity;
    int64_t duration_ms; /* of all that is left, soaks included */
    int64_t rollback_ms; /* how long going back would take at the worst moment */
    struct fy_rtime ends;
    struct fy_rtime last_safe; /* last moment to start a rollback that ends inside the window */
    int64_t max_simplex_ms;    /* the longest a pair stands alone */
    int64_t users_at_risk;
};

/* What an operator may have changed while the run goes. */
struct fy_plan_wishes {
    int64_t step; /* 0: as the order says */
};

/* FY_ERR_REFUSED: the limits cannot be kept, with the limit, the figure and the remedy. */
bool fy_plan_make(const struct fy_order *order, const struct fy_landscape *landscape,
                  const struct fy_plan_wishes *wishes, struct fy_rtime now, struct fy_plan **ret,
                  struct fy_err *err) FY_MUST_CHECK;
void fy_plan_free(struct fy_plan *plan);
void fy_plan_free_ptr(struct fy_plan **plan);

/* JSON of a plan, a batch (also what a workflow gets), a move; and the table a person judges. */
void fy_plan_json(const struct fy_plan *plan, struct fy_buf *buf);
void fy_batch_json(const struct fy_batch *batch, const struct fy_order *order, struct fy_buf *buf);
void fy_move_json(const struct fy_move *move, const struct fy_order *order, struct fy_buf *buf);

#endif
