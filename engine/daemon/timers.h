/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's one-shot timers on a libuv loop. Private to daemon/. */
#ifndef FY_DAEMON_TIMERS_H
#define FY_DAEMON_TIMERS_H

#include "run/engine.h"

#include <uv.h>

struct fy_timer;

struct fy_timer_set {
    uv_loop_t *loop;
    struct fy_timer *spare; /* fired or cancelled ones, for the next */
};

struct fy_timers fy_timers_of(struct fy_timer_set *set);
void fy_timers_trim(struct fy_timer_set *set); /* let go of the spare ones */

#endif
