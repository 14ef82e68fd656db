/* SPDX-License-Identifier: Apache-2.0 */
/* What a judge remembers between ticks: of a size that does not depend on how many there were. Private to
 * engine/judge. */
#ifndef FY_JUDGE_STATE_H
#define FY_JUDGE_STATE_H

#include "judge/exact.h"
#include "judge/guards.h"
#include "judge/judge.h"
#include "judge/noninferior.h"
#include "judge/odds.h"

#include <math.h>

#define FY_JUDGE_MIN_USERS  100 /* on the target, where the order gives no minimum */
#define FY_JUDGE_DEAD_USERS 20  /* in a row without one success */

enum { FY_SIDE_SOURCE, FY_SIDE_TARGET };

/* Attempts on the target, and how many there should be by where the users are: all, and those of late. */
struct fy_attempts {
    double seen, expected, seen_late, expected_late;
};

struct fy_watched {
    struct fy_gate gate;
    struct fy_count sum[2];    /* in this stage */
    struct fy_count reference; /* the source's, before it */
    int64_t waived_until_ms;
    bool impossible;

    struct fy_odds odds;      /* the target is worse than the source */
    struct fy_excess excess;  /* the target is worse than the source was, where nobody is left there */
    struct fy_exact exact;    /* all ticks at once, for the planned end */
    double log_p;             /* of it, once the planned end has come */
    struct fy_bucket *slower; /* by edge; gate.edges of them */
    struct fy_bucket events;  /* a gate that counts events */
    struct fy_excess storm;   /* the source against its own past */

    double lately_users, lately_failed; /* on both sides, fading within a minute or so */
    double log_equal;                   /* the target is not worse by the margin: the whole stage */
    double log_fading;                  /* the same, of the last minute or so */
    double log_lately[2];               /* the same: the block of ticks under way, and the one before */
    struct fy_below alone;              /* the same, where nobody is left on the source */
    struct fy_attempts attempts;
    int64_t dead[2]; /* users since the last success */
};

/* Arrivals at the wanted ratio, and where users are: by segment. */
struct fy_shares {
    int64_t wanted, arrivals[FY_SEGMENTS][2], users[FY_SEGMENTS][2];
};

struct fy_judge {
    struct fy_judge_rules rules;
    struct fy_odds_points points;
    struct fy_watched *kpis;
    size_t count;
    double weight; /* sum of all parts' weights */
    int64_t period_ms, first_ms, last_ms, covered_ms;
    int64_t ticks, gaps;
    bool ended; /* the planned end has come */
    struct fy_shares shares;
    int64_t ratio_waived_ms, alarms_waived_ms, attempts_waived_ms;
    char alarm[200]; /* "": none in the last tick */
};

/* All that is known of the source: this stage and what was before. */
static inline struct fy_count fy_known(const struct fy_watched *kpi)
{
    return (struct fy_count){kpi->sum[FY_SIDE_SOURCE].users + kpi->reference.users,
                             kpi->sum[FY_SIDE_SOURCE].failed + kpi->reference.failed};
}

/* Users that failed on the target and would not have on the source. */
static inline int64_t fy_harmed(const struct fy_watched *kpi)
{
    const struct fy_count source = fy_known(kpi), target = kpi->sum[FY_SIDE_TARGET];
    if (source.users == 0)
        return 0;
    const double usual = (double)target.users * (double)source.failed / (double)source.users;
    return (double)target.failed > usual ? (int64_t)((double)target.failed - usual + 0.5) : 0;
}

static inline double fy_margin(const struct fy_watched *kpi)
{
    return (double)kpi->gate.margin / 10000;
}

static inline const char *fy_gate_title(const struct fy_gate *gate)
{
    return gate->kpi != NULL ? gate->kpi->title : gate->name;
}

static inline const char *fy_gate_name(const struct fy_gate *gate)
{
    return gate->kpi != NULL ? gate->kpi->name : gate->name;
}

static inline bool fy_waived(const struct fy_judge *judge, int64_t until_ms)
{
    return judge->last_ms < until_ms;
}

/* ---- worse.c: evidence that the target is worse, as logarithms; limits likewise ---- */

/* A critical KPI's evidence weighs twice as much, so that it needs half as much to trip alone. */
double fy_weight(const struct fy_watched *kpi);
double fy_weights(const struct fy_watched *kpi); /* with its floor and its latency */
/* One KPI's e-value against "the target is no worse", and its floor's and its latency's. */
double fy_worse_log_e(const struct fy_watched *kpi);
double fy_floor_log_e_of(const struct fy_watched *kpi, int side);
double fy_latency_log_e(const struct fy_watched *kpi);
/* The part of it in the sum over all, which must reach 1/alpha_now. */
double fy_weighed(const struct fy_judge *judge, const struct fy_watched *kpi);
double fy_weighed_slow(const struct fy_judge *judge, const struct fy_watched *kpi);
double fy_limit_now(const struct fy_judge *judge);
/* The exact test's limit for this KPI's log p. */
double fy_limit_end(const struct fy_judge *judge, const struct fy_watched *kpi);
bool fy_in_storm(const struct fy_watched *kpi);

/* ---- equal.c: evidence that it is not ---- */

double fy_equal_log_e(const struct fy_watched *kpi);
double fy_limit_pass(const struct fy_judge *judge);
/* Worse perhaps, but shown to be so by less than the margin, in the whole of the stage and of late. */
bool fy_tolerated(const struct fy_judge *judge, const struct fy_watched *kpi);
/* More run time until that can be shown, at the users of now; -1: never, at this rate. */
int64_t fy_equal_missing_ms(const struct fy_judge *judge, const struct fy_watched *kpi);
int64_t fy_minimum(const struct fy_watched *kpi);

/* ---- shares.c: is the comparison fair, and do all attempts arrive? ---- */

void fy_shares_add(struct fy_shares *shares, const struct fy_split *split);
/* The segment whose users are not where the ratio puts them, beyond chance; -1: none. *ret_arrivals: of
 * arrivals. */
int fy_shares_biased(const struct fy_judge *judge, bool *ret_arrivals);
/* The segment that is further from the ratio than the tolerance allows; -1: none. */
int fy_shares_off(const struct fy_judge *judge);
void fy_attempts_add(struct fy_judge *judge, struct fy_watched *kpi, const struct fy_count counts[2],
                     const struct fy_split *split);
bool fy_attempts_missing(const struct fy_watched *kpi);

/* ---- evidence.c ---- */

void fy_put_evidence(const struct fy_judge *judge, struct fy_buf *buf);

#endif
