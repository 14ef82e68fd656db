/* SPDX-License-Identifier: Apache-2.0 */
/* ask: a person is asked. The question is durable before it is shown; the answer comes by the verbs approve
 * and reject (approve.c) as a record, and this step sees it in the fold. */
#include "base/mem.h"
#include "run/step/step.h"
#include "run/verb/approve.h"

#include <string.h>

#define TEN_MINUTES_MS (10 * 60 * 1000)
#define WITHIN_MS      (24LL * 60 * 60 * 1000) /* of a question that says nothing */

/* Before the deadline passes somebody is reminded: a quarter of the time, ten minutes at most. */
static int64_t remind_before(int64_t within_ms)
{
    const int64_t quarter = within_ms / 4;
    return quarter < TEN_MINUTES_MS ? quarter : TEN_MINUTES_MS;
}

static void put_question(struct fy_live *live, const json_t *args)
{
    const struct fy_order_approval *approval = fy_approve_of_order(
        live->run->order, fy_json_int_or(args, "stage", -1), fy_json_bool_or(args, "after", false));
    bool rolls_back = approval != NULL
                          ? approval->on_timeout == FY_ON_END_ROLLBACK
                          : strcmp(fy_json_string_or(args, "on_timeout", "hold"), "rollback") == 0;
    int64_t within = fy_json_int_or(args, "within_ms", approval != NULL ? approval->timeout_ms : WITHIN_MS);
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "id", live->run->approval.id + 1);
    fy_buf_member_int(&body, "step", (int64_t)live->run->step.number);
    fy_buf_member(&body, "question", fy_json_string_or(args, "question", "Go on?"));
    fy_buf_member(&body, "role",
                  fy_json_string_or(args, "role", approval != NULL ? approval->role : "approver"));
    fy_buf_member_int(&body, "deadline_ms", fy_live_now(live).ms + within);
    fy_buf_member_int(&body, "remind_ms", fy_live_now(live).ms + within - remind_before(within));
    fy_buf_member(&body, "on_timeout", rolls_back ? "rollback" : "hold");
    fy_buf_member_int(&body, "needed", fy_json_int_or(args, "count", approval != NULL ? approval->count : 1));
    if (json_object_get(args, "stage") != NULL)
        fy_buf_member_int(&body, "stage", fy_json_int_or(args, "stage", 0));
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_APPROVAL_ASKED, &body);
    fy_flush(live);
}

static void answered(struct fy_live *live)
{
    const struct fy_run_approval *approval = &live->run->approval;
    if (approval->rejected) {
        struct fy_err err = {0};
        fy_fail(&err, FY_ERR_REFUSED, "rejected by %s: %s%s%s",
                approval->who != NULL ? approval->who : "somebody",
                approval->why != NULL ? approval->why : "",
                approval->why != NULL ? "; the question was: " : "", approval->question);
        fy_hint(&err, "retry asks again; rollback takes the users back");
        fy_step_failed_by(live, "rejected", &err);
        return;
    }
    struct fy_buf result = {0};
    fy_buf_open(&result, '{');
    fy_buf_member(&result, "answer", "approve");
    fy_buf_member(&result, "who", approval->who);
    fy_buf_close(&result, '}');
    fy_step_done(live, result.data);
    fy_buf_free(&result);
}

static void timed_out(struct fy_live *live)
{
    struct fy_err err = {0};
    fy_fail(&err, FY_ERR_TIMEOUT, "nobody answered in time: %s", live->run->approval.question);
    fy_hint(&err, "the question or the order says that then the users go back");
    fy_step_failed_by(live, "approval_lapsed", &err);
}

static void deadline(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    if (live->run->approval.roll_back_on_timeout) {
        timed_out(live);
        return;
    }
    fy_put_text(live, FY_REC_ALARM, "nobody has answered in time; the run holds until somebody does",
                "overdue");
    fy_flush(live);
}

/* Pauses move the deadline. */
static struct fy_rtime deadline_of(const struct fy_live *live)
{
    return (struct fy_rtime){live->run->approval.deadline_ms + live->run->step.paused_ms};
}

static void remind(void *context)
{
    struct fy_live *live = context;
    const struct fy_run_approval *approval = &live->run->approval;
    live->flight.timer = NULL;
    FY_AUTO(fy_free_ptr)
    char *text = fy_format("nobody has answered yet, and then it %s: %s (role %s, %lld of %lld)",
                           approval->roll_back_on_timeout ? "rolls back" : "holds", approval->question,
                           approval->role, (long long)approval->given, (long long)approval->needed);
    fy_put_text(live, FY_REC_ALARM, text, "reminder");
    fy_flush(live);
}

static void look(struct fy_live *live)
{
    const struct fy_run_approval *approval = &live->run->approval;
    if (approval->step != live->run->step.number || live->settled)
        return;
    if (!approval->open)
        answered(live);
    else if (live->flight.timer == NULL && !approval->reminded && approval->remind_ms != 0)
        fy_live_wait(live, (struct fy_rtime){approval->remind_ms + live->run->step.paused_ms}, remind);
    else if (live->flight.timer == NULL && fy_rtime_before(fy_live_now(live), deadline_of(live)))
        fy_live_wait(live, deadline_of(live), deadline);
}

void fy_step_ask(struct fy_live *live, const json_t *args)
{
    live->flight.look = look;
    if (live->run->approval.step != live->run->step.number)
        put_question(live, args);
    else
        look(live);
}
