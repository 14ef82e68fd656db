/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch/watch.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/ask.h"
#include "run/step/step.h"
#include "run/watch/kpis.h"
#include "run/watch/sample.h"
#include "run/watch/signs.h"

#include <string.h>

#define MINUTE_MS     60000
#define OBSERVED_MS   (15 * 60000) /* between rows while a completed run is under observation */
#define GRACE_PERCENT 10           /* of a period, for the network function to close its tick */

struct fy_watch {
    void *timer;
    int64_t at_ms;    /* when it fires */
    int64_t asked_ms; /* when the counters were asked for last */
    int64_t put_ms;   /* end of the last tick handed over; the fold may not have it yet */
    struct fy_ask *ask;
    int64_t judged_ms; /* end of the last tick a verdict was asked for */
    bool told;         /* a rollback verdict of this stage is written */
};

static int64_t interval(const struct fy_run *run)
{
    if (run->watching)
        return run->order->gate.period_ms;
    return run->state == FY_STATE_COMPLETED ? OBSERVED_MS : MINUTE_MS;
}

static int64_t next_at(const struct fy_live *live)
{
    const struct fy_run *run = live->run;
    int64_t period = run->order->gate.period_ms;
    if (run->sample_end_ms == 0)
        return run->started_ms;
    return run->sample_end_ms + interval(run) + period * GRACE_PERCENT / 100;
}

/* A row that waits for its commit is seen all the same: counted twice, it would not fit behind itself. */
static int64_t seen_ms(const struct fy_live *live)
{
    int64_t folded = live->run->sample_end_ms, put = live->watch->put_ms;
    return put > folded ? put : folded;
}

static void put_samples(struct fy_live *live, const json_t *ticks, int64_t period_ms, const char *alarm)
{
    size_t count = json_array_size(ticks), first = 0;
    while (first < count && fy_json_int_or(json_array_get(ticks, first), "end", 0) <= seen_ms(live))
        first++;
    if (first < count)
        live->watch->put_ms = fy_json_int_or(json_array_get(ticks, count - 1), "end", 0);
    size_t together = live->run->watching ? 1 : count - first;
    for (; first < count; first += together) {
        struct fy_buf body = {0};
        const struct fy_sample_from from = {
            .ticks = ticks, .first = first, .count = together, .period_ms = period_ms, .alarm = alarm};
        fy_sample_body(fy_run_kpis(live->run), &live->run->order->gate, &from, &body);
        fy_put(live, FY_REC_SAMPLE, &body);
    }
}

/* Ill, or well again: what people see must not be the verdict of before. */
static bool has_turned(const struct fy_run *run, const struct fy_verdict *verdict)
{
    const bool was_ill = run->verdict != NULL && !run->verdict_final &&
                         (strcmp(run->verdict, "hold") == 0 || strcmp(run->verdict, "invalid") == 0);
    const bool is_ill = verdict->kind == FY_VERDICT_HOLD || verdict->kind == FY_VERDICT_INVALID;
    return was_ill ? strcmp(run->verdict, fy_verdict_name(verdict->kind)) != 0 : is_ill;
}

bool fy_watch_holds(const struct fy_run *run)
{
    return run->verdict != NULL && strcmp(run->verdict, "hold") == 0 && !run->verdict_final &&
           !run->order->gate.dry_run && !fy_run_goes_back(run);
}

static void look_at_gates(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    struct fy_watch *watch = live->watch;
    if (run->judge == NULL || !run->watching || run->sample_end_ms == watch->judged_ms || watch->told)
        return;
    watch->judged_ms = run->sample_end_ms;
    struct fy_buf evidence = {0};
    struct fy_verdict verdict = fy_judge_look(run->judge, false, &evidence);
    const bool repeats = run->order->gate.dry_run && run->verdict != NULL && !run->verdict_final &&
                         strcmp(run->verdict, fy_verdict_name(verdict.kind)) == 0;
    if (!repeats && (verdict.kind == FY_VERDICT_ROLLBACK || has_turned(run, &verdict))) {
        watch->told = verdict.kind == FY_VERDICT_ROLLBACK;
        if (verdict.kind == FY_VERDICT_HOLD)
            fy_put_text(live, FY_REC_ALARM, verdict.sentence, "hold");
        fy_watch_put_verdict(live, &verdict, evidence.data, false);
        fy_flush(live);
    }
    fy_buf_free(&evidence);
}

