/* SPDX-License-Identifier: Apache-2.0 */
/* set-aside {"instances":[...],"why"}: a parked run goes on without these, if the checker agrees. */
#include "base/mem.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/command.h"
#include "run/verb/wish.h"

static bool check(const struct fy_command *command, struct fy_err *err)
{
    const json_t *instances = json_object_get(command->args, "instances");
    if (!json_is_array(instances) || json_array_size(instances) == 0) {
        fy_fail(err, FY_ERR_INVALID, "set-aside needs the instances to go on without");
        return fy_hint(err, "for example {\"instances\":[\"svc-3\"],\"why\":\"its host is broken\"}");
    }
    return fy_wish_has_why(command->args, "set-aside", err);
}

static size_t ask(struct fy_live *live, const json_t *args, struct fy_question questions[FY_ASK_MAX])
{
    (void)args;
    fy_planning_ask(live->run->order, questions);
    return FY_PLANNING_QUESTIONS;
}

static bool grant(struct fy_live *live, const json_t *args, const struct fy_question *questions, size_t count,
                  struct fy_buf *body, struct fy_err *err)
{
    struct fy_landscape *landscape = NULL;
    (void)count;
    (void)body;
    bool ok =
        fy_planning_landscape(questions, &landscape, err) &&
        fy_aside_allowed(live->run, landscape, json_object_get(args, "instances"), fy_live_now(live), err);
    fy_landscape_free(landscape);
    return ok;
}

/* The same step again, for whoever is left of its instances. */
static void then(struct fy_live *live, const json_t *args, const char *effects)
{
    (void)args;
    (void)effects;
    fy_wish_back(live);
    if (live->run->step.open)
        fy_step_retry(live);
}

static void fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const json_t *args = json_object_get(doc, "args");
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(args, "instances"), i, item)
    {
        if (json_is_string(item))
            fy_aside_add(run, json_string_value(item), fy_json_string_or(args, "why", "?"),
                         fy_json_string_or(doc, "who", "?"), row->time_ms);
    }
}

const struct fy_wish_kind fy_wish_set_aside = {"set-aside", ask, grant, then, fold};

const struct fy_verb fy_verbs_set_aside[] = {
    {"set-aside", check, NULL, fy_wish_fold},
    {NULL, NULL, NULL, NULL},
};
