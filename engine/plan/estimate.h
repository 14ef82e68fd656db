/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take and whom they disturb. The constants are guesses until a network has told better
 * (docs/planning.md, "Forecasts"); the plan is never later than its own forecast by design, only by surprise.
 */
#ifndef FY_PLAN_ESTIMATE_H
#define FY_PLAN_ESTIMATE_H

#include "plan/model.h"

#define FY_PREPARE_MS      (3 * 60 * 1000) /* checks, backup, guards, load and split */
#define FY_DIAL_TEST_MS    (60 * 1000)     /* before anybody else moves */
#define FY_FINISH_MS       (2 * 60 * 1000) /* join, final checks, dial tests, guards back */
#define FY_SWITCHOVER_MS   (10 * 1000)
#define FY_ORDINARY_RATE   500              /* users a second, where the order gives none */
#define FY_IDLE_MS         (10 * 60 * 1000) /* on-idle: within this time nearly everybody was idle once */
#define FY_SESSION_LIFE_MS (45 * 60 * 1000) /* new-only: mean life of a session */

/* Upgrade, boot and sync of instances of a role; a batch does them all at once. */
int64_t fy_upgrade_ms(int role);

enum fy_mobility { FY_LIVE, FY_ON_IDLE, FY_NEW_ONLY, FY_REATTACH };
enum fy_mobility fy_mobility_of(const struct fy_landscape *landscape);

/* "3 h 05 min", "12 min", "40 s"; a clock, "22:05Z"; a moment, "2026-11-22 22:05Z". They return text. */
#define FY_TIME_TEXT 32
const char *fy_text_duration(int64_t ms, char text[FY_TIME_TEXT]);
const char *fy_text_clock(struct fy_rtime time, char text[FY_TIME_TEXT]);
const char *fy_text_moment(struct fy_rtime time, char text[FY_TIME_TEXT]);

/* To move users that are part of "of" users at a rate, and how many of them notice. */
int64_t fy_moving_ms(enum fy_mobility mobility, int64_t users, int64_t of, int64_t rate);
int64_t fy_moving_disturbs(enum fy_mobility mobility, int64_t users, int64_t of);

#endif
