/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that moves when told to, and one-shot timers on it. */
#ifndef FY_REHEARSE_VIRTUAL_TIME_H
#define FY_REHEARSE_VIRTUAL_TIME_H

#include "run/engine.h"

struct virtual_time;

struct virtual_time *virtual_time_new(int64_t wall_ms);
void virtual_time_free(struct virtual_time *time);

struct fy_clock virtual_clock(struct virtual_time *time);
struct fy_timers virtual_timers(struct virtual_time *time);

void virtual_time_pass(struct virtual_time *time, int64_t ms);
/* Move to the earliest timer, at most limit_ms away, and fire it. False if there is none. */
bool virtual_time_next(struct virtual_time *time, int64_t limit_ms);
void virtual_time_drop(struct virtual_time *time); /* all timers: their process has died */

#endif
