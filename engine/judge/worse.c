/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence that the target is worse, put together over tests and KPIs. */
#include "judge/state.h"

#include "judge/special.h"

double fy_weight(const struct fy_watched *kpi)
{
    return kpi->gate.critical ? 2 : 1;
}

static bool has_floor(const struct fy_watched *kpi)
{
    return kpi->gate.floor > 0 && kpi->gate.floor < 10000;
}

double fy_weights(const struct fy_watched *kpi)
{
    return fy_weight(kpi) + has_floor(kpi) + (kpi->gate.edges > 0);
}

/*
 * With a control and without one: each moves only in ticks in which the other does not, which is known before
 * the tick's failures are, so that the product of the two is an e-process as well.
 */
double fy_worse_log_e(const struct fy_watched *kpi)
{
    if (kpi->gate.kpi == NULL)
        return fy_bucket_log_e(&kpi->events);
    return fy_odds_log_e(&kpi->odds) + fy_excess_log_e(&kpi->excess);
}

double fy_floor_log_e_of(const struct fy_watched *kpi, int side)
{
    if (!has_floor(kpi))
        return 0;
    return fy_floor_log_e(kpi->sum[side].users, kpi->sum[side].failed, 1 - (double)kpi->gate.floor / 10000);
}

/* C: the mean over the edges is an e-value however they depend on each other (Vovk and Wang 2021). */
double fy_latency_log_e(const struct fy_watched *kpi)
{
    double logs[FY_LATENCY_EDGES];
    for (size_t e = 0; e < kpi->gate.edges; e++)
        logs[e] = fy_bucket_log_e(&kpi->slower[e]);
    return kpi->gate.edges > 0 ? fy_log_sum(logs, kpi->gate.edges) - log((double)kpi->gate.edges) : 0;
}

/*
 * The weighed sum of e-values is one, whatever the KPIs have to do with each other, and never weaker than to
 * share the error out (Bonferroni): Vovk and Wang, "E-values: calibration, combination and applications",
 * Ann. Statist. 2021.
 */
double fy_weighed(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return fy_worse_log_e(kpi) + log(fy_weight(kpi) / judge->weight);
}

double fy_weighed_slow(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return kpi->gate.edges > 0 ? fy_latency_log_e(kpi) - log(judge->weight) : -INFINITY;
}

double fy_limit_now(const struct fy_judge *judge)
{
    return log(2 / judge->rules.alpha);
}

double fy_limit_end(const struct fy_judge *judge, const struct fy_watched *kpi)
{
    return log(judge->rules.alpha / 2 * fy_weight(kpi) / judge->weight);
}

/* The source itself fails far more than it used to: a storm, which is nobody's regression. */
bool fy_in_storm(const struct fy_watched *kpi)
{
    return fy_excess_log_e(&kpi->storm) >= log(10);
}
