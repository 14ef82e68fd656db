/* SPDX-License-Identifier: Apache-2.0 */
/*
 * next_slice, next_stage, next_move, next_rest: look at the world, plan what is left, let the checker prove
 * what comes first of it, and answer with that. Operator's wishes take effect here and nowhere else.
 */
#include "base/mem.h"
#include "base/point.h"
#include "plan/checker.h"
#include "run/planning.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/retarget.h"

#include <string.h>

#define LOOK_AGAIN_MS 5000
#define BUILD_MS      (30 * 60 * 1000) /* longest wait for instances that somebody is building */

/* What one of them takes out of a plan: false if the checker refuses it. Nothing written: there is no more.
 */
typedef bool pick_fn(const struct fy_run *run, const struct fy_landscape *landscape,
                     const struct fy_plan *plan, struct fy_buf *result, struct fy_err *err);

static bool pick_batch(const struct fy_run *run, const struct fy_landscape *landscape,
                       const struct fy_batch *batch, struct fy_buf *result, struct fy_err *err)
{
    if (!fy_check_batch(run->order, landscape, batch, err))
        return false;
    fy_buf_key(result, "batch");
    fy_batch_json(batch, run->order, result);
    return true;
}

static bool pick_slice(const struct fy_run *run, const struct fy_landscape *landscape,
                       const struct fy_plan *plan, struct fy_buf *result, struct fy_err *err)
{
    return plan->slice_count == 0 || pick_batch(run, landscape, &plan->slice[0], result, err);
}

static bool pick_rest(const struct fy_run *run, const struct fy_landscape *landscape,
                      const struct fy_plan *plan, struct fy_buf *result, struct fy_err *err)
{
    return plan->rest_count == 0 || pick_batch(run, landscape, &plan->rest[0], result, err);
}

static bool pick_stage(const struct fy_run *run, const struct fy_landscape *landscape,
                       const struct fy_plan *plan, struct fy_buf *result, struct fy_err *err)
{
    (void)run;
    (void)landscape;
    (void)err;
    if (plan->stage_count == 0)
        return true;
    const struct fy_plan_stage *stage = &plan->stages[0];
    fy_buf_key(result, "stage");
    fy_buf_open(result, '{');
    fy_buf_member_int(result, "index", (int64_t)stage->index);
    fy_buf_member_int(result, "permille", stage->permille);
    fy_buf_member_int(result, "soak_ms", stage->soak_ms);
    fy_buf_member_bool(result, "ask_before", stage->ask_before);
    fy_buf_member_bool(result, "ask_after", stage->ask_after);
    fy_buf_close(result, '}');
    return true;
}

/* Users alone are to be moved to where they were steered already: asked again, nothing would happen. */
static bool steered_there(const struct fy_run *run, const struct fy_move *move)
{
    return move->batch.count == 0 && run->steered_permille == move->permille;
}

static bool pick_move(const struct fy_run *run, const struct fy_landscape *landscape,
                      const struct fy_plan *plan, struct fy_buf *result, struct fy_err *err)
{
    if (plan->stage_count == 0 || plan->stages[0].index != (size_t)run->stage_index ||
        plan->stages[0].count == 0)
        return true;
    const struct fy_move *move = &plan->stages[0].moves[0];
    if (steered_there(run, move)) /* so few users do not come out at the ratio: this is what there is of it */
        return true;
    if (!fy_check_move(run->order, landscape, move, err))
        return false;
    fy_buf_key(result, "move");
    fy_move_json(move, run->order, result);
    return true;
}

/* Stages behind us: for next_stage the one just finished too, for what comes after them all of them. */
enum behind { NONE, BEFORE_THIS, WITH_THIS, ALL };

static const struct kind {
    const char *call;
    pick_fn *pick;
    enum behind behind;
} kinds[] = {
    {"next_slice", pick_slice, NONE},
    {"next_stage", pick_stage, WITH_THIS},
    {"next_move", pick_move, BEFORE_THIS},
    {"next_rest", pick_rest, ALL},
};

static const struct kind *kind_of(const char *call)
{
    size_t i = 0;
    while (strcmp(kinds[i].call, call) != 0)
        i++;
    return &kinds[i];
}

/* A stage whose share an operator lowered is gone to its own share after it; one that was adjusted just now,
 * first. */
static bool this_one_again(const struct fy_run *run)
{
    const struct fy_order_gray *gray = &run->order->gray;
    const size_t index = (size_t)run->stage_index;
    return run->ratio_wished ||
           (index < gray->stage_count && run->stage_permille < gray->stages[index].ratio_permille);
}

static size_t first_stage(const struct fy_run *run, enum behind behind)
{
    const struct fy_order_gray *gray = &run->order->gray;
    if (behind == ALL)
        return gray->stage_count;
    if (behind == WITH_THIS && !run->in_stage && run->ratio_wished) {
        size_t index = 0;
        while (index + 1 < gray->stage_count &&
               gray->stages[index + 1].ratio_permille <= run->wished_permille)
            index++;
        return index;
    }
    if (behind == NONE || !run->in_stage)
        return 0;
    return (size_t)run->stage_index + (behind == WITH_THIS && !this_one_again(run));
}

