/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tray to the fold. A run has at most one forced append under way; what is put meanwhile leaves with
 * the next. Records are folded in their order: forced ones when they are durable, lazy ones as soon as
 * everything before them is (if they are lost in a crash, they are no data, and observed again).
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "run/live.h"

#include <string.h>

struct fy_written {
    struct fy_written *next;
    struct fy_engine *engine;
    struct fy_live *live; /* NULL: the run is gone from this process */
    struct fy_done *done;
    bool durable, lazy, folded;
    size_t count;
    struct {
        enum fy_record_kind kind;
        int64_t time_ms;
        size_t length;
        char *body;
    } records[];
};

enum when { FORCED, RIDES, LAZY };

static enum when when_of(enum fy_record_kind kind)
{
    static const enum when table[] = {
#define X(id, NAME, name, when, says) [id] = when,
#include "journal/record.def"
#undef X
    };
    return table[kind];
}

void fy_put(struct fy_live *live, enum fy_record_kind kind, struct fy_buf *body)
{
    struct fy_tray *tray = &live->tray;
    if (tray->count == tray->room) {
        tray->room = tray->room == 0 ? 4 : 2 * tray->room;
        tray->records = fy_realloc(tray->records, tray->room * sizeof *tray->records);
    }
    tray->records[tray->count++] =
        (struct fy_record){.kind = kind, .time = fy_live_now(live), .body = fy_buf_take(body)};
    tray->forced |= when_of(kind) == FORCED;
}

void fy_put_done(struct fy_live *live, void (*done)(void *context), void *context)
{
    if (done == NULL)
        return;
    struct fy_done *waiter = FY_NEW(struct fy_done);
    *waiter = (struct fy_done){.done = done, .context = context, .next = live->tray.done};
    live->tray.done = waiter;
}

static struct fy_written *last_unwritten(const struct fy_live *live)
{
    struct fy_written *last = NULL;
    for (struct fy_written *at = live != NULL ? live->written : NULL; at != NULL; at = at->next)
        if (!at->durable && !at->lazy)
            last = at;
    return last;
}

void fy_when_durable(struct fy_live *live, void (*done)(void *context), void *context)
{
    struct fy_written *last = last_unwritten(live);
    if (done == NULL)
        return;
    if (last == NULL) {
        done(context);
        return;
    }
    struct fy_done *waiter = FY_NEW(struct fy_done);
    *waiter = (struct fy_done){.done = done, .context = context, .next = last->done};
    last->done = waiter;
}

static void free_done(struct fy_done *done)
{
    while (done != NULL) {
        struct fy_done *next = done->next;
        free(done);
        done = next;
    }
}

static void free_written(struct fy_written *written)
{
    free_done(written->done);
    for (size_t i = 0; i < written->count; i++)
        free(written->records[i].body);
    free(written);
}

static void unlink_written(struct fy_written **list, struct fy_written *written)
{
    while (*list != NULL && *list != written)
        list = &(*list)->next;
    if (*list != NULL)
        *list = written->next;
}

static void tell(struct fy_written *written)
{
    struct fy_done *done = written->done;
    written->done = NULL;
    for (struct fy_done *at = done; at != NULL; at = at->next)
        at->done(at->context);
    free_done(done);
}

/* A record of our own that cannot be folded is a fault of ours: the run stops where it is, and says so. */
static void apply(struct fy_live *live, const struct fy_written *written)
{
    for (size_t i = 0; i < written->count; i++) {
        struct fy_err err = {0};
        struct fy_row row = {.run = live->run->id,
                             .seq = live->run->seq + 1,
                             .kind = written->records[i].kind,
                             .time_ms = written->records[i].time_ms,
                             .epoch = live->epoch,
                             .body = written->records[i].body,
                             .body_length = written->records[i].length};
        if (!fy_fold(live->run, &row, &err)) {
            fy_log_err(&err, "run %s stands still", live->run->id);
            live->over = true;
            return;
        }
    }
}

/* Fold what may be folded; true if anything was. */
static bool settle(struct fy_live *live)
{
    bool any = false;
    for (struct fy_written *at = live->written; at != NULL && !live->over; at = at->next) {
        if (at->folded)
            continue;
        if (!at->durable && !at->lazy)
            break;
        at->folded = any = true;
        apply(live, at);
    }
    return any;
}

static void durable(void *context)
{
    struct fy_written *written = context;
    struct fy_live *live = written->live;
    FY_POINT(run_durable);
    if (live == NULL) {
        unlink_written(&written->engine->orphans, written);
        tell(written);
        free_written(written);
        return;
    }
    written->durable = true;
    live->writing -= !written->lazy;
    bool any = settle(live);
    unlink_written(&live->written, written);
    tell(written);
    free_written(written);
    if (any)
        fy_drive(live);
}

static struct fy_written *pack(struct fy_live *live)
{
    struct fy_tray *tray = &live->tray;
    struct fy_written *written = fy_alloc(sizeof *written + tray->count * sizeof written->records[0]);
    written->engine = live->engine;
    written->live = live;
    written->lazy = !tray->forced;
    written->count = tray->count;
    written->done = tray->done;
    for (size_t i = 0; i < tray->count; i++) {
        size_t length = strlen(tray->records[i].body);
        written->records[i].kind = tray->records[i].kind;
        written->records[i].time_ms = tray->records[i].time.ms;
        written->records[i].length = length;
        written->records[i].body = fy_strndup(tray->records[i].body, length);
    }
    struct fy_written **end = &live->written;
    while (*end != NULL)
        end = &(*end)->next;
    *end = written;
    return written;
}

void fy_flush_first(struct fy_live *live, const struct fy_run_line *line, const struct fy_text *texts,
                    size_t text_count)
{
    struct fy_tray *tray = &live->tray;
    if (tray->count == 0 || (tray->forced && live->writing > 0))
        return;
    struct fy_written *written = pack(live);
    bool lazy = written->lazy;
    size_t count = tray->count;
    live->writing += !written->lazy;
    tray->count = 0;
    tray->done = NULL;
    tray->forced = tray->held = tray->command = false;
    fy_journal_append(live->engine->world.journal, live->run->id, tray->records, count, line, texts,
                      text_count, durable, written);
    if (lazy && settle(live))
        fy_drive(live);
}

void fy_flush(struct fy_live *live)
{
    struct fy_run_line line;
    bool final = fy_state_final(live->tail) && !live->dirty;
    if (final)
        fy_live_line(live, true, &line);
    fy_flush_first(live, final ? &line : NULL, NULL, 0);
}

void fy_write_free(struct fy_live *live)
{
    for (size_t i = 0; i < live->tray.count; i++)
        free(live->tray.records[i].body);
    free(live->tray.records);
    free_done(live->tray.done);
    while (live->written != NULL) {
        struct fy_written *written = live->written;
        live->written = written->next;
        written->live = NULL;
        written->next = live->engine->orphans;
        live->engine->orphans = written;
    }
}

void fy_write_forget(struct fy_engine *engine)
{
    while (engine->orphans != NULL) {
        struct fy_written *written = engine->orphans;
        engine->orphans = written->next;
        free_written(written);
    }
}
