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
    if (reply.lost)
        ; /* no answer */
    else if (reply.status == FERRY_DONE)
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

static json_t *faults(const struct sim_world *world)
{
    return done(sim_world_truth(world, "faults"));
}

/* As a person types them: "verb=upgrade", and bare a value (30) or what it is on (amf-svc-05). */
static json_t *args_of(const json_t *words)
{
    json_t *args = json_object(), *item;
    size_t i;
    json_array_foreach(words, i, item)
    {
        const char *word = json_string_value(item), *equals = word ? strchr(word, '=') : NULL;
        if (equals)
            json_object_setn_new(args, word, (size_t)(equals - word), json_string(equals + 1));
        else if (word)
            json_object_set(args, word[strspn(word, "0123456789")] ? "on" : "value", item);
    }
    return args;
}

static json_t *answer_fault(struct sim_world *world, const json_t *request)
{
    json_t *given = json_incref(json_object_get(request, "args")), *words = json_object_get(request, "words");
    if (!given)
        given = args_of(words);
    char why[256] = "", *args = json_dumps(given, JSON_COMPACT);
    bool ok = sim_world_fault(world, text(request, "fault"), args, why, sizeof(why));
    free(args);
    json_decref(given);
    return ok ? faults(world) : failed("invalid", why, "");
}

static json_t *answer_clear(struct sim_world *world, const char *name)
{
    return sim_world_clear(world, name)
               ? faults(world)
               : failed("invalid", "there is no fault of that name", "`ferry sim faults` lists them");
}

static json_t *answer_chance(struct sim_world *world, const json_t *request)
{
    const json_t *given = json_object_get(request, "chance");
    char why[256] = "", *object = json_dumps(given, JSON_COMPACT); /* NULL for a name */
    const char *profile = object ? object : json_string_value(given);
    bool ok = sim_world_fault_seed(world, (uint64_t)number(request, "seed"), profile, why, sizeof(why));
    free(object);
    return ok ? faults(world) : failed("invalid", why, "");
}

static json_t *answer_instances(struct sim_world *world, const json_t *request)
{
    char why[256] = "";
    bool ok = sim_world_instances(world, json_object_get(request, "instances"), number(request, "now_ms"),
                                  why, sizeof(why));
    return ok ? done(sim_world_truth(world, "users")) : failed("invalid", why, "");
}

json_t *sim_server_answer(struct sim_world *world, const json_t *request)
{
    if (json_object_get(request, "verb"))
        return answer_verb(world, request);
    if (json_object_get(request, "truth"))
        return answer_truth(world, request);
    if (json_object_get(request, "fault"))
        return answer_fault(world, request);
    if (json_object_get(request, "clear"))
        return answer_clear(world, json_string_value(json_object_get(request, "clear")));
    if (json_object_get(request, "chance"))
        return answer_chance(world, request);
    if (json_object_get(request, "instances"))
        return answer_instances(world, request);
    return failed("invalid", "a request has a member verb, truth, fault, clear, chance or instances", "");
}
