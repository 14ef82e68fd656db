/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/local.h"

#include "adapter/bound.h"
#include "adapter/check.h"
#include "adapter/describe.h"
#include "adapter/load.h"
#include "adapter/settings.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct local_connection {
    struct fy_adapter_info info;
    struct fy_plugin plugin; /* library is NULL for an adapter that is linked in */
    struct fy_bound *bound;
};

struct queued {
    struct queued *next;
    struct fy_adapter_call *call;
    uint64_t handle;
    fy_adapter_replied *replied; /* NULL: forgotten */
    void *ctx;
    bool killed;
};

struct fy_local {
    struct fy_adapters adapters;
    struct local_connection **connections;
    size_t count;
    struct queued *first, **last;
    struct queued *serving; /* taken off the queue, its callback still to come */
    size_t waiting;
    uint64_t handles;
    struct fy_local_faults faults;
};

static const char *const nobody[] = {NULL};

static struct local_connection *find(const struct fy_local *local, const char *name)
{
    for (size_t i = 0; i < local->count; i++)
        if (strcmp(local->connections[i]->info.connection, name) == 0)
            return local->connections[i];
    return NULL;
}

/* The functions of the set. */

static const struct fy_adapter_info *describe(void *self, const char *name)
{
    const struct local_connection *connection = find(self, name);
    return connection != NULL ? &connection->info : NULL;
}

static const struct fy_adapter_info *at(void *self, size_t index)
{
    const struct fy_local *local = self;
    return index < local->count ? &local->connections[index]->info : NULL;
}

static uint64_t call(void *self, const struct fy_adapter_call *asked, fy_adapter_replied *replied, void *ctx)
{
    struct fy_local *local = self;
    struct queued *queued = FY_NEW(struct queued);
    *queued = (struct queued){
        .call = fy_adapter_call_copy(asked), .handle = ++local->handles, .replied = replied, .ctx = ctx};
    *local->last = queued;
    local->last = &queued->next;
    local->waiting++;
    return queued->handle;
}

static void forget(void *self, uint64_t handle)
{
    struct fy_local *local = self;
    for (struct queued *queued = local->first; queued != NULL; queued = queued->next)
        if (queued->handle == handle)
            queued->replied = NULL;
    if (local->serving != NULL && local->serving->handle == handle)
        local->serving->replied = NULL;
}

static void kill_host(void *self, const char *name)
{
    struct fy_local *local = self;
    for (struct queued *queued = local->first; queued != NULL; queued = queued->next)
        queued->killed = queued->killed || strcmp(queued->call->connection, name) == 0;
}

static void watch(void *self, void (*changed)(void *ctx, const struct fy_adapter_info *info), void *ctx)
{
    (void)self; /* a connection here is ready as long as it exists */
    (void)changed;
    (void)ctx;
}

/* Making and connecting. */

struct fy_local *fy_local_new(void)
{
    struct fy_local *local = FY_NEW(struct fy_local);
    local->last = &local->first;
    local->adapters = (struct fy_adapters){.self = local,
                                           .describe = describe,
                                           .at = at,
                                           .call = call,
                                           .forget = forget,
                                           .kill = kill_host,
                                           .watch = watch};
    return local;
}

struct fy_adapters *fy_local_adapters(struct fy_local *local)
{
    return &local->adapters;
}

static void free_connection(struct local_connection *connection)
{
    fy_bound_close(connection->bound);
    fy_described_free(&connection->info);
    free((void *)(uintptr_t)connection->info.connection);
    free((void *)(uintptr_t)connection->info.plugin);
    fy_plugin_unload(&connection->plugin);
    free(connection);
}

static bool open_connection(struct local_connection *connection, const char *settings, struct fy_err *err)
{
    const struct ferry_adapter *adapter = connection->plugin.adapter;
    FY_AUTO(fy_json_unref) json_t *given = fy_json_parse(settings, strlen(settings), "the settings", err);
    if (given == NULL)
        return false;
    FY_AUTO(fy_json_unref) json_t *secrets = json_object();
    for (const struct ferry_setting *s = adapter->settings; s != NULL && s->name != NULL; s++)
        if (s->secret && json_object_get(given, s->name) != NULL) {
            (void)json_object_set(secrets, s->name, json_object_get(given, s->name));
            (void)json_object_del(given, s->name);
        }
    char *filled = fy_settings_fill(adapter->settings, given, secrets, NULL, err);
    if (filled != NULL)
        connection->bound = fy_bound_open(adapter, connection->info.connection, filled, err);
    fy_settings_free(filled);
    struct fy_buf buf = {0};
    fy_adapter_describe(adapter, connection->plugin.sha256[0] != '\0' ? connection->plugin.sha256 : NULL,
                        &buf);
    bool described = connection->bound != NULL && fy_described(&connection->info, buf.data, buf.length, err);
    fy_buf_free(&buf);
    return described;
}

