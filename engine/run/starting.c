/* SPDX-License-Identifier: Apache-2.0 */
#include "run/starting.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/check.h"
#include "run/planning.h"
#include "run/step.h"

#include <string.h>

/* ---- the arguments of the program
 * -------------------------------------------------------------------------- */

static void put_input(struct fy_buf *buf, const struct fy_order_input *input)
{
    bool text = input->type == FY_INPUT_STRING || input->type == FY_INPUT_DECIMAL;
    if (input->value == NULL)
        return;
    if (buf->data[buf->length - 1] != '{')
        fy_buf_text(buf, ",");
    fy_buf_json_string(buf, input->name, strlen(input->name)); /* names come from the order */
    fy_buf_text(buf, ":");
    if (text)
        fy_buf_json_string(buf, input->value, strlen(input->value));
    else
        fy_buf_text(buf, input->value);
}

static void put_guard_names(struct fy_buf *buf, const struct fy_words *take)
{
    fy_buf_key(buf, "guards");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < take->count; i++) {
        if (i > 0)
            fy_buf_text(buf, ",");
        fy_buf_json_string(buf, take->word[i], strlen(take->word[i]));
    }
    fy_buf_close(buf, ']');
}

static void put_args(struct fy_live *live, struct fy_buf *buf)
{
    const struct fy_order *order = live->run->order;
    fy_buf_key(buf, "args");
    fy_buf_open(buf, '{');
    fy_buf_key(buf, "order");
    fy_order_to_json(order, buf);
    fy_buf_key(buf, "plan");
    fy_buf_open(buf, '{');
    put_guard_names(buf, &order->guards.take);
    fy_buf_member_raw(buf, "checks", fy_checks_before);
    fy_buf_member_raw(buf, "final_checks", fy_checks_after);
    fy_buf_member_int(buf, "revision", 1);
    fy_buf_close(buf, '}');
    fy_buf_key(buf, "params");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < order->workflow.input_count; i++)
        put_input(buf, &order->workflow.inputs[i]);
    fy_buf_close(buf, '}');
    fy_buf_member_raw(buf, "program", "{}");
    fy_buf_close(buf, '}');
}

static void put_program(struct fy_live *live)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "program", live->run->program + 1);
    fy_buf_member(&body, "function", "upgrade");
    put_args(live, &body);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_PROGRAM_STARTED, &body);
}

/* ---- checks and plan
 * ------------------------------------------------------------------------------------------ */

static void failed(struct fy_live *live, const struct fy_err *err)
{
    fy_park(live, "failure", err);
}

static void start(struct fy_live *live, const struct fy_plan *plan)
{
    enum fy_state to;
    if (!fy_state_move(live->run, live->run->state, "ready", false, &to))
        return;
    fy_planning_put(live, plan);
    put_program(live);
    fy_put_state(live, to, "ready", "all checks passed and the plan keeps the order's limits", NULL);
    FY_POINT(run_before_start);
    fy_flush(live);
}

static void answered(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_err err = {0};
    struct fy_buf result = {0};
    struct fy_landscape *landscape = NULL;
    struct fy_plan *plan = NULL;
    if (!fy_check_judge(live, "starting", NULL, questions, count, &result, &err) ||
        !fy_planning_landscape(questions, &landscape, &err) ||
        !fy_planning_make(live->run, landscape, 0, fy_live_now(live), &plan, &err))
        failed(live, &err);
    else
        start(live, plan);
    fy_plan_free(plan);
    fy_landscape_free(landscape);
    fy_buf_free(&result);
    live->flight.taken = false;
    fy_drive(live);
}

void fy_starting_drive(struct fy_live *live)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    if (live->flight.taken || live->tail != FY_STATE_STARTING ||
        fy_bind_unknown(live->run->order, adapters) != NULL)
        return;
    struct fy_question questions[FY_ASK_MAX];
    size_t count = fy_check_ask(live->run->order, adapters, questions);
    live->flight.taken = true;
    fy_ask_for(live, questions, count, answered);
}
