/* SPDX-License-Identifier: Apache-2.0 */
/* When the plan ends, from when there is no way back inside the window, and whether the order's limits allow
 * it. */
#include "plan/estimate.h"

static void sum_batch(struct fy_plan *plan, const struct fy_batch *batch)
{
    plan->users_at_risk += batch->users_at_risk;
    if (batch->vdu->role == FY_ROLE_LOAD_SHARING && (int64_t)batch->count > plan->step)
        plan->step = (int64_t)batch->count;
}

static void sum_up(struct fy_plan *plan)
{
    for (size_t i = 0; i < plan->slice_count; i++)
        plan->users_at_risk += plan->slice[i].users_at_risk;
    for (size_t i = 0; i < plan->stage_count; i++)
        for (size_t k = 0; k < plan->stages[i].count; k++) {
            const struct fy_move *move = &plan->stages[i].moves[k];
            plan->users_at_risk += move->users_at_risk - move->batch.users_at_risk;
            if (move->batch.count > 0)
                sum_batch(plan, &move->batch);
        }
    for (size_t i = 0; i < plan->rest_count; i++)
        sum_batch(plan, &plan->rest[i]);
}

/*
 * Going back at the worst moment, when all is upgraded: everybody moves, then the instances return: the
 * load-sharing ones in the plan's own steps, pairs and stores in two halves.
 */
static int64_t rollback_ms(const struct fy_model *model, const struct fy_plan *plan)
{
    const int64_t ordered = model->order->rollback.move_rate;
    const int64_t rate = ordered > 0 ? ordered : FY_ORDINARY_RATE;
    int64_t ms = fy_moving_ms(fy_mobility_of(model->landscape), model->load, model->load, rate);
    for (size_t i = 0; i < model->count; i++) {
        const struct fy_model_vdu *vdu = &model->vdus[i];
        const int64_t total = (int64_t)vdu->total, half = (total + 1) / 2;
        int64_t batches = 2;
        if (vdu->vdu->role == FY_ROLE_LOAD_SHARING) {
            const int64_t step = plan->step > 0 ? plan->step : half;
            batches = (total + step - 1) / step;
        }
        ms += batches * fy_upgrade_ms(vdu->vdu->role);
    }
    return ms;
}

/* A pair stands alone from the start of its first half to the end of its second one. */
static void find_simplex(struct fy_plan *plan)
{
    for (size_t i = 0; i < plan->rest_count; i++) {
        struct fy_batch *second = &plan->rest[i];
        if (second->vdu->role != FY_ROLE_OAM && second->vdu->role != FY_ROLE_ACTIVE_STANDBY)
            continue;
        second->simplex_ms = second->starts_ms + second->duration_ms;
        for (size_t k = plan->slice_count; k-- > 0;)
            if (plan->slice[k].vdu == second->vdu) {
                second->simplex_ms = second->starts_ms + second->duration_ms - plan->slice[k].starts_ms;
                plan->slice[k].simplex_ms = second->simplex_ms;
            }
        if (second->simplex_ms > plan->max_simplex_ms)
            plan->max_simplex_ms = second->simplex_ms;
    }
}

void fy_plan_forecast(const struct fy_model *model, struct fy_plan *plan, struct fy_rtime now)
{
    const struct fy_order_window *window = &model->order->request.window;
    plan->users = model->load;
    plan->began = model->began;
    plan->back = model->back;
    plan->starts.ms = now.ms > window->start_ms ? now.ms : window->start_ms;
    plan->duration_ms = model->clock_ms;
    plan->ends = fy_rtime_add(plan->starts, plan->duration_ms);
    sum_up(plan);
    find_simplex(plan);
    plan->rollback_ms = rollback_ms(model, plan);
    plan->last_safe.ms = window->latest_rollback_end_ms - plan->rollback_ms;
    plan->overrun_ms = plan->ends.ms > window->end_ms ? plan->ends.ms - window->end_ms : 0;
}

static bool window_fits(const struct fy_order *order, const struct fy_plan *plan, struct fy_err *err)
{
    const struct fy_order_window *window = &order->request.window;
    char needs[FY_TIME_TEXT], from[FY_TIME_TEXT], until[FY_TIME_TEXT], lacks[FY_TIME_TEXT];
    fy_text_duration(plan->duration_ms, needs);
    fy_text_moment(plan->starts, from);
    if (plan->overrun_ms > 0) {
        fy_fail(err, FY_ERR_REFUSED,
                "the window is too short: the plan needs %s from %s and the window ends at %s, %s too early",
                needs, from, fy_text_moment((struct fy_rtime){window->end_ms}, until),
                fy_text_duration(plan->overrun_ms, lacks));
        return fy_hint(err, "widen the Window, shorten the soaks or raise maxMoveRate");
    }
    if (!fy_rtime_before(plan->last_safe, plan->ends))
        return true;
    fy_fail(err, FY_ERR_REFUSED,
            "the window leaves no way back: the plan ends at %s, going back then takes %s and must be over "
            "by %s, %s too early",
            fy_text_moment(plan->ends, from), fy_text_duration(plan->rollback_ms, needs),
            fy_text_moment((struct fy_rtime){window->latest_rollback_end_ms}, until),
            fy_text_duration(plan->ends.ms - plan->last_safe.ms, lacks));
    return fy_hint(err, "start earlier, move latestRollbackEnd, or raise Rollback moveRate");
}

static bool simplex_fits(const struct fy_order *order, const struct fy_plan *plan, struct fy_err *err)
{
    for (size_t i = 0; i < plan->rest_count; i++) {
        const struct fy_batch *batch = &plan->rest[i];
        const int64_t own = batch->vdu->max_simplex_ms;
        const int64_t limit = own == FY_ABSENT ? order->limits.max_simplex_ms : own;
        char alone[FY_TIME_TEXT], allowed[FY_TIME_TEXT];
        if (limit == FY_ABSENT || batch->simplex_ms <= limit)
            continue;
        fy_fail(err, FY_ERR_REFUSED,
                "a pair of VDU %s would stand without its mate for %s, and the order allows %s",
                batch->vdu->vdu_id, fy_text_duration(batch->simplex_ms, alone),
                fy_text_duration(limit, allowed));
        return fy_hint(err, "shorten the soaks, raise maxMoveRate, or raise maxSimplex");
    }
    return true;
}

bool fy_plan_limits(const struct fy_model *model, const struct fy_plan *plan, struct fy_err *err)
{
    const struct fy_order_limits *limits = &model->order->limits;
    char needs[FY_TIME_TEXT], allowed[FY_TIME_TEXT];
    if (model->began)
        return true;
    if (plan->users_at_risk > limits->max_users_at_risk) {
        fy_fail(
            err, FY_ERR_REFUSED,
            "the plan disturbs %lld users, because the NF moves them by \"%s\", and the order allows %lld",
            (long long)plan->users_at_risk, model->landscape->mobility, (long long)limits->max_users_at_risk);
        return fy_hint(
            err,
            "raise Limits maxUsersAtRisk if that is acceptable, or upgrade when fewer users are attached");
    }
    if (limits->max_duration_ms != FY_ABSENT && plan->duration_ms > limits->max_duration_ms) {
        fy_fail(err, FY_ERR_REFUSED, "the plan takes %s and the order allows %s",
                fy_text_duration(plan->duration_ms, needs),
                fy_text_duration(limits->max_duration_ms, allowed));
        return fy_hint(err, "raise Limits maxDuration, shorten the soaks or raise maxMoveRate");
    }
    return simplex_fits(model->order, plan, err) && window_fits(model->order, plan, err);
}