/* Its share is the operator's: while the stage lasts, and when it is chosen for that. */
static bool is_adjusted(const struct fy_run *run, enum behind behind)
{
    const struct fy_order_gray *gray = &run->order->gray;
    const size_t index = (size_t)run->stage_index;
    const bool other = run->in_stage && index < gray->stage_count &&
                       run->stage_permille != gray->stages[index].ratio_permille;
    return (behind == BEFORE_THIS && (other || (run->in_stage && run->ratio_wished))) ||
           (behind == WITH_THIS && run->ratio_wished);
}

/* Instances that have been taken through and are still to do would be taken through for ever. */
static bool is_new(const struct fy_run *run, const struct fy_buf *result, struct fy_err *err)
{
    uint64_t handed = fy_planning_handed(result->data, result->length);
    if (handed == 0 || handed != run->handed || run->step.attempt > 1)
        return true;
    fy_fail(err, FY_ERR_PERMANENT,
            "the workflow has just taken these instances through, and they are not in service on their "
            "version: %.*s",
            300, strstr(result->data, "\"instances\""));
    return fy_hint(err, "look at them in the cloud and in the network function, then retry");
}

static void look_again(void *context);

/* Users in calls follow when those end; a stage does not wait longer for them than it may soak. */
static bool waits_for_calls(const struct fy_live *live, const struct fy_plan *plan)
{
    const struct fy_run *run = live->run;
    const struct fy_order_gray *gray = &run->order->gray;
    const size_t index = (size_t)run->stage_index;
    if (strcmp(run->step.call, "next_move") != 0 || run->steered_waiting == 0 || index >= gray->stage_count ||
        plan->stage_count == 0 || plan->stages[0].index != index || plan->stages[0].count == 0 ||
        !steered_there(run, &plan->stages[0].moves[0]))
        return false;
    return fy_live_now(live).ms < run->step.since_ms + run->step.paused_ms + gray->stages[index].max_soak_ms;
}

/*
 * A step that was left may still be at work in the cloud, and what is being built will run something else in
 * a moment: batches are chosen when that is over, or has taken longer than a build may.
 */
static bool waits_for_builds(const struct fy_live *live, const struct fy_landscape *landscape)
{
    const struct fy_run_step *step = &live->run->step;
    if (strcmp(step->call, "next_slice") != 0 && strcmp(step->call, "next_rest") != 0)
        return false;
    for (size_t i = 0; i < landscape->count; i++)
        if (landscape->instances[i].building && !landscape->instances[i].aside)
            return fy_live_now(live).ms < step->since_ms + step->paused_ms + BUILD_MS;
    return false;
}

/* *ret_later: nothing is to be answered yet. */
static bool next(struct fy_live *live, const struct fy_landscape *landscape, struct fy_buf *result,
                 bool *ret_later, struct fy_err *err)
{
    const struct kind *kind = kind_of(live->run->step.call);
    struct fy_plan *plan;
    *ret_later = waits_for_builds(live, landscape);
    if (*ret_later)
        return true;
    if (!fy_planning_make(live->run, landscape, first_stage(live->run, kind->behind),
                          is_adjusted(live->run, kind->behind), fy_live_now(live), &plan, err))
        return false;
    *ret_later = waits_for_calls(live, plan);
    fy_buf_open(result, '{');
    bool ok = *ret_later || kind->pick(live->run, landscape, plan, result, err);
    if (ok && result->length == 1)
        fy_buf_member_bool(result, "done", true);
    fy_buf_close(result, '}');
    ok = ok && (*ret_later || is_new(live->run, result, err));
    if (ok && !*ret_later)
        fy_planning_put(live, plan);
    fy_plan_free(plan);
    return ok;
}

static void looked(void *context, struct fy_question *questions, size_t count)
{
    (void)count;
    struct fy_live *live = context;
    struct fy_err err = {0};
    struct fy_landscape *landscape;
    if (!fy_planning_landscape(questions, &landscape, &err)) {
        fy_step_failed(live, &err);
        return;
    }
    struct fy_buf result = {0};
    bool later = false;
    fy_planning_keep(live, landscape);
    fy_seen_mark(live->run, landscape);
    bool ok = next(live, landscape, &result, &later, &err);
    fy_landscape_free(landscape);
    FY_POINT(run_planned);
    if (later)
        fy_live_wait(live, fy_rtime_add(fy_live_now(live), LOOK_AGAIN_MS), look_again);
    else if (ok)
        fy_step_done(live, result.data);
    else
        fy_step_failed(live, &err);
    fy_buf_free(&result);
}

static void look(struct fy_live *live)
{
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    fy_planning_ask(live->run->order, questions);
    fy_ask_for(live, questions, FY_PLANNING_QUESTIONS, looked);
}

static void look_again(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    look(live);
}

void fy_step_next(struct fy_live *live, const json_t *args)
{
    (void)args;
    look(live);
}
