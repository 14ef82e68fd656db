/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story.h"

#include "base/mem.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

void fy_story_free(struct fy_story *story)
{
    for (size_t i = 0; i < story->phase_count; i++)
        free(story->phases[i]);
    for (size_t i = 0; i < story->line_count; i++)
        free(story->lines[i]);
    for (size_t i = 0; i < story->notice_count; i++)
        free(story->notices[i]);
    *story = (struct fy_story){0};
}

static bool is_named(const json_t *record, const char *name)
{
    return strcmp(fy_json_string_or(record, "name", ""), name) == 0;
}

bool fy_story_tells(const json_t *record)
{
    return !is_named(record, "sample") && !is_named(record, "progress") && !is_named(record, "plan made");
}

/* Into a list that forgets its oldest. */
static void keep_last(char **list, size_t room, size_t *count, char *text)
{
    if (*count == room) {
        free(list[0]);
        memmove(&list[0], &list[1], (room - 1) * sizeof *list);
        (*count)--;
    }
    list[(*count)++] = text;
}

static void keep_line(struct fy_story *story, const json_t *record)
{
    char clock[16];
    char *line = fy_format("%s %s", fy_clock_words(fy_json_int_or(record, "time_ms", 0), clock),
                           fy_json_string_or(record, "text", fy_json_string_or(record, "name", "?")));
    keep_last(story->lines, FY_COUNT(story->lines), &story->line_count, line);
}

void fy_story_notice(struct fy_story *story, const char *text)
{
    keep_last(story->notices, FY_COUNT(story->notices), &story->notice_count, fy_strdup(text));
}

static void keep_phase(struct fy_story *story, const char *phase)
{
    if (story->phase_count > 0 && strcmp(story->phases[story->phase_count - 1], phase) == 0)
        return;
    if (story->phase_count < FY_COUNT(story->phases))
        story->phases[story->phase_count++] = fy_strdup(phase);
}

static struct fy_held_call *find_call(struct fy_story *story, const char *subscriber)
{
    for (size_t i = 0; i < story->call_count; i++)
        if (strcmp(story->calls[i].subscriber, subscriber) == 0)
            return &story->calls[i];
    return NULL;
}

static bool is_the_other_end(const struct fy_story *story, const char *subscriber)
{
    for (size_t i = 0; i < story->call_count; i++)
        if (strcmp(story->calls[i].peer, subscriber) == 0)
            return true;
    return false;
}

/* Undesignated subscribers who are asked to hold a call: followed from the first answer on, a line a call. */
static void note_held(struct fy_story *story, const json_t *record, const json_t *args)
{
    const json_t *subscriber = NULL;
    size_t index = 0;
    if (!fy_json_bool_or(args, "hold", false))
        return;
    json_array_foreach(json_object_get(args, "subscribers"), index, subscriber)
    {
        const char *ref = fy_json_string_or(subscriber, "ref", "?");
        if (strcmp(fy_json_string_or(subscriber, "steer", "none"), "none") != 0 ||
            story->call_count == FY_COUNT(story->calls) || find_call(story, ref) != NULL ||
            is_the_other_end(story, ref))
            continue;
        struct fy_held_call *call = &story->calls[story->call_count++];
        (void)snprintf(call->subscriber, sizeof call->subscriber, "%s", ref);
        (void)snprintf(call->peer, sizeof call->peer, "%s", fy_json_string_or(subscriber, "peer", ""));
        call->since_ms = fy_json_int_or(record, "time_ms", 0);
        call->alive = true;
    }
}

struct sighting {
    const char *subscriber, *instance;
    int64_t at_ms;
    bool alive;
};

static void note_place(struct fy_story *story, struct sighting seen)
{
    struct fy_held_call *call = find_call(story, seen.subscriber);
    if (call == NULL || seen.instance == NULL)
        return;
    if (call->sightings == 0)
        (void)snprintf(call->before, sizeof call->before, "%s", seen.instance);
    (void)snprintf(call->now, sizeof call->now, "%s", seen.instance);
    call->sightings += seen.at_ms != call->seen_ms ? 1 : 0;
    call->seen_ms = seen.at_ms;
    call->alive = seen.alive;
}

/* Dial tests say which instance handles whom; so does a trace. */
static void note_answers(struct fy_story *story, const json_t *record, const json_t *result)
{
    const json_t *last = json_object_get(result, "last");
    const json_t *test = NULL;
    size_t index = 0;
    int64_t at_ms = fy_json_int_or(record, "time_ms", 0);
    json_array_foreach(json_object_get(result, "tests"), index, test)
        note_place(story, (struct sighting){.subscriber = fy_json_string_or(test, "ref", ""),
                                            .instance = fy_json_string_or(test, "instance", NULL),
                                            .at_ms = at_ms,
                                            .alive = fy_json_bool_or(test, "ok", true)});
    if (json_is_object(json_object_get(last, "held_call")))
        note_place(story, (struct sighting){
                              .subscriber = fy_json_string_or(last, "subscriber", ""),
                              .instance = fy_json_string_or(last, "instance", NULL),
                              .at_ms = at_ms,
                              .alive = fy_json_bool_or(json_object_get(last, "held_call"), "alive", true)});
}

static void tell_resumed(struct fy_story *story, const json_t *body, struct fy_buf *said)
{
    const json_t *in_flight = json_object_get(body, "in_flight");
    if (in_flight == NULL) {
        fy_buf_text(said, "nothing was in flight; the run goes on where it was");
        return;
    }
    story->in_flight = fy_json_int_or(in_flight, "step", 0);
    fy_buf_format(said, "in flight was step %lld (%s): %s", (long long)story->in_flight,
                  fy_json_string_or(in_flight, "call", "?"), fy_json_string_or(body, "how", "asked again"));
}

static void tell_settled(struct fy_story *story, const json_t *body, const json_t *record,
                         struct fy_buf *said)
{
    bool ok = fy_json_bool_or(body, "ok", false);
    fy_buf_format(said, "step %lld is settled: %s (%s)", (long long)story->in_flight,
                  ok ? "done, and done once" : "it failed", fy_json_string_or(record, "text", ""));
    story->in_flight = 0;
}

void fy_story_take(struct fy_story *story, const json_t *record, struct fy_buf *said)
{
    const json_t *body = json_object_get(record, "body");
    story->cursor = fy_json_int_or(record, "seq", story->cursor);
    if (fy_story_tells(record))
        keep_line(story, record);
    if (is_named(record, "phase"))
        keep_phase(story, fy_json_string_or(body, "text", "?"));
    else if (is_named(record, "intent"))
        note_held(story, record, json_object_get(body, "args"));
    else if (is_named(record, "resumed"))
        tell_resumed(story, body, said);
    else if (is_named(record, "outcome")) {
        note_answers(story, record, json_object_get(body, "result"));
        if (story->in_flight != 0 && fy_json_int_or(body, "step", 0) == story->in_flight)
            tell_settled(story, body, record, said);
    }
}
