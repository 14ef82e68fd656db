/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of checks (checks.c) and what they look at. Private to check.c, which asks and judges.
 *
 * To add a check: its function and its row; a new fact is a question more in check.c.
 */
#ifndef FY_RUN_CHECKS_H
#define FY_RUN_CHECKS_H

#include "plan/landscape.h"
#include "run/ask.h"
#include "run/live.h"

/* Where the answers lie among the questions; guards and then mates follow. */
enum { FY_FACT_INVENTORY, FY_FACT_HEALTH, FY_FACT_ALARMS, FY_FACT_PATH, FY_FACT_ISSU, FY_FACT_GUARDS };

/* What a plan made now would be; at_ms 0: none could be made. */
struct fy_forecast {
    int64_t at_ms, starts_ms, ends_ms, last_safe_ms, users_at_risk, batches;
};

struct fy_facts {
    const struct fy_order *order;
    struct fy_live *live;
    struct fy_landscape *landscape; /* NULL: it could not be read; landscape_err says why */
    struct fy_err landscape_err;
    const struct fy_question *questions;
    size_t guards_end, count;
    struct fy_forecast forecast; /* filled by "capacity" */
};

/* True, perhaps with a remark in err; or false with one sentence in it. */
typedef bool fy_check_fn(struct fy_facts *facts, struct fy_err *err);

struct fy_check {
    const char *name;
    fy_check_fn *check;
    unsigned flags;
};

#define FY_CHECK_BEFORE   1u /* made while nothing is touched: prechecks and STARTING */
#define FY_CHECK_WAIVABLE 2u /* a person may say: start all the same */

extern const struct fy_check fy_checks[];
extern const size_t fy_check_count;

const struct fy_check *fy_check_find(const char *name); /* NULL: there is none */

#endif
