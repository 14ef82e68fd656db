/* SPDX-License-Identifier: Apache-2.0 */
/* Is the comparison fair, and does what the target is asked reach its counters? */
#include "judge/state.h"

#include <string.h>

#define BIASED        1000 /* evidence that the ratio is not what was asked for */
#define MISSING_LEAST 100  /* attempts that should have been there before their absence is looked at */
#define MISSING_SHARE 0.5
#define LATELY_MS     120000.0

void fy_shares_add(struct fy_shares *shares, const struct fy_split *split)
{
    memcpy(shares->users, split->users, sizeof shares->users);
    if (split->wanted != shares->wanted)
        memset(shares->arrivals, 0, sizeof shares->arrivals);
    shares->wanted = split->wanted;
    for (size_t segment = 0; segment < FY_SEGMENTS && split->wanted >= 0; segment++)
        for (size_t side = 0; side < 2; side++)
            shares->arrivals[segment][side] += split->arrivals[segment][side];
}

static bool biased(const int64_t pair[2], double w)
{
    return fy_ratio_log_e(pair[0] + pair[1], pair[1], w) >= log(BIASED);
}

/* Nobody is left out at 0 and 1000 permille: then there is no ratio. */
static bool has_ratio(const struct fy_judge *judge)
{
    return judge->rules.ratio_tolerance > 0 && judge->shares.wanted > 0 && judge->shares.wanted < 1000;
}

int fy_shares_biased(const struct fy_judge *judge, bool *ret_arrivals)
{
    const double w = (double)judge->shares.wanted / 1000;
    for (int segment = 0; has_ratio(judge) && segment < FY_SEGMENTS; segment++) {
        *ret_arrivals = biased(judge->shares.arrivals[segment], w);
        if (*ret_arrivals || biased(judge->shares.users[segment], w))
            return segment;
    }
    return -1;
}

/* Off by more than the tolerance and more than chance explains. */
int fy_shares_off(const struct fy_judge *judge)
{
    const double w = (double)judge->shares.wanted / 1000,
                 allowed = (double)judge->rules.ratio_tolerance / 10000;
    for (int segment = 0; has_ratio(judge) && segment < FY_SEGMENTS; segment++) {
        const int64_t *pair = judge->shares.users[segment], all = pair[0] + pair[1];
        if (all > 0 && fabs((double)pair[1] / (double)all - w) > allowed &&
            fabs(fy_ratio_z(all, pair[1], w)) > 3.29)
            return segment;
    }
    return -1;
}

/* The target's share of the KPI's segment; of one that is not counted apart, of everybody. */
static double target_share(const int64_t users[FY_SEGMENTS][2], const char *segment)
{
    const bool only_4g = strcmp(segment, "4g") == 0, only_5g = strcmp(segment, "5g") == 0;
    double of[2];
    for (int side = 0; side < 2; side++)
        of[side] = (double)((only_4g ? 0 : users[0][side]) + (only_5g ? 0 : users[1][side]));
    return of[0] + of[1] > 0 ? of[1] / (of[0] + of[1]) : 0;
}

/*
 * In a segment's KPI, users of either side try alike: by where they are the attempts are expected. Of users
 * who moved during the tick nobody knows where they tried, so the smaller share of its beginning and its end
 * counts.
 */
void fy_attempts_add(struct fy_judge *judge, struct fy_watched *kpi, const struct fy_count counts[2],
                     const struct fy_split *split)
{
    struct fy_attempts *attempts = &kpi->attempts;
    const double keep = exp(-(double)judge->period_ms / LATELY_MS);
    if (split == NULL)
        return;
    const double began = target_share(judge->shares.users, kpi->gate.kpi->segment),
                 ended = target_share(split->users, kpi->gate.kpi->segment);
    const double expected = (double)(counts[0].users + counts[1].users) * fmin(began, ended),
                 seen = (double)counts[1].users;
    attempts->seen += seen;
    attempts->expected += expected;
    attempts->seen_late = attempts->seen_late * keep + seen;
    attempts->expected_late = attempts->expected_late * keep + expected;
}

/*
 * A target that refuses before it counts shows no failure. With a hundred attempts expected, fewer than half
 * of them is not chance (Poisson: one in a hundred million).
 */
bool fy_attempts_missing(const struct fy_watched *kpi)
{
    const struct fy_attempts *attempts = &kpi->attempts;
    return (attempts->expected >= MISSING_LEAST && attempts->seen < MISSING_SHARE * attempts->expected) ||
           (attempts->expected_late >= MISSING_LEAST &&
            attempts->seen_late < MISSING_SHARE * attempts->expected_late);
}
