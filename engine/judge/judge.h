/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: old against new over the same ticks. It is a pure function of journalled counts and never acts.
 *
 * Counts are distinct users that tried and that failed, per KPI, domain and tick, user-caused failures
 * excluded. A ratio without attempts is no data, never 100 %. Verdicts are looked at after every tick and may
 * be read at any moment (anytime-valid); what each means is in docs/judge.md.
 */
#ifndef FY_JUDGE_JUDGE_H
#define FY_JUDGE_JUDGE_H

#include "base/buf.h"
#include "base/json.h"
#include "judge/kpi.h"

/* What the order asks of one KPI; percent in hundredths (30 = 0.3 points). */
struct fy_gate {
    const struct fy_kpi *kpi;
    int64_t margin; /* how much worse the target may be */
    int64_t floor;  /* success the target must have; 0: none */
    int64_t min_users;
    bool critical;
};

struct fy_count {
    int64_t users, failed;
};

/* One tick: counts of each gate's KPI, in the gates' order, source then target. */
struct fy_tick {
    int64_t end_ms;
    struct fy_count (*counts)[2];
};

enum fy_verdict_kind {
    FY_VERDICT_PASS,
    FY_VERDICT_ROLLBACK,
    FY_VERDICT_INCONCLUSIVE, /* not enough seen yet */
    FY_VERDICT_INVALID,      /* the counts cannot be trusted */
    FY_VERDICT_HOLD,         /* both domains are ill and do not differ: somebody else's outage */
};
const char *fy_verdict_name(enum fy_verdict_kind kind);

struct fy_verdict {
    enum fy_verdict_kind kind;
    char sentence[512]; /* for the operator */
};

struct fy_judge;

struct fy_judge *fy_judge_new(const struct fy_gate *gates, size_t count, int64_t period_ms);
void fy_judge_free(struct fy_judge *judge);

/*
 * This judge goes on from a former one with the same gates (the stage before): what the source showed there
 * is what the target is compared with where nobody is left on the source. Call it before the first tick.
 */
void fy_judge_follow(struct fy_judge *judge, const struct fy_judge *former);

/*
 * Ticks must come in order; a tick that was seen is refused. A gap is no data for those ticks. Counts that
 * cannot be (more failed than tried, less than nothing) are not an error here: the verdict is INVALID from
 * then on.
 */
bool fy_judge_tick(struct fy_judge *judge, const struct fy_tick *tick, struct fy_err *err) FY_MUST_CHECK;

/* The verdict now; at the planned end of the soak, "final" also asks for a PASS. Evidence as a JSON object
 * into buf. */
struct fy_verdict fy_judge_look(const struct fy_judge *judge, bool final, struct fy_buf *evidence);

/*
 * How much time the ticks cover, in ms: soak time counts only where there are ticks. Up to three lost ticks
 * in a row are bridged, a longer gap is not counted and so extends the soak.
 */
int64_t fy_judge_covered_ms(const struct fy_judge *judge);

#endif
