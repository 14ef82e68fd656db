/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/virtual_time.h"

#include "base/mem.h"

struct timer {
    struct timer *next;
    int64_t at_ns;
    uint64_t number; /* timers of one moment fire in the order they were set */
    void (*fire)(void *context);
    void *context;
};

struct virtual_time {
    int64_t wall0_ms, now_ns;
    uint64_t numbers;
    struct timer *timers;
};

struct virtual_time *virtual_time_new(int64_t wall_ms)
{
    struct virtual_time *time = FY_NEW(struct virtual_time);
    time->wall0_ms = wall_ms;
    return time;
}

void virtual_time_drop(struct virtual_time *time)
{
    while (time->timers != NULL) {
        struct timer *timer = time->timers;
        time->timers = timer->next;
        free(timer);
    }
}

void virtual_time_free(struct virtual_time *time)
{
    virtual_time_drop(time);
    free(time);
}

static struct fy_mtime machine(void *self)
{
    return (struct fy_mtime){((struct virtual_time *)self)->now_ns};
}

static int64_t wall_ms(void *self)
{
    const struct virtual_time *time = self;
    return time->wall0_ms + time->now_ns / 1000000;
}

struct fy_clock virtual_clock(struct virtual_time *time)
{
    return (struct fy_clock){.machine = machine, .wall_ms = wall_ms, .self = time};
}

static void *at(void *self, int64_t after_ms, void (*fire)(void *context), void *context)
{
    struct virtual_time *time = self;
    struct timer *timer = FY_NEW(struct timer);
    *timer = (struct timer){.next = time->timers,
                            .at_ns = time->now_ns + after_ms * 1000000,
                            .number = time->numbers++,
                            .fire = fire,
                            .context = context};
    time->timers = timer;
    return timer;
}

static void unlink_timer(struct virtual_time *time, struct timer *timer)
{
    struct timer **place = &time->timers;
    while (*place != NULL && *place != timer)
        place = &(*place)->next;
    if (*place != NULL)
        *place = timer->next;
}

static void cancel(void *self, void *timer)
{
    unlink_timer(self, timer);
    free(timer);
}

struct fy_timers virtual_timers(struct virtual_time *time)
{
    return (struct fy_timers){.at = at, .cancel = cancel, .self = time};
}

void virtual_time_pass(struct virtual_time *time, int64_t ms)
{
    time->now_ns += ms * 1000000;
}

bool virtual_time_next(struct virtual_time *time, int64_t limit_ms)
{
    struct timer *first = time->timers;
    for (struct timer *timer = first; timer != NULL; timer = timer->next)
        if (timer->at_ns < first->at_ns || (timer->at_ns == first->at_ns && timer->number < first->number))
            first = timer;
    if (first == NULL || first->at_ns > time->now_ns + limit_ms * 1000000)
        return false;
    unlink_timer(time, first);
    if (first->at_ns > time->now_ns)
        time->now_ns = first->at_ns;
    first->fire(first->context);
    free(first);
    return true;
}