static bool add(struct fy_local *local, const char *name, const struct fy_plugin *plugin,
                const char *settings, struct fy_err *err)
{
    struct local_connection *connection = FY_NEW(struct local_connection);
    connection->plugin = *plugin;
    connection->info.connection = fy_strdup(name);
    connection->info.plugin = fy_strdup(plugin->adapter->name);
    connection->info.state = FY_ADAPTER_READY;
    connection->info.tenants = nobody;
    connection->info.serves = nobody;
    if (!open_connection(connection, settings, err)) {
        free_connection(connection);
        return fy_wrap(err, "connection %s", name);
    }
    local->connections =
        fy_realloc(local->connections, (local->count + 1) * sizeof(struct local_connection *));
    local->connections[local->count++] = connection;
    return true;
}

bool fy_local_add(struct fy_local *local, const char *connection, const struct ferry_adapter *adapter,
                  const char *settings, struct fy_err *err)
{
    const struct fy_plugin linked_in = {.adapter = adapter};
    return fy_adapter_check(adapter, connection, err) && add(local, connection, &linked_in, settings, err);
}

bool fy_local_load(struct fy_local *local, const char *connection, const char *path, const char *settings,
                   struct fy_err *err)
{
    struct fy_plugin plugin;
    return fy_plugin_load(path, &plugin, err) && add(local, connection, &plugin, settings, err);
}

/* Serving. */

static void free_queued(struct queued *queued)
{
    free(queued->call);
    free(queued);
}

static void lose(struct fy_answer *answer, int64_t settle_ms)
{
    fy_answer_free(answer);
    answer->reply = (struct fy_adapter_reply){
        .status = FY_REPLY_UNKNOWN,
        .message = "the adapter's host died under the call",
        .failure = FY_ERR_UNSURE,
        .host_died = true,
        .suspect = true,
        .settle_ms = settle_ms,
    };
}

static void serve(struct fy_local *local, const struct queued *queued, struct fy_answer *answer)
{
    const struct local_connection *connection = find(local, queued->call->connection);
    const struct fy_local_faults *faults = &local->faults;
    if (connection == NULL) {
        struct fy_err err;
        fy_fail(&err, FY_ERR_PERMANENT, "there is no connection %s", queued->call->connection);
        *answer = (struct fy_answer){0};
        fy_answer_fail(answer, &err);
        return;
    }
    const struct ferry_verb *verb = fy_bound_verb(connection->bound, queued->call->verb);
    int64_t settle_ms = verb != NULL ? verb->settle_ms : 0;
    *answer = (struct fy_answer){0};
    if (queued->killed || (faults->before != NULL && faults->before(faults->ctx, queued->call))) {
        lose(answer, settle_ms);
        return;
    }
    fy_bound_serve(connection->bound, queued->call, answer);
    if (faults->after != NULL && faults->after(faults->ctx, queued->call, &answer->reply))
        lose(answer, settle_ms);
}

size_t fy_local_turn(struct fy_local *local)
{
    size_t served = 0;
    for (size_t left = local->waiting; left > 0 && local->first != NULL; left--, served++) {
        struct queued *queued = local->first;
        struct fy_answer answer;
        local->first = queued->next;
        if (local->first == NULL)
            local->last = &local->first;
        local->waiting--;
        local->serving = queued;
        serve(local, queued, &answer);
        local->serving = NULL;
        if (queued->replied != NULL)
            queued->replied(queued->ctx, &answer.reply);
        fy_answer_free(&answer);
        free_queued(queued);
    }
    return served;
}

size_t fy_local_waiting(const struct fy_local *local)
{
    return local->waiting;
}

void fy_local_set_faults(struct fy_local *local, const struct fy_local_faults *faults)
{
    local->faults = faults != NULL ? *faults : (struct fy_local_faults){0};
}

void fy_local_drop(struct fy_local *local)
{
    while (local->first != NULL) {
        struct queued *queued = local->first;
        local->first = queued->next;
        free_queued(queued);
    }
    local->last = &local->first;
    local->waiting = 0;
    if (local->serving != NULL)
        local->serving->replied = NULL;
}

void fy_local_free(struct fy_local *local)
{
    if (local == NULL)
        return;
    fy_local_drop(local);
    for (size_t i = 0; i < local->count; i++)
        free_connection(local->connections[i]);
    free(local->connections);
    free(local);
}

void fy_local_serve(struct fy_local *local, const char *connection, const char *const *instances)
{
    struct local_connection *found = find(local, connection);
    if (found != NULL)
        found->info.serves = instances;
}
