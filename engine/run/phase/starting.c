/* SPDX-License-Identifier: Apache-2.0 */
#include "run/phase/starting.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/check/check.h"
#include "run/planning.h"
#include "run/program.h"
#include "run/step/step.h"

#include <string.h>

/* ---- checks and plan
 * ------------------------------------------------------------------------------------------ */

static void failed(struct fy_live *live, const struct fy_err *err)
{
    fy_park(live, "failure", err);
}

static void start(struct fy_live *live, const struct fy_plan *plan)
{
    enum fy_state to;
    if (!fy_state_move(live->run, live->run->state, "ready", false, &to))
        return;
    fy_planning_put(live, plan);
    fy_program_put(live, &(struct fy_program){.function = "upgrade",
                                              .order = live->run->order,
                                              .checks = fy_checks_before,
                                              .final_checks = fy_checks_after,
                                              .about = "{}"});
    fy_put_state(live, to, "ready", "all checks passed and the plan keeps the order's limits", NULL);
    FY_POINT(run_before_start);
    fy_flush(live);
}

static void answered(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    struct fy_buf result = {0};
    struct fy_landscape *landscape = NULL;
    struct fy_plan *plan = NULL;
    if (!fy_check_judge(live, "starting", NULL, questions, count, &result, &err) ||
        !fy_planning_landscape(questions, &landscape, &err) ||
        !fy_planning_make(live->run, landscape, 0, false, fy_live_now(live), &plan, &err))
        failed(live, &err);
    else
        start(live, plan);
    fy_plan_free(plan);
    fy_landscape_free(landscape);
    fy_buf_free(&result);
    live->flight.taken = false;
    fy_drive(live);
}

void fy_starting_drive(struct fy_live *live)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    if (live->flight.taken || live->tail != FY_STATE_STARTING ||
        fy_bind_unknown(live->run->order, adapters) != NULL)
        return;
    struct fy_question questions[FY_ASK_MAX];
    size_t count = fy_check_ask(live->run->order, adapters, questions);
    live->flight.taken = true;
    fy_ask_for(live, questions, count, answered);
}
