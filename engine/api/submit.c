/* SPDX-License-Identifier: Apache-2.0 */
#include "api/submit.h"

#include "api/auth.h"
#include "api/known.h"
#include "api/server.h"
#include "base/child.h"
#include "base/mem.h"
#include "order/read.h"
#include "order/reader.h"

#include <string.h>

#define READERS_AT_ONCE 4
#define READER_MS       5000  /* far beyond its second of CPU: only a stopped process gets here */
#define HOST_START_MS   10000 /* then the order is judged by what is known */
#define LOOK_AGAIN_MS   5

/* An order on its way in: first a reader process has it, then the hosts of its connections are waited for. */
struct fy_reading {
    struct fy_exchange *exchange;
    void (*with)(struct fy_exchange *exchange, struct fy_order *order);
    struct fy_child *child;
    struct fy_order *order;
    uv_timer_t timer;
    uint64_t give_up_ms;
    struct fy_reading *next; /* in the queue for a reader */
};

static void start_next(struct fy_api *api);

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_reader(struct fy_reading *reading)
{
    struct fy_api *api = reading->exchange->api;
    if (reading->child == NULL)
        return;
    fy_child_free(fy_steal(&reading->child));
    api->readers--;
    start_next(api);
}

static void end_reading(struct fy_reading *reading)
{
    end_reader(reading);
    uv_close((uv_handle_t *)&reading->timer, on_closed);
}

static void refuse(struct fy_exchange *exchange, const struct fy_err *err, const struct fy_refusal *refusal)
{
    FY_AUTO(fy_buf_free) struct fy_buf extra = {0};
    if (refusal->line > 0) {
        fy_buf_format(&extra, "\"line\":%d", refusal->line);
        if (refusal->element[0] != '\0')
            fy_buf_member(&extra, "element", refusal->element);
    }
    fy_answer_problem(exchange, err, extra.data);
}

bool fy_order_epoch(const struct fy_exchange *exchange, const struct fy_order *order, int64_t *ret_ms,
                    struct fy_err *err)
{
    const char *text = fy_exchange_query(exchange, "epoch_ms");
    *ret_ms = order->request.window.start_ms;
    if (text != NULL && strcmp(text, "window") == 0)
        return true;
    return fy_exchange_number(exchange, "epoch_ms", 1, 0, ret_ms, err);
}

static bool is_known(struct fy_exchange *exchange, const struct fy_order *order, struct fy_refusal *refusal,
                     struct fy_err *err)
{
    int64_t now_ms = 0;
    if (!fy_order_epoch(exchange, order, &now_ms, err))
        return false;
    if (now_ms == 0)
        now_ms = fy_system_clock.wall_ms(fy_system_clock.self);
    return fy_order_is_known(exchange->api, order, now_ms, refusal, err);
}

static void refuse_tenant(struct fy_exchange *exchange, const struct fy_order *order)
{
    FY_AUTO(fy_free_ptr)
    char *detail = fy_format("%s may not do this for tenant %.60s and %.60s", exchange->principal->name,
                             order->request.tenant, order->request.vnf_instance);
    fy_answer_status(exchange, 403, detail, "who runs this ferryd gives roles (docs/northbound.md)");
}

static void admit(struct fy_reading *reading)
{
    struct fy_exchange *exchange = reading->exchange;
    struct fy_order *order = reading->order;
    void (*with)(struct fy_exchange *, struct fy_order *) = reading->with;
    struct fy_refusal refusal = {0};
    struct fy_err err;
    end_reading(reading);
    if (!fy_auth_allows(exchange, order->request.tenant, order->vnf.exclusion_group,
                        order->request.vnf_instance)) {
        refuse_tenant(exchange, order);
        fy_order_free(order);
        return;
    }
    if (is_known(exchange, order, &refusal, &err)) {
        with(exchange, order);
        return;
    }
    fy_order_free(order);
    refuse(exchange, &err, &refusal);
}

