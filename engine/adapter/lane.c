/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/lane.h"

#include "base/mem.h"

void fy_lane_push(struct fy_lane *lane, struct fy_asked *asked)
{
    if (lane->first == NULL)
        lane->last = &lane->first;
    asked->next = NULL;
    *lane->last = asked;
    lane->last = &asked->next;
}

static struct fy_asked *unlink_at(struct fy_lane *lane, struct fy_asked **place)
{
    struct fy_asked *asked = *place;
    if (asked == NULL)
        return NULL;
    *place = asked->next;
    if (asked->next == NULL)
        lane->last = place;
    return asked;
}

struct fy_asked *fy_lane_pop(struct fy_lane *lane)
{
    return unlink_at(lane, &lane->first);
}

struct fy_asked *fy_lane_take(struct fy_lane *lane, uint64_t handle)
{
    struct fy_asked **place = &lane->first;
    while (*place != NULL && (*place)->handle != handle)
        place = &(*place)->next;
    return unlink_at(lane, place);
}

struct fy_asked *fy_lane_find(struct fy_lane *lane, uint64_t handle)
{
    struct fy_asked *asked = lane->first;
    while (asked != NULL && asked->handle != handle)
        asked = asked->next;
    return asked;
}

void fy_lane_mark(struct fy_lane *lane, uint64_t now)
{
    size_t served = 0;
    for (struct fy_asked *asked = lane->first; asked != NULL && served < lane->threads; asked = asked->next) {
        served++;
        if (asked->since == 0)
            asked->since = now > 0 ? now : 1;
    }
}

bool fy_lane_stuck(const struct fy_lane *lane, uint64_t now, uint64_t limit_ms)
{
    for (const struct fy_asked *asked = lane->first; asked != NULL && asked->since != 0; asked = asked->next)
        if (now - asked->since > limit_ms)
            return true;
    return false;
}

void fy_asked_free(struct fy_asked *asked)
{
    if (asked == NULL)
        return;
    free(asked->call);
    free(asked->failed);
    free(asked);
}

void fy_lane_free(struct fy_lane *lane)
{
    while (lane->first != NULL)
        fy_asked_free(fy_lane_pop(lane));
}
