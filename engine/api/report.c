/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "api/server.h"
#include "base/mem.h"

void fy_get_report(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (fy_engine_report(exchange->api->world.engine, exchange->args[0], &buf, &err))
        fy_answer_json(exchange, 200, &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}
