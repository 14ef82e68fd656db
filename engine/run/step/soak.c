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

struct soaking {
    int64_t judged_ms;
    bool adjustable; /* the workflow goes through the moves again when it is told so */
};

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
    live->flight.data = soaking;
    live->flight.leave = leave;
    live->flight.look = look;
    look(live);
}
