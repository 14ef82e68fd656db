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
    size_t edges;     /* of latency: so many thresholds are counted, FY_LATENCY_EDGES at most; 0: none */
    const char *name; /* where kpi is NULL: events are counted, not users ("security"); outlives the judge */
};

/* How the judge decides. fy_judge_rules_default has the values of docs/judge.md. */
struct fy_judge_rules {
    double alpha;      /* of a rollback of a good upgrade, for a soak: half while it lasts, half at its end */
    double alpha_pass; /* of a pass of a target that is worse by the margin */
    double noise;      /* odds ratio that two equal versions may differ by: 1, or what an A/A run showed */
    int64_t planned_ms; /* the soak, as planned */
    int64_t
        ratio_tolerance; /* hundredths of a point the users' share may be off; 0: the ratio is not judged */
};
extern const struct fy_judge_rules fy_judge_rules_default;

struct fy_count {
    int64_t users, failed;
};

/* Users whose procedure took longer than each edge, of those counted. */
#define FY_LATENCY_EDGES 12
struct fy_latency {
    int64_t users, slower[FY_LATENCY_EDGES];
};

/* Where users are, and where those that arrived in the tick went; segments 5g, 4g; source, target. */
#define FY_SEGMENTS 2
struct fy_split {
    int64_t users[FY_SEGMENTS][2], arrivals[FY_SEGMENTS][2];
    int64_t wanted; /* permille on the target; -1: the ratio is not reached, nothing to be compared with */
};

/*
 * One tick: counts of each gate's KPI, in the gates' order, source then target. For a gate that counts
 * events, "failed" is how many and "users" the exposure.
 */
struct fy_tick {
    int64_t end_ms;
    struct fy_count (*counts)[2];
    const struct fy_latency (*latency)[2]; /* by gate; NULL: none is measured */
    const struct fy_split *split;          /* NULL: not known */
    const char *alarm;                     /* a new alarm on the target that is a gate; NULL: none */
};

enum fy_verdict_kind {
    FY_VERDICT_PASS,
    FY_VERDICT_ROLLBACK,
    FY_VERDICT_INCONCLUSIVE, /* not enough seen yet */
    FY_VERDICT_INVALID,      /* the counts cannot be trusted, or cannot be compared */
    FY_VERDICT_HOLD,         /* both domains are ill and do not differ: somebody else's outage */
    FY_VERDICT_ERROR,        /* it could not be judged at all: no counts came */
};
const char *fy_verdict_name(enum fy_verdict_kind kind);

struct fy_verdict {
    enum fy_verdict_kind kind;
    char sentence[512]; /* for the operator */
};

struct fy_judge;

/* rules NULL: the default ones. */
struct fy_judge *fy_judge_new(const struct fy_gate *gates, size_t count, int64_t period_ms,
                              const struct fy_judge_rules *rules);
void fy_judge_free(struct fy_judge *judge);

/*
 * This judge goes on from a former one with the same gates (the stage before): what the source showed there
 * is what the target is compared with where nobody is left on the source. Call it before the first tick.
 */
void fy_judge_follow(struct fy_judge *judge, const struct fy_judge *former);

/* The same from counts: what the source showed before anybody was moved. By gate. */
void fy_judge_know(struct fy_judge *judge, const struct fy_count *source);

/*
 * Ticks must come in order; a tick that was seen is refused. A gap is no data for those ticks. Counts that
 * cannot be (more failed than tried, less than nothing) are not an error here: the verdict is INVALID from
 * then on.
 */
bool fy_judge_tick(struct fy_judge *judge, const struct fy_tick *tick, struct fy_err *err) FY_MUST_CHECK;

/*
 * The planned end of the soak has come: the exact test is made on what was counted so far, once. Calls after
 * the first do nothing.
 */
void fy_judge_planned_end(struct fy_judge *judge);

/*
 * This gate does not count for ticks that end before until_ms: a KPI's name, "alarms", "security", "ratio" or
 * "attempts". What it saw meanwhile is kept and shown.
 */
bool fy_judge_waive(struct fy_judge *judge, const char *gate, int64_t until_ms);

/* The verdict now; at the planned end of the soak, "final" also asks for a PASS. Evidence as a JSON object
 * into buf. */
struct fy_verdict fy_judge_look(const struct fy_judge *judge, bool final, struct fy_buf *evidence);

/*
 * How much time the ticks cover, in ms: soak time counts only where there are ticks. Up to three lost ticks
 * in a row are bridged, a longer gap is not counted and so extends the soak.
 */
int64_t fy_judge_covered_ms(const struct fy_judge *judge);

#endif
