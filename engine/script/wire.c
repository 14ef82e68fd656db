/* SPDX-License-Identifier: Apache-2.0 */
#include "script/wire.h"

#include "base/mem.h"
#include "script/sandbox.h"

#include <string.h>

/* While a list of strings grows its buffer moves: what points into it is an offset until the end. NULL is 0.
 */
static const char *keep_offset(struct fy_buf *strings, struct fy_piece part, bool quoted)
{
    if (strings->length == 0)
        fy_buf_put(strings, "", 1);
    size_t at = strings->length;
    if (part.length == 0)
        return NULL;
    if (!quoted)
        fy_buf_put(strings, part.text, part.length);
    else if (!fy_piece_decode(part, strings))
        return NULL;
    fy_buf_put(strings, "", 1);
    return (const char *)(uintptr_t)at;
}

static void settle(const struct fy_buf *strings, const char **text)
{
    if (*text != NULL)
        *text = strings->data + (uintptr_t)*text;
}

/* To the host */

void fy_wire_put_text(struct fy_buf *out, const struct fy_script_text *text)
{
    fy_buf_open(out, '{');
    fy_buf_member(out, "text", text->sha256);
    fy_buf_key(out, "bytes");
    fy_buf_json_string(out, text->bytes, text->length);
    fy_buf_close(out, '}');
}

static void put_element(struct fy_buf *out, const char *text)
{
    if (out->data[out->length - 1] != '[')
        fy_buf_put(out, ",", 1);
    fy_buf_json_string(out, text, strlen(text));
}

static void put_history(struct fy_buf *out, const struct fy_script_past *past, size_t count)
{
    fy_buf_key(out, "history");
    fy_buf_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        fy_buf_open(out, '[');
        put_element(out, past[i].call);
        fy_buf_put(out, ",", 1);
        fy_buf_text(out, past[i].args);
        if (past[i].outcome != NULL) {
            fy_buf_put(out, ",", 1);
            fy_buf_text(out, past[i].outcome);
        }
        fy_buf_close(out, ']');
    }
    fy_buf_close(out, ']');
}

void fy_wire_put_start(struct fy_buf *out, struct fy_wire_address to, const struct fy_script_start *start)
{
    fy_buf_open(out, '{');
    fy_buf_member_int(out, "start", to.slot);
    fy_buf_member_int(out, "turn", to.turn);
    fy_buf_member(out, "run", start->run);
    fy_buf_member(out, "function", start->function);
    fy_buf_member_int(out, "api", start->api);
    fy_buf_key(out, "texts");
    fy_buf_open(out, '[');
    for (size_t i = 0; i < start->text_count; i++) {
        fy_buf_open(out, '[');
        put_element(out, start->texts[i].role);
        put_element(out, start->texts[i].sha256);
        fy_buf_close(out, ']');
    }
    fy_buf_close(out, ']');
    put_history(out, start->history, start->history_count);
    fy_buf_member_raw(out, "args", start->args);
    fy_buf_close(out, '}');
}

void fy_wire_put_resume(struct fy_buf *out, struct fy_wire_address to, const char *outcome)
{
    fy_buf_open(out, '{');
    fy_buf_member_int(out, "resume", to.slot);
    fy_buf_member_int(out, "turn", to.turn);
    fy_buf_member_raw(out, "outcome", outcome);
    fy_buf_close(out, '}');
}

void fy_wire_put_drop(struct fy_buf *out, uint32_t slot)
{
    fy_buf_open(out, '{');
    fy_buf_member_int(out, "drop", slot);
    fy_buf_close(out, '}');
}

/* From ferryd */

static void read_texts(struct fy_piece list, struct fy_wire_start *ret)
{
    struct fy_walk walk = fy_walk_of(list.text, list.length);
    if (!fy_walk_open(&walk, '['))
        return;
    while (fy_walk_more(&walk, ']')) {
        if (!fy_walk_open(&walk, '['))
            return;
        struct fy_piece pair[2] = {{.text = ""}, {.text = ""}};
        for (size_t i = 0; fy_walk_more(&walk, ']'); i++) {
            struct fy_piece value = fy_walk_value(&walk);
            if (i < 2)
                pair[i] = value;
        }
        struct fy_script_text text = {.role = keep_offset(&ret->strings, pair[0], true),
                                      .sha256 = keep_offset(&ret->strings, pair[1], true)};
        if (text.role != NULL && text.sha256 != NULL)
            fy_buf_put(&ret->texts, &text, sizeof text);
    }
}

