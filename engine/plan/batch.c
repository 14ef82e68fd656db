/* SPDX-License-Identifier: Apache-2.0 */
/* One batch as it stands when it starts: who goes, who stays, what it moves and how long that takes. */
#include "plan/estimate.h"

#include "base/mem.h"

/* Room left in the fuller of both domains with some of a VDU's source capacity away. */
static int64_t headroom(const struct fy_model *model, const struct fy_model_vdu *leaving, int64_t away)
{
    int64_t least = 1000;
    for (size_t i = 0; i < model->count; i++) {
        const struct fy_model_vdu *vdu = &model->vdus[i];
        if (vdu->vdu->role != FY_ROLE_LOAD_SHARING || !vdu->counts)
            continue;
        for (int d = FY_SOURCE; d <= FY_TARGET; d++) {
            const int64_t share = d == FY_TARGET ? model->permille : 1000 - model->permille;
            const int64_t capacity = vdu->capacity[d] - (d == FY_SOURCE && vdu == leaving ? away : 0);
            const int64_t users = fy_permille_up(vdu->load, share);
            int64_t room = 1000;
            if (users > 0)
                room = capacity > 0 ? 1000 - (users * 1000 + capacity - 1) / capacity : 0;
            if (room < least)
                least = room;
        }
    }
    return least;
}

/* Users on the source that the leaving instances serve: their part of its capacity, or of its number. */
static int64_t users_on(const struct fy_model *model, const struct fy_model_vdu *vdu, size_t count,
                        int64_t away)
{
    const int64_t users = fy_permille_up(vdu->load, 1000 - model->permille);
    if (vdu->capacity[FY_SOURCE] > 0)
        return users * away / vdu->capacity[FY_SOURCE];
    return users * (int64_t)count / (int64_t)fy_model_left(vdu);
}

struct fy_batch fy_model_batch(const struct fy_model *model, const struct fy_model_vdu *vdu, size_t count,
                               int64_t rate)
{
    const struct fy_order_request *request = &model->order->request;
    struct fy_batch batch = {.vdu = vdu->vdu,
                             .image = fy_model_image(model, vdu->vdu),
                             .version = model->back ? request->source.version : request->target.version,
                             .domain = model->back ? FY_SOURCE : FY_TARGET,
                             .count = count,
                             .starts_ms = model->clock_ms};
    int64_t away = 0;
    batch.instances = FY_NEW_ARRAY(const char *, count + 1);
    batch.in_service = (int64_t)vdu->in_service;
    for (size_t i = 0; i < count; i++) {
        const struct fy_instance *instance = vdu->todo[vdu->gone + i];
        batch.instances[i] = instance->id;
        batch.in_service -= fy_in_service(instance);
        away += fy_in_service(instance) ? instance->capacity : 0;
    }
    batch.headroom_permille = headroom(model, vdu, away);
    batch.duration_ms = fy_upgrade_ms(vdu->vdu->role);
    if (vdu->vdu->role == FY_ROLE_LOAD_SHARING && count > 0) {
        const enum fy_mobility mobility = fy_mobility_of(model->landscape);
        batch.users_moved = users_on(model, vdu, count, away);
        batch.users_at_risk = fy_moving_disturbs(mobility, batch.users_moved, batch.users_moved);
        batch.duration_ms += fy_moving_ms(mobility, batch.users_moved, batch.users_moved, rate);
    }
    return batch;
}

void fy_batch_clear(struct fy_batch *batch)
{
    free((void *)batch->instances);
    free(batch->switches);
}
