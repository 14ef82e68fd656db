/* SPDX-License-Identifier: Apache-2.0 */
/* Why is it waiting? One sentence for each state: what for, since when, what happens next. */
#include "base/mem.h"
#include "journal/sentence.h"
#include "run/phase/handover.h"
#include "run/prep.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/view/view.h"
#include "run/watch/watch.h"

#include <string.h>
#include <time.h>

static const char *clock_text(int64_t ms, char text[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text;
}

static const char *span_text(int64_t ms, char text[32])
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    if (seconds < 120)
        (void)snprintf(text, 32, "%lld s", (long long)seconds);
    else if (seconds < 7200)
        (void)snprintf(text, 32, "%lld min", (long long)seconds / 60);
    else
        (void)snprintf(text, 32, "%lld h %lld min", (long long)seconds / 3600, (long long)seconds / 60 % 60);
    return text;
}

static void scheduled(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char at[32], left[32];
    int64_t opens = run->order->request.window.start_ms;
    fy_buf_format(buf, "waits for its window, which opens at %s (in %s); then it is checked and planned",
                  clock_text(opens, at), span_text(opens - now_ms, left));
    if (fy_prep_failing(run) > 0) {
        fy_buf_text(buf, ". ALARM: it would not start, ");
        fy_prep_sentence(run, buf);
    }
}

static void starting(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char since[32];
    fy_buf_format(buf, "is checked and planned on live data since %s; nothing is touched yet",
                  span_text(now_ms - run->since_ms, since));
}

static void asking(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char left[32], late[32];
    int64_t ms = run->approval.deadline_ms + run->step.paused_ms - now_ms;
    fy_buf_format(buf, "waits for somebody of role %s to answer \"%s\"", run->approval.role,
                  run->approval.question);
    if (ms >= 0)
        fy_buf_format(buf, "; %s are left, then it %s", span_text(ms, left),
                      run->approval.roll_back_on_timeout ? "goes back" : "holds");
    else
        fy_buf_format(buf, "; overdue by %s, it holds until somebody answers", span_text(-ms, late));
}

static void soaking(const struct fy_run *run, struct fy_buf *buf)
{
    char covered[32], all[32];
    size_t index = (size_t)run->stage_index;
    int64_t soak = index < run->order->gray.stage_count ? run->order->gray.stages[index].soak_ms : 0;
    fy_buf_format(buf, "holds at %lld %% of the users and watches the KPIs: %s of %s are covered by counts",
                  (long long)run->stage_permille / 10, span_text(run->step.covered_ms, covered),
                  span_text(soak, all));
    if (run->step.covered_ms >= soak)
        fy_buf_text(buf, "; it goes on because there is no clear verdict yet");
}

/* A step of the engine's own: what it waits for, if its arguments say so. */
static void own_step(const struct fy_run_step *step, const char *since, struct fy_buf *buf)
{
    struct fy_err err;
    FY_AUTO(fy_json_unref)
    json_t *args =
        step->args != NULL ? fy_json_parse(step->args, strlen(step->args), "arguments", &err) : NULL;
    if (strcmp(step->call, "wait_until") == 0 && args != NULL)
        fy_sentence("waits until {verb} reads {until#json}[, at most {within_ms#span}]", args, buf);
    else
        fy_buf_format(buf, "is in %s (step %llu)", step->call, (unsigned long long)step->number);
    fy_buf_format(buf, ", %s so far", since);
}

static void in_step(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    const struct fy_run_step *step = &run->step;
    char since[32];
    (void)span_text(now_ms - step->since_ms, since);
    if (strcmp(step->call, "next_move") == 0 && fy_watch_holds(run))
        fy_buf_format(buf, "moves nobody until the storm is over, %s so far: %s", since, run->sentence);
    else if (step->connection != NULL)
        fy_buf_format(buf, "waits for %s to finish %s (step %llu), %s so far", step->connection, step->call,
                      (unsigned long long)step->number, since);
    else
        own_step(step, since, buf);
    if (step->total > 0)
        fy_buf_format(buf, ", %lld of %lld", (long long)step->done, (long long)step->total);
    if (step->text != NULL)
        fy_buf_format(buf, ": %s", step->text);
}

