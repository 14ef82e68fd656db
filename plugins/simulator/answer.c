/* SPDX-License-Identifier: Apache-2.0 */
/* A request of client.h and the world's answer to it. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

static const char *const failures[] = {"", "transient", "permanent", "refused", "timeout", "invalid"};

static const char *text(const json_t *request, const char *member)
{
    const char *value = json_string_value(json_object_get(request, member));
    return value ? value : "";
}

static int64_t number(const json_t *request, const char *member)
{
    return json_integer_value(json_object_get(request, member));
}

static json_t *failed(const char *failure, const char *message, const char *hint)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "status", "failed", "failure", failure, "message", message, "hint",
                     hint);
}

static json_t *done(json_t *result)
{
    return json_pack("{s:s,s:o}", "status", "done", "result", result);
}

static json_t *answer_verb(struct sim_world *world, const json_t *request)
{
    const char *part = text(request, "part");
    if (strcmp(text(request, "password"), sim_world_password(world)) != 0)
        return failed("refused", "the world's password is another one",
                      "give the connection the secret password");
    if (strcmp(part, "vim") != 0 && strcmp(part, "nf") != 0)
        return failed("invalid", "part is neither vim nor nf", "");
    const json_t *given = json_object_get(request, "args");
    char *args = json_is_object(given) ? json_dumps(given, JSON_COMPACT) : NULL;
    struct ferry_call call = {.size = sizeof(call),
                              .attempt = (uint32_t)number(request, "attempt"),
                              .run = text(request, "run"),
                              .step = (uint64_t)number(request, "step"),
                              .fence = (uint64_t)number(request, "fence"),
                              .key = text(request, "key"),
                              .now_ms = number(request, "now_ms"),
                              .deadline_ms = number(request, "deadline_ms"),
                              .args = args,
                              .scale = (uint32_t)number(request, "scale")};
    struct sim_reply reply = {0};
    json_t *answer = NULL;
    sim_world_call(world, strcmp(part, "vim") == 0 ? SIM_VIM : SIM_NF, text(request, "verb"), &call, &reply);
    if (reply.status == FERRY_DONE)
        answer = done(json_incref(reply.result));
    else if (reply.status == FERRY_AGAIN)
        answer =
            json_pack("{s:s,s:I,s:I,s:I,s:s}", "status", "again", "after_ms", (json_int_t)reply.after_ms,
                      "done", (json_int_t)reply.done, "total", (json_int_t)reply.total, "text", reply.text);
    else
        answer = failed(failures[reply.failure], reply.message, reply.hint);
    sim_reply_clear(&reply);
    free(args);
    return answer;
}

static json_t *answer_truth(const struct sim_world *world, const json_t *request)
{
    const char *what = text(request, "truth");
    json_t *truth = strcmp(what, "trace") == 0 ? sim_world_trace(world, text(request, "subscriber"))
                                               : sim_world_truth(world, what);
    return truth ? done(truth) : failed("invalid", "the world knows nothing of that name", "");
}

json_t *sim_server_answer(struct sim_world *world, const json_t *request)
{
    if (json_object_get(request, "verb"))
        return answer_verb(world, request);
    if (json_object_get(request, "truth"))
        return answer_truth(world, request);
    if (json_object_get(request, "fault")) {
        bool known = sim_world_fault(world, text(request, "fault"), number(request, "value"));
        return known ? done(json_object())
                     : failed("invalid", "there is no fault of that name", "fault.def lists them");
    }
    return failed("invalid", "a request has a member verb, truth or fault", "");
}
