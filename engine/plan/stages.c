/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages: users first, then the instances they left. docs/planning.md works the trial through.
 *
 * Necessary: while instances are away the source carries its users at the allowed utilisation, the target its
 * own, and no fewer than min preserved are in service. Wanted besides, and given up only where a stage could
 * not be reached otherwise or the operator set the step: each domain has about its share of the instances,
 * and the source keeps enough to take back this stage's users at once.
 */
#include "plan/estimate.h"

#include "base/mem.h"

struct stage_view {
    const struct fy_order_stage *stage;
    int64_t before; /* the share one stage back, permille: what the source must be able to return to */
    int64_t rate;
    bool lowers; /* users may go back to it: an operator wants that */
};

/* The share of a VDU's users that its target instances carry. */
static int64_t carried(const struct fy_model *model, const struct fy_model_vdu *vdu)
{
    if (!vdu->counts)
        return vdu->done_count + vdu->gone > 0 ? 1000 : 0;
    const int64_t users = fy_model_carries(model, vdu->capacity[FY_TARGET]);
    return users >= vdu->load ? 1000 : users * 1000 / vdu->load;
}

/* Up to the stage's ratio, as far as every VDU's target instances carry; never back. */
static int64_t reachable(const struct fy_model *model, int64_t ratio)
{
    int64_t share = ratio;
    for (size_t i = 0; i < model->count; i++) {
        const struct fy_model_vdu *vdu = &model->vdus[i];
        if (vdu->vdu->role == FY_ROLE_LOAD_SHARING && carried(model, vdu) < share)
            share = carried(model, vdu);
    }
    return share > model->permille ? share : model->permille;
}

/* How many can leave so that the source still carries a share of the users, and the last one stays. */
static size_t can_leave(const struct fy_model *model, const struct fy_model_vdu *vdu, int64_t share)
{
    const int64_t users = fy_permille_up(vdu->load, share);
    const size_t left = fy_model_left(vdu), most = fy_model_may_leave(vdu, left);
    int64_t capacity = vdu->capacity[FY_SOURCE];
    size_t count = 0;
    while (count < most && count + 1 < left) {
        const struct fy_instance *next = vdu->todo[vdu->gone + count];
        capacity -= fy_in_service(next) ? next->capacity : 0;
        if (vdu->counts && fy_model_carries(model, capacity) < users)
            break;
        count++;
    }
    return count;
}

/* How many more the target needs to carry the ratio. */
static size_t needed(const struct fy_model *model, const struct fy_model_vdu *vdu, int64_t ratio)
{
    const int64_t users = fy_permille_up(vdu->load, ratio);
    int64_t capacity = vdu->capacity[FY_TARGET];
    size_t count = 0;
    while (vdu->counts && count < fy_model_left(vdu) && fy_model_carries(model, capacity) < users)
        capacity += vdu->todo[vdu->gone + count++]->capacity;
    return count;
}

/* How many more the target should have: its share of the instances, or what its users need. */
static size_t wanted(const struct fy_model *model, const struct fy_model_vdu *vdu, int64_t ratio)
{
    const size_t share = (size_t)(((int64_t)vdu->total * ratio + 500) / 1000);
    const size_t have = vdu->done_count + vdu->again_count + vdu->gone;
    const size_t more = share > have ? share - have : 0;
    const size_t need = needed(model, vdu, ratio);
    return more > need ? more : need;
}

/* The least share on the target that the source has room for. */
static int64_t lowest(const struct fy_model *model)
{
    int64_t share = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct fy_model_vdu *vdu = &model->vdus[i];
        if (vdu->vdu->role != FY_ROLE_LOAD_SHARING || !vdu->counts || vdu->load == 0)
            continue;
        const int64_t users = fy_model_carries(model, vdu->capacity[FY_SOURCE]);
        const int64_t stay = users >= vdu->load ? 0 : 1000 - users * 1000 / vdu->load;
        share = stay > share ? stay : share;
    }
    return share;
}

