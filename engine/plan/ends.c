/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of the plan: the slice, which is the smallest set that carries a complete service flow, and
 * the rest. */
#include "plan/estimate.h"

#include "base/mem.h"

/* How many of a VDU go in the slice. Half of an odd number is the smaller half: the others keep the quorum.
 */
static bool first_of(struct fy_model_vdu *vdu, size_t *ret_first, struct fy_err *err)
{
    if (fy_model_in_pairs(vdu))
        return fy_model_pairs(vdu, ret_first, err);
    if (vdu->total == 1 && vdu->left_out == 0) {
        fy_fail(err, FY_ERR_REFUSED,
                "%s is the only instance of VDU %s: nothing carries on while it is upgraded",
                (vdu->todo_count ? vdu->todo : vdu->done)[0]->id, vdu->vdu->vdu_id);
        return fy_hint(err, "scale the VDU out to two instances first");
    }
    const size_t wanted = vdu->vdu->role == FY_ROLE_LOAD_SHARING ? 1 : vdu->total / 2;
    *ret_first = vdu->done_count < wanted ? wanted - vdu->done_count : 0;
    if (*ret_first > vdu->todo_count)
        *ret_first = vdu->todo_count;
    return true;
}

/* The most that go at once: half of pairs and stores, of load-sharing instances what may leave or the step.
 */
static size_t at_once(const struct fy_model *model, const struct fy_model_vdu *vdu)
{
    const size_t limit =
        vdu->vdu->role == FY_ROLE_LOAD_SHARING ? (size_t)fy_model_step(model, vdu) : vdu->total / 2;
    return fy_model_may_leave(vdu, limit > 0 ? limit : fy_model_left(vdu));
}

static bool refuse_preserved(const struct fy_model_vdu *vdu, struct fy_err *err)
{
    fy_fail(err, FY_ERR_REFUSED,
            "no instance of VDU %s may leave: %zu are in service and %lld must be preserved",
            vdu->vdu->vdu_id, vdu->in_service, (long long)vdu->vdu->min_preserved);
    return fy_hint(err, "lower minPreserved or scale the VDU out");
}

/* The first one leaves while nobody has moved: the others carry everybody at the allowed utilisation. */
static bool others_carry(const struct fy_model *model, const struct fy_batch *batch, struct fy_err *err)
{
    if (batch->headroom_permille >= 1000 - model->allowed)
        return true;
    fy_fail(err, FY_ERR_REFUSED,
            "%s cannot leave: the other instances of VDU %s would run at %lld %% with %lld users, and the "
            "order allows %lld %%",
            batch->instances[0], batch->vdu->vdu_id, (long long)(1000 - batch->headroom_permille) / 10,
            (long long)model->load, (long long)model->allowed / 10);
    return fy_hint(err, "choose a quieter hour, scale the VDU out, or lower Limits minHeadroom");
}

static void put(struct fy_model *model, struct fy_batch **list, size_t *count, struct fy_batch batch)
{
    *list = fy_realloc(*list, (*count + 1) * sizeof(**list));
    (*list)[(*count)++] = batch;
    model->clock_ms += batch.duration_ms;
}

/* After a retarget the first instance of the new target is one of the former one's, if it can be spared. */
static bool repeats_first(struct fy_model *model, struct fy_model_vdu *vdu, struct fy_plan *plan)
{
    if (vdu->done_count > 0 || fy_model_again_left(vdu) == 0 ||
        (model->permille > 0 && fy_model_may_repeat(model, vdu) == 0))
        return false;
    put(model, &plan->slice, &plan->slice_count, fy_model_repeat(model, vdu, 1, FY_ORDINARY_RATE));
    fy_model_repeated(vdu, 1);
    return true;
}

static bool slice_of(struct fy_model *model, struct fy_model_vdu *vdu, struct fy_plan *plan,
                     struct fy_err *err)
{
    size_t first = 0;
    if (repeats_first(model, vdu, plan))
        return true;
    if (!first_of(vdu, &first, err))
        return false;
    if (model->back) /* the old version carries a complete flow already: pairs are only put in order */
        return true;
    while (vdu->gone < first) {
        size_t count = at_once(model, vdu);
        if (count == 0)
            return refuse_preserved(vdu, err);
        count = count < first - vdu->gone ? count : first - vdu->gone;
        struct fy_batch batch = fy_model_batch(model, vdu, count, FY_ORDINARY_RATE);
        if (fy_model_in_pairs(vdu))
            fy_batch_pairs(vdu, false, &batch);
        put(model, &plan->slice, &plan->slice_count, batch);
        fy_model_upgrade(vdu, count);
        if (vdu->vdu->role == FY_ROLE_LOAD_SHARING && !others_carry(model, &batch, err))
            return false;
    }
    return true;
}

static bool rest_of(struct fy_model *model, struct fy_model_vdu *vdu, struct fy_plan *plan,
                    struct fy_err *err)
{
    while (fy_model_again_left(vdu) > 0) {
        const size_t spare = fy_model_may_repeat(model, vdu), one = spare > 0 ? spare : 1;
        put(model, &plan->rest, &plan->rest_count, fy_model_repeat(model, vdu, one, FY_ORDINARY_RATE));
        fy_model_repeated(vdu, one);
    }
    while (fy_model_left(vdu) > 0) {
        size_t count = at_once(model, vdu);
        if (count == 0)
            return refuse_preserved(vdu, err);
        count = count < fy_model_left(vdu) ? count : fy_model_left(vdu);
        struct fy_batch batch = fy_model_batch(model, vdu, count, FY_ORDINARY_RATE);
        if (fy_model_in_pairs(vdu))
            fy_batch_pairs(vdu, true, &batch);
        batch.duration_ms += batch.switch_count > 0 ? FY_SWITCHOVER_MS : 0;
        put(model, &plan->rest, &plan->rest_count, batch);
        fy_model_upgrade(vdu, count);
    }
    return true;
}

typedef bool part(struct fy_model *model, struct fy_model_vdu *vdu, struct fy_plan *plan, struct fy_err *err);

static bool by_role(struct fy_model *model, const int *roles, part *of, struct fy_plan *plan,
                    struct fy_err *err)
{
    for (size_t r = 0; r < 4; r++)
        for (size_t i = 0; i < model->count; i++)
            if (model->vdus[i].vdu->role == roles[r] && !of(model, &model->vdus[i], plan, err))
                return false;
    return true;
}

bool fy_plan_slice(struct fy_model *model, struct fy_plan *plan, struct fy_err *err)
{
    static const int roles[] = {FY_ROLE_OAM, FY_ROLE_ACTIVE_STANDBY, FY_ROLE_DATA_STORAGE,
                                FY_ROLE_LOAD_SHARING};
    return by_role(model, roles, slice_of, plan, err);
}

/* The OMU last: while anything runs the old version, the old OMU manages it. */
bool fy_plan_rest(struct fy_model *model, struct fy_plan *plan, struct fy_err *err)
{
    static const int roles[] = {FY_ROLE_LOAD_SHARING, FY_ROLE_ACTIVE_STANDBY, FY_ROLE_DATA_STORAGE,
                                FY_ROLE_OAM};
    return by_role(model, roles, rest_of, plan, err);
}
