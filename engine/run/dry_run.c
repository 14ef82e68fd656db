/* SPDX-License-Identifier: Apache-2.0 */
/* A plan without a run: the same questions, the same planner, nothing journalled. */
#include "base/mem.h"
#include "order/amend.h"
#include "plan/table.h"
#include "run/ask.h"
#include "run/live.h"
#include "run/planning.h"

#define PATIENCE_MS 5000 /* somebody waits at a terminal */
#define TABLE_WIDTH 100

struct fy_dry_run {
    struct fy_dry_run *next;
    struct fy_engine *engine;
    struct fy_ask *ask;
    struct fy_order *order;
    struct fy_timebase base;
    void (*done)(void *context, const char *plan_json, const char *table, const struct fy_err *err);
    void *context;
};

static void free_dry_run(struct fy_dry_run *dry_run)
{
    struct fy_dry_run **at = &dry_run->engine->dry_runs;
    while (*at != dry_run)
        at = &(*at)->next;
    *at = dry_run->next;
    fy_ask_forget(&dry_run->ask);
    fy_order_free(dry_run->order);
    free(dry_run);
}

void fy_dry_runs_free(struct fy_engine *engine)
{
    while (engine->dry_runs != NULL)
        free_dry_run(engine->dry_runs);
}

static void answered(void *context, struct fy_question *questions, size_t count)
{
    (void)count;
    struct fy_dry_run *dry_run = context;
    struct fy_err err = {0};
    struct fy_landscape *landscape = NULL;
    struct fy_plan *plan = NULL;
    struct fy_rtime now = fy_run_now(&dry_run->base, &dry_run->engine->world.clock);
    struct fy_buf json = {0}, table = {0};
    bool ok = fy_planning_landscape(questions, &landscape, &err) &&
              fy_plan_make(dry_run->order, landscape, NULL, now, &plan, &err);
    if (ok) {
        fy_plan_json(plan, &json);
        fy_plan_table(plan, &table, TABLE_WIDTH);
    }
    dry_run->done(dry_run->context, ok ? json.data : NULL, ok ? table.data : NULL, ok ? NULL : &err);
    fy_buf_free(&json);
    fy_buf_free(&table);
    fy_plan_free(plan);
    fy_landscape_free(landscape);
    free_dry_run(dry_run);
}

void fy_engine_plan(struct fy_engine *engine, const struct fy_order *order, int64_t epoch_ms,
                    void (*done)(void *context, const char *plan_json, const char *table,
                                 const struct fy_err *err),
                    void *context)
{
    struct fy_err err = {0};
    struct fy_order *twin = fy_order_copy(order);
    if (twin == NULL) {
        fy_fail(&err, FY_ERR_INTERNAL, "the order cannot be copied");
        done(context, NULL, NULL, &err);
        return;
    }
    int64_t wall = engine->world.clock.wall_ms(engine->world.clock.self);
    struct fy_dry_run *dry_run = FY_NEW(struct fy_dry_run);
    *dry_run = (struct fy_dry_run){
        .next = engine->dry_runs,
        .engine = engine,
        .order = twin,
        .base = {.epoch_ms = epoch_ms > 0 ? epoch_ms : wall, .wall0_ms = wall, .scale = 1},
        .done = done,
        .context = context};
    engine->dry_runs = dry_run;
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    struct fy_ask_who who = {.engine = engine, .run = "", .base = &dry_run->base, .patience_ms = PATIENCE_MS};
    fy_planning_ask(twin, questions);
    fy_ask(&who, questions, FY_PLANNING_QUESTIONS, answered, dry_run, &dry_run->ask);
}
