/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter to copy: a cloud that is one JSON file, {"instances":[{"id","vdu","image","version",...}]}.
 * Whatever it knows is in that file, so it can be killed at any time and go on from what is so. README.md
 * beside it walks through.
 */
#include "ferry/adapter.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cloud {
    const struct ferry_host *host;
    char *file;
    int64_t build_ms; /* how long one instance takes to build */
};

/* The world, or NULL and a failed reply. A file that is not there may come back: transient. */
static json_t *look(const struct cloud *cloud, struct ferry_reply *reply)
{
    json_error_t why;
    json_t *world = json_load_file(cloud->file, JSON_REJECT_DUPLICATES, &why);
    if (world == NULL)
        cloud->host->failed(reply, FERRY_FAILURE_TRANSIENT, why.text, "is the setting \"file\" right?");
    return world;
}

static void done(const struct cloud *cloud, struct ferry_reply *reply, json_t *result)
{
    char *text = result != NULL ? json_dumps(result, JSON_COMPACT) : NULL;
    if (text != NULL)
        cloud->host->result(reply, text);
    else
        cloud->host->failed(reply, FERRY_FAILURE_TRANSIENT, "out of memory", NULL);
    free(text);
    json_decref(result);
}

static json_t *find(const json_t *world, const char *id)
{
    size_t i;
    json_t *instance;
    json_array_foreach(json_object_get(world, "instances"), i, instance)
    {
        const char *own = json_string_value(json_object_get(instance, "id"));
        if (own != NULL && strcmp(own, id) == 0)
            return instance;
    }
    return NULL;
}

/* The new file takes the old one's place in one step: whoever looks meanwhile sees one of them whole. */
static bool save(const struct cloud *cloud, const json_t *world)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s.new", cloud->file);
    return length < (int)sizeof path && json_dump_file(world, path, JSON_INDENT(1)) == 0 &&
           rename(path, cloud->file) == 0;
}

/* OBSERVE: changes nothing, asked afresh each time. */
static void inventory(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    const struct cloud *cloud = connection;
    (void)call;
    json_t *world = look(cloud, reply);
    if (world != NULL)
        done(cloud, reply, world);
}

/*
 * ENSURE: makes it so, one instance a call, and says AGAIN until it is so. What is so already is not touched:
 * called twice, or again after a crash, it changes nothing twice.
 */
static void upgrade(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    const struct cloud *cloud = connection;
    json_t *args = json_loads(call->args, 0, NULL), *world = look(cloud, reply), *id;
    size_t i, right = 0, wanted = json_array_size(json_object_get(args, "instances"));
    bool changed = false;
    if (world == NULL)
        goto out;
    json_array_foreach(json_object_get(args, "instances"), i, id)
    {
        json_t *instance = find(world, json_string_value(id));
        if (instance == NULL) { /* asking again will not help */
            cloud->host->failed(reply, FERRY_FAILURE_PERMANENT, "no such instance", json_string_value(id));
            goto out;
        }
        bool is_right = json_equal(json_object_get(instance, "image"), json_object_get(args, "image"));
        if (!is_right && !changed) {
            changed = json_object_set(instance, "image", json_object_get(args, "image")) == 0 &&
                      json_object_set(instance, "version", json_object_get(args, "version")) == 0;
            is_right = changed;
        }
        right += is_right;
    }
    if (changed && !save(cloud, world))
        reply->status = FERRY_UNSURE; /* cannot tell which of the files is in place: a person has to look */
    else if (right < wanted)
        cloud->host->progress(reply, cloud->build_ms, (int64_t)right, (int64_t)wanted, "instances built");
    else
        done(cloud, reply, json_pack("{s:I}", "upgraded", (json_int_t)wanted));
out:
    json_decref(args);
    json_decref(world);
}

static void *example_open(const struct ferry_host *host, const char *settings, char *why, size_t why_size)
{
    json_t *given = json_loads(settings, 0, NULL);
    struct cloud *cloud = calloc(1, sizeof *cloud);
    if (cloud != NULL && given != NULL)
        cloud->file = strdup(json_string_value(json_object_get(given, "file")));
    if (cloud == NULL || cloud->file == NULL) {
        (void)snprintf(why, why_size, "out of memory");
        free(cloud);
        cloud = NULL;
    } else {
        cloud->host = host;
        cloud->build_ms = json_integer_value(json_object_get(given, "build_ms"));
    }
    json_decref(given);
    return cloud;
}

static void example_close(void *connection)
{
    struct cloud *cloud = connection;
    free(cloud->file);
    free(cloud);
}

static const struct ferry_setting settings[] = {
    {"file", "path", true, false, NULL, "the JSON file that is this cloud"},
    {"build_ms", "integer", false, false, "1000", "how long one instance takes to build"},
    {"password", "string", false, true, NULL, "shows how a secret is declared; this cloud needs none"},
    {0},
};

#define UPGRADE_ARGS                                                                                         \
    "{\"type\":\"object\",\"required\":[\"instances\",\"image\",\"version\"],\"additionalProperties\":"      \
    "false,"                                                                                                 \
    "\"properties\":{\"instances\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"                    \
    "\"image\":{\"type\":\"string\"},\"digest\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"}}}"

static const struct ferry_verb verbs[] = {
    {"inventory", FERRY_OBSERVE, "{\"type\":\"object\",\"additionalProperties\":false}", 30000, 0, inventory},
    {"upgrade", FERRY_ENSURE, UPGRADE_ARGS, 600000, 0, upgrade},
    {0},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "example",
    .version = "1.0.0",
    .summary = "A cloud that is one JSON file.",
    .kinds = FERRY_KIND_VIM,
    .settings = settings,
    .verbs = verbs,
    .open = example_open,
    .close = example_close,
};
