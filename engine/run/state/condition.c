/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of state.def: a row each. */
#include "base/mem.h"
#include "run/fold.h"
#include "run/phase/handover.h"
#include "run/prep.h"
#include "run/state/state.h"

#include <string.h>

static bool approval_open(const struct fy_run *run)
{
    return run->approval.open;
}

static bool expiry_commits(const struct fy_run *run)
{
    return run->order != NULL && run->order->commit.on_expiry == FY_EXPIRY_COMMIT;
}

static bool any_waived(const struct fy_run *run)
{
    return run->prep != NULL && run->prep->waiver_count > 0;
}

static bool dirty(const struct fy_run *run)
{
    return run->handover != NULL && run->handover->dirty;
}

/* The upgrade itself stands still, not the way back. */
static bool upgrade_stands(const struct fy_run *run)
{
    return run->back == FY_STATE_PROCESSING && !fy_run_goes_back(run) && run->program > 0;
}

static bool step_failed(const struct fy_run *run)
{
    return run->step.failed && !run->step.own;
}

/* What has failed is the building of instances, which can be tried on another host. */
static bool step_builds(const struct fy_run *run)
{
    return step_failed(run) &&
           (strcmp(run->step.call, "upgrade") == 0 || strcmp(run->step.call, "replace") == 0);
}

static bool going_up(const struct fy_run *run)
{
    return !fy_run_goes_back(run);
}

static bool gate_rolls_back(const struct fy_run *run)
{
    return going_up(run) && run->order->gate.on_violation == FY_VIOLATION_ROLLBACK;
}

static bool window_rolls_back(const struct fy_run *run)
{
    return going_up(run) && run->order->request.window.on_window_end == FY_ON_END_ROLLBACK;
}

static bool failure_rolls_back(const struct fy_run *run)
{
    return run->order->rollback.on_failure == FY_ON_END_ROLLBACK;
}

/* There are gates that may speak: not before users move, not on the way back. */
static bool gated(const struct fy_run *run)
{
    return going_up(run) && run->program > 0 && run->order->gate.kpi_count > 0;
}

static const struct {
    const char *name;
    bool (*holds)(const struct fy_run *run);
} conditions[] = {
    {"dirty", dirty},
    {"any_waived", any_waived},
    {"approval_open", approval_open},
    {"expiry_commits", expiry_commits},
    {"upgrade_stands", upgrade_stands},
    {"step_failed", step_failed},
    {"step_builds", step_builds},
    {"going_up", going_up},
    {"gated", gated},
    {"gate_rolls_back", gate_rolls_back},
    {"window_rolls_back", window_rolls_back},
    {"failure_rolls_back", failure_rolls_back},
};

bool fy_condition(const char *name, const struct fy_run *run)
{
    if (name[0] == '\0')
        return true;
    for (size_t i = 0; i < FY_COUNT(conditions); i++)
        if (strcmp(conditions[i].name, name) == 0)
            return conditions[i].holds(run);
    return false;
}