/* Right after a start an order may be quicker than the hosts of its connections. */
static void on_look_again(uv_timer_t *timer)
{
    struct fy_reading *reading = timer->data;
    struct fy_api *api = reading->exchange->api;
    if (fy_order_connections_heard(api, reading->order) || uv_now(api->world.loop) >= reading->give_up_ms)
        admit(reading);
}

static void on_message(void *context, const char *payload, size_t length)
{
    struct fy_reading *reading = context;
    struct fy_exchange *exchange = reading->exchange;
    struct fy_refusal refusal = {0};
    struct fy_err err;
    if (reading->child == NULL)
        return;
    if (!fy_reader_take(payload, length, &reading->order, &refusal, &err)) {
        end_reading(reading);
        refuse(exchange, &err, &refusal);
        return;
    }
    end_reader(reading);
    if (fy_order_connections_heard(exchange->api, reading->order)) {
        admit(reading);
        return;
    }
    reading->give_up_ms = uv_now(exchange->api->world.loop) + HOST_START_MS;
    (void)uv_timer_start(&reading->timer, on_look_again, LOOK_AGAIN_MS, LOOK_AGAIN_MS);
}

static void on_exited(void *context, int status, int signal)
{
    struct fy_reading *reading = context;
    struct fy_exchange *exchange = reading->exchange;
    struct fy_err err;
    (void)fy_fail(&err, FY_ERR_INVALID,
                  "the process that read this order ended with %s: the order is refused",
                  fy_child_end_text(status, signal));
    (void)fy_hint(&err,
                  "an order is a small TOSCA document; \"ferry order new amf\" writes one to start from");
    end_reading(reading);
    fy_answer_problem(exchange, &err, NULL);
}

static void on_deadline(uv_timer_t *timer)
{
    struct fy_reading *reading = timer->data;
    fy_child_kill(reading->child); /* on_exited answers */
}

static bool start_reader(struct fy_reading *reading, struct fy_err *err)
{
    struct fy_exchange *exchange = reading->exchange;
    const char *const argv[] = {exchange->api->world.host_path, "reader", NULL};
    const struct fy_child_options options = {.name = "reader", .argv = argv, .log_stderr = true};
    const struct fy_child_events events = {.message = on_message, .exited = on_exited};
    if (!fy_child_start(exchange->api->world.loop, &options, &events, reading, &reading->child, err))
        return fy_wrap(err, "could not start a reader for the order");
    exchange->api->readers++;
    (void)uv_timer_start(&reading->timer, on_deadline, READER_MS, 0);
    return fy_child_send(reading->child, exchange->body.data, exchange->body.length, err);
}

/* As many readers as are good for the machine; the other orders wait, in their order. */
static void start_next(struct fy_api *api)
{
    struct fy_err err;
    while (api->readers < READERS_AT_ONCE && api->queue != NULL) {
        struct fy_reading *reading = api->queue;
        struct fy_exchange *exchange = reading->exchange;
        api->queue = reading->next;
        if (start_reader(reading, &err))
            continue;
        end_reading(reading);
        fy_answer_problem(exchange, &err, NULL);
    }
}

void fy_order_from_body(struct fy_exchange *exchange,
                        void (*with)(struct fy_exchange *exchange, struct fy_order *order))
{
    struct fy_api *api = exchange->api;
    struct fy_reading **last = &api->queue;
    if (exchange->body.length == 0) {
        fy_answer_status(exchange, 400, "the request has no body; an order in TOSCA XML is expected",
                         "\"ferry order new amf\" writes one to start from");
        return;
    }
    struct fy_reading *reading = FY_NEW(struct fy_reading);
    reading->exchange = exchange;
    reading->with = with;
    reading->timer.data = reading;
    (void)uv_timer_init(api->world.loop, &reading->timer);
    while (*last != NULL)
        last = &(*last)->next;
    *last = reading;
    start_next(api);
}
