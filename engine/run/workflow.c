/* SPDX-License-Identifier: Apache-2.0 */
/* A run and its workflow: starting and replaying it, and what its answers mean. */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/history.h"
#include "run/live.h"
#include "run/step/step.h"

#include <string.h>

#define ANSWER_LIMIT_MS 5    /* longer than this, the outcome is committed alone */
#define START_AGAIN_MS  1000 /* a pinned text or the history could not be read */

static void stop_answer_timer(struct fy_live *live)
{
    if (live->answer_timer != NULL)
        live->engine->world.timers.cancel(live->engine->world.timers.self, live->answer_timer);
    live->answer_timer = NULL;
}

/* A call without an intent is nothing yet: replayed, the workflow makes it again. */
static void forget_next(struct fy_live *live)
{
    live->has_next = live->replays_open = false;
    free(fy_steal(&live->next_call));
    free(fy_steal(&live->next_args));
}

void fy_workflow_drop(struct fy_live *live)
{
    stop_answer_timer(live);
    if (live->script != FY_SCRIPT_IDLE)
        live->engine->world.script->drop(live->engine->world.script, live->run->id);
    live->script = FY_SCRIPT_IDLE;
    forget_next(live);
}

static void start_again(void *context)
{
    struct fy_live *live = context;
    live->answer_timer = NULL;
    fy_drive(live);
}

/* A store that cannot be read just now is no failure of the run. */
static void not_started(struct fy_live *live, struct fy_err *err)
{
    struct fy_timers *timers = &live->engine->world.timers;
    fy_wrap(err, "could not start the workflow of run %s", live->run->id);
    if (err->kind != FY_ERR_TRANSIENT) {
        fy_park(live, "workflow_error", err);
        return;
    }
    fy_log_err(err, "tried again in %d s", START_AGAIN_MS / 1000);
    live->answer_timer = timers->at(timers->self, START_AGAIN_MS, start_again, live);
}

void fy_workflow_start(struct fy_live *live)
{
    struct fy_script *script = live->engine->world.script;
    struct fy_err err = {0};
    stop_answer_timer(live);
    struct fy_history *history = fy_history_read(live->engine->world.store, live->run, &err);
    if (history == NULL) {
        not_started(live, &err);
        return;
    }
    live->script = FY_SCRIPT_RUNS;
    live->replays_open = history->open;
    FY_POINT(run_before_replay);
    script->start(script, &history->start);
    fy_history_free(history);
}

static void answer_late(void *context)
{
    struct fy_live *live = context;
    live->answer_timer = NULL;
    live->tray.held = false;
    FY_POINT(run_outcome_alone);
    fy_drive(live);
}

void fy_workflow_resume(struct fy_live *live, const char *outcome)
{
    struct fy_engine *engine = live->engine;
    if (live->script !=
        FY_SCRIPT_AT_CALL) { /* its host died: replayed anew, it finds this outcome in its history */
        fy_workflow_drop(live);
        return;
    }
    live->tray.held = true;
    live->script = FY_SCRIPT_RUNS;
    live->answer_timer =
        engine->world.timers.at(engine->world.timers.self, ANSWER_LIMIT_MS, answer_late, live);
    engine->world.script->resume(engine->world.script, live->run->id, outcome);
}

static void put_notes(struct fy_live *live, const struct fy_script_event *event)
{
    for (size_t i = 0; i < event->note_count; i++)
        fy_put_text(live, event->notes[i].phase ? FY_REC_PHASE : FY_REC_NOTE, event->notes[i].text, NULL);
}

static void on_call(struct fy_live *live, const struct fy_script_event *event)
{
    live->script = FY_SCRIPT_AT_CALL;
    if (live->replays_open) {
        live->replays_open = false;
        return;
    }
    put_notes(live, event);
    live->next_call = fy_strdup(event->call);
    live->next_args = fy_strdup(event->args);
    live->next_tolerant = event->tolerant;
    live->has_next = true;
}

static void on_done(struct fy_live *live, const struct fy_script_event *event)
{
    live->script = FY_SCRIPT_ENDED;
    put_notes(live, event);
}

static void on_lost(struct fy_live *live, const struct fy_script_event *event)
{
    (void)event;
    live->script = FY_SCRIPT_IDLE;
    forget_next(live);
}

static void on_error(struct fy_live *live, const struct fy_script_event *event)
{
    on_lost(live, event);
    put_notes(live, event);
    fy_park(live, "workflow_error", &event->err);
}

void fy_workflow_event(void *context, const struct fy_script_event *event)
{
    static void (*const kinds[])(struct fy_live * live,
                                 const struct fy_script_event *event) = {[FY_SCRIPT_CALL] = on_call,
                                                                         [FY_SCRIPT_DONE] = on_done,
                                                                         [FY_SCRIPT_ERROR] = on_error,
                                                                         [FY_SCRIPT_LOST] = on_lost};
    struct fy_live *live = fy_live_find(context, event->run);
    if (live == NULL || live->script == FY_SCRIPT_IDLE ||
        (live->script != FY_SCRIPT_RUNS && event->kind != FY_SCRIPT_LOST))
        return;
    stop_answer_timer(live);
    kinds[event->kind](live, event);
    live->tray.held = false;
    fy_drive(live);
}
