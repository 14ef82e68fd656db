/* SPDX-License-Identifier: Apache-2.0 */
#include "run/history.h"

#include "base/mem.h"
#include "base/walk.h"

#include <string.h>

struct reading {
    struct fy_history *history;
    uint64_t step; /* of the last past entry */
    bool own;      /* the last intent was the engine's: not for the workflow */
    bool tolerant;
};

static char *keep(struct fy_history *history, char *text)
{
    if (history->kept_count == history->kept_room) {
        history->kept_room = history->kept_room == 0 ? 64 : 2 * history->kept_room;
        history->kept = fy_realloc(history->kept, history->kept_room * sizeof *history->kept);
    }
    history->kept[history->kept_count++] = text;
    return text;
}

static struct fy_script_past *add_past(struct fy_history *history)
{
    size_t count = history->start.history_count;
    if (count == history->room) {
        history->room = count == 0 ? 64 : 2 * count;
        history->past = fy_realloc(history->past, history->room * sizeof *history->past);
    }
    history->start.history_count++;
    history->past[count] = (struct fy_script_past){0};
    return &history->past[count];
}

static void read_program(struct reading *reading, const struct fy_row *row)
{
    struct fy_history *history = reading->history;
    struct fy_walk walk = fy_walk_object(row->body, row->body_length);
    struct fy_piece key, value;
    history->start.history_count = 0; /* a new program: what was before is behind it */
    reading->step = 0;
    while (fy_walk_member(&walk, &key, &value)) {
        if (fy_piece_is(key, "function"))
            history->start.function = keep(history, fy_piece_string(value));
        else if (fy_piece_is(key, "args"))
            history->start.args = keep(history, fy_piece_copy(value));
    }
}

static void read_intent(struct reading *reading, const struct fy_row *row)
{
    struct fy_history *history = reading->history;
    struct fy_walk walk = fy_walk_object(row->body, row->body_length);
    struct fy_piece key, value, call = {0}, args = {0};
    uint64_t step = 0;
    reading->own = reading->tolerant = false;
    while (fy_walk_member(&walk, &key, &value)) {
        if (fy_piece_is(key, "step"))
            step = (uint64_t)fy_piece_int(value, 0);
        else if (fy_piece_is(key, "call"))
            call = value;
        else if (fy_piece_is(key, "args"))
            args = value;
        else if (fy_piece_is(key, "own"))
            reading->own = fy_piece_bool(value, false);
        else if (fy_piece_is(key, "tolerant"))
            reading->tolerant = fy_piece_bool(value, false);
    }
    if (reading->own || step == reading->step || call.text == NULL || args.text == NULL)
        return;
    reading->step = step;
    struct fy_script_past *past = add_past(history);
    past->call = keep(history, fy_piece_string(call));
    past->args = keep(history, fy_piece_copy(args));
}

char *fy_history_outcome(const char *body, size_t length)
{
    struct fy_walk walk = fy_walk_object(body, length);
    struct fy_piece key, value;
    struct fy_buf text = {0};
    fy_buf_open(&text, '{');
    while (fy_walk_member(&walk, &key, &value)) {
        static const char *const members[] = {"ok", "result", "error"};
        for (size_t i = 0; i < FY_COUNT(members); i++)
            if (fy_piece_is(key, members[i])) {
                fy_buf_key(&text, members[i]);
                fy_buf_put(&text, value.text, value.length);
            }
    }
    fy_buf_close(&text, '}');
    return fy_buf_take(&text);
}

static void read_outcome(struct reading *reading, const struct fy_row *row)
{
    struct fy_history *history = reading->history;
    if (reading->own || history->start.history_count == 0)
        return;
    struct fy_walk walk = fy_walk_object(row->body, row->body_length);
    struct fy_piece key, value;
    bool ok = false;
    while (fy_walk_member(&walk, &key, &value))
        if (fy_piece_is(key, "ok"))
            ok = fy_piece_bool(value, false);
    if (ok || reading->tolerant)
        history->past[history->start.history_count - 1].outcome =
            keep(history, fy_history_outcome(row->body, row->body_length));
}

static bool read_row(void *context, const struct fy_row *row)
{
    struct reading *reading = context;
    if (row->kind == FY_REC_PROGRAM_STARTED)
        read_program(reading, row);
    else if (row->kind == FY_REC_INTENT)
        read_intent(reading, row);
    else if (row->kind == FY_REC_OUTCOME)
        read_outcome(reading, row);
    return true;
}

static bool read_texts(struct fy_history *history, struct fy_store *store, const struct fy_run *run,
                       struct fy_err *err)
{
    history->texts = FY_NEW_ARRAY(struct fy_script_text, run->text_count + 1);
    for (size_t i = 0; i < run->text_count; i++) {
        struct fy_script_text *text = &history->texts[i];
        char *bytes;
        text->role = run->texts[i].role;
        text->sha256 = run->texts[i].sha256;
        if (!store->text(store, text->sha256, &bytes, &text->length, err))
            return fy_wrap(err, "pinned text \"%s\"", text->role);
        text->bytes = keep(history, bytes);
    }
    history->start.texts = history->texts;
    history->start.text_count = run->text_count;
    return true;
}

struct fy_history *fy_history_read(struct fy_store *store, const struct fy_run *run, struct fy_err *err)
{
    struct fy_history *history = FY_NEW(struct fy_history);
    struct reading reading = {.history = history};
    history->start.run = run->id;
    history->start.api = run->api;
    if (!read_texts(history, store, run, err) || !store->read(store, run->id, 0, read_row, &reading, err)) {
        fy_history_free(history);
        return NULL;
    }
    size_t count = history->start.history_count;
    history->start.history = history->past;
    history->open = count > 0 && history->past[count - 1].outcome == NULL;
    return history;
}

void fy_history_free(struct fy_history *history)
{
    if (history == NULL)
        return;
    for (size_t i = 0; i < history->kept_count; i++)
        free(history->kept[i]);
    free(history->kept);
    free(history->texts);
    free(history->past);
    free(history);
}
