/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/memory_store.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/point.h"

#include <string.h>

/* A run: its line, and its rows with the numbers they have in the whole store. */
struct kept {
    struct fy_run_line line;
    struct fy_row *rows;
    uint64_t *order;
    size_t count, room;
};

struct memory {
    struct fy_store store;
    struct kept **runs; /* in the order they came */
    size_t count;
    struct fy_map by_id;
    struct fy_text *texts;
    size_t text_count;
    uint64_t order;
    bool (*may_commit)(void *context);
    void *context;
};

static struct memory *of(const struct fy_store *store)
{
    return (struct memory *)(uintptr_t)store;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text); /* const in the line, ours all the same */
}

/* ---- commit ---------------------------------------------------------------------------------------------
 */

static void set(const char **place, const char *text)
{
    if (text == NULL)
        return;
    free_text(*place);
    *place = fy_strdup(text);
}

static void put_line(struct memory *memory, const struct fy_run_line *line)
{
    struct kept *kept = fy_map_get(&memory->by_id, line->run);
    if (kept == NULL) {
        kept = FY_NEW(struct kept);
        kept->line.run = fy_strdup(line->run);
        kept->line.accepted_ms = line->accepted_ms;
        memory->runs = fy_realloc(memory->runs, (memory->count + 1) * sizeof(struct kept *));
        memory->runs[memory->count++] = kept;
        fy_map_put(&memory->by_id, kept->line.run, kept);
        set(&kept->line.request_id, line->request_id);
        set(&kept->line.tenant, line->tenant);
        set(&kept->line.vnf_instance_id, line->vnf_instance_id);
        set(&kept->line.order_sha256, line->order_sha256);
    }
    kept->line.final = line->final;
}

static void put_text(struct memory *memory, const struct fy_text *text)
{
    for (size_t i = 0; i < memory->text_count; i++)
        if (strcmp(memory->texts[i].sha256, text->sha256) == 0)
            return;
    memory->texts = fy_realloc(memory->texts, (memory->text_count + 1) * sizeof *memory->texts);
    struct fy_text *kept = &memory->texts[memory->text_count++];
    *kept = *text;
    char *bytes = fy_alloc(text->length + 1);
    memcpy(bytes, text->bytes, text->length);
    kept->bytes = bytes;
}

static void put_row(struct memory *memory, struct kept *kept, const struct fy_row *row)
{
    if (kept->count == kept->room) {
        kept->room = kept->room == 0 ? 64 : 2 * kept->room;
        kept->rows = fy_realloc(kept->rows, kept->room * sizeof *kept->rows);
        kept->order = fy_realloc(kept->order, kept->room * sizeof *kept->order);
    }
    kept->order[kept->count] = ++memory->order;
    struct fy_row *place = &kept->rows[kept->count++];
    *place = *row;
    place->run = kept->line.run;
    char *body = fy_alloc(row->body_length + 1);
    memcpy(body, row->body, row->body_length);
    place->body = body;
}

static const struct fy_run_line *line_of(const struct fy_store_batch *batch, const char *run)
{
    for (size_t i = 0; i < batch->line_count; i++)
        if (strcmp(batch->lines[i].run, run) == 0)
            return &batch->lines[i];
    return NULL;
}

/* Each row follows the one before it, in the store or in the batch. */
static bool check_rows(const struct memory *memory, const struct fy_store_batch *batch, struct fy_err *err)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct fy_row *row = &batch->rows[i];
        const struct kept *kept = fy_map_get(&memory->by_id, row->run);
        if (kept == NULL && line_of(batch, row->run) == NULL)
            return fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s has no line in the index of the %s",
                           (unsigned long long)row->seq, row->run, memory->store.name);
        uint64_t last = kept != NULL ? kept->count : 0;
        for (size_t j = 0; j < i; j++)
            last += strcmp(batch->rows[j].run, row->run) == 0;
        if (row->seq != last + 1)
            return fy_fail(
                err, FY_ERR_INTERNAL, "record %llu of run %s does not follow record %llu in the %s",
                (unsigned long long)row->seq, row->run, (unsigned long long)last, memory->store.name);
    }
    return true;
}

