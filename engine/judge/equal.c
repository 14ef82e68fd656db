/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence that the target is not worse by the margin, and what it takes. */
#include "judge/state.h"

int64_t fy_minimum(const struct fy_watched *kpi)
{
    return kpi->gate.min_users > 0 ? kpi->gate.min_users : FY_JUDGE_MIN_USERS;
}

double fy_limit_pass(const struct fy_judge *judge)
{
    return -log(judge->rules.alpha_pass);
}

double fy_equal_log_e(const struct fy_watched *kpi)
{
    return kpi->log_equal + fy_below_log_e(&kpi->alone);
}

/* And the last minute must not speak against it. */
bool fy_tolerated(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    const double limit = fy_limit_pass(judge), lately = kpi->log_lately[0] + kpi->log_lately[1];
    return kpi->gate.margin > 0 && kpi->log_equal >= limit && lately >= limit &&
           kpi->log_fading > -fy_limit_now(judge) && fy_excess_log_e(&kpi->excess) <= 0;
}

int64_t fy_equal_missing_ms(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    const struct fy_count source = kpi->sum[FY_SIDE_SOURCE], target = kpi->sum[FY_SIDE_TARGET],
                          known = fy_known(kpi);
    const double missing = fy_limit_pass(judge) - fy_equal_log_e(kpi);
    if (missing <= 0)
        return 0;
    if (judge->covered_ms == 0 || target.users == 0 || known.users == 0)
        return -1;
    const double rate = ((double)known.failed + 0.5) / ((double)known.users + 1);
    const double growth = fy_equal_growth((double)source.users, (double)target.users, rate, fy_margin(kpi));
    const double ms = growth > 0 ? missing / growth * (double)judge->covered_ms : INFINITY;
    return ms < 1e12 ? (int64_t)ms : -1;
}
