/* SPDX-License-Identifier: Apache-2.0 */
#include "linked.h"
#include "facts.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    struct sim_world *world;
    char name[];
};

struct connection {
    const struct ferry_host *host;
    struct sim_world *world;
};

static struct entry *entries;

void sim_linked_put(const char *name, struct sim_world *world)
{
    struct entry **at = &entries;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    struct entry *old = *at;
    if (old) {
        *at = old->next;
        free(old);
    }
    struct entry *entry = world ? calloc(1, sizeof(*entry) + strlen(name) + 1) : NULL;
    if (!entry)
        return;
    memcpy(entry->name, name, strlen(name) + 1);
    entry->world = world;
    entry->next = entries;
    entries = entry;
}

static struct sim_world *find(const char *name)
{
    for (struct entry *entry = entries; entry; entry = entry->next)
        if (strcmp(entry->name, name) == 0)
            return entry->world;
    return NULL;
}

static void *linked_open(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    json_t *given = json_loads(settings, 0, NULL);
    const char *name = json_string_value(json_object_get(given, "socket"));
    struct sim_world *world = name ? find(name) : NULL;
    struct connection *connection = world ? calloc(1, sizeof(*connection)) : NULL;
    if (connection)
        *connection = (struct connection){host, world};
    else
        (void)snprintf(why, why_size, "no world was put under the name \"%s\"", name ? name : "");
    json_decref(given);
    return connection;
}

static void linked_close(void *connection)
{
    free(connection);
}

static void linked_call(void *self, enum sim_part part, const char *verb, const struct ferry_call *call,
                        struct ferry_reply *reply)
{
    const struct connection *connection = self;
    struct sim_reply answer = {0};
    sim_world_call(connection->world, part, verb, call, &answer);
    if (answer.status == FERRY_DONE) {
        char *result = json_dumps(answer.result, JSON_COMPACT);
        if (result) {
            connection->host->result(reply, result);
            reply->status = FERRY_DONE;
        } else {
            connection->host->failed(reply, FERRY_FAILURE_TRANSIENT, "no memory for the result", "");
        }
        free(result);
    } else if (answer.status == FERRY_AGAIN) {
        connection->host->progress(reply, answer.after_ms, answer.done, answer.total, answer.text);
    } else {
        connection->host->failed(reply, answer.failure, answer.message, answer.hint);
    }
    sim_reply_clear(&answer);
}

static const struct ferry_setting settings[] = {
    {"socket", "string", true, false, NULL, "name under which the world was put"},
    {NULL, NULL, false, false, NULL, NULL},
};

#define SIM_VERBS            "vim_verbs.def"
#define SIM_TABLE            vim_verbs
#define SIM_FUNCTION(name)   vim_##name
#define SIM_PASS(name, kind) linked_call(connection, SIM_VIM, #name, call, reply)
#include "verb_table.h"

#define SIM_VERBS            "nf_verbs.def"
#define SIM_TABLE            nf_verbs
#define SIM_FUNCTION(name)   nf_##name
#define SIM_PASS(name, kind) linked_call(connection, SIM_NF, #name, call, reply)
#include "verb_table.h"

const struct ferry_adapter sim_linked_vim = {SIM_VIM_FACTS, .settings = settings, .verbs = vim_verbs,
                                             .open = linked_open, .close = linked_close};

const struct ferry_adapter sim_linked_nf = {SIM_NF_FACTS, .settings = settings, .verbs = nf_verbs,
                                            .open = linked_open, .close = linked_close};
