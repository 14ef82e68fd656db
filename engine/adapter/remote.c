/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/remote.h"

#include "adapter/link.h"

#include "base/mem.h"

#include <string.h>

struct fy_remote {
    struct fy_adapters adapters;
    struct fy_connections *connections;
    char *host_path, *plugin_dir;
    struct fy_link **links, *nowhere;
    size_t count;
    uint64_t handles;
    void (*changed)(void *ctx, const struct fy_adapter_info *info);
    void *changed_ctx;
};

static struct fy_link *find(const struct fy_remote *remote, const char *name)
{
    for (size_t i = 0; i < remote->count; i++)
        if (strcmp(fy_link_info(remote->links[i])->connection, name) == 0)
            return remote->links[i];
    return NULL;
}

static void on_changed(void *ctx, const struct fy_adapter_info *info)
{
    struct fy_remote *remote = ctx;
    if (remote->changed != NULL)
        remote->changed(remote->changed_ctx, info);
}

static const struct fy_adapter_info *describe(void *self, const char *name)
{
    const struct fy_link *link = find(self, name);
    return link != NULL ? fy_link_info(link) : NULL;
}

static const struct fy_adapter_info *at(void *self, size_t index)
{
    const struct fy_remote *remote = self;
    return index < remote->count ? fy_link_info(remote->links[index]) : NULL;
}

static uint64_t call(void *self, const struct fy_adapter_call *asked, fy_adapter_replied *replied, void *ctx)
{
    struct fy_remote *remote = self;
    struct fy_link *link = find(remote, asked->connection);
    uint64_t handle = ++remote->handles;
    struct fy_err err;
    if (link != NULL) {
        fy_link_ask(link, handle, asked, replied, ctx);
        return handle;
    }
    fy_fail(&err, FY_ERR_PERMANENT, "there is no connection %s", asked->connection);
    fy_hint(&err, "`ferry adapter list` shows the connections of this engine");
    fy_link_fail(remote->nowhere, handle, &err, replied, ctx);
    return handle;
}

static void forget(void *self, uint64_t handle)
{
    struct fy_remote *remote = self;
    bool found = fy_link_forget(remote->nowhere, handle);
    for (size_t i = 0; i < remote->count && !found; i++)
        found = fy_link_forget(remote->links[i], handle);
}

static void kill_host(void *self, const char *name)
{
    struct fy_link *link = find(self, name);
    if (link != NULL)
        fy_link_kill(link);
}

static void watch(void *self, void (*changed)(void *ctx, const struct fy_adapter_info *info), void *ctx)
{
    struct fy_remote *remote = self;
    remote->changed = changed;
    remote->changed_ctx = ctx;
}

struct fy_remote *fy_remote_new(const struct fy_remote_options *options)
{
    struct fy_remote *remote = FY_NEW(struct fy_remote);
    const struct fy_link_owner owner = {on_changed, remote};
    remote->adapters = (struct fy_adapters){.self = remote,
                                            .describe = describe,
                                            .at = at,
                                            .call = call,
                                            .forget = forget,
                                            .kill = kill_host,
                                            .watch = watch};
    remote->connections = options->connections;
    remote->host_path = fy_strdup(options->host_path);
    remote->plugin_dir = fy_strdup(options->plugin_dir);
    struct fy_remote_options ours = *options;
    ours.host_path = remote->host_path;
    ours.plugin_dir = remote->plugin_dir;
    if (ours.call_limit_ms <= 0)
        ours.call_limit_ms = FY_ADAPTER_CALL_LIMIT_MS;
    remote->nowhere = fy_link_new(&ours, NULL, &owner);
    remote->links = FY_NEW_ARRAY(struct fy_link *, remote->connections->count);
    for (; remote->count < remote->connections->count; remote->count++)
        remote->links[remote->count] = fy_link_new(&ours, &remote->connections->items[remote->count], &owner);
    return remote;
}

struct fy_adapters *fy_remote_adapters(struct fy_remote *remote)
{
    return &remote->adapters;
}

bool fy_remote_settled(const struct fy_remote *remote)
{
    for (size_t i = 0; i < remote->count; i++)
        if (fy_link_info(remote->links[i])->state == FY_ADAPTER_STARTING)
            return false;
    return true;
}

void fy_remote_free(struct fy_remote *remote)
{
    if (remote == NULL)
        return;
    fy_link_free(remote->nowhere);
    for (size_t i = 0; i < remote->count; i++)
        fy_link_free(remote->links[i]);
    fy_connections_free(remote->connections);
    free(remote->links);
    free(remote->host_path);
    free(remote->plugin_dir);
    free(remote);
}