static void running(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    if (run->program_due)
        fy_buf_text(buf, "is on its way back: looks at what stands there, then its rollback program starts");
    else if (!run->step.open)
        fy_buf_text(buf, "the workflow computes its next step");
    else if (run->approval.open)
        asking(run, now_ms, buf);
    else if (strcmp(run->step.call, "soak") == 0)
        soaking(run, buf);
    else
        in_step(run, now_ms, buf);
    if (run->asked != NULL)
        fy_buf_format(buf, "; %s takes effect %s", run->asked,
                      strcmp(run->asked, "rollback") == 0 || strcmp(run->asked, "gate") == 0
                          ? "as soon as the call under way has returned"
                          : "after this step");
}

static void put_wish(const struct fy_run *run, struct fy_buf *buf)
{
    if (run->wish.verb != NULL)
        fy_buf_format(buf, "; %s by %s is being checked", run->wish.verb, run->wish.who);
    else if (run->refusal != NULL)
        fy_buf_format(buf, "; %s", run->refusal);
}

static void paused(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char since[32];
    fy_buf_format(buf, "is paused for %s; resume goes on where it stopped",
                  span_text(now_ms - run->since_ms, since));
    put_wish(run, buf);
}

static void parked(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char since[32];
    fy_buf_format(buf, "waits for a person for %s: %s", span_text(now_ms - run->since_ms, since),
                  run->error.message != NULL ? run->error.message : "it is parked");
    if (run->error.hint != NULL)
        fy_buf_format(buf, " (%s)", run->error.hint);
    put_wish(run, buf);
}

static void put_owed(const struct fy_run *run, struct fy_buf *buf)
{
    FY_AUTO(fy_free_ptr) char *owed = fy_aside_text(run);
    if (owed != NULL)
        fy_buf_format(buf, "; %s", owed);
}

static void completed(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    char at[32];
    int64_t until = run->ended_ms + run->order->commit.observe_ms;
    const char *then = run->order->commit.on_expiry == FY_EXPIRY_COMMIT
                           ? "then it commits by itself"
                           : "then it holds until somebody commits";
    if (now_ms < until)
        fy_buf_format(buf, "everybody is on %s; under observation until %s, %s",
                      run->order->request.target.version, clock_text(until, at), then);
    else
        fy_buf_format(buf, "everybody is on %s. ALARM: the observation ended at %s, it waits for a commit",
                      run->order->request.target.version, clock_text(until, at));
    put_owed(run, buf);
}

static void over(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    (void)now_ms;
    fy_buf_format(buf, "is over: %s", fy_state_means(run->state));
    if (run->error.message != NULL)
        fy_buf_format(buf, " (%s)", run->error.message);
    put_owed(run, buf);
}

static void failed(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    const struct fy_handover *handover = run->handover;
    const char *nf = run->order->request.vnf_instance;
    if (handover == NULL || handover->list == NULL) {
        over(run, now_ms, buf);
        return;
    }
    fy_buf_format(buf, "is over: given over to %s", handover->to);
    if (handover->dirty)
        fy_buf_format(buf,
                      "; %s is dirty and takes no order until it is proven clean or adopted (ferry clean %s, "
                      "ferry adopt %s)",
                      nf, run->id, run->id);
    else
        fy_buf_format(buf, "; %s takes orders again", nf);
}

void fy_waiting(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf)
{
    static void (*const sentences[])(const struct fy_run *run, int64_t now_ms, struct fy_buf *buf) = {
        [FY_STATE_SCHEDULED] = scheduled, [FY_STATE_STARTING] = starting,  [FY_STATE_PROCESSING] = running,
        [FY_STATE_PAUSED] = paused,       [FY_STATE_FAILED_TEMP] = parked, [FY_STATE_ROLLING_BACK] = running,
        [FY_STATE_COMPLETED] = completed, [FY_STATE_COMMITTED] = over,     [FY_STATE_ROLLED_BACK] = over,
        [FY_STATE_FAILED] = failed,
    };
    if (sentences[run->state] != NULL)
        sentences[run->state](run, now_ms, buf);
    else
        fy_buf_text(buf, "is being accepted");
}
