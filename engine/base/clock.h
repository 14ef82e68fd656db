/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clocks, two types, so that the compiler keeps them apart (design: "Two clocks").
 *
 * Machine time is monotonic and belongs to this process: I/O deadlines, retries, HTTP.
 * Run time is what a run lives in: sleeps, soaks, ticks, windows, every timestamp a workflow sees.
 *     run time = epoch + scale * (wall - wall0), fixed when the order is accepted.
 * A trial runs at scale 60 and more; a real network at 1.
 */
#ifndef FY_BASE_CLOCK_H
#define FY_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct fy_mtime {
    int64_t ns; /* since some start that means nothing */
};

struct fy_rtime {
    int64_t ms; /* since 1970-01-01T00:00:00Z */
};

/* Where a process gets its time from. Tests and the simulation hand in a virtual one. */
struct fy_clock {
    struct fy_mtime (*machine)(void *self);
    int64_t (*wall_ms)(void *self); /* since 1970, UTC */
    void *self;
};

extern const struct fy_clock fy_system_clock;

/* How a run's time follows the wall clock; journalled with "order accepted". scale is 1 to 100,000. */
struct fy_timebase {
    int64_t epoch_ms;
    int64_t wall0_ms;
    int64_t scale;
};

struct fy_rtime fy_run_now(const struct fy_timebase *base, const struct fy_clock *clock);

/* Machine milliseconds until the run's clock reaches "when"; 0 if it has. Rounded up. */
int64_t fy_run_wait_ms(const struct fy_timebase *base, const struct fy_clock *clock, struct fy_rtime when);

/* Stops at the end of time: what is asked for may be any number, and must not come out in the past. */
static inline struct fy_rtime fy_rtime_add(struct fy_rtime time, int64_t ms)
{
    struct fy_rtime sum;
    if (__builtin_add_overflow(time.ms, ms, &sum.ms))
        sum.ms = ms > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static inline bool fy_rtime_before(struct fy_rtime a, struct fy_rtime b)
{
    return a.ms < b.ms;
}

#endif
