/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/bound.h"

#include "adapter/schema.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 4096u /* a peer's own words; more of them are not read by anybody */
#define WHY_SIZE    512u

struct fy_bound {
    const struct ferry_adapter *adapter;
    void *connection;
    char *name;
    struct fy_schema **schemas; /* in the order of the verbs */
    struct fy_schema **results; /* likewise; NULL: any object */
};

static const struct {
    const char *verb, *schema;
} known_results[] = {
#define RESULT(verb, schema) {#verb, schema},
#include "adapter/result.def"
#undef RESULT
};

/* What the adapter calls while it answers. The texts it gives are copied at once. */

static struct fy_answer *answer_of(struct ferry_reply *reply)
{
    return reply->host;
}

static void keep(char **place, const char *text, size_t limit)
{
    free(*place);
    *place = text != NULL ? fy_strndup(text, limit) : NULL;
}

static void set_result(struct ferry_reply *reply, const char *json)
{
    reply->status = FERRY_DONE;
    keep(&answer_of(reply)->result, json, FY_ADAPTER_TEXT_MAX + 1u);
}

static void set_failed(struct ferry_reply *reply, enum ferry_failure failure, const char *message,
                       const char *hint)
{
    reply->status = FERRY_FAILED;
    reply->failure = failure;
    keep(&answer_of(reply)->message, message, MESSAGE_MAX);
    keep(&answer_of(reply)->hint, hint, MESSAGE_MAX);
}

static void set_progress(struct ferry_reply *reply, int64_t after_ms, int64_t done, int64_t total,
                         const char *text)
{
    reply->status = FERRY_AGAIN;
    reply->after_ms = after_ms;
    reply->done = done;
    reply->total = total;
    keep(&answer_of(reply)->text, text, MESSAGE_MAX);
}

static void log_line(const char *text)
{
    fy_log(FY_LOG_INFO, "%.1000s", text != NULL ? text : "");
}

static const struct ferry_host host_table = {
    .size = sizeof host_table,
    .result = set_result,
    .failed = set_failed,
    .progress = set_progress,
    .log = log_line,
};

/* Opening. */

static void free_bound(struct fy_bound *bound)
{
    for (size_t i = 0; bound->schemas != NULL && bound->adapter->verbs[i].name != NULL; i++) {
        fy_schema_free(bound->schemas[i]);
        fy_schema_free(bound->results[i]);
    }
    free(bound->schemas);
    free(bound->results);
    free(bound->name);
    free(bound);
}

static bool parse_result(const char *verb, struct fy_schema **ret, struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(known_results); i++)
        if (strcmp(known_results[i].verb, verb) == 0)
            return (*ret = fy_schema_parse(known_results[i].schema, err)) != NULL;
    return true;
}

static bool parse_schemas(struct fy_bound *bound, struct fy_err *err)
{
    size_t count = 0;
    while (bound->adapter->verbs[count].name != NULL)
        count++;
    bound->schemas = FY_NEW_ARRAY(struct fy_schema *, count);
    bound->results = FY_NEW_ARRAY(struct fy_schema *, count);
    for (size_t i = 0; i < count; i++)
        if ((bound->schemas[i] = fy_schema_parse(bound->adapter->verbs[i].schema, err)) == NULL ||
            !parse_result(bound->adapter->verbs[i].name, &bound->results[i], err))
            return fy_wrap(err, "schema of %s", bound->adapter->verbs[i].name);
    return true;
}

struct fy_bound *fy_bound_open(const struct ferry_adapter *adapter, const char *connection,
                               const char *filled, struct fy_err *err)
{
    struct fy_bound *bound = FY_NEW(struct fy_bound);
    char why[WHY_SIZE] = "";
    bound->adapter = adapter;
    bound->name = fy_strdup(connection);
    bool ready = parse_schemas(bound, err);
    if (ready)
        bound->connection = adapter->open(&host_table, filled, why, sizeof why);
    why[sizeof why - 1] = '\0';
    if (ready && bound->connection == NULL)
        ready = fy_fail(err, FY_ERR_TRANSIENT, "adapter %s cannot connect: %s", adapter->name,
                        why[0] != '\0' ? why : "it does not say why");
    if (ready)
        return bound;
    free_bound(bound);
    return NULL;
}

void fy_bound_close(struct fy_bound *bound)
{
    if (bound == NULL)
        return;
    bound->adapter->close(bound->connection);
    free_bound(bound);
}

