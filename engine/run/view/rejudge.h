/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run judged again from its records: the same fold, the same judge, with other settings if asked. With its
 * own settings each verdict must come out as it stands in the journal, its evidence to the last bit.
 */
#ifndef FY_RUN_REJUDGE_H
#define FY_RUN_REJUDGE_H

#include "run/engine.h"

#define FY_REJUDGE_AS_IT_WAS (-1)

struct fy_rejudge {
    int64_t margin_bp; /* of every KPI, in hundredths of a point */
    int64_t alpha_bp;  /* of a false rollback, in hundredths of a percent */
};

/*
 * {"run","margin_bp"?,"alpha_bp"?,"verdicts":[{"seq","at_ms","stage","final","recorded","now","sentence","same"}],
 *  "rollbacks":[{"stage","at_ms","sentence"}]}: the verdicts of the journal beside those of now, and where a
 * soak would have been rolled back first.
 */
bool fy_engine_rejudge(struct fy_engine *engine, const char *run, const struct fy_rejudge *settings,
                       struct fy_buf *buf, struct fy_err *err) FY_MUST_CHECK;

#endif