static void read_history(struct fy_piece list, struct fy_wire_start *ret)
{
    struct fy_walk walk = fy_walk_of(list.text, list.length);
    if (!fy_walk_open(&walk, '['))
        return;
    while (fy_walk_more(&walk, ']')) {
        if (!fy_walk_open(&walk, '['))
            return;
        struct fy_piece value[3] = {{.text = ""}, {.text = ""}, {.text = ""}};
        for (size_t i = 0; fy_walk_more(&walk, ']'); i++) {
            struct fy_piece element = fy_walk_value(&walk);
            if (i < 3)
                value[i] = element;
        }
        struct fy_script_past past = {.call = keep_offset(&ret->strings, value[0], true),
                                      .args = keep_offset(&ret->strings, value[1], false),
                                      .outcome = keep_offset(&ret->strings, value[2], false)};
        if (past.call != NULL && past.args != NULL)
            fy_buf_put(&ret->history, &past, sizeof past);
    }
}

static void read_start_member(struct fy_piece key, struct fy_piece value, struct fy_wire_start *ret)
{
    if (fy_piece_is(key, "run"))
        ret->start.run = keep_offset(&ret->strings, value, true);
    else if (fy_piece_is(key, "function"))
        ret->start.function = keep_offset(&ret->strings, value, true);
    else if (fy_piece_is(key, "args"))
        ret->start.args = keep_offset(&ret->strings, value, false);
    else if (fy_piece_is(key, "api"))
        ret->start.api = (uint32_t)fy_piece_int(value, 0);
    else if (fy_piece_is(key, "texts"))
        read_texts(value, ret);
    else if (fy_piece_is(key, "history"))
        read_history(value, ret);
}

/* All strings are in place: offsets become pointers. */
static void settle_start(struct fy_wire_start *ret)
{
    struct fy_script_text *text = (struct fy_script_text *)(void *)ret->texts.data;
    struct fy_script_past *past = (struct fy_script_past *)(void *)ret->history.data;
    ret->start.text_count = ret->texts.length / sizeof *text;
    ret->start.history_count = ret->history.length / sizeof *past;
    for (size_t i = 0; i < ret->start.text_count; i++) {
        settle(&ret->strings, &text[i].role);
        settle(&ret->strings, &text[i].sha256);
    }
    for (size_t i = 0; i < ret->start.history_count; i++) {
        settle(&ret->strings, &past[i].call);
        settle(&ret->strings, &past[i].args);
        settle(&ret->strings, &past[i].outcome);
    }
    ret->start.texts = text;
    ret->start.history = past;
    settle(&ret->strings, &ret->start.run);
    settle(&ret->strings, &ret->start.function);
    settle(&ret->strings, &ret->start.args);
}

bool fy_wire_read_start(struct fy_piece item, struct fy_wire_start *ret)
{
    ret->start = (struct fy_script_start){0};
    fy_buf_clear(&ret->strings);
    fy_buf_clear(&ret->texts);
    fy_buf_clear(&ret->history);
    struct fy_walk walk = fy_walk_object(item.text, item.length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        read_start_member(key, value, ret);
    settle_start(ret);
    return !walk.bad && ret->start.run != NULL && ret->start.function != NULL && ret->start.args != NULL;
}

void fy_wire_free_start(struct fy_wire_start *start)
{
    fy_buf_free(&start->strings);
    fy_buf_free(&start->texts);
    fy_buf_free(&start->history);
}

/* Events */

static void put_notes(struct fy_buf *out, const struct fy_script_event *event)
{
    if (event->note_count == 0)
        return;
    fy_buf_key(out, "notes");
    fy_buf_open(out, '[');
    for (size_t i = 0; i < event->note_count; i++) {
        fy_buf_open(out, '[');
        fy_buf_text(out, event->notes[i].phase ? "true" : "false");
        put_element(out, event->notes[i].text);
        fy_buf_close(out, ']');
    }
    fy_buf_close(out, ']');
}

void fy_wire_put_event(struct fy_buf *out, struct fy_wire_address from, const struct fy_script_event *event)
{
    fy_buf_open(out, '{');
    fy_buf_member_int(out, "slot", from.slot);
    fy_buf_member_int(out, "turn", from.turn);
    put_notes(out, event);
    if (event->kind == FY_SCRIPT_CALL) {
        fy_buf_member(out, "call", event->call);
        fy_buf_member_raw(out, "args", event->args);
        if (event->tolerant)
            fy_buf_member_bool(out, "tolerant", true);
    } else if (event->kind == FY_SCRIPT_DONE) {
        fy_buf_member_raw(out, "done", event->result);
    } else {
        fy_buf_member(out, "reason", event->reason);
        fy_buf_member(out, "kind", fy_err_kind_name(event->err.kind));
        fy_buf_member(out, "message", event->err.message);
        fy_buf_member(out, "hint", event->err.hint);
    }
    fy_buf_close(out, '}');
}

static void read_notes(struct fy_piece list, struct fy_wire_event *ret)
{
    struct fy_walk walk = fy_walk_of(list.text, list.length);
    if (!fy_walk_open(&walk, '['))
        return;
    while (fy_walk_more(&walk, ']')) {
        struct fy_script_note note = {0};
        if (!fy_walk_open(&walk, '['))
            return;
        for (size_t i = 0; fy_walk_more(&walk, ']'); i++) {
            struct fy_piece value = fy_walk_value(&walk);
            if (i == 0)
                note.phase = fy_piece_is(value, "true");
            else
                note.text = keep_offset(&ret->strings, value, true);
        }
        if (note.text != NULL)
            fy_buf_put(&ret->notes, &note, sizeof note);
    }
}

/* The reasons a host may give; the constant, so that nobody has to free it. */
static const char *known_reason(struct fy_piece value)
{
    for (int over = FY_OVER_NOT; over <= FY_OVER_DIVERGED; over++) {
        const char *reason = fy_over_reason((enum fy_over)over);
        if (value.length == strlen(reason) + 2 && memcmp(value.text + 1, reason, value.length - 2) == 0)
            return reason;
    }
    return "host";
}

static void read_text(struct fy_piece value, char *ret, size_t size)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    if (!fy_piece_decode(value, &text))
        return;
    size_t length = text.length < size - 1 ? text.length : size - 1;
    memcpy(ret, text.data, length);
    ret[length] = '\0';
}

