/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soak: hold at a stage until its time is covered by ticks, then ask the judge. A gap in the counts extends
 * it, because only covered time counts. Without enough to judge by it goes on until the order's maxSoak; then
 * a person decides.
 */
#include "base/mem.h"
#include "run/step/step.h"
#include "run/watch/watch.h"

#include <string.h>

static const struct fy_order_stage *stage_of(const struct fy_run *run)
{
    const struct fy_order_gray *gray = &run->order->gray;
    size_t index = (size_t)run->stage_index;
    return index < gray->stage_count ? &gray->stages[index] : &gray->stages[gray->stage_count - 1];
}

static struct fy_verdict judge(const struct fy_run *run, struct fy_buf *evidence)
{
    if (run->judge != NULL)
        return fy_judge_look(run->judge, true, evidence);
    return (struct fy_verdict){.kind = FY_VERDICT_PASS, .sentence = "the order has no gates"};
}

static void passed(struct fy_live *live, const struct fy_verdict *verdict)
{
    struct fy_buf result = {0};
    fy_buf_open(&result, '{');
    fy_buf_key(&result, "verdict");
    fy_buf_open(&result, '{');
    fy_buf_member(&result, "verdict", fy_verdict_name(verdict->kind));
    fy_buf_member(&result, "sentence", verdict->sentence);
    fy_buf_close(&result, '}');
    fy_buf_close(&result, '}');
    fy_step_done(live, result.data);
    fy_buf_free(&result);
}

static void gave_up(struct fy_live *live, const struct fy_verdict *verdict)
{
    struct fy_err err = {0};
    fy_fail(&err, FY_ERR_UNSURE, "the soak at %lld permille has no verdict within its longest time: %s",
            (long long)live->run->stage_permille, verdict->sentence);
    fy_hint(&err, "look at the KPIs; retry soaks again");
    fy_step_failed(live, &err);
}

struct soaking {
    int64_t judged_ms;
    int64_t taken_ms; /* by this engine: while none ran, nobody could count */
    bool adjustable;  /* the workflow goes through the moves again when it is told so */
};

/* Counts have not come for so long that the soak's longest time is over all the same: that is no verdict
 * about the target. */
static bool is_blind(const struct fy_live *live, const struct fy_order_stage *stage)
{
    const struct fy_run *run = live->run;
    const struct soaking *soaking = live->flight.data;
    const int64_t lasted_ms = fy_live_now(live).ms - soaking->taken_ms;
    return run->step.covered_ms < stage->soak_ms && lasted_ms >= stage->max_soak_ms + stage->soak_ms;
}

static void blind(struct fy_live *live, const struct fy_order_stage *stage)
{
    struct fy_verdict verdict = {.kind = FY_VERDICT_ERROR};
    (void)snprintf(
        verdict.sentence, sizeof verdict.sentence,
        "no verdict: only %lld s of %lld s are covered by counts; the source of counters does not give them",
        (long long)live->run->step.covered_ms / 1000, (long long)stage->soak_ms / 1000);
    fy_watch_put_verdict(live, &verdict, NULL, true);
    gave_up(live, &verdict);
}

static void judge_now(struct fy_live *live, const struct fy_order_stage *stage)
{
    const struct fy_run *run = live->run;
    struct fy_buf evidence = {0};
    struct fy_verdict verdict = judge(run, &evidence);
    if (verdict.kind == FY_VERDICT_PASS || (run->order->gate.dry_run && verdict.kind != FY_VERDICT_HOLD)) {
        fy_watch_put_verdict(live, &verdict, evidence.data, true);
        passed(live, &verdict);
    } else if (run->step.covered_ms >= stage->max_soak_ms && verdict.kind != FY_VERDICT_ROLLBACK) {
        fy_watch_put_verdict(live, &verdict, evidence.data, true);
        gave_up(live, &verdict);
    }
    fy_buf_free(&evidence);
}

static void adjusted(struct fy_live *live)
{
    char result[96];
    (void)snprintf(result, sizeof result, "{\"adjusted\":true,\"permille\":%lld}",
                   (long long)live->run->stage_permille);
    fy_step_done(live, result);
}

static void look(struct fy_live *live)
{
    const struct fy_order_stage *stage = stage_of(live->run);
    struct soaking *soaking = live->flight.data;
    if (!live->settled && live->run->asked == NULL && live->run->ratio_wished && soaking->adjustable) {
        adjusted(live);
        return;
    }
    if (!live->settled && live->run->asked == NULL && is_blind(live, stage)) {
        blind(live, stage);
        return;
    }
    if (live->settled || live->run->asked != NULL || live->run->step.covered_ms < stage->soak_ms ||
        soaking->judged_ms == live->run->sample_end_ms)
        return;
    soaking->judged_ms = live->run->sample_end_ms;
    judge_now(live, stage);
}

static void leave(struct fy_live *live)
{
    free(live->flight.data);
}

void fy_step_soak(struct fy_live *live, const json_t *args)
{
    struct soaking *soaking = FY_NEW(struct soaking);
    soaking->adjustable = fy_json_bool_or(args, "adjustable", false);
    soaking->taken_ms = fy_live_now(live).ms;
    live->flight.data = soaking;
    live->flight.leave = leave;
    live->flight.look = look;
    look(live);
}