/* How far down the users go for this stage. */
static int64_t down_to(const struct fy_model *model, const struct stage_view *view)
{
    const int64_t room = lowest(model), ratio = view->stage->ratio_permille;
    return room > ratio ? room : ratio;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t batch_size(const struct fy_model *model, const struct fy_model_vdu *vdu,
                         const struct stage_view *view, int64_t share)
{
    const int64_t step = fy_model_step(model, vdu);
    const size_t want = wanted(model, vdu, view->stage->ratio_permille);
    const size_t hard = least(want, can_leave(model, vdu, 1000 - share));
    if (step > 0)
        return least(hard, (size_t)step);
    const int64_t back = view->before < share ? view->before : share;
    const size_t soft = least(want, can_leave(model, vdu, 1000 - back));
    const size_t must = least(hard, needed(model, vdu, view->stage->ratio_permille));
    return soft > must ? soft : must;
}

/* The VDU that holds the share back most, among those of which something can leave. */
static struct fy_model_vdu *choose(struct fy_model *model, const struct stage_view *view, int64_t share,
                                   size_t *ret_count)
{
    struct fy_model_vdu *chosen = NULL;
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < model->count; i++) {
        struct fy_model_vdu *vdu = &model->vdus[i];
        const size_t count = vdu->vdu->role == FY_ROLE_LOAD_SHARING ? batch_size(model, vdu, view, share) : 0;
        if (count == 0 || carried(model, vdu) >= lowest)
            continue;
        lowest = carried(model, vdu);
        chosen = vdu;
        *ret_count = count;
    }
    return chosen;
}

/* Plays one move: the users go to the share, then the batch is upgraded. */
static struct fy_move play(struct fy_model *model, struct fy_model_vdu *vdu, size_t count, int64_t share,
                           const struct stage_view *view)
{
    const enum fy_mobility mobility = fy_mobility_of(model->landscape);
    struct fy_move move = {
        .permille = fy_model_share(model, share), .rate = view->rate, .starts_ms = model->clock_ms};
    const int64_t on_source = fy_permille_up(model->load, 1000 - model->permille);
    move.users_moved = model->load * (share - model->permille) / 1000;
    move.users_at_risk = fy_moving_disturbs(mobility, move.users_moved, on_source);
    move.duration_ms = fy_moving_ms(mobility, move.users_moved, on_source, view->rate);
    model->permille = share;
    model->clock_ms += move.duration_ms;
    if (vdu) {
        move.batch = fy_model_batch(model, vdu, count, view->rate);
        move.users_at_risk += move.batch.users_at_risk;
        move.duration_ms += move.batch.duration_ms;
        model->clock_ms += move.batch.duration_ms;
        fy_model_upgrade(vdu, count);
    }
    return move;
}

static int64_t root(int64_t n)
{
    int64_t r = 0;
    for (int64_t bit = (int64_t)1 << 30; bit > 0; bit >>= 1)
        if ((r + bit) * (r + bit) <= n)
            r += bit;
    return r;
}

static bool keeps_some_back(const struct fy_order_gray *gray)
{
    for (size_t i = 0; i < gray->selector_count; i++)
        if (gray->selectors[i].use == FY_USE_NEVER)
            return true;
    return false;
}

/*
 * How far below its ratio a stage still counts as reached: the order's tolerance, or what chance does to so
 * few users (three standard deviations, at most 2.5 points, at least one user). Everybody is everybody,
 * though: the instances that are upgraded after the last stage must be empty.
 */
static int64_t tolerance(const struct fy_model *model, int64_t ratio)
{
    const int64_t ordered = model->order->gray.tolerance_bp / 10;
    const int64_t one_user = 1000 / model->load + 1;
    if (ratio == 1000 && !keeps_some_back(&model->order->gray))
        return 0;
    int64_t chance = 3 * root(ratio * (1000 - ratio) / model->load);
    chance = chance < 25 ? chance : 25;
    chance = chance > one_user ? chance : one_user;
    return chance > ordered ? chance : ordered;
}

