/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs that come from another engine, and runs that go to one. Coming is a restart of that run alone. Going
 * is an orderly end of it in this process: no call of it is out, all of it is durable, and then it is
 * forgotten.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"
#include "run/phase/handover.h"
#include "run/step/lease.h"
#include "run/step/step.h"

/* ---- coming ------------------------------------------------------------------------------------------- */

static bool goes_on(const struct fy_run *run)
{
    return !fy_state_final(run->state) || (run->handover != NULL && run->handover->dirty);
}

bool fy_engine_adopt(struct fy_engine *engine, const char *id, uint64_t epoch, struct fy_err *err)
{
    if (fy_live_find(engine, id) != NULL)
        return true;
    struct fy_run *run = fy_run_new(id);
    struct fy_err why = {0};
    bool read = fy_run_read(engine->world.store, run, &why);
    if ((!read && why.kind == FY_ERR_TRANSIENT) || (read && !goes_on(run))) {
        fy_run_free(run);
        *err = why;
        return read;
    }
    struct fy_live *live = fy_run_take_over(engine, run, epoch, &why);
    FY_POINT(run_restored);
    if (live != NULL)
        fy_drive(live);
    return true;
}

bool fy_engine_elsewhere(struct fy_engine *engine, const char *id)
{
    if (fy_live_find(engine, id) != NULL)
        return false;
    struct fy_run *run = fy_run_new(id);
    struct fy_err err;
    bool lives = fy_run_read(engine->world.store, run, &err) && goes_on(run);
    fy_run_free(run);
    return lives;
}

/* ---- going -------------------------------------------------------------------------------------------- */

struct parting {
    struct fy_engine *engine;
    char *run;
};

static void parted(void *context)
{
    struct parting *parting = context;
    const struct fy_engine_world *world = &parting->engine->world;
    world->left(world->left_context, parting->run);
    free(parting->run);
    free(parting);
}

static void leave(struct fy_live *live)
{
    struct parting *parting = FY_NEW(struct parting);
    *parting = (struct parting){.engine = live->engine, .run = fy_strdup(live->run->id)};
    live->over = true;
    fy_live_put_away(live);
    fy_journal_part(live->engine->world.journal, parting->run, parted, parting);
}

/* Nothing of it is out in the world, and nothing computes. */
static bool rests(const struct fy_live *live)
{
    return live->script != FY_SCRIPT_RUNS && !fy_lease_under_way(live) &&
           (!live->run->step.open || fy_step_rests(live));
}

bool fy_move_out(struct fy_live *live)
{
    if (live->tray.held || !rests(live))
        return false;
    fy_flush(live);
    if (live->writing == 0 && !live->over)
        leave(live);
    return true;
}

static bool is_free(const struct fy_live *live)
{
    return !live->leaving && !live->buried && (!live->over || !fy_state_final(live->run->state));
}

static size_t mark(struct fy_engine *engine, int64_t count, bool only_waiting)
{
    size_t marked = 0;
    for (struct fy_live *live = engine->lives, *next; live != NULL && count != 0; live = next) {
        next = live->next; /* it may leave at once */
        bool runs = live->run->order != NULL && fy_state_runs(live->run->state);
        if (!is_free(live) || (only_waiting && runs))
            continue;
        live->leaving = true;
        marked++;
        count -= count > 0;
        if (live->over && live->writing == 0)
            leave(live); /* it stands still over a fault of ours; perhaps not elsewhere */
        else
            fy_drive(live);
    }
    return marked;
}

size_t fy_engine_let_go(struct fy_engine *engine, int64_t count)
{
    if (engine->world.left == NULL)
        return 0;
    size_t marked = mark(engine, count, true);
    if (count < 0 || (int64_t)marked < count)
        marked += mark(engine, count < 0 ? -1 : count - (int64_t)marked, false);
    return marked;
}
