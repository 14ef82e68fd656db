/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/wire.h"

#include "base/mem.h"

#include <string.h>

#define WORDS_MAX 600 /* bytes of what a peer says; the rest is for its own log */

void fy_wire_put_call(struct fy_buf *buf, uint64_t id, const struct fy_adapter_call *call)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "id", (int64_t)id);
    fy_buf_member(buf, "verb", call->verb);
    fy_buf_member(buf, "run", call->run != NULL ? call->run : "");
    fy_buf_member_int(buf, "step", (int64_t)call->step);
    fy_buf_member_int(buf, "attempt", call->attempt);
    fy_buf_member_int(buf, "fence", (int64_t)call->fence);
    fy_buf_member(buf, "key", call->key != NULL ? call->key : "");
    fy_buf_member_int(buf, "now", call->now.ms);
    fy_buf_member_int(buf, "deadline", call->deadline.ms);
    fy_buf_member_int(buf, "scale", call->scale);
    fy_buf_member_raw(buf, "args", call->args);
    fy_buf_close(buf, '}');
}

void fy_wire_put_reply(struct fy_buf *buf, uint64_t id, const struct fy_adapter_reply *reply)
{
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "id", (int64_t)id);
    fy_buf_member(buf, "status", fy_reply_status_name(reply->status));
    if (reply->status == FY_REPLY_DONE) {
        fy_buf_member_raw(buf, "result", reply->result);
    } else if (reply->status == FY_REPLY_AGAIN) {
        fy_buf_member_int(buf, "after_ms", reply->after_ms);
        fy_buf_member_int(buf, "done", reply->done);
        fy_buf_member_int(buf, "total", reply->total);
        fy_buf_member(buf, "text", reply->text);
    } else {
        fy_buf_member(buf, "kind", fy_err_kind_name(reply->failure));
        fy_buf_member(buf, "message", reply->message);
        fy_buf_member(buf, "hint", reply->hint);
    }
    fy_buf_close(buf, '}');
}

/*
 * Reading: one copy of the whole text, in which each member that is wanted as text is ended by a NUL. That is
 * done when all members were found, because the NUL overwrites what follows a member.
 */

static const char *end_raw(const struct fy_piece *piece)
{
    if (piece->text == NULL)
        return NULL;
    char *text = (char *)(uintptr_t)piece->text; /* in our own copy */
    text[piece->length] = '\0';
    return text;
}

static const char *end_string(const struct fy_piece *piece)
{
    if (piece->text == NULL || piece->length < 2 || piece->text[0] != '"')
        return NULL;
    char *text = (char *)(uintptr_t)piece->text; /* in our own copy */
    if (memchr(text, '\\', piece->length) == NULL && fy_piece_valid(*piece)) {
        text[piece->length - 1] = '\0';
        return text + 1;
    }
    FY_AUTO(fy_free_ptr) char *decoded = fy_piece_string(*piece);
    if (decoded == NULL)
        return NULL;
    memcpy(text, decoded, strlen(decoded) + 1); /* decoding never makes a string longer */
    return text;
}

struct wanted {
    const char *name;
    struct fy_piece *piece;
};

