/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check/conflict.h"

#include "run/phase/handover.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* What would free the function, by the state of the run that holds it. */
static bool hint_free(const struct fy_live *live, struct fy_err *err)
{
    const char *id = live->run->id;
    if (live->tail == FY_STATE_SCHEDULED || live->tail == FY_STATE_STARTING)
        return fy_hint(err, "nothing is touched yet: \"ferry cancel %s\" frees it at once", id);
    if (live->tail == FY_STATE_COMPLETED)
        return fy_hint(
            err,
            "commit that run and go on in one: send the order with ?commit=%s (\"ferry run --commit "
            "%s\"); or roll it back first",
            id, id);
    if (live->tail == FY_STATE_FAILED)
        return fy_hint(
            err,
            "\"ferry clean %s\" proves that it is uniform; \"ferry adopt %s --why ...\" takes it as "
            "it stands",
            id, id);
    if (live->tail == FY_STATE_FAILED_TEMP)
        return fy_hint(
            err, "that run is parked and waits for a person: \"ferry show %s\" says what can be done", id);
    return fy_hint(err, "wait until that run is over; \"ferry show %s\" says when that is expected", id);
}

static bool blocked_by(const struct fy_live *live, const struct fy_order *order, bool same_nf,
                       struct fy_err *err)
{
    const char *state = fy_state_name(live->tail);
    if (live->tail == FY_STATE_FAILED)
        fy_fail(err, FY_ERR_CONFLICT, "%s is dirty: run %s (%s) was given over to %s and left it as it is",
                live->line_nf, live->run->id, state,
                live->run->handover != NULL ? live->run->handover->to : "people");
    else if (same_nf)
        fy_fail(err, FY_ERR_CONFLICT, "%s is being upgraded by run %s (%s: %s)", live->line_nf, live->run->id,
                state, fy_state_means(live->tail));
    else
        fy_fail(err, FY_ERR_CONFLICT, "exclusion group %s is busy: run %s upgrades %s (%s: %s)",
                order->vnf.exclusion_group, live->run->id, live->line_nf, state, fy_state_means(live->tail));
    return hint_free(live, err);
}

/* ---- mates ------------------------------------------------------------------------------------------ */

static bool has_mate(const struct fy_order *order, const char *vnf_instance)
{
    for (size_t i = 0; i < order->vnf.mate_count; i++)
        if (same(order->vnf.mates[i].vnf_instance, vnf_instance))
            return true;
    return false;
}

/* Under way now, parked in the middle, or left in the middle. Completed, it serves as before. */
static bool changes(const struct fy_live *live)
{
    return live->tail != FY_STATE_SCHEDULED && live->tail != FY_STATE_COMPLETED;
}

static bool overlap(const struct fy_order_window *a, const struct fy_order_window *b)
{
    return a->start_ms < b->latest_rollback_end_ms && b->start_ms < a->latest_rollback_end_ms;
}

/* Both at once would leave users with nobody to carry them. */
static bool mate_in_the_way(const struct fy_live *live, const struct fy_order *order)
{
    const struct fy_order *other = live->run->order; /* NULL until its first record is durable */
    bool mates =
        has_mate(order, live->line_nf) || (other != NULL && has_mate(other, order->request.vnf_instance));
    if (!mates || !same(live->line_tenant, order->request.tenant))
        return false;
    return changes(live) || (live->tail == FY_STATE_SCHEDULED && other != NULL &&
                             overlap(&other->request.window, &order->request.window));
}

static bool blocked_by_mate(const struct fy_live *live, const struct fy_order *order, struct fy_err *err)
{
    fy_fail(err, FY_ERR_CONFLICT, "%s and %s carry each other's users, and run %s changes %s (%s: %s)",
            order->request.vnf_instance, live->line_nf, live->run->id, live->line_nf,
            fy_state_name(live->tail), fy_state_means(live->tail));
    if (live->tail == FY_STATE_SCHEDULED)
        return fy_hint(err, "give this order a window that does not overlap with that of run %s",
                       live->run->id);
    return hint_free(live, err);
}

bool fy_conflict_none(const struct fy_engine *engine, const struct fy_order *order,
                      const struct fy_live *apart, struct fy_err *err)
{
    for (const struct fy_live *live = engine->lives; live != NULL; live = live->next) {
        if (live == apart || (fy_state_final(live->tail) && !live->dirty))
            continue;
        bool same_nf = same(live->line_nf, order->request.vnf_instance) &&
                       same(live->line_tenant, order->request.tenant);
        if (same_nf || same(live->line_group, order->vnf.exclusion_group))
            return blocked_by(live, order, same_nf, err);
        if (mate_in_the_way(live, order))
            return blocked_by_mate(live, order, err);
    }
    return true;
}

const struct fy_live *fy_conflict_changes(const struct fy_engine *engine, const char *vnf_instance,
                                          const char *tenant)
{
    for (const struct fy_live *live = engine->lives; live != NULL; live = live->next)
        if (same(live->line_nf, vnf_instance) && same(live->line_tenant, tenant) && changes(live) &&
            (!fy_state_final(live->tail) || live->dirty))
            return live;
    return NULL;
}
