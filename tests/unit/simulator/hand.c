/* SPDX-License-Identifier: Apache-2.0 */
#include "hand.h"

#include <stdio.h>
#include <string.h>

void hand_take(struct hand *hand, const char *settings)
{
    char why[256] = "";
    *hand = (struct hand){.world = sim_world_new(settings, why, sizeof(why)), .now = MIDNIGHT, .fence = 1};
    if (!hand->world)
        fail_msg("%s", why);
}

void hand_drop(struct hand *hand)
{
    sim_world_free(hand->world);
}

enum ferry_status hand_ask(struct hand *hand, enum sim_part part, const char *verb, const char *key,
                           const char *args, struct sim_reply *reply)
{
    struct ferry_call call = {.size = sizeof(call),
                              .attempt = 1,
                              .run = "run",
                              .step = hand->step,
                              .fence = hand->fence,
                              .key = key,
                              .now_ms = hand->now,
                              .args = args,
                              .scale = 60};
    *reply = (struct sim_reply){0};
    sim_world_call(hand->world, part, verb, &call, reply);
    return reply->status;
}

static enum ferry_status until_done(struct hand *hand, enum sim_part part, const char *verb, const char *args,
                                    struct sim_reply *reply)
{
    char key[32];
    int64_t patience = hand->now + PATIENCE;
    (void)snprintf(key, sizeof(key), "run/%llu", (unsigned long long)++hand->step);
    while (hand_ask(hand, part, verb, key, args, reply) == FERRY_AGAIN && hand->now < patience)
        hand->now += reply->after_ms;
    return reply->status;
}

enum ferry_status hand_do(struct hand *hand, enum sim_part part, const char *verb, struct sim_reply *reply,
                          const char *format, ...)
{
    char args[4096];
    struct sim_reply own = {0};
    va_list list;
    va_start(list, format);
    (void)vsnprintf(args, sizeof(args), format, list);
    va_end(list);
    enum ferry_status status = until_done(hand, part, verb, args, reply ? reply : &own);
    if (!reply)
        sim_reply_clear(&own);
    return status;
}

void hand_must(struct hand *hand, enum sim_part part, const char *verb, const char *format, ...)
{
    char args[4096];
    struct sim_reply reply = {0};
    va_list list;
    va_start(list, format);
    (void)vsnprintf(args, sizeof(args), format, list);
    va_end(list);
    if (until_done(hand, part, verb, args, &reply) != FERRY_DONE)
        fail_msg("%s %s: %s", verb, args, reply.message);
    sim_reply_clear(&reply);
}

void hand_wait(struct hand *hand, int64_t ms)
{
    hand->now += ms;
    sim_world_advance(hand->world, hand->now);
}

int64_t hand_truth(const struct hand *hand, const char *what, const char *member)
{
    json_t *truth = sim_world_truth(hand->world, what);
    const json_t *value = json_object_get(truth, member);
    assert_non_null(value);
    int64_t number = json_integer_value(value);
    json_decref(truth);
    return number;
}

int64_t hand_users(const struct hand *hand, const char *domain, const char *segment)
{
    json_t *truth = sim_world_truth(hand->world, "users");
    int64_t number = json_integer_value(
        json_object_get(json_object_get(json_object_get(truth, "domains"), domain), segment));
    json_decref(truth);
    return number;
}

char *hand_list(const char *nf, int first, int last, char *list, size_t size)
{
    size_t used = 0;
    for (int i = first; i <= last; i++)
        used +=
            (size_t)snprintf(list + used, size - used, "%c\"%s-svc-%02d\"", i == first ? '[' : ',', nf, i);
    (void)snprintf(list + used, size - used, "]");
    return list;
}

void hand_guards(struct hand *hand, bool enabled)
{
    const char *word = enabled ? "true" : "false";
    hand_must(hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":%s}}", word);
    hand_must(hand, SIM_VIM, "guard_set", "{\"guard\":\"scaling\",\"state\":{\"enabled\":%s}}", word);
}

void hand_upgrade(struct hand *hand, const char *nf, int first, int last, bool drain)
{
    char list[1024];
    hand_list(nf, first, last, list, sizeof(list));
    if (drain)
        hand_must(hand, SIM_NF, "drain", "{\"instances\":%s}", list);
    hand_must(
        hand, SIM_VIM, "upgrade",
        "{\"instances\":%s,\"image\":\"%s-svc:1.3.0\",\"digest\":\"sha256:a8d7\",\"version\":\"1.3.0\"}",
        list, nf);
    hand_must(hand, SIM_NF, "join", "{\"instances\":%s,\"domain\":\"target\"}", list);
}

void hand_split(struct hand *hand, const char *nf)
{
    hand_guards(hand, false);
    hand_must(hand, SIM_VIM, "stage_image",
              "{\"images\":[{\"vdu\":\"SVC\",\"ref\":\"%s-svc:1.3.0\",\"digest\":\"sha256:a8d7\"}]}", nf);
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    hand_upgrade(hand, nf, 1, 1, true);
}

void hand_steer(struct hand *hand, int permille, int rate)
{
    hand_must(hand, SIM_NF, "steer", "{\"permille\":%d,\"rate\":%d}", permille, rate);
}
