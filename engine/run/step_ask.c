/* SPDX-License-Identifier: Apache-2.0 */
/* ask: a person is asked. The question is durable before it is shown; the answer comes by the verbs approve
 * and reject (command.c) as a record, and this step sees it in the fold. */
#include "base/mem.h"
#include "run/step.h"

#include <string.h>

#define WITHIN_MS (24LL * 60 * 60 * 1000) /* of a question that says nothing */

/* The order's approval before that stage; NULL: the workflow asks on its own account. */
static const struct fy_order_approval *approval_of(const struct fy_run *run, const json_t *args)
{
    const struct fy_order_gray *gray = &run->order->gray;
    int64_t stage = fy_json_int_or(args, "stage", -1);
    if (stage < 0 || (size_t)stage >= gray->stage_count)
        return NULL;
    for (size_t i = 0; i < gray->approval_count; i++)
        if (gray->approvals[i].before_permille == gray->stages[stage].ratio_permille)
            return &gray->approvals[i];
    return NULL;
}

static void put_question(struct fy_live *live, const json_t *args)
{
    const struct fy_order_approval *approval = approval_of(live->run, args);
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
    fy_buf_member(&body, "on_timeout", rolls_back ? "rollback" : "hold");
    fy_buf_member_int(&body, "needed", approval != NULL ? approval->count : 1);
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
        fy_fail(&err, FY_ERR_REFUSED, "rejected by %s: %s",
                approval->who != NULL ? approval->who : "somebody", approval->question);
        fy_hint(&err, "retry asks again; fail gives the run over to people");
        fy_step_failed(live, &err);
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
    fy_hint(&err, "the order says roll back; retry asks again");
    fy_step_failed(live, &err);
}

static void deadline(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    if (live->run->approval.roll_back_on_timeout) {
        timed_out(live);
        return;
    }
    fy_put_text(live, FY_REC_NOTE, "nobody has answered in time; the run holds until somebody does",
                "overdue");
    fy_flush(live);
}

/* Pauses move the deadline. */
static struct fy_rtime deadline_of(const struct fy_live *live)
{
    return (struct fy_rtime){live->run->approval.deadline_ms + live->run->step.paused_ms};
}

static void look(struct fy_live *live)
{
    const struct fy_run_approval *approval = &live->run->approval;
    if (approval->step != live->run->step.number || live->settled)
        return;
    if (!approval->open)
        answered(live);
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
