/* SPDX-License-Identifier: Apache-2.0 */
/* Active/standby pairs: which half goes first, and which mate must be active before the other one goes. */
#include "plan/model.h"

#include "base/mem.h"

#include <string.h>

struct member {
    const struct fy_instance *instance;
    bool done;
};

static int by_pair(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    const int order = strverscmp(left->instance->pair, right->instance->pair);
    if (order != 0)
        return order;
    return left->instance < right->instance ? -1 : left->instance > right->instance;
}

static bool collect(const struct fy_instance *const *from, size_t count, bool done, struct member *to,
                    struct fy_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!from[i]->pair) {
            fy_fail(
                err, FY_ERR_REFUSED,
                "the NF names no pair for %s of VDU %s: it cannot be told which instance stands by for it",
                from[i]->id, from[i]->vdu);
            return fy_hint(
                err,
                "the NF adapter's health must give \"pair\" and \"role\", or the VDU's role is another one");
        }
        to[i] = (struct member){from[i], done};
    }
    return true;
}

/* Of a pair that still runs the source: the half that stands by. */
static const struct fy_instance *standby(const struct member *two, struct fy_err *err)
{
    if (two[0].instance->active && two[1].instance->active) {
        fy_fail(err, FY_ERR_REFUSED, "%s and %s of pair %s both say that they are active",
                two[0].instance->id, two[1].instance->id, two[0].instance->pair);
        fy_hint(err, "repair the pair, then plan again");
        return NULL;
    }
    return two[0].instance->active || !two[1].instance->active ? two[1].instance : two[0].instance;
}

/* Where in todo the next one goes: the first halves in front, all others behind them. */
struct places {
    size_t first, later;
};

static void place(struct fy_model_vdu *vdu, struct places *next, const struct member *two,
                  const struct fy_instance *goes)
{
    for (size_t k = 0; k < 2; k++) {
        if (two[k].done)
            continue;
        const size_t at = two[k].instance == goes ? next->first++ : next->later++;
        vdu->todo[at] = two[k].instance;
        vdu->mates[at] = two[1 - k].instance;
    }
}

/* Members are sorted by pair: two and two belong together. */
static bool all_paired(const struct fy_model_vdu *vdu, const struct member *members, size_t *ret_untouched,
                       struct fy_err *err)
{
    size_t untouched = 0;
    for (size_t i = 0; i < vdu->total; i += 2) {
        const char *pair = members[i].instance->pair;
        const bool alone = i + 1 == vdu->total || strcmp(members[i + 1].instance->pair, pair) != 0;
        if (alone || (i + 2 < vdu->total && strcmp(members[i + 2].instance->pair, pair) == 0)) {
            fy_fail(err, FY_ERR_REFUSED,
                    "pair %s of VDU %s has %s: it needs two instances, so that one carries on", pair,
                    vdu->vdu->vdu_id, alone ? "only one instance" : "more than two instances");
            return fy_hint(err, "repair the pair, then plan again");
        }
        untouched += !members[i].done && !members[i + 1].done;
    }
    *ret_untouched = untouched;
    return true;
}

bool fy_model_pairs(struct fy_model_vdu *vdu, size_t *ret_first, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) struct member *members = FY_NEW_ARRAY(struct member, vdu->total + 1);
    if (!collect(vdu->todo, vdu->todo_count, false, members, err) ||
        !collect(vdu->done, vdu->done_count, true, members + vdu->todo_count, err))
        return false;
    qsort(members, vdu->total, sizeof(*members), by_pair);
    struct places next = {0};
    if (!all_paired(vdu, members, &next.later, err))
        return false;
    for (size_t i = 0; i < vdu->total; i += 2) {
        const bool untouched = !members[i].done && !members[i + 1].done;
        const struct fy_instance *goes = untouched ? standby(&members[i], err) : NULL;
        if (untouched && !goes)
            return false;
        place(vdu, &next, &members[i], goes);
    }
    *ret_first = next.first;
    return true;
}

void fy_batch_pairs(const struct fy_model_vdu *vdu, bool second_half, struct fy_batch *batch)
{
    batch->switches = FY_NEW_ARRAY(struct fy_switch, batch->count + 1);
    for (size_t i = 0; i < batch->count && second_half; i++) {
        const struct fy_instance *mate = vdu->mates[vdu->gone + i];
        if (!mate->active)
            batch->switches[batch->switch_count++] = (struct fy_switch){mate->pair, mate->id};
    }
    if (batch->count != 1)
        return;
    batch->pair = vdu->todo[vdu->gone]->pair;
    batch->switch_to = batch->switch_count > 0 ? batch->switches[0].active : NULL;
}
