/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MS  20000
#define MOST_LINES 40 /* of a list, for people */

/* ---- for people: one line a member, nested ones indented ---- */

static void print_value(const char *name, const json_t *value, int depth);

static void print_time(int64_t ms)
{
    char text[32];
    struct tm parts;
    if (ms == 0) {
        printf("its clock has not started");
        return;
    }
    time_t seconds = (time_t)(ms / 1000);
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
    printf("%s", text);
}

static bool is_time(const char *name)
{
    return strcmp(name, "now_ms") == 0 || strcmp(name, "epoch_ms") == 0 || strcmp(name, "at") == 0 ||
           strcmp(name, "until") == 0 || strcmp(name, "since") == 0;
}

/* Anything without members, in words. */
static void print_plain(const char *name, const json_t *value)
{
    if (json_is_integer(value) && is_time(name))
        print_time(json_integer_value(value));
    else if (json_is_integer(value))
        printf("%lld", (long long)json_integer_value(value));
    else
        printf("%s", json_is_string(value) ? json_string_value(value) : json_is_true(value) ? "yes" : "no");
}

/* An item of a list, on one line: "2026-11-22 16:26:10 UTC  instance amf-svc-05  domain target". */
static void print_item(const json_t *item)
{
    const char *gap = "";
    void *at;
    if (!json_is_object(item)) {
        print_plain("", item);
        return;
    }
    json_t *copy = json_deep_copy(item);
    for (at = json_object_iter(copy); at; at = json_object_iter_next(copy, at)) {
        const char *name = json_object_iter_key(at);
        printf("%s%s%s", gap, is_time(name) ? "" : name, is_time(name) ? "" : " ");
        print_plain(name, json_object_iter_value(at));
        gap = "  ";
    }
    json_decref(copy);
}

static void print_members(const json_t *object, int depth)
{
    void *at;
    json_t *copy = json_deep_copy(object);
    for (at = json_object_iter(copy); at; at = json_object_iter_next(copy, at))
        print_value(json_object_iter_key(at), json_object_iter_value(at), depth);
    json_decref(copy);
}

static void print_list(const char *name, const json_t *list, int depth)
{
    size_t i;
    json_t *item;
    printf("%*s%s: %zu\n", depth * 2, "", name, json_array_size(list));
    json_array_foreach(list, i, item)
    {
        if (i == MOST_LINES) {
            printf("%*s... all of them with --json\n", depth * 2 + 2, "");
            return;
        }
        printf("%*s", depth * 2 + 2, "");
        print_item(item);
        putchar('\n');
    }
}

static void print_value(const char *name, const json_t *value, int depth)
{
    if (json_is_object(value)) {
        printf("%*s%s:\n", depth * 2, "", name);
        print_members(value, depth + 1);
    } else if (json_is_array(value)) {
        print_list(name, value, depth);
    } else {
        printf("%*s%-*s ", depth * 2, "", 36 - depth * 2, name);
        print_plain(name, value);
        putchar('\n');
    }
}

/* ---- questions ---- */

static const char *word(const struct sim_question *question, int index, const char *otherwise)
{
    return index < question->word_count ? question->words[index] : otherwise;
}

/* A call by hand: as an engine of epoch 1 in real time would make it, each with a key of its own. */
static json_t *call_by_hand(const struct sim_question *question)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    char key[64];
    json_t *args = json_loads(word(question, 2, "{}"), 0, NULL);
    (void)snprintf(key, sizeof(key), "by-hand/%s", word(question, 3, ""));
    if (question->word_count < 4)
        (void)snprintf(key, sizeof(key), "by-hand/%lld", (long long)ms);
    if (!args)
        return NULL;
    return json_pack("{s:s,s:s,s:s,s:I,s:i,s:i,s:s,s:I,s:I,s:i,s:s,s:o}", "part", word(question, 0, ""),
                     "verb", word(question, 1, ""), "run", "by-hand", "step", (json_int_t)1, "attempt", 1,
                     "fence", 1, "key", key, "now_ms", (json_int_t)ms, "deadline_ms",
                     (json_int_t)ms + 3600000, "scale", 1, "password",
                     question->password ? question->password : "", "args", args);
}

static json_t *fault_by_hand(const struct sim_question *question)
{
    json_t *words = json_array();
    for (int i = 1; i < question->word_count; i++)
        json_array_append_new(words, json_string(question->words[i]));
    return json_pack("{s:s,s:o}", "fault", word(question, 0, ""), "words", words);
}

/* The whole list, from standard input. */
static json_t *instances_by_hand(void)
{
    json_t *list = json_loadf(stdin, JSON_REJECT_DUPLICATES, NULL);
    return list ? json_pack("{s:o,s:I}", "instances", list, "now_ms", (json_int_t)time(NULL) * 1000) : NULL;
}

static json_t *request_of(const struct sim_question *question)
{
    if (strcmp(question->command, "call") == 0)
        return call_by_hand(question);
    if (strcmp(question->command, "fault") == 0)
        return fault_by_hand(question);
    if (strcmp(question->command, "instances") == 0)
        return instances_by_hand();
    if (strcmp(question->command, "clear") == 0)
        return question->word_count ? json_pack("{s:s}", "clear", word(question, 0, ""))
                                    : json_pack("{s:b}", "clear", true);
    if (strcmp(question->command, "chance") == 0)
        return json_pack("{s:s,s:I}", "chance", word(question, 1, "rough"), "seed",
                         (json_int_t)strtoll(word(question, 0, "1"), NULL, 10));
    if (strcmp(question->command, "trace") == 0)
        return json_pack("{s:s,s:s}", "truth", "trace", "subscriber", word(question, 0, "test-3"));
    return json_pack("{s:s}", "truth", question->command);
}

static int show(const struct sim_question *question, const json_t *answer)
{
    const char *status = json_string_value(json_object_get(answer, "status"));
    const json_t *result = json_object_get(answer, "result");
    if (status && strcmp(status, "failed") == 0) {
        const char *hint = json_string_value(json_object_get(answer, "hint"));
        fprintf(stderr, "ferry-sim: %s%s%s\n", json_string_value(json_object_get(answer, "message")),
                hint && hint[0] ? "\n  " : "", hint ? hint : "");
        return 1;
    }
    if (!question->json && result) {
        print_members(result, 0);
        return 0;
    }
    (void)json_dumpf(result ? result : answer, stdout, JSON_COMPACT);
    putchar('\n');
    return 0;
}

int sim_reader(const struct sim_question *question)
{
    enum sim_lost lost = SIM_LOST_NOT;
    char why[256] = "";
    json_t *request = request_of(question);
    struct sim_client *client = sim_client_new(question->socket);
    if (!client || !request) {
        fprintf(stderr, "ferry-sim: the arguments are not a JSON object\n");
        sim_client_free(client);
        json_decref(request);
        return 2;
    }
    json_t *answer = sim_client_ask(client, request, ANSWER_MS, &lost, why, sizeof(why));
    int code = answer ? show(question, answer) : 3;
    if (!answer)
        fprintf(stderr, "ferry-sim: %s\n  start one with: ferry-sim --socket %s\n", why, question->socket);
    json_decref(answer);
    json_decref(request);
    sim_client_free(client);
    return code;
}