/* Users stay where they are; instances on a former target go. */
static struct fy_move play_again(struct fy_model *model, struct fy_model_vdu *vdu, size_t count,
                                 const struct stage_view *view)
{
    const int64_t ratio = view->stage->ratio_permille, gap = ratio - model->permille;
    const bool near = gap <= tolerance(model, ratio); /* or above it by chance: no more were ever asked for */
    struct fy_move move = {.permille = fy_model_share(model, near ? ratio : model->permille),
                           .rate = view->rate,
                           .starts_ms = model->clock_ms};
    move.batch = fy_model_repeat(model, vdu, count, view->rate);
    move.users_at_risk = move.batch.users_at_risk;
    move.duration_ms = move.batch.duration_ms;
    model->clock_ms += move.duration_ms;
    fy_model_repeated(vdu, count);
    return move;
}

static void add_move(struct fy_plan_stage *stage, struct fy_move move)
{
    stage->moves = fy_realloc(stage->moves, (stage->count + 1) * sizeof(*stage->moves));
    stage->moves[stage->count++] = move;
}

/* Users go back to the source; instances stay. */
static struct fy_move play_down(struct fy_model *model, int64_t share, const struct stage_view *view)
{
    const enum fy_mobility mobility = fy_mobility_of(model->landscape);
    const int64_t on_target = fy_permille_up(model->load, model->permille);
    struct fy_move move = {.permille = share, .rate = view->rate, .starts_ms = model->clock_ms};
    move.users_moved = model->load * (model->permille - share) / 1000;
    move.users_at_risk = fy_moving_disturbs(mobility, move.users_moved, on_target);
    move.duration_ms = fy_moving_ms(mobility, move.users_moved, on_target, view->rate);
    model->permille = share;
    model->clock_ms += move.duration_ms;
    return move;
}

static bool refuse_stage(const struct fy_model *model, const struct stage_view *view, struct fy_err *err)
{
    const struct fy_model_vdu *tight = NULL; /* there is one: only a load-sharing VDU holds a share back */
    for (size_t i = 0; i < model->count; i++)
        if (model->vdus[i].vdu->role == FY_ROLE_LOAD_SHARING &&
            (!tight || carried(model, &model->vdus[i]) < carried(model, tight)))
            tight = &model->vdus[i];
    if (!tight)
        return fy_fail(err, FY_ERR_INTERNAL, "stage %lld %% is held back by nothing",
                       (long long)view->stage->ratio_permille / 10);
    fy_fail(err, FY_ERR_REFUSED,
            "%lld %% of the users cannot be on the %s: its instances of VDU %s carry %lld of %lld at %lld %% "
            "utilisation, and no further one may leave the %s, which has %lld (%zu in service, %lld must be "
            "preserved)",
            (long long)view->stage->ratio_permille / 10, model->back ? "source" : "target",
            tight->vdu->vdu_id, (long long)fy_model_carries(model, tight->capacity[FY_TARGET]),
            (long long)tight->load, (long long)model->allowed / 10, model->back ? "target" : "source",
            (long long)fy_permille_up(tight->load, 1000 - model->permille), tight->in_service,
            (long long)(tight->vdu->min_preserved == FY_ABSENT ? 0 : tight->vdu->min_preserved));
    return fy_hint(err, "choose a quieter hour, scale the VDU out, or lower minHeadroom or minPreserved");
}

static bool play_stage(struct fy_model *model, const struct stage_view *view, struct fy_plan_stage *stage,
                       struct fy_err *err)
{
    const int64_t ratio = view->stage->ratio_permille;
    if (view->lowers && model->load > 0 && model->permille > down_to(model, view) + tolerance(model, ratio)) {
        add_move(stage, play_down(model, down_to(model, view), view));
        return true;
    }
    for (;;) {
        size_t count = 0;
        struct fy_model_vdu *again = model->load > 0 ? fy_model_choose_again(model, &count) : NULL;
        if (again) {
            add_move(stage, play_again(model, again, count, view));
            continue;
        }
        const int64_t share = reachable(model, ratio);
        struct fy_model_vdu *vdu = choose(model, view, share, &count);
        if (!vdu && share == model->permille && stage->count > 0 && share >= ratio)
            return true;
        if (!vdu && share == model->permille && share < ratio)
            return refuse_stage(model, view, err);
        add_move(stage, play(model, vdu, count, share, view));
        if (!vdu && share >= ratio)
            return true;
    }
}

