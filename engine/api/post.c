/* SPDX-License-Identifier: Apache-2.0 */
/* What changes something, or might: orders and verbs. */
#include "api/route.h"

#include "api/fleet.h"
#include "api/server.h"
#include "api/submit.h"
#include "base/json.h"
#include "base/mem.h"
#include "order/explain.h"

#include <string.h>

#define PENDING_MS 2000 /* a store that is back within this bothers nobody */

/* The answer to whatever changed a run: its view, once the change is durable. */
struct fy_change {
    struct fy_exchange *exchange; /* NULL: it has an answer, which says that this is pending */
    char *run;
    unsigned status;
    bool durable; /* before its run's name was known: it was here already */
    uint64_t since_ms;
    struct fy_change *next, **link; /* of those that wait */
};

static struct fy_change *change_new(struct fy_exchange *exchange, const char *run)
{
    struct fy_api *api = exchange->api;
    struct fy_change *change = FY_NEW(struct fy_change);
    *change = (struct fy_change){.exchange = exchange,
                                 .run = run != NULL ? fy_strdup(run) : NULL,
                                 .status = 202,
                                 .since_ms = uv_now(api->world.loop),
                                 .next = api->changes,
                                 .link = &api->changes};
    if (change->next != NULL)
        change->next->link = &change->next;
    api->changes = change;
    return change;
}

static void change_free(struct fy_change *change)
{
    *change->link = change->next;
    if (change->next != NULL)
        change->next->link = change->link;
    free(change->run);
    free(change);
}

/* It is neither done nor refused: it stands behind what cannot be written, and takes effect after that. */
static void answer_pending(struct fy_change *change, const char *trouble)
{
    struct fy_err err;
    (void)fy_fail(&err, FY_ERR_TRANSIENT, "accepted, not durable yet: %s", trouble);
    (void)fy_hint(&err,
                  "it takes effect when the store can be written again, unless ferryd ends before; look "
                  "at the run then, before you ask again");
    fy_answer_problem(fy_steal(&change->exchange), &err, "\"pending\":true");
}

void fy_changes_reap(struct fy_api *api)
{
    const char *trouble = fy_journal_trouble(api->world.journal);
    if (trouble == NULL)
        return;
    for (struct fy_change *change = api->changes; change != NULL; change = change->next)
        if (change->exchange != NULL && uv_now(api->world.loop) >= change->since_ms + PENDING_MS)
            answer_pending(change, trouble);
}

static void on_durable(void *context)
{
    struct fy_change *change = context;
    struct fy_exchange *exchange = change->exchange;
    change->durable = true;
    if (change->run == NULL)
        return;
    if (exchange == NULL) {
        change_free(change);
        return;
    }
    FY_AUTO(fy_free_ptr) char *location = fy_format("/v1/upgrades/%s", change->run);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (fy_engine_show(exchange->api->world.engine, change->run, &buf, &err)) {
        fy_answer_json(exchange, change->status, &buf);
        (void)MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_LOCATION, location);
    } else {
        fy_answer_problem(exchange, &err, NULL);
    }
    change_free(change);
}

