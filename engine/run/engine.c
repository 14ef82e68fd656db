/* SPDX-License-Identifier: Apache-2.0 */
#include "run/engine.h"

#include "base/log.h"
#include "base/mem.h"
#include "run/ask.h"
#include "run/drive.h"
#include "run/live.h"
#include "run/planning.h"
#include "run/step/lease.h"
#include "run/step/step.h"
#include "run/verb/repeat.h"
#include "run/watch/watch.h"

#include <string.h>

/* ---- time
 * -------------------------------------------------------------------------------------------------- */

struct fy_rtime fy_live_now(const struct fy_live *live)
{
    return fy_run_now(&live->run->base, &live->engine->world.clock);
}

void *fy_live_timer(struct fy_live *live, struct fy_rtime when, void (*fire)(void *live))
{
    const struct fy_engine_world *world = &live->engine->world;
    return world->timers.at(world->timers.self, fy_run_wait_ms(&live->run->base, &world->clock, when), fire,
                            live);
}

void fy_live_cancel(struct fy_live *live, void **timer)
{
    const struct fy_timers *timers = &live->engine->world.timers;
    if (*timer != NULL)
        timers->cancel(timers->self, *timer);
    *timer = NULL;
}

void fy_live_wait(struct fy_live *live, struct fy_rtime when, void (*fire)(void *live))
{
    fy_live_cancel(live, &live->flight.timer);
    live->flight.timer = fy_live_timer(live, when, fire);
}

/* ---- runs of this process
 * ------------------------------------------------------------------------------------- */

struct fy_live *fy_live_new(struct fy_engine *engine, struct fy_run *run)
{
    struct fy_live *live = FY_NEW(struct fy_live);
    live->engine = engine;
    live->run = run;
    live->epoch = engine->world.store->epoch;
    live->next = engine->lives;
    engine->lives = live;
    fy_map_put(&engine->by_id, live->run->id, live);
    return live;
}

struct fy_live *fy_live_find(const struct fy_engine *engine, const char *run)
{
    return fy_map_get(&engine->by_id, run);
}

void fy_live_free(struct fy_live *live)
{
    fy_step_leave(live);
    fy_watch_free(live);
    fy_lease_free(live);
    fy_ask_forget(&live->instances_ask);
    fy_ask_forget(&live->aside);
    fy_live_cancel(live, &live->state_timer);
    fy_live_cancel(live, &live->observe_timer);
    fy_live_cancel(live, &live->window_timer);
    fy_workflow_drop(live);
    fy_write_free(live);
    fy_run_free(live->run);
    free(live->instances);
    free(live->trouble);
    free(live->line_request);
    free(live->line_tenant);
    free(live->line_nf);
    free(live->line_group);
    free(live->last_key);
    free(live);
}

static void sweep(void *context)
{
    struct fy_engine *engine = context;
    engine->sweep_timer = NULL;
    while (engine->over != NULL) {
        struct fy_live *live = engine->over;
        engine->over = live->next;
        fy_live_free(live);
    }
}

void fy_live_put_away(struct fy_live *live)
{
    struct fy_engine *engine = live->engine;
    struct fy_live **at = &engine->lives;
    while (*at != NULL && *at != live)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = live->next;
    fy_map_remove(&engine->by_id, live->run->id);
    live->buried = true;
    live->next = engine->over;
    engine->over = live;
    if (engine->sweep_timer == NULL)
        engine->sweep_timer = engine->world.timers.at(engine->world.timers.self, 0, sweep, engine);
}

/* A run that stands still over a fault of ours stays in the list, for people to see. */
void fy_live_bury(struct fy_live *live)
{
    if (fy_state_final(live->run->state) && !live->buried)
        fy_live_put_away(live);
}

/* ---- the engine
 * --------------------------------------------------------------------------------------------------- */

/* Runs that wait for a connection go on when it is there. */
static void connection_changed(void *context, const struct fy_adapter_info *info)
{
    struct fy_engine *engine = context;
    if (info->state != FY_ADAPTER_READY && info->state != FY_ADAPTER_REFUSED)
        return;
    for (struct fy_live *live = engine->lives, *next; live != NULL; live = next) {
        next = live->next; /* driving it may bury it */
        if (live->run->order != NULL)
            fy_drive(live);
    }
}

struct fy_engine *fy_engine_new(const struct fy_engine_world *world)
{
    struct fy_engine *engine = FY_NEW(struct fy_engine);
    engine->world = *world;
    engine->world.script->on_event = fy_workflow_event;
    engine->world.script->context = engine;
    if (world->adapters->watch != NULL)
        world->adapters->watch(world->adapters->self, connection_changed, engine);
    return engine;
}

void fy_engine_workflows(struct fy_engine *engine, size_t count)
{
    engine->world.workflow_count = count;
}

void fy_engine_free(struct fy_engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->sweep_timer != NULL)
        engine->world.timers.cancel(engine->world.timers.self, engine->sweep_timer);
    while (engine->lives != NULL) {
        struct fy_live *live = engine->lives;
        engine->lives = live->next;
        fy_live_free(live);
    }
    sweep(engine);
    fy_dry_runs_free(engine);
    fy_write_forget(engine);
    fy_map_free(&engine->by_id);
    free(engine->found);
    free(engine);
}

/* ---- commands
 * ------------------------------------------------------------------------------------------------------- */

static bool find(struct fy_engine *engine, const char *run, struct fy_live **ret, struct fy_err *err)
{
    struct fy_buf view = {0};
    *ret = fy_live_find(engine, run);
    if (*ret != NULL)
        return true;
    if (fy_engine_show(engine, run, &view, err)) {
        fy_fail(err, FY_ERR_REFUSED, "run %s is over: nothing can be asked of it any more", run);
        fy_hint(err, "\"ferry report %s\" says how it ended; a new upgrade is a new order", run);
    }
    fy_buf_free(&view);
    return false;
}

bool fy_engine_may_change(const struct fy_engine *engine, struct fy_err *err)
{
    const char *trouble = fy_journal_trouble(engine->world.journal);
    if (trouble == NULL)
        return true;
    fy_fail(err, FY_ERR_TRANSIENT, "nothing can be changed now: %s", trouble);
    return fy_hint(err, "every run stands still and goes on by itself; ask again then");
}

bool fy_engine_command(struct fy_engine *engine, const char *run, const char *verb, const char *args,
                       const struct fy_caller *caller, void (*done)(void *context), void *context,
                       struct fy_err *err)
{
    struct fy_live *live = fy_live_find(engine, run);
    if (fy_command_repeats(engine, live, run, caller)) {
        fy_when_durable(live, done, context);
        return true;
    }
    if (!fy_engine_may_change(engine, err) || !find(engine, run, &live, err))
        return false;
    if (!fy_command(live, verb, args, caller, err))
        return false;
    fy_command_note_key(live, caller);
    fy_put_done(live, done, context);
    fy_flush(live);
    return true;
}
