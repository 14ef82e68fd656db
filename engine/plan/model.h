/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's model: the landscape sorted by VDU and by what is done, on which the plan is played through.
 * Each function below appends its part of the plan and changes the model as the world would change. Private
 * to engine/plan; the checker does not look at it.
 */
#ifndef FY_PLAN_MODEL_H
#define FY_PLAN_MODEL_H

#include "plan/plan.h"

/* A VDU whose images differ. */
struct fy_model_vdu {
    const struct fy_order_vdu *vdu;
    const struct fy_instance **todo;  /* run the source, in the order in which they may go */
    size_t todo_count, gone;          /* todo[0..gone) are upgraded in the simulation */
    const struct fy_instance **mates; /* of pairs: the other half of todo[i] */
    const struct fy_instance **done;  /* run the target already */
    size_t done_count;
    const struct fy_instance *
        *again; /* load-sharing, in the target domain, on a former target: to do again */
    size_t again_count, again_gone;
    size_t left_out;          /* instances set aside, and mates that wait for them */
    size_t total, in_service; /* of the others; those in service, both domains together */
    int64_t load;             /* users on its instances, both domains */
    int64_t on_target;        /* of them, in the target domain */
    int64_t capacity[2];      /* of what is in service, per domain, as the simulation stands */
    bool counts;              /* its instances report a capacity at all */
};

struct fy_model {
    const struct fy_order *order;
    const struct fy_landscape *landscape;
    struct fy_model_vdu *vdus;
    size_t count;
    int64_t load;      /* users of the NF */
    int64_t on_target; /* of them, now */
    int64_t permille;  /* share on the target, as the simulation stands */
    int64_t allowed;   /* utilisation, permille: 1000 - minimum headroom */
    int64_t wished_step;
    bool began;
    bool back; /* planned towards the source: what is called target below is then the source domain */
    struct fy_order_stage adjusted; /* the stage adjusted_index, with the operator's share */
    size_t adjusted_index;
    bool is_adjusted;
    struct fy_order_stage all_back; /* the one stage of that direction */
    int64_t clock_ms;               /* since the plan's start, as the simulation stands */
};

bool fy_model_make(const struct fy_order *order, const struct fy_landscape *landscape,
                   const struct fy_plan_wishes *wishes, struct fy_model *ret,
                   struct fy_err *err) FY_MUST_CHECK;
void fy_model_free(struct fy_model *model);

/* The image that instances are to run. */
static inline const struct fy_order_image *fy_model_image(const struct fy_model *model,
                                                          const struct fy_order_vdu *vdu)
{
    return model->back ? &vdu->source : &vdu->target;
}

/* A share of the domain that is planned towards, as the share of the target domain that a plan speaks of. */
static inline int64_t fy_model_share(const struct fy_model *model, int64_t permille)
{
    return model->back ? 1000 - permille : permille;
}

/* Users of the order's basis on an instance. */
int64_t fy_model_load(const struct fy_model *model, const struct fy_instance *instance);

/* again.c: instances on a former target. */
void fy_model_order_again(struct fy_model_vdu *vdu);
/* How many of the next ones can leave so that the target domain still carries its users. */
size_t fy_model_may_repeat(const struct fy_model *model, const struct fy_model_vdu *vdu);
struct fy_batch fy_model_repeat(const struct fy_model *model, const struct fy_model_vdu *vdu, size_t count,
                                int64_t rate);
void fy_model_repeated(struct fy_model_vdu *vdu, size_t count);
/* A VDU of which some can go now; NULL: none. */
struct fy_model_vdu *fy_model_choose_again(struct fy_model *model, size_t *ret_count);

static inline size_t fy_model_again_left(const struct fy_model_vdu *vdu)
{
    return vdu->again_count - vdu->again_gone;
}

/* How many of todo have not gone yet. */
static inline size_t fy_model_left(const struct fy_model_vdu *vdu)
{
    return vdu->todo_count - vdu->gone;
}

/* Not below what must be preserved: how many of the next ones of todo can be away at the same time, at most
 * limit. Those that are not in service are away already. */
size_t fy_model_may_leave(const struct fy_model_vdu *vdu, size_t limit);

/*
 * A batch of the next count of todo, as it stands when it starts: users leave it at that rate. The list of
 * instances is the batch's; fy_batch_clear frees it.
 */
struct fy_batch fy_model_batch(const struct fy_model *model, const struct fy_model_vdu *vdu, size_t count,
                               int64_t rate);
void fy_batch_clear(struct fy_batch *batch);

/* The next count of todo are upgraded now and serve in the target domain. */
void fy_model_upgrade(struct fy_model_vdu *vdu, size_t count);

/* The operator's step: his wish during the run, else the order's; 0: computed. */
int64_t fy_model_step(const struct fy_model *model, const struct fy_model_vdu *vdu);

static inline bool fy_model_in_pairs(const struct fy_model_vdu *vdu)
{
    return vdu->vdu->role == FY_ROLE_OAM || vdu->vdu->role == FY_ROLE_ACTIVE_STANDBY;
}

/* Put the standby halves of untouched pairs in front of todo, everything else behind; *ret_first counts them.
 */
bool fy_model_pairs(struct fy_model_vdu *vdu, size_t *ret_first, struct fy_err *err) FY_MUST_CHECK;

/* Pair and switches of a batch of the next ones of todo. */
void fy_batch_pairs(const struct fy_model_vdu *vdu, bool second_half, struct fy_batch *batch);

bool fy_plan_slice(struct fy_model *model, struct fy_plan *plan, struct fy_err *err) FY_MUST_CHECK;
bool fy_plan_stages(struct fy_model *model, size_t first, struct fy_plan *plan,
                    struct fy_err *err) FY_MUST_CHECK;
bool fy_plan_rest(struct fy_model *model, struct fy_plan *plan, struct fy_err *err) FY_MUST_CHECK;

/* Forecasts, ends, last safe moment; then whether the order's limits allow it. */
void fy_plan_forecast(const struct fy_model *model, struct fy_plan *plan, struct fy_rtime now);
bool fy_plan_limits(const struct fy_model *model, const struct fy_plan *plan,
                    struct fy_err *err) FY_MUST_CHECK;

/* Arithmetic of shares, without overflow or floats. */
static inline int64_t fy_permille_up(int64_t whole, int64_t permille)
{
    return (whole * permille + 999) / 1000;
}

/* Users that a capacity carries at the allowed utilisation. */
static inline int64_t fy_model_carries(const struct fy_model *model, int64_t capacity)
{
    return capacity * model->allowed / 1000;
}

#endif