const struct ferry_verb *fy_bound_verb(const struct fy_bound *bound, const char *name)
{
    for (const struct ferry_verb *verb = bound->adapter->verbs; verb->name != NULL; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}

/* Serving. */

static json_t *check_args(const struct fy_bound *bound, const struct ferry_verb *verb, const char *args,
                          struct fy_err *err)
{
    size_t length = strlen(args);
    if (length > FY_ADAPTER_TEXT_MAX) {
        fy_fail(err, FY_ERR_INVALID, "%zu bytes are too many for arguments", length);
        return NULL;
    }
    json_t *document = fy_json_parse(args, length, "the text", err);
    if (document == NULL || fy_schema_check(bound->schemas[verb - bound->adapter->verbs], document, err))
        return document;
    json_decref(document);
    return NULL;
}

static bool misbehaved(const struct fy_bound *bound, const struct ferry_verb *verb, const char *what,
                       struct fy_answer *answer)
{
    struct fy_err err;
    fy_fail(&err, FY_ERR_PERMANENT, "adapter %s %s (connection %s, verb %s) %s", bound->adapter->name,
            bound->adapter->version, bound->name, verb->name, what);
    fy_hint(&err, "this is a fault of the adapter; tell its author");
    fy_answer_fail(answer, &err);
    return false;
}

static bool check_result(const struct fy_bound *bound, const struct ferry_verb *verb,
                         struct fy_answer *answer)
{
    if (answer->result == NULL)
        answer->result = fy_strdup("{}");
    size_t length = strlen(answer->result);
    if (length > FY_ADAPTER_TEXT_MAX)
        return misbehaved(bound, verb, "gave a result of more than 16 MiB", answer);
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(answer->result, length, "its result", &err);
    if (document != NULL && !json_is_object(document))
        fy_fail(&err, FY_ERR_INVALID, "it is not a JSON object");
    const struct fy_schema *known = bound->results[verb - bound->adapter->verbs];
    if (json_is_object(document) && (known == NULL || fy_schema_check(known, document, &err)))
        return true;
    FY_AUTO(fy_free_ptr)
    char *what = fy_format("gave a bad result: %.300s", err.message);
    return misbehaved(bound, verb, what, answer);
}

static enum fy_err_kind failure_kind(enum ferry_failure failure)
{
    static const enum fy_err_kind kinds[] = {
        [FERRY_FAILURE_TRANSIENT] = FY_ERR_TRANSIENT, [FERRY_FAILURE_PERMANENT] = FY_ERR_PERMANENT,
        [FERRY_FAILURE_REFUSED] = FY_ERR_REFUSED,     [FERRY_FAILURE_TIMEOUT] = FY_ERR_TIMEOUT,
        [FERRY_FAILURE_INVALID] = FY_ERR_INVALID,
    };
    bool known = failure >= FERRY_FAILURE_TRANSIENT && failure <= FERRY_FAILURE_INVALID;
    return known ? kinds[failure] : FY_ERR_PERMANENT;
}

static void take_reply(const struct fy_bound *bound, const struct ferry_verb *verb,
                       const struct ferry_reply *given, struct fy_answer *answer)
{
    struct fy_adapter_reply *reply = &answer->reply;
    switch (given->status) {
    case FERRY_DONE:
        reply->status = FY_REPLY_DONE;
        if (check_result(bound, verb, answer))
            reply->result = answer->result;
        return;
    case FERRY_AGAIN:
        reply->status = FY_REPLY_AGAIN;
        reply->after_ms = given->after_ms > 0 ? given->after_ms : 1;
        reply->done = given->done;
        reply->total = given->total;
        reply->text = answer->text;
        return;
    case FERRY_FAILED:
    case FERRY_UNSURE:
        reply->status = given->status == FERRY_UNSURE ? FY_REPLY_UNSURE : FY_REPLY_FAILED;
        reply->failure = given->status == FERRY_UNSURE ? FY_ERR_UNSURE : failure_kind(given->failure);
        if (answer->message == NULL)
            answer->message = fy_format("adapter %s gives no reason", bound->adapter->name);
        reply->message = answer->message;
        reply->hint = answer->hint;
        return;
    }
    (void)misbehaved(bound, verb,
                     given->status == 0 ? "returned without an answer" : "answered with no known status",
                     answer);
}

void fy_bound_serve(const struct fy_bound *bound, const struct fy_adapter_call *call, struct fy_answer *ret)
{
    struct fy_err err;
    *ret = (struct fy_answer){0};
    const struct ferry_verb *verb = fy_bound_verb(bound, call->verb);
    if (verb == NULL) {
        fy_fail(&err, FY_ERR_PERMANENT, "adapter %s has no verb %s", bound->adapter->name, call->verb);
        fy_answer_fail(ret, &err);
        return;
    }
    ret->reply.settle_ms = verb->settle_ms;
    FY_AUTO(fy_json_unref) json_t *args = check_args(bound, verb, call->args, &err);
    if (args == NULL) {
        fy_wrap(&err, "arguments of %s", verb->name);
        fy_answer_fail(ret, &err);
        return;
    }
    struct ferry_call asked = {
        .size = sizeof asked,
        .attempt = call->attempt,
        .run = call->run,
        .step = call->step,
        .fence = call->fence,
        .key = call->key,
        .now_ms = call->now.ms,
        .deadline_ms = call->deadline.ms,
        .args = call->args,
        .scale = call->scale,
    };
    struct ferry_reply given = {.size = sizeof given, .host = ret};
    verb->call(bound->connection, &asked, &given);
    take_reply(bound, verb, &given, ret);
}

void fy_answer_fail(struct fy_answer *answer, const struct fy_err *err)
{
    keep(&answer->message, err->message, MESSAGE_MAX);
    keep(&answer->hint, err->hint[0] != '\0' ? err->hint : NULL, MESSAGE_MAX);
    answer->reply.status = FY_REPLY_FAILED;
    answer->reply.failure = err->kind;
    answer->reply.message = answer->message;
    answer->reply.hint = answer->hint;
    answer->reply.result = NULL;
}

void fy_answer_free(struct fy_answer *answer)
{
    free(answer->result);
    free(answer->text);
    free(answer->message);
    free(answer->hint);
    *answer = (struct fy_answer){0};
}
