/* SPDX-License-Identifier: Apache-2.0 */
#include "script/local.h"

#include "base/mem.h"
#include "script/event.h"
#include "script/program.h"

#include <string.h>

struct slot {
    char *run;
    struct fy_program *program;   /* NULL: it is over */
    struct fy_script_event event; /* a copy, if told is to come */
    bool waiting;                 /* the event is not told yet */
};

struct local {
    struct fy_script script;
    struct fy_workshop *shop;
    bool lent; /* the workshop is somebody else's */
    struct slot **slot;
    size_t count;
};

static struct slot *find(struct local *local, const char *run)
{
    for (size_t i = 0; i < local->count; i++)
        if (strcmp(local->slot[i]->run, run) == 0)
            return local->slot[i];
    return NULL;
}

static void keep_event(struct slot *slot, const struct fy_script_event *event)
{
    fy_event_copy(event, &slot->event);
    slot->waiting = true;
    if (event->kind != FY_SCRIPT_CALL) {
        fy_program_free(slot->program);
        slot->program = NULL;
    }
}

static void local_drop(struct fy_script *self, const char *run)
{
    struct local *local = (struct local *)self;
    for (size_t i = 0; i < local->count; i++) {
        struct slot *slot = local->slot[i];
        if (strcmp(slot->run, run) != 0)
            continue;
        fy_program_free(slot->program);
        if (slot->waiting)
            fy_event_free(&slot->event);
        free(slot->run);
        free(slot);
        memmove(&local->slot[i], &local->slot[i + 1], (--local->count - i) * sizeof(struct slot *));
        return;
    }
}

static void local_start(struct fy_script *self, const struct fy_script_start *start)
{
    struct local *local = (struct local *)self;
    local_drop(self, start->run);
    struct slot *slot = FY_NEW(struct slot);
    slot->run = fy_strdup(start->run);
    local->slot = fy_realloc(local->slot, (local->count + 1) * sizeof(struct slot *));
    local->slot[local->count++] = slot;
    struct fy_script_event event;
    slot->program = fy_program_start(local->shop, start, &event);
    keep_event(slot, &event);
}

static void local_resume(struct fy_script *self, const char *run, const char *outcome)
{
    struct slot *slot = find((struct local *)self, run);
    if (slot == NULL || slot->program == NULL || slot->waiting)
        return;
    struct fy_script_event event;
    fy_program_resume(slot->program, outcome, strlen(outcome), &event);
    keep_event(slot, &event);
}

static void local_close(struct fy_script *self)
{
    struct local *local = (struct local *)self;
    while (local->count > 0)
        local_drop(self, local->slot[0]->run);
    free(local->slot);
    if (!local->lent)
        fy_workshop_free(local->shop);
    free(local);
}

static struct fy_script *in(struct fy_workshop *shop, bool lent)
{
    struct local *local = FY_NEW(struct local);
    local->script = (struct fy_script){
        .start = local_start, .resume = local_resume, .drop = local_drop, .close = local_close};
    local->shop = shop;
    local->lent = lent;
    return &local->script;
}

struct fy_script *fy_script_local_new(const struct fy_limits *limits)
{
    return in(fy_workshop_new(limits), false);
}

struct fy_script *fy_script_local_in(struct fy_workshop *shop)
{
    return in(shop, true);
}

size_t fy_script_local_turn(struct fy_script *script)
{
    struct local *local = (struct local *)script;
    size_t told = 0, waiting = 0;
    struct fy_script_event *event = FY_NEW_ARRAY(struct fy_script_event, local->count + 1);
    for (size_t i = 0; i < local->count; i++)
        if (local->slot[i]->waiting) {
            event[waiting++] = local->slot[i]->event;
            local->slot[i]->waiting = false;
        }
    for (; told < waiting; told++) {
        if (find(local, event[told].run) != NULL) /* it may have been dropped by what was told before */
            script->on_event(script->context, &event[told]);
        fy_event_free(&event[told]);
    }
    free(event);
    return told;
}
