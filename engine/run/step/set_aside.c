/* SPDX-License-Identifier: Apache-2.0 */
/* set_aside: the workflow's policy wants to go on without these instances. What it takes is the same as for a
 * person's set-aside: the checker's consent on live data, and a debt that everybody sees. */
#include "base/mem.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"

#include <string.h>

static void looked(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    const struct fy_run_step *step = &live->run->step;
    struct fy_landscape *landscape = NULL;
    struct fy_err err = {0};
    (void)count;
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(step->args, strlen(step->args), step->call, &err);
    bool ok =
        args != NULL && fy_planning_landscape(questions, &landscape, &err) &&
        fy_aside_allowed(live->run, landscape, json_object_get(args, "instances"), fy_live_now(live), &err);
    fy_landscape_free(landscape);
    if (ok)
        fy_step_done(live, "{\"set_aside\":true}");
    else
        fy_step_failed(live, &err);
}

void fy_step_set_aside(struct fy_live *live, const json_t *args)
{
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    (void)args;
    fy_planning_ask(live->run->order, questions);
    fy_ask_for(live, questions, FY_PLANNING_QUESTIONS, looked);
}
