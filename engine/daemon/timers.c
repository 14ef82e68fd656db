/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/timers.h"

#include "base/mem.h"

struct fy_timer {
    uv_timer_t uv;
    struct fy_timer_set *set;
    void (*fire)(void *context);
    void *context;
    struct fy_timer *next_spare;
};

static void put_back(struct fy_timer *timer)
{
    timer->next_spare = timer->set->spare;
    timer->set->spare = timer;
}

static void on_fire(uv_timer_t *uv)
{
    struct fy_timer *timer = uv->data;
    void (*fire)(void *) = timer->fire;
    void *context = timer->context;
    put_back(timer);
    fire(context);
}

static void *timer_at(void *self, int64_t after_ms, void (*fire)(void *context), void *context)
{
    struct fy_timer_set *set = self;
    struct fy_timer *timer = set->spare;
    if (timer != NULL) {
        set->spare = timer->next_spare;
    } else {
        timer = FY_NEW(struct fy_timer);
        timer->set = set;
        (void)uv_timer_init(set->loop, &timer->uv);
        timer->uv.data = timer;
    }
    timer->fire = fire;
    timer->context = context;
    uv_update_time(set->loop); /* a long turn must not make the timer early */
    (void)uv_timer_start(&timer->uv, on_fire, after_ms > 0 ? (uint64_t)after_ms : 0, 0);
    return timer;
}

static void timer_cancel(void *self, void *handle)
{
    (void)self;
    struct fy_timer *timer = handle;
    (void)uv_timer_stop(&timer->uv);
    put_back(timer);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

void fy_timers_trim(struct fy_timer_set *set)
{
    for (struct fy_timer *timer = set->spare, *next; timer != NULL; timer = next) {
        next = timer->next_spare;
        uv_close((uv_handle_t *)&timer->uv, on_closed);
    }
    set->spare = NULL;
}

struct fy_timers fy_timers_of(struct fy_timer_set *set)
{
    return (struct fy_timers){.at = timer_at, .cancel = timer_cancel, .self = set};
}
