/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/batch.h"

#include "base/mem.h"

#include <string.h>

/* Room for one more of an array that doubles. */
#define GROW(array, count, room)                                                                             \
    do {                                                                                                     \
        if ((count) == (room)) {                                                                             \
            (room) = (room) == 0 ? 16 : 2 * (room);                                                          \
            (array) = fy_realloc((array), (room) * sizeof *(array));                                         \
        }                                                                                                    \
    } while (0)

struct fy_journal_batch *fy_journal_batch_new(void)
{
    return FY_NEW(struct fy_journal_batch);
}

static void free_line(struct fy_run_line *line)
{
    const char *strings[] = {line->run, line->request_id, line->tenant, line->vnf_instance_id,
                             line->order_sha256};
    for (size_t i = 0; i < FY_COUNT(strings); i++)
        free((void *)(uintptr_t)strings[i]); /* copies of ours */
}

void fy_journal_batch_clear(struct fy_journal_batch *batch)
{
    for (size_t i = 0; i < batch->item_count; i++)
        free(batch->items[i].record.body);
    for (size_t i = 0; i < batch->line_count; i++)
        free_line(&batch->lines[i]);
    for (size_t i = 0; i < batch->text_count; i++)
        free((void *)(uintptr_t)batch->texts[i].bytes);
    batch->item_count = batch->call_count = batch->line_count = batch->text_count = batch->bytes = 0;
    batch->forced = false;
    batch->next = NULL;
}

void fy_journal_batch_free(struct fy_journal_batch *batch)
{
    if (batch == NULL)
        return;
    fy_journal_batch_clear(batch);
    free(batch->items);
    free(batch->calls);
    free(batch->lines);
    free(batch->texts);
    free(batch->rows);
    free(batch);
}

void fy_journal_batch_add(struct fy_journal_batch *batch, struct fy_journal_run *run,
                          struct fy_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        GROW(batch->items, batch->item_count, batch->item_room);
        struct fy_journal_item *item = &batch->items[batch->item_count++];
        *item = (struct fy_journal_item){run, records[i], strlen(records[i].body)};
        batch->bytes += item->length;
    }
}

void fy_journal_batch_end_call(struct fy_journal_batch *batch, void (*done)(void *context), void *context)
{
    GROW(batch->calls, batch->call_count, batch->call_room);
    batch->calls[batch->call_count++] = (struct fy_journal_call){batch->item_count, done, context};
}

static char *copy_text(const char *text)
{
    return fy_strdup(text != NULL ? text : "");
}

void fy_journal_batch_add_line(struct fy_journal_batch *batch, const struct fy_run_line *line)
{
    batch->lines = fy_realloc(batch->lines, (batch->line_count + 1) * sizeof *batch->lines);
    batch->lines[batch->line_count++] = (struct fy_run_line){
        .run = copy_text(line->run),
        .request_id = copy_text(line->request_id),
        .tenant = copy_text(line->tenant),
        .vnf_instance_id = copy_text(line->vnf_instance_id),
        .order_sha256 = copy_text(line->order_sha256),
        .accepted_ms = line->accepted_ms,
        .final = line->final,
    };
}

void fy_journal_batch_add_texts(struct fy_journal_batch *batch, const struct fy_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        batch->texts = fy_realloc(batch->texts, (batch->text_count + 1) * sizeof *batch->texts);
        struct fy_text *copy = &batch->texts[batch->text_count++];
        char *bytes = fy_alloc(texts[i].length + 1);
        if (texts[i].length > 0)
            memcpy(bytes, texts[i].bytes, texts[i].length);
        *copy = texts[i];
        copy->bytes = bytes;
        batch->bytes += copy->length;
    }
}

void fy_journal_batch_move(struct fy_journal_batch *to, struct fy_journal_batch *from)
{
    size_t before = to->item_count;
    for (size_t i = 0; i < from->item_count; i++) {
        GROW(to->items, to->item_count, to->item_room);
        to->items[to->item_count++] = from->items[i];
    }
    for (size_t i = 0; i < from->call_count; i++) {
        GROW(to->calls, to->call_count, to->call_room);
        to->calls[to->call_count] = from->calls[i];
        to->calls[to->call_count++].end += before;
    }
    to->bytes += from->bytes;
    from->item_count = from->call_count = from->bytes = 0; /* held calls have neither lines nor texts */
}

void fy_journal_batch_number(struct fy_journal_batch *batch, uint64_t epoch)
{
    if (batch->row_room < batch->item_count) {
        batch->row_room = batch->item_room;
        batch->rows = fy_realloc(batch->rows, batch->row_room * sizeof *batch->rows);
    }
    for (size_t i = 0; i < batch->item_count; i++) {
        const struct fy_journal_item *item = &batch->items[i];
        struct fy_row *row = &batch->rows[i];
        *row = (struct fy_row){.run = item->run->name,
                               .seq = ++item->run->seq,
                               .kind = item->record.kind,
                               .time_ms = item->record.time.ms,
                               .epoch = item->run->epoch != 0 ? item->run->epoch : epoch,
                               .body = item->record.body,
                               .body_length = item->length};
        fy_row_hash(row, item->run->hash, row->hash);
        memcpy(item->run->hash, row->hash, FY_SHA256_BYTES);
    }
}