static void read_failure(struct fy_piece key, struct fy_piece value, struct fy_script_event *event)
{
    char kind[32] = "";
    if (fy_piece_is(key, "reason")) {
        event->kind = FY_SCRIPT_ERROR;
        event->reason = known_reason(value);
    } else if (fy_piece_is(key, "kind")) {
        read_text(value, kind, sizeof kind);
        event->err.kind = fy_err_kind_parse(kind);
    } else if (fy_piece_is(key, "message")) {
        read_text(value, event->err.message, sizeof event->err.message);
    } else if (fy_piece_is(key, "hint")) {
        read_text(value, event->err.hint, sizeof event->err.hint);
    }
}

static void read_event_member(struct fy_piece key, struct fy_piece value, struct fy_wire_event *ret)
{
    if (fy_piece_is(key, "slot")) {
        ret->from.slot = (uint32_t)fy_piece_int(value, 0);
    } else if (fy_piece_is(key, "turn")) {
        ret->from.turn = (uint32_t)fy_piece_int(value, 0);
    } else if (fy_piece_is(key, "call")) {
        ret->event.call = keep_offset(&ret->strings, value, true);
    } else if (fy_piece_is(key, "args")) {
        ret->event.args = keep_offset(&ret->strings, value, false);
    } else if (fy_piece_is(key, "tolerant")) {
        ret->event.tolerant = fy_piece_is(value, "true");
    } else if (fy_piece_is(key, "notes")) {
        read_notes(value, ret);
    } else if (fy_piece_is(key, "done")) {
        ret->event.kind = FY_SCRIPT_DONE;
        ret->event.result = keep_offset(&ret->strings, value, false);
    } else {
        read_failure(key, value, &ret->event);
    }
}

bool fy_wire_read_event(struct fy_piece item, struct fy_wire_event *ret)
{
    ret->from = (struct fy_wire_address){0};
    ret->event = (struct fy_script_event){.kind = FY_SCRIPT_CALL};
    fy_buf_clear(&ret->strings);
    fy_buf_clear(&ret->notes);
    struct fy_walk walk = fy_walk_object(item.text, item.length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        read_event_member(key, value, ret);
    struct fy_script_note *note = (struct fy_script_note *)(void *)ret->notes.data;
    ret->event.note_count = ret->notes.length / sizeof *note;
    for (size_t i = 0; i < ret->event.note_count; i++)
        settle(&ret->strings, &note[i].text);
    ret->event.notes = note;
    settle(&ret->strings, &ret->event.call);
    settle(&ret->strings, &ret->event.args);
    settle(&ret->strings, &ret->event.result);
    bool whole = ret->event.kind != FY_SCRIPT_CALL || (ret->event.call != NULL && ret->event.args != NULL);
    return !walk.bad && ret->from.slot != 0 && whole;
}

void fy_wire_free_event(struct fy_wire_event *event)
{
    fy_buf_free(&event->strings);
    fy_buf_free(&event->notes);
}