static void submit(struct fy_exchange *exchange, struct fy_order *order)
{
    struct fy_submission submission = {
        .order = order,
        .xml = exchange->body.data,
        .xml_length = exchange->body.length,
        .caller = fy_exchange_caller(exchange),
        .commit = fy_exchange_query(exchange, "commit"),
    };
    struct fy_change *change = change_new(exchange, NULL);
    const char *run = NULL;
    bool existed = false;
    struct fy_err err;
    if (!fy_fleet_takes_orders(exchange, &err) ||
        !fy_exchange_number(exchange, "scale", 1, 0, &submission.scale, &err) ||
        !fy_order_epoch(exchange, order, &submission.epoch_ms, &err) ||
        !fy_engine_submit(exchange->api->world.engine, &submission, &run, &existed, on_durable, change,
                          &err)) {
        change_free(change);
        fy_order_free(order);
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    change->run = fy_strdup(run);
    if (existed)
        change->status = 200;
    if (change->durable)
        on_durable(change);
}

void fy_post_upgrade(struct fy_exchange *exchange)
{
    fy_order_from_body(exchange, submit);
}

static void on_planned(void *context, const char *plan_json, const char *table, const struct fy_err *err)
{
    struct fy_exchange *exchange = context;
    const char *format = fy_exchange_query(exchange, "format");
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    if (err != NULL) {
        fy_answer_problem(exchange, err, NULL);
    } else if (format != NULL && strcmp(format, "text") == 0) {
        fy_buf_text(&buf, table);
        fy_answer_text(exchange, 200, "text/plain; charset=utf-8", &buf);
    } else {
        fy_buf_text(&buf, plan_json);
        fy_answer_json(exchange, 200, &buf);
    }
}

static void plan(struct fy_exchange *exchange, struct fy_order *order)
{
    struct fy_err err;
    int64_t epoch_ms = 0;
    if (fy_order_epoch(exchange, order, &epoch_ms, &err))
        fy_engine_plan(exchange->api->world.engine, order, epoch_ms, on_planned, exchange);
    else
        fy_answer_problem(exchange, &err, NULL);
    fy_order_free(order);
}

void fy_post_plan(struct fy_exchange *exchange)
{
    fy_order_from_body(exchange, plan);
}

static void explain(struct fy_exchange *exchange, struct fy_order *order)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_order_explain(order, &text);
    fy_buf_text(&buf, "{\"ok\":true,\"text\":");
    fy_buf_json_string(&buf, text.data, text.length);
    fy_buf_text(&buf, ",\"order\":");
    fy_order_to_json(order, &buf);
    fy_buf_text(&buf, "}");
    fy_order_free(order);
    fy_answer_json(exchange, 200, &buf);
}

void fy_post_check(struct fy_exchange *exchange)
{
    fy_order_from_body(exchange, explain);
}

void fy_get_template(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (fy_order_template(exchange->args[0], &buf, &err))
        fy_answer_text(exchange, 200, "application/xml", &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}

/* A refused verb says in which state the run is and what would be possible. */
void fy_refuse_verb(struct fy_exchange *exchange, const struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf view = {0};
    FY_AUTO(fy_buf_free) struct fy_buf extra = {0};
    struct fy_err ignored;
    FY_AUTO(fy_json_unref) json_t *doc = NULL;
    if (err->kind == FY_ERR_REFUSED &&
        fy_engine_show(exchange->api->world.engine, exchange->args[0], &view, &ignored))
        doc = fy_json_parse(view.data, view.length, "view", &ignored);
    if (doc != NULL) {
        FY_AUTO(fy_free_ptr) char *verbs = fy_json_text(json_object_get(doc, "verbs"));
        fy_buf_member(&extra, "state", fy_json_string_or(doc, "state", "?"));
        fy_buf_member_raw(&extra, "verbs", verbs);
    }
    fy_answer_problem(exchange, err, extra.data);
}

static bool check_arguments(const struct fy_buf *body, struct fy_err *err)
{
    if (body->length == 0)
        return true;
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(body->data, body->length, "the request's body", err);
    if (args == NULL)
        return false;
    return json_is_object(args) ||
           fy_fail(err, FY_ERR_INVALID, "the request's body is not a JSON object of arguments");
}

void fy_post_verb(struct fy_exchange *exchange)
{
    struct fy_caller caller = fy_exchange_caller(exchange);
    const char *verb =
        exchange->args[1] != NULL ? exchange->args[1] : strrchr(exchange->route->path, '/') + 1;
    struct fy_err err;
    if (!check_arguments(&exchange->body, &err)) {
        fy_refuse_verb(exchange, &err);
        return;
    }
    if (fy_fleet_pass_on(exchange, verb, &caller))
        return;
    struct fy_change *change = change_new(exchange, exchange->args[0]);
    const char *args = exchange->body.length > 0 ? exchange->body.data : NULL;
    if (fy_engine_command(exchange->api->world.engine, exchange->args[0], verb, args, &caller, on_durable,
                          change, &err))
        return;
    change_free(change);
    fy_refuse_verb(exchange, &err);
}
