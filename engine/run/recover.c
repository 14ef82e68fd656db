/* SPDX-License-Identifier: Apache-2.0 */
/* After a restart: every live run is read, folded, and driven on. Nothing else is remembered, nothing is
 * special. */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"
#include "run/phase/handover.h"

#include <string.h>

struct folding {
    struct fy_run *run;
    struct fy_err err;
    bool failed;
};

static bool fold_row(void *context, const struct fy_row *row)
{
    struct folding *folding = context;
    folding->failed = !fy_fold(folding->run, row, &folding->err);
    return !folding->failed;
}

bool fy_run_read(struct fy_store *store, struct fy_run *run, struct fy_err *err)
{
    struct folding folding = {.run = run};
    if (!store->read(store, run->id, 0, fold_row, &folding, err))
        return false;
    if (folding.failed && err != NULL)
        *err = folding.err;
    if (!folding.failed && run->seq == 0)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s", run->id) ||
               fy_hint(err, "\"ferry list\" shows the runs of this store");
    return !folding.failed;
}

/* A live run on its way from the store. */
struct restored {
    struct fy_run *run;
    struct fy_err err;
    bool failed;
};

struct listing {
    struct restored *runs;
    size_t count;
    struct fy_map by_id;
};

static bool list_run(void *context, const struct fy_run_line *line)
{
    struct listing *listing = context;
    listing->runs = fy_realloc(listing->runs, (listing->count + 1) * sizeof *listing->runs);
    listing->runs[listing->count++] = (struct restored){.run = fy_run_new(line->run)};
    return true;
}

static bool fold_mixed(void *context, const struct fy_row *row)
{
    const struct listing *listing = context;
    struct restored *restored = fy_map_get(&listing->by_id, row->run);
    if (restored != NULL && !restored->failed)
        restored->failed = !fy_fold(restored->run, row, &restored->err);
    return true;
}

static void read_alone(struct fy_store *store, struct restored *restored)
{
    struct fy_run *run = fy_run_new(restored->run->id);
    fy_run_free(restored->run);
    *restored = (struct restored){.run = run};
    restored->failed = !fy_run_read(store, run, &restored->err);
}

/* All in one pass. Where that meets a damaged record, each by itself: the other runs are as good as before.
 */
static void read_all(struct fy_store *store, struct listing *listing)
{
    struct fy_err err = {0};
    for (size_t i = 0; i < listing->count; i++)
        fy_map_put(&listing->by_id, listing->runs[i].run->id, &listing->runs[i]);
    bool whole = store->read_live(store, fold_mixed, listing, &err);
    fy_map_free(&listing->by_id);
    if (whole)
        return;
    fy_log_err(&err, "the live runs are read one by one");
    for (size_t i = 0; i < listing->count; i++)
        read_alone(store, &listing->runs[i]);
}

/* A store that cannot be read just now says nothing about a run: whoever starts next reads it. */
static bool is_there(const struct listing *listing, struct fy_err *err)
{
    for (size_t i = 0; i < listing->count; i++) {
        const struct restored *restored = &listing->runs[i];
        if (!restored->failed || restored->err.kind != FY_ERR_TRANSIENT)
            continue;
        *err = restored->err;
        return fy_wrap(err, "run %s cannot be taken over", restored->run->id);
    }
    return true;
}

struct fy_live *fy_run_take_over(struct fy_engine *engine, struct fy_run *run, uint64_t epoch,
                                 struct fy_err *err)
{
    struct fy_live *live = fy_live_new(engine, run);
    live->epoch = epoch;
    if (err->kind == FY_ERR_NONE && run->seq == 0)
        (void)fy_fail(err, FY_ERR_NOT_FOUND, "it has no records");
    if (err->kind != FY_ERR_NONE) {
        fy_log_err(err, "run %s cannot be taken over", live->run->id);
        live->over = true;
        return NULL;
    }
    fy_live_keep_line(live, live->run->order, live->run->order_sha256);
    live->tail = live->run->state;
    live->dirty = live->run->handover != NULL && live->run->handover->dirty;
    live->recovered = !fy_state_final(live->run->state);
    fy_journal_adopt(engine->world.journal, live->run->id, live->run->seq, live->run->hash);
    fy_journal_write_as(engine->world.journal, live->run->id, epoch);
    return live;
}

/* A run that cannot be read does not keep the others from going on. */
static struct fy_live *take_over(struct fy_engine *engine, struct restored *restored)
{
    if (!restored->failed)
        restored->err.kind = FY_ERR_NONE;
    return fy_run_take_over(engine, restored->run, engine->world.store->epoch, &restored->err);
}

bool fy_engine_recover(struct fy_engine *engine, struct fy_err *err)
{
    struct listing listing = {0};
    bool ok = engine->world.store->runs(engine->world.store, true, list_run, &listing, err);
    if (ok && listing.count > 0)
        read_all(engine->world.store, &listing);
    ok = ok && is_there(&listing, err);
    for (size_t i = 0; i < listing.count; i++) {
        if (!ok) {
            fy_run_free(listing.runs[i].run);
            continue;
        }
        struct fy_live *live = take_over(engine, &listing.runs[i]);
        FY_POINT(run_restored);
        if (live != NULL)
            fy_drive(live);
    }
    free(listing.runs);
    return ok;
}
