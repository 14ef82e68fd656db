/* SPDX-License-Identifier: Apache-2.0 */
#include "run/program.h"

#include "base/mem.h"

#include <string.h>

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

static void put_args(const struct fy_program *program, int64_t revision, struct fy_buf *buf)
{
    const struct fy_order *order = program->order;
    fy_buf_key(buf, "args");
    fy_buf_open(buf, '{');
    fy_buf_key(buf, "order");
    fy_order_to_json(order, buf);
    fy_buf_key(buf, "plan");
    fy_buf_open(buf, '{');
    put_guard_names(buf, &order->guards.take);
    fy_buf_member_raw(buf, "checks", program->checks);
    fy_buf_member_raw(buf, "final_checks", program->final_checks);
    fy_buf_member_int(buf, "revision", revision);
    fy_buf_close(buf, '}');
    fy_buf_key(buf, "params");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < order->workflow.input_count; i++)
        put_input(buf, &order->workflow.inputs[i]);
    fy_buf_close(buf, '}');
    fy_buf_member_raw(buf, "program", program->about);
    fy_buf_close(buf, '}');
}

void fy_program_put(struct fy_live *live, const struct fy_program *program)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member_int(&body, "program", live->run->program + 1);
    fy_buf_member(&body, "function", program->function);
    if (program->mirrored_ms != 0)
        fy_buf_member_int(&body, "mirrored_ms", program->mirrored_ms);
    put_args(program, live->run->revision > 0 ? live->run->revision : 1, &body);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_PROGRAM_STARTED, &body);
}