/*
 * Reached: the share is there and the target carries the ratio. Instances that the stage would still have
 * liked to move are no reason to go back to it: they are in the next stage or in the rest. Without users
 * there is no share, and the instances alone decide.
 */
static bool is_reached(struct fy_model *model, const struct stage_view *view)
{
    const int64_t ratio = view->stage->ratio_permille;
    size_t count;
    if (model->load == 0)
        return !choose(model, view, ratio, &count);
    if (view->lowers && model->permille > down_to(model, view) + tolerance(model, ratio))
        return false;
    if (model->permille + tolerance(model, ratio) < ratio)
        return false;
    for (size_t i = 0; i < model->count; i++)
        if (model->vdus[i].vdu->role == FY_ROLE_LOAD_SHARING && carried(model, &model->vdus[i]) < ratio)
            return false;
    return true;
}

/* Going back is one stage, and nothing is kept for going back from that. */
static struct stage_view view_of(const struct fy_model *model, size_t index)
{
    const bool adjusted = model->is_adjusted && index == model->adjusted_index;
    const struct fy_order_stage *stage = model->back ? &model->all_back
                                         : adjusted  ? &model->adjusted
                                                     : &model->order->gray.stages[index];
    int64_t before = model->back ? 1000 : 0;
    if (!model->back && index > 0)
        before = model->order->gray.stages[index - 1].ratio_permille;
    return (struct stage_view){
        .stage = stage,
        .before = before,
        .lowers = adjusted && lowest(model) <= model->permille,
        .rate = stage->max_move_rate > 0 ? stage->max_move_rate : FY_ORDINARY_RATE,
    };
}

/*
 * The stage that the users are in is gone through again, soak and all, while instances on a former target can
 * be taken: the last one that is reached.
 */
static bool is_repeated(struct fy_model *model, size_t index, size_t count)
{
    size_t spare = 0;
    if (model->back || model->load == 0 || !fy_model_choose_again(model, &spare))
        return false;
    const struct stage_view after = view_of(model, index + 1 < count ? index + 1 : index);
    return index + 1 == count || !is_reached(model, &after);
}

static bool asks(const struct fy_order_gray *gray, int64_t ratio, bool before)
{
    for (size_t i = 0; i < gray->approval_count; i++)
        if ((before ? gray->approvals[i].before_permille : gray->approvals[i].after_permille) == ratio)
            return true;
    return false;
}

static bool add_stage(struct fy_model *model, size_t index, struct fy_plan *plan, struct fy_err *err)
{
    const struct fy_order_gray *gray = &model->order->gray;
    const struct stage_view view = view_of(model, index);
    plan->stages = fy_realloc(plan->stages, (plan->stage_count + 1) * sizeof(*plan->stages));
    struct fy_plan_stage *stage = &plan->stages[plan->stage_count++];
    *stage = (struct fy_plan_stage){
        .index = index,
        .permille = fy_model_share(model, view.stage->ratio_permille),
        .soak_ms = view.stage->soak_ms,
        .ask_before =
            !model->back && asks(gray, view.stage->ratio_permille, true) && !is_reached(model, &view),
        .ask_after = !model->back && asks(gray, view.stage->ratio_permille, false),
    };
    if (!play_stage(model, &view, stage, err))
        return false;
    stage->soak_starts_ms = model->clock_ms;
    model->clock_ms += stage->soak_ms;
    return true;
}

bool fy_plan_stages(struct fy_model *model, size_t first, struct fy_plan *plan, struct fy_err *err)
{
    const size_t count = model->back ? 1 : model->order->gray.stage_count;
    for (size_t i = 0; i < count; i++) {
        const struct stage_view view = view_of(model, i);
        if (i >= first &&
            (plan->stage_count > 0 || !is_reached(model, &view) || is_repeated(model, i, count))) {
            if (!add_stage(model, i, plan, err))
                return false;
        } else if (model->permille < view.stage->ratio_permille) {
            model->permille = view.stage->ratio_permille;
        }
    }
    return true;
}
