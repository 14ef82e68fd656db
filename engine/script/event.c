/* SPDX-License-Identifier: Apache-2.0 */
#include "script/event.h"

#include "base/mem.h"

static const char *copy_text(const char *text)
{
    return text != NULL ? fy_strdup(text) : NULL;
}

void fy_event_copy(const struct fy_script_event *event, struct fy_script_event *ret_copy)
{
    struct fy_script_note *notes = FY_NEW_ARRAY(struct fy_script_note, event->note_count + 1);
    *ret_copy = *event; /* reason is a constant */
    ret_copy->run = copy_text(event->run);
    ret_copy->call = copy_text(event->call);
    ret_copy->args = copy_text(event->args);
    ret_copy->result = copy_text(event->result);
    ret_copy->notes = notes;
    for (size_t i = 0; i < event->note_count; i++)
        notes[i] = (struct fy_script_note){event->notes[i].phase, fy_strdup(event->notes[i].text)};
}

/* A copy's texts are its own although the struct lends them. */
static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void fy_event_free(struct fy_script_event *copy)
{
    for (size_t i = 0; i < copy->note_count; i++)
        free_text(copy->notes[i].text);
    free((void *)(uintptr_t)copy->notes);
    free_text(copy->run);
    free_text(copy->call);
    free_text(copy->args);
    free_text(copy->result);
    *copy = (struct fy_script_event){0};
}
