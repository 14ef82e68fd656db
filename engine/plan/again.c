/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order was retargeted: load-sharing instances that serve on the former target are to do again. They
 * stand in the target domain and keep their users until their batch is due; it goes as soon as the domain's
 * others carry the users there. What is not in service has nobody to give away and goes first.
 */
#include "plan/estimate.h"

#include "base/mem.h"

static const struct fy_instance *next(const struct fy_model_vdu *vdu, size_t i)
{
    return vdu->again[vdu->again_gone + i];
}

void fy_model_order_again(struct fy_model_vdu *vdu)
{
    size_t front = 0;
    for (size_t i = 0; i < vdu->again_count; i++) {
        const struct fy_instance *instance = vdu->again[i];
        if (fy_in_service(instance))
            continue;
        for (size_t k = i; k > front; k--)
            vdu->again[k] = vdu->again[k - 1];
        vdu->again[front++] = instance;
    }
}

size_t fy_model_may_repeat(const struct fy_model *model, const struct fy_model_vdu *vdu)
{
    const int64_t users = fy_permille_up(vdu->load, model->permille);
    const int64_t preserved = vdu->vdu->min_preserved == FY_ABSENT ? 0 : vdu->vdu->min_preserved;
    const int64_t step = fy_model_step(model, vdu);
    const size_t left = fy_model_again_left(vdu),
                 most = step > 0 && (size_t)step < left ? (size_t)step : left;
    int64_t spare = (int64_t)vdu->in_service - preserved, capacity = vdu->capacity[FY_TARGET];
    size_t count = 0;
    for (; count < most; count++) {
        const struct fy_instance *instance = next(vdu, count);
        if (!fy_in_service(instance))
            continue;
        capacity -= instance->capacity;
        if (spare-- <= 0 || (vdu->counts && fy_model_carries(model, capacity) < users) ||
            (!vdu->counts && users > 0 && count + 1 == vdu->again_count + vdu->done_count))
            break;
    }
    return count;
}

struct fy_batch fy_model_repeat(const struct fy_model *model, const struct fy_model_vdu *vdu, size_t count,
                                int64_t rate)
{
    const enum fy_mobility mobility = fy_mobility_of(model->landscape);
    const int64_t users = fy_permille_up(vdu->load, model->permille);
    struct fy_batch batch = {.vdu = vdu->vdu,
                             .image = &vdu->vdu->target,
                             .version = model->order->request.target.version,
                             .domain = FY_TARGET,
                             .count = count,
                             .starts_ms = model->clock_ms,
                             .in_service = (int64_t)vdu->in_service,
                             .headroom_permille = 1000};
    int64_t capacity = vdu->capacity[FY_TARGET];
    batch.instances = FY_NEW_ARRAY(const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct fy_instance *instance = next(vdu, i);
        batch.instances[i] = instance->id;
        batch.users_moved += fy_model_load(model, instance);
        batch.in_service -= fy_in_service(instance);
        capacity -= fy_in_service(instance) ? instance->capacity : 0;
    }
    if (vdu->counts && users > 0)
        batch.headroom_permille = capacity > 0 ? 1000 - (users * 1000 + capacity - 1) / capacity : 0;
    batch.users_at_risk = fy_moving_disturbs(mobility, batch.users_moved, batch.users_moved);
    batch.duration_ms =
        fy_upgrade_ms(vdu->vdu->role) + fy_moving_ms(mobility, batch.users_moved, batch.users_moved, rate);
    return batch;
}

void fy_model_repeated(struct fy_model_vdu *vdu, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct fy_instance *instance = vdu->again[vdu->again_gone++];
        if (fy_in_service(instance))
            continue;
        vdu->in_service++; /* the upgrade brings it back */
        vdu->capacity[FY_TARGET] += instance->capacity;
    }
}

struct fy_model_vdu *fy_model_choose_again(struct fy_model *model, size_t *ret_count)
{
    for (size_t i = 0; i < model->count; i++) {
        const size_t count =
            fy_model_again_left(&model->vdus[i]) > 0 ? fy_model_may_repeat(model, &model->vdus[i]) : 0;
        if (count == 0)
            continue;
        *ret_count = count;
        return &model->vdus[i];
    }
    return NULL;
}
