/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static struct fy_mtime system_machine(void *self)
{
    (void)self;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct fy_mtime){(int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
}

static int64_t system_wall_ms(void *self)
{
    (void)self;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct fy_clock fy_system_clock = {.machine = system_machine, .wall_ms = system_wall_ms, .self = 0};

struct fy_rtime fy_run_now(const struct fy_timebase *base, const struct fy_clock *clock)
{
    int64_t elapsed = clock->wall_ms(clock->self) - base->wall0_ms;
    return (struct fy_rtime){base->epoch_ms + base->scale * elapsed};
}

int64_t fy_run_wait_ms(const struct fy_timebase *base, const struct fy_clock *clock, struct fy_rtime when)
{
    struct fy_rtime now = fy_run_now(base, clock);
    if (!fy_rtime_before(now, when))
        return 0;
    int64_t left = when.ms - now.ms;
    return left / base->scale + (left % base->scale != 0);
}