static bool find_members(const char *text, size_t length, const struct wanted *wanted, size_t count)
{
    struct fy_walk walk = fy_walk_object(text, length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        for (size_t i = 0; i < count; i++)
            if (fy_piece_is(key, wanted[i].name)) {
                *wanted[i].piece = value;
                break;
            }
    return fy_walk_ok(&walk);
}

bool fy_wire_read_call(const struct fy_piece *from, struct fy_wire_call *ret)
{
    struct fy_piece id = {0}, verb = {0}, run = {0}, step = {0}, attempt = {0}, fence = {0}, key = {0},
                    now = {0}, deadline = {0}, scale = {0}, args = {0};
    const struct wanted wanted[] = {
        {"id", &id},       {"verb", &verb}, {"run", &run}, {"step", &step},         {"attempt", &attempt},
        {"fence", &fence}, {"key", &key},   {"now", &now}, {"deadline", &deadline}, {"scale", &scale},
        {"args", &args},
    };
    FY_AUTO(fy_free_ptr) char *text = fy_piece_copy(*from);
    if (!find_members(text, from->length, wanted, FY_COUNT(wanted)))
        return false;
    struct fy_wire_call read = {
        .id = (uint64_t)fy_piece_int(id, 0),
        .call = {.connection = "",
                 .step = (uint64_t)fy_piece_int(step, 0),
                 .attempt = (uint32_t)fy_piece_int(attempt, 1),
                 .fence = (uint64_t)fy_piece_int(fence, 0),
                 .now = {fy_piece_int(now, 0)},
                 .deadline = {fy_piece_int(deadline, 0)},
                 .scale = (uint32_t)fy_piece_int(scale, 1)},
    };
    read.call.verb = end_string(&verb);
    read.call.run = end_string(&run);
    read.call.key = end_string(&key);
    read.call.args = end_raw(&args);
    if (read.id == 0 || read.call.verb == NULL || read.call.run == NULL || read.call.key == NULL ||
        read.call.args == NULL)
        return false;
    read.text = fy_steal(&text);
    *ret = read;
    return true;
}

static bool read_status(const struct fy_piece *piece, enum fy_reply_status *ret)
{
    for (enum fy_reply_status s = FY_REPLY_DONE; s <= FY_REPLY_UNSURE; s++) {
        const char *name = fy_reply_status_name(s);
        if (piece->length == strlen(name) + 2 && memcmp(piece->text + 1, name, strlen(name)) == 0) {
            *ret = s;
            return true;
        }
    }
    return false;
}

/* A peer's words are read by people, on terminals and in reports: one line, and not a long one. */
static const char *end_words(const struct fy_piece *piece)
{
    const char *words = end_string(piece);
    char *at = (char *)(uintptr_t)words;
    if (words == NULL)
        return NULL;
    size_t length = strnlen(words, WORDS_MAX);
    while (words[length] != '\0' && length > 0 && ((unsigned char)words[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a character */
    at[length] = '\0';
    for (; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    return words;
}

bool fy_wire_read_reply(const struct fy_piece *from, struct fy_wire_reply *ret)
{
    struct fy_piece id = {0}, status = {0}, result = {0}, after = {0}, done = {0}, total = {0}, words = {0},
                    kind = {0}, message = {0}, hint = {0};
    const struct wanted wanted[] = {
        {"id", &id},       {"status", &status}, {"result", &result}, {"after_ms", &after},  {"done", &done},
        {"total", &total}, {"text", &words},    {"kind", &kind},     {"message", &message}, {"hint", &hint},
    };
    FY_AUTO(fy_free_ptr) char *text = fy_piece_copy(*from);
    struct fy_wire_reply read = {0};
    if (!find_members(text, from->length, wanted, FY_COUNT(wanted)) || status.text == NULL ||
        !read_status(&status, &read.reply.status))
        return false;
    read.id = (uint64_t)fy_piece_int(id, 0);
    if (read.id == 0)
        return false;
    read.reply.after_ms = fy_piece_int(after, 1);
    read.reply.done = fy_piece_int(done, 0);
    read.reply.total = fy_piece_int(total, 0);
    if (read.reply.status == FY_REPLY_DONE &&
        (result.text == NULL || result.text[0] != '{' || !fy_piece_valid(result)))
        return false;
    read.reply.text = end_words(&words);
    read.reply.message = end_words(&message);
    read.reply.hint = end_words(&hint);
    const char *kind_name = end_string(&kind);
    read.reply.failure = kind_name != NULL ? fy_err_kind_parse(kind_name) : FY_ERR_PERMANENT;
    read.reply.result = end_raw(&result);
    read.text = fy_steal(&text);
    *ret = read;
    return true;
}
