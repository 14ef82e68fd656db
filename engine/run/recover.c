/* SPDX-License-Identifier: Apache-2.0 */
/* After a restart: every live run is read, folded, and driven on. Nothing else is remembered, nothing is
 * special. */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"

#include <string.h>

struct listing {
    char **runs;
    size_t count;
};

static bool list_run(void *context, const struct fy_run_line *line)
{
    struct listing *listing = context;
    listing->runs = fy_realloc(listing->runs, (listing->count + 1) * sizeof *listing->runs);
    listing->runs[listing->count++] = fy_strdup(line->run);
    return true;
}

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
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s", run->id);
    return !folding.failed;
}

/* A run that cannot be read does not keep the others from going on. */
static struct fy_live *restore(struct fy_engine *engine, const char *id)
{
    struct fy_err err = {0};
    struct fy_live *live = fy_live_new(engine, id);
    if (!fy_run_read(engine->world.store, live->run, &err)) {
        fy_log_err(&err, "run %s cannot be taken over", id);
        live->over = true;
        return NULL;
    }
    fy_live_keep_line(live, live->run->order, live->run->order_sha256);
    live->tail = live->run->state;
    live->recovered = true;
    fy_journal_adopt(engine->world.journal, id, live->run->seq, live->run->hash);
    return live;
}

bool fy_engine_recover(struct fy_engine *engine, struct fy_err *err)
{
    struct listing listing = {0};
    bool ok = engine->world.store->runs(engine->world.store, true, list_run, &listing, err);
    for (size_t i = 0; i < listing.count; i++) {
        struct fy_live *live = ok ? restore(engine, listing.runs[i]) : NULL;
        FY_POINT(run_restored);
        if (live != NULL)
            fy_drive(live);
        free(listing.runs[i]);
    }
    free(listing.runs);
    return ok;
}