static void counted(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err;
    const json_t *result = questions[0].result;
    int64_t period_ms = fy_json_int_or(result, "period_ms", live->run->order->gate.period_ms);
    FY_AUTO(fy_free_ptr)
    char *alarm = count > 1 ? fy_signs_alarm(&live->run->order->gate, questions[1].result) : NULL;
    if (fy_ask_all_ok(questions, 1, &err))
        put_samples(live, json_object_get(result, "ticks"), period_ms, alarm);
    if (live->tray.count > 0)
        fy_flush(live);
    fy_drive(live);
}

static void look(void *context)
{
    struct fy_live *live = context;
    struct fy_watch *watch = live->watch;
    const struct fy_run *run = live->run;
    watch->timer = NULL;
    watch->asked_ms = fy_live_now(live).ms;
    int64_t seen = seen_ms(live), after = seen != 0 ? seen : fy_live_now(live).ms - MINUTE_MS;
    FY_AUTO(fy_buf_free) struct fy_buf args = {0};
    fy_counters_args(run, live->engine->world.adapters, after, &args);
    const char *alarms = fy_bind_observe(run->order, live->engine->world.adapters, "alarms");
    const struct fy_question questions[] = {
        {.connection = fy_counters_source(run->order), .verb = "counters", .args = args.data},
        {.connection = alarms, .verb = "alarms", .args = "{}"}};
    struct fy_ask_who who = {.engine = live->engine, .run = run->id, .base = &run->base};
    const bool alarm_gate =
        run->watching && run->judge != NULL && run->order->gate.alarm != NULL && alarms != NULL;
    fy_ask(&who, questions, alarm_gate ? 2 : 1, counted, live, &watch->ask);
}

void fy_watch_drive(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    if (run->program == 0 || run->order->gate.period_ms <= 0)
        return;
    if (live->watch == NULL && fy_counters_source(run->order) == NULL)
        return;
    if (live->watch == NULL)
        live->watch = FY_NEW(struct fy_watch);
    struct fy_watch *watch = live->watch;
    watch->told &= run->in_stage && run->asked != NULL;
    look_at_gates(live);
    if (watch->ask != NULL)
        return;
    /* A peer that has no new tick yet is not asked at once again. */
    int64_t soonest = watch->asked_ms + run->order->gate.period_ms / 2 + 1;
    int64_t at_ms = next_at(live) > soonest ? next_at(live) : soonest;
    if (watch->timer != NULL && watch->at_ms <= at_ms)
        return;
    fy_live_cancel(live, &watch->timer);
    watch->at_ms = at_ms;
    watch->timer = fy_live_timer(live, (struct fy_rtime){at_ms}, look);
}

void fy_watch_free(struct fy_live *live)
{
    if (live->watch == NULL)
        return;
    fy_live_cancel(live, &live->watch->timer);
    fy_ask_forget(&live->watch->ask);
    free(live->watch);
    live->watch = NULL;
}

void fy_watch_put_verdict(struct fy_live *live, const struct fy_verdict *verdict, const char *evidence,
                          bool final)
{
    const struct fy_run *run = live->run;
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "stage", run->stage_index);
    fy_buf_member(&body, "verdict", fy_verdict_name(verdict->kind));
    fy_buf_member(&body, "sentence", verdict->sentence);
    fy_buf_member_raw(&body, "evidence", evidence != NULL ? evidence : "{}");
    fy_buf_member_int(&body, "covered_ms", run->step.covered_ms);
    fy_buf_member_bool(&body, "final", final);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_VERDICT, &body);
    FY_POINT(run_verdict);
}
