/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/estimate.h"

#include "base/mem.h"

/* Utilisation on the way back where the order's headroom would not let the users back: some of it is kept,
 * for the users who come while it goes on. */
#define BACK_ALLOWED 950

static void put_skipped(const struct fy_order *order, struct fy_plan *plan)
{
    plan->skipped = FY_NEW_ARRAY(const struct fy_order_vdu *, order->vdu_count + 1);
    for (size_t i = 0; i < order->vdu_count; i++)
        if (fy_order_vdu_unchanged(&order->vdus[i]))
            plan->skipped[plan->skipped_count++] = &order->vdus[i];
}

static bool make(struct fy_model *model, size_t first_stage, struct fy_rtime now, struct fy_plan *plan,
                 struct fy_err *err)
{
    plan->order = model->order;
    plan->capacity = model->landscape->capacity[FY_SOURCE] + model->landscape->capacity[FY_TARGET];
    plan->share_permille = fy_model_share(model, model->permille);
    put_skipped(model->order, plan);
    model->clock_ms = model->began ? 0 : FY_PREPARE_MS;
    if (!fy_plan_slice(model, plan, err))
        return false;
    model->clock_ms += model->permille == 0 && !model->back ? FY_DIAL_TEST_MS : 0;
    if (!fy_plan_stages(model, first_stage, plan, err) || !fy_plan_rest(model, plan, err))
        return false;
    model->clock_ms += FY_FINISH_MS;
    fy_plan_forecast(model, plan, now);
    return fy_plan_limits(model, plan, err);
}

static bool make_with(const struct fy_order *order, const struct fy_landscape *landscape,
                      const struct fy_plan_wishes *wishes, bool headroom, struct fy_rtime now,
                      struct fy_plan **ret, struct fy_err *err)
{
    struct fy_model model;
    if (!fy_model_make(order, landscape, wishes, &model, err))
        return false;
    if (!headroom && model.allowed < BACK_ALLOWED)
        model.allowed = BACK_ALLOWED;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = FY_NEW(struct fy_plan);
    const bool ok = make(&model, wishes ? wishes->first_stage : 0, now, plan, err);
    fy_model_free(&model);
    if (ok)
        *ret = fy_steal(&plan);
    return ok;
}

/* Going back may use the headroom that is kept for an upgrade: that is what it is kept for. */
bool fy_plan_make(const struct fy_order *order, const struct fy_landscape *landscape,
                  const struct fy_plan_wishes *wishes, struct fy_rtime now, struct fy_plan **ret,
                  struct fy_err *err)
{
    struct fy_err first = {0};
    if (!wishes || !wishes->back)
        return make_with(order, landscape, wishes, true, now, ret, err);
    return make_with(order, landscape, wishes, true, now, ret, &first) ||
           make_with(order, landscape, wishes, false, now, ret, err);
}

static void free_batches(struct fy_batch *batches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fy_batch_clear(&batches[i]);
    free(batches);
}

void fy_plan_free(struct fy_plan *plan)
{
    if (!plan)
        return;
    free_batches(plan->slice, plan->slice_count);
    for (size_t i = 0; i < plan->stage_count; i++) {
        for (size_t k = 0; k < plan->stages[i].count; k++)
            fy_batch_clear(&plan->stages[i].moves[k].batch);
        free(plan->stages[i].moves);
    }
    free(plan->stages);
    free_batches(plan->rest, plan->rest_count);
    free((void *)plan->skipped);
    free(plan);
}

void fy_plan_free_ptr(struct fy_plan **plan)
{
    fy_plan_free(*plan);
}
