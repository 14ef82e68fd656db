/* SPDX-License-Identifier: Apache-2.0 */
/* What adapter.h offers over an info and its enums. */
#include "adapter/adapter.h"

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
