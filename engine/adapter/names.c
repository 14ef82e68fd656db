/* SPDX-License-Identifier: Apache-2.0 */
/* What adapter.h offers over its own types. */
#include "adapter/adapter.h"

#include "base/mem.h"

#include <string.h>

const char *fy_reply_status_name(enum fy_reply_status status)
{
    static const char *const names[] = {[FY_REPLY_DONE] = "done",
                                        [FY_REPLY_AGAIN] = "again",
                                        [FY_REPLY_FAILED] = "failed",
                                        [FY_REPLY_UNSURE] = "unsure",
                                        [FY_REPLY_UNKNOWN] = "unknown"};
    return names[status];
}

const char *fy_adapter_state_name(enum fy_adapter_state state)
{
    static const char *const names[] = {[FY_ADAPTER_STARTING] = "starting",
                                        [FY_ADAPTER_READY] = "ready",
                                        [FY_ADAPTER_DOWN] = "down",
                                        [FY_ADAPTER_REFUSED] = "refused"};
    return names[state];
}

const char *fy_mobility_name(enum ferry_mobility mobility)
{
    static const char *const names[] = {[FERRY_MOBILITY_NONE] = "none",
                                        [FERRY_MOBILITY_LIVE] = "live",
                                        [FERRY_MOBILITY_ON_IDLE] = "on-idle",
                                        [FERRY_MOBILITY_NEW_ONLY] = "new-only",
                                        [FERRY_MOBILITY_REATTACH] = "reattach"};
    return names[mobility];
}

const struct fy_adapter_verb *fy_adapter_verb(const struct fy_adapter_info *info, const char *name)
{
    for (size_t i = 0; i < info->verb_count; i++)
        if (strcmp(info->verbs[i].name, name) == 0)
            return &info->verbs[i];
    return NULL;
}

bool fy_adapter_allows(const struct fy_adapter_info *info, const char *tenant)
{
    if (info->tenants == NULL || info->tenants[0] == NULL)
        return true;
    for (const char *const *allowed = info->tenants; *allowed != NULL; allowed++)
        if (strcmp(*allowed, tenant) == 0)
            return true;
    return false;
}

static const char *put(char **at, const char *text)
{
    const char *copy = *at;
    size_t size = strlen(text != NULL ? text : "") + 1;
    memcpy(*at, text != NULL ? text : "", size);
    *at += size;
    return copy;
}

struct fy_adapter_call *fy_adapter_call_copy(const struct fy_adapter_call *call)
{
    const char *texts[] = {call->connection, call->verb, call->run, call->key, call->args};
    size_t size = sizeof *call;
    for (size_t i = 0; i < FY_COUNT(texts); i++)
        size += strlen(texts[i] != NULL ? texts[i] : "") + 1;
    struct fy_adapter_call *copy = fy_alloc(size);
    char *at = (char *)(copy + 1);
    *copy = *call;
    copy->connection = put(&at, call->connection);
    copy->verb = put(&at, call->verb);
    copy->run = put(&at, call->run);
    copy->key = put(&at, call->key);
    copy->args = put(&at, call->args);
    return copy;
}
