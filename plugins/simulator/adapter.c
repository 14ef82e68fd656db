/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 25000 /* machine time; a call may take 30 s */

const struct ferry_setting sim_adapter_settings[] = {
    {"socket", "path", true, false, NULL, "socket of the ferry-sim to use"},
    {"password", "string", false, true, NULL, "the world's password, if its file sets one"},
    {NULL, NULL, false, false, NULL, NULL},
};

struct connection {
    const struct ferry_host *host;
    struct sim_client *acting, *looking; /* so that looking never waits behind acting */
    char *password;
};

void sim_adapter_close(void *self)
{
    struct connection *connection = self;
    if (!connection)
        return;
    sim_client_free(connection->acting);
    sim_client_free(connection->looking);
    free(connection->password);
    free(connection);
}

void *sim_adapter_open(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    json_t *given = json_loads(settings, 0, NULL);
    const char *path = json_string_value(json_object_get(given, "socket"));
    const char *password = json_string_value(json_object_get(given, "password"));
    struct connection *connection = path ? calloc(1, sizeof(*connection)) : NULL;
    if (connection) {
        connection->host = host;
        connection->acting = sim_client_new(path);
        connection->looking = sim_client_new(path);
        connection->password = strdup(password ? password : "");
    }
    bool whole = connection && connection->acting && connection->looking && connection->password;
    if (!whole) {
        (void)snprintf(why, why_size,
                       path ? "no memory to open a connection" : "the setting socket is missing");
        sim_adapter_close(connection);
        connection = NULL;
    }
    json_decref(given);
    return connection;
}

static json_t *request_of(const struct connection *connection, const char *part, const char *verb,
                          const struct ferry_call *call)
{
    json_t *args = json_loads(call->args ? call->args : "{}", 0, NULL);
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:s,s:I,s:I,s:I,s:s,s:o}", "part", part, "verb", verb, "run",
                     call->run ? call->run : "", "step", (json_int_t)call->step, "attempt",
                     (json_int_t)call->attempt, "fence", (json_int_t)call->fence, "key",
                     call->key ? call->key : "", "now_ms", (json_int_t)call->now_ms, "deadline_ms",
                     (json_int_t)call->deadline_ms, "scale", (json_int_t)(call->scale ? call->scale : 1),
                     "password", connection->password, "args", args);
}

static enum ferry_failure failure_of(const char *word)
{
    static const char *const words[] = {"transient", "permanent", "refused", "timeout", "invalid"};
    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return (enum ferry_failure)(i + 1);
    return FERRY_FAILURE_TRANSIENT;
}

static const char *text(const json_t *answer, const char *member)
{
    const char *value = json_string_value(json_object_get(answer, member));
    return value ? value : "";
}

static int64_t number(const json_t *answer, const char *member)
{
    return json_integer_value(json_object_get(answer, member));
}

static void pass_on(const struct ferry_host *host, const json_t *answer, struct ferry_reply *reply)
{
    const char *status = text(answer, "status");
    if (strcmp(status, "again") == 0) {
        host->progress(reply, number(answer, "after_ms"), number(answer, "done"), number(answer, "total"),
                       text(answer, "text"));
    } else if (strcmp(status, "done") == 0) {
        char *result = json_dumps(json_object_get(answer, "result"), JSON_COMPACT);
        if (result) {
            host->result(reply, result);
            reply->status = FERRY_DONE;
        } else {
            host->failed(reply, FERRY_FAILURE_TRANSIENT, "no memory for the result", "");
        }
        free(result);
    } else {
        host->failed(reply, failure_of(text(answer, "failure")), text(answer, "message"),
                     text(answer, "hint"));
    }
}

void sim_adapter_call(void *self, const char *part, const char *verb, enum ferry_verb_kind kind,
                      const struct ferry_call *call, struct ferry_reply *reply)
{
    struct connection *connection = self;
    json_t *request = request_of(connection, part, verb, call);
    if (!request) { /* the arguments are JSON: the host has checked them */
        connection->host->failed(reply, FERRY_FAILURE_TRANSIENT, "no memory for the request", "");
        return;
    }
    enum sim_lost lost = SIM_LOST_NOT;
    char why[256] = "";
    struct sim_client *lane = kind == FERRY_OBSERVE ? connection->looking : connection->acting;
    json_t *answer = sim_client_ask(lane, request, ANSWER_MS, &lost, why, sizeof(why));
    json_decref(request);
    if (answer)
        pass_on(connection->host, answer, reply);
    else
        connection->host->failed(reply,
                                 lost == SIM_LOST_TIME ? FERRY_FAILURE_TIMEOUT : FERRY_FAILURE_TRANSIENT, why,
                                 "is ferry-sim running? `ferry-sim status --socket PATH` asks it");
    json_decref(answer);
}
