/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

#include "api/auth.h"
#include "api/route.h"
#include "api/server.h"
#include "api/xml.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADERS_MAX 32

const char *fy_exchange_query(const struct fy_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *fy_exchange_header(const struct fy_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

struct wish {
    const char *type;
    bool found;
};

/* There may be several such headers. */
static enum MHD_Result look_for(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct wish *wish = context;
    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_ACCEPT) == 0 && value != NULL &&
        strcasestr(value, wish->type) != NULL)
        wish->found = true;
    return MHD_YES;
}

bool fy_exchange_accepts(const struct fy_exchange *exchange, const char *type)
{
    struct wish wish = {.type = type};
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, look_for, &wish);
    return wish.found;
}

bool fy_exchange_number(const struct fy_exchange *exchange, const char *name, int64_t min, int64_t otherwise,
                        int64_t *ret, struct fy_err *err)
{
    const char *text = fy_exchange_query(exchange, name);
    char *end = NULL;
    *ret = otherwise;
    if (text == NULL)
        return true;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min)
        return fy_fail(err, FY_ERR_INVALID, "%s=%.40s is not an integer from %lld up", name, text,
                       (long long)min);
    *ret = number;
    return true;
}

void fy_answer_response(struct fy_exchange *exchange, unsigned status, struct MHD_Response *response)
{
    exchange->response = response;
    exchange->status = status;
    if (!exchange->suspended)
        return; /* fy_exchange_serve is above us and hands it over */
    exchange->suspended = false;
    fy_api_resume(exchange->api, exchange->connection);
}

/* XML where it is asked for and JSON is not. */
static const char *in_xml(const struct fy_exchange *exchange, const char *type, struct fy_buf *text)
{
    bool problem = strcmp(type, "application/problem+json") == 0;
    struct fy_buf xml = {0};
    if ((!problem && strcmp(type, "application/json") != 0) || !fy_exchange_accepts(exchange, "xml") ||
        fy_exchange_accepts(exchange, "json") ||
        !fy_xml_of_json(text->data, text->length, problem ? "problem" : "answer", &xml))
        return type;
    fy_buf_free(text);
    *text = xml;
    return problem ? "application/problem+xml" : "application/xml";
}

void fy_answer_text(struct fy_exchange *exchange, unsigned status, const char *type, struct fy_buf *text)
{
    type = in_xml(exchange, type, text);
    size_t length = text->length;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, fy_buf_take(text), MHD_RESPMEM_MUST_FREE);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    fy_answer_response(exchange, status, response);
}

void fy_answer_json(struct fy_exchange *exchange, unsigned status, struct fy_buf *json)
{
    fy_answer_text(exchange, status, "application/json", json);
}

/* Queue what a handler has answered, or let the connection sleep until it has. */
static enum MHD_Result settle(struct fy_exchange *exchange)
{
    if (exchange->response == NULL) {
        exchange->suspended = true;
        MHD_suspend_connection(exchange->connection);
        return MHD_YES;
    }
    if (exchange->queued)
        return MHD_YES;
    exchange->queued = true;
    return MHD_queue_response(exchange->connection, exchange->status, exchange->response);
}

static void refuse_size(struct fy_exchange *exchange)
{
    fy_answer_status(exchange, 413, "a request body may have 65,536 bytes",
                     "an order that is longer lists what belongs into a policy; comments may go, too");
}

static bool body_too_large(const struct fy_exchange *exchange)
{
    const char *length = fy_exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length != NULL && strtoull(length, NULL, 10) > FY_API_BODY_MAX;
}

static void answer_unknown_route(struct fy_exchange *exchange, const char *url, const char *allow)
{
    char detail[256];
    char hint[128];
    if (allow[0] == '\0') {
        (void)snprintf(detail, sizeof detail, "there is nothing at %.200s", url);
        fy_answer_status(exchange, 404, detail,
                         "runs are at /v1/upgrades; docs/architecture.md, \"HTTP\", has all paths");
        return;
    }
    (void)snprintf(detail, sizeof detail, "%.150s can only be asked with %s", url, allow);
    (void)snprintf(hint, sizeof hint, "ask with %s; docs/architecture.md, \"HTTP\", has all paths", allow);
    fy_answer_status(exchange, 405, detail, hint);
    (void)MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_ALLOW, allow);
}

/* What can be refused from the headers alone is, before a body is read. */
static void admit(struct fy_exchange *exchange, const char *method, const char *url)
{
    char allow[64];
    exchange->route = fy_route_find(method, url, exchange->args, allow);
    if (!fy_auth_admit(exchange))
        return;
    if (MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, NULL, NULL) > HEADERS_MAX)
        fy_answer_status(exchange, 431, "a request may have 32 header fields",
                         "leave out what is not needed; Content-Type and Accept are all that is read");
    else if (exchange->route == NULL)
        answer_unknown_route(exchange, url, allow);
    else if (body_too_large(exchange))
        refuse_size(exchange);
}

static struct fy_exchange *begin(struct fy_api *api, struct MHD_Connection *connection)
{
    struct fy_exchange *exchange = FY_NEW(struct fy_exchange);
    exchange->api = api;
    exchange->connection = connection;
    exchange->peer = fy_peer_of(connection);
    exchange->next = api->exchanges;
    exchange->link = &api->exchanges;
    if (exchange->next != NULL)
        exchange->next->link = &exchange->next;
    api->exchanges = exchange;
    fy_peer_wait(api, exchange->peer, FY_PEER_BODY);
    return exchange;
}

static void take_body(struct fy_exchange *exchange, const char *data, size_t size)
{
    if (exchange->response != NULL)
        return; /* refused already; the rest is thrown away */
    if (exchange->body.length + size > FY_API_BODY_MAX)
        refuse_size(exchange);
    else
        fy_buf_put(&exchange->body, data, size);
}

/* A NUL would end the text of a path early and make it another's: it stays the three characters it was. */
size_t fy_exchange_unescape(void *self, struct MHD_Connection *connection, char *text)
{
    (void)self;
    (void)connection;
    return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}

enum MHD_Result fy_exchange_serve(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **context)
{
    (void)version;
    struct fy_exchange *exchange = *context;
    if (exchange == NULL) {
        *context = exchange = begin(self, connection);
        admit(exchange, method, url);
        return exchange->response != NULL ? settle(exchange) : MHD_YES;
    }
    if (*upload_data_size > 0) {
        take_body(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return MHD_YES;
    }
    if (!exchange->complete) {
        exchange->complete = true;
        fy_peer_wait(exchange->api, exchange->peer, FY_PEER_SERVED);
        if (exchange->response == NULL && fy_auth_scope(exchange))
            exchange->route->handle(exchange);
    }
    return settle(exchange);
}

void fy_exchange_done(void *self, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct fy_exchange *exchange = *context;
    if (exchange == NULL)
        return;
    fy_peer_wait(self, exchange->peer, FY_PEER_IDLE);
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    for (size_t i = 0; i < FY_API_PATH_ARGS; i++)
        free(exchange->args[i]);
    fy_buf_free(&exchange->body);
    fy_access_unref(exchange->access);
    free(exchange->from);
    free(exchange);
    *context = NULL;
}