static bool commit(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    struct memory *memory = of(self);
    if (!check_rows(memory, batch, err))
        return false;
    FY_POINT(journal_after_insert);
    if (memory->may_commit != NULL && !memory->may_commit(memory->context))
        return fy_fail(err, FY_ERR_TRANSIENT, "the engine died in the middle of the commit");
    for (size_t i = 0; i < batch->line_count; i++)
        put_line(memory, &batch->lines[i]);
    for (size_t i = 0; i < batch->text_count; i++)
        put_text(memory, &batch->texts[i]);
    for (size_t i = 0; i < batch->row_count; i++)
        put_row(memory, fy_map_get(&memory->by_id, batch->rows[i].run), &batch->rows[i]);
    return true;
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

static bool read_run(struct fy_store *self, const char *run, uint64_t after,
                     bool (*visit)(void *context, const struct fy_row *row), void *context,
                     struct fy_err *err)
{
    const struct kept *kept = fy_map_get(&of(self)->by_id, run);
    if (kept == NULL)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s in the %s", run, self->name);
    for (size_t i = after < kept->count ? (size_t)after : kept->count; i < kept->count; i++)
        if (!visit(context, &kept->rows[i]))
            break;
    return true;
}

/* In the order of the store: the run whose next row is the oldest goes first. */
static bool read_live(struct fy_store *self, bool (*visit)(void *context, const struct fy_row *row),
                      void *context, struct fy_err *err)
{
    (void)err;
    const struct memory *memory = of(self);
    size_t *at = FY_NEW_ARRAY(size_t, memory->count + 1);
    for (bool more = true; more;) {
        size_t first = memory->count;
        for (size_t i = 0; i < memory->count; i++) {
            const struct kept *kept = memory->runs[i];
            if (!kept->line.final && at[i] < kept->count &&
                (first == memory->count || kept->order[at[i]] < memory->runs[first]->order[at[first]]))
                first = i;
        }
        more = first < memory->count && visit(context, &memory->runs[first]->rows[at[first]]);
        if (more)
            at[first]++;
    }
    free(at);
    return true;
}

static bool runs(struct fy_store *self, bool live_only,
                 bool (*visit)(void *context, const struct fy_run_line *line), void *context,
                 struct fy_err *err)
{
    (void)err;
    const struct memory *memory = of(self);
    for (size_t i = memory->count; i-- > 0;)
        if (!(live_only && memory->runs[i]->line.final) && !visit(context, &memory->runs[i]->line))
            break;
    return true;
}

static bool text(struct fy_store *self, const char *sha256, char **ret_bytes, size_t *ret_length,
                 struct fy_err *err)
{
    const struct memory *memory = of(self);
    for (size_t i = 0; i < memory->text_count; i++) {
        if (strcmp(memory->texts[i].sha256, sha256) != 0)
            continue;
        *ret_length = memory->texts[i].length;
        *ret_bytes = fy_alloc(*ret_length + 1);
        memcpy(*ret_bytes, memory->texts[i].bytes, *ret_length);
        return true;
    }
    return fy_fail(err, FY_ERR_NOT_FOUND, "there is no text %s in the %s", sha256, self->name);
}

/* ---- making ---------------------------------------------------------------------------------------------
 */

static void free_kept(struct kept *kept)
{
    const char *texts[] = {kept->line.run, kept->line.request_id, kept->line.tenant,
                           kept->line.vnf_instance_id, kept->line.order_sha256};
    for (size_t i = 0; i < FY_COUNT(texts); i++)
        free_text(texts[i]);
    for (size_t i = 0; i < kept->count; i++)
        free_text(kept->rows[i].body);
    free(kept->rows);
    free(kept->order);
    free(kept);
}

static void close_store(struct fy_store *self)
{
    struct memory *memory = of(self);
    for (size_t i = 0; i < memory->count; i++)
        free_kept(memory->runs[i]);
    for (size_t i = 0; i < memory->text_count; i++)
        free_text(memory->texts[i].bytes);
    free(memory->texts);
    free(memory->runs);
    fy_map_free(&memory->by_id);
    free(memory);
}

struct fy_store *memory_store_new(void)
{
    struct memory *memory = FY_NEW(struct memory);
    memory->store = (struct fy_store){.name = "store in memory",
                                      .epoch = 1,
                                      .commit = commit,
                                      .read = read_run,
                                      .read_live = read_live,
                                      .runs = runs,
                                      .text = text,
                                      .close = close_store};
    return &memory->store;
}

const struct fy_row *memory_store_rows(const struct fy_store *store, const char *run, size_t *ret_count)
{
    const struct kept *kept = fy_map_get(&of(store)->by_id, run);
    *ret_count = kept != NULL ? kept->count : 0;
    return kept != NULL ? kept->rows : NULL;
}

void memory_store_ask(struct fy_store *store, bool (*may_commit)(void *context), void *context)
{
    of(store)->may_commit = may_commit;
    of(store)->context = context;
}
