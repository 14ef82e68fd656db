/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "api/server.h"
#include "base/mem.h"

void fy_get_callbacks(struct fy_exchange *exchange)
{
    const struct fy_callbacks *callbacks = &exchange->api->world.callbacks;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    if (callbacks->show != NULL)
        callbacks->show(callbacks->self, &buf);
    else
        fy_buf_text(&buf, "{\"receivers\":[]}");
    fy_answer_json(exchange, 200, &buf);
}

void fy_post_resend(struct fy_exchange *exchange)
{
    const struct fy_callbacks *callbacks = &exchange->api->world.callbacks;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    size_t count = 0;
    if (callbacks->resend == NULL) {
        fy_answer_status(exchange, 404, "there are no receivers", "they are configured in connections.json");
        return;
    }
    if (!callbacks->resend(callbacks->self, exchange->args[0], &count, &err)) {
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    fy_buf_format(&buf, "{\"again\":%zu}", count);
    fy_answer_json(exchange, 202, &buf);
}
