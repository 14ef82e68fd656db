/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of remote.h: its host process, the calls under way in it, and its restarts. */
#ifndef FY_ADAPTER_LINK_H
#define FY_ADAPTER_LINK_H

#include "adapter/connections.h"
#include "adapter/lane.h"
#include "adapter/remote.h"

struct fy_link;

struct fy_link_owner {
    void (*changed)(void *ctx, const struct fy_adapter_info *info);
    void *ctx;
};

/*
 * Starts the host. connection is borrowed and must outlive the link; NULL makes a link that leads nowhere
 * and only answers fy_link_fail.
 */
struct fy_link *fy_link_new(const struct fy_remote_options *options, const struct fy_connection *connection,
                            const struct fy_link_owner *owner);
void fy_link_free(struct fy_link *link); /* memory goes once the loop has turned */

const struct fy_adapter_info *fy_link_info(const struct fy_link *link);
void fy_link_ask(struct fy_link *link, uint64_t handle, const struct fy_adapter_call *call,
                 fy_adapter_replied *replied, void *ctx);
void fy_link_fail(struct fy_link *link, uint64_t handle, const struct fy_err *err,
                  fy_adapter_replied *replied, void *ctx); /* answered in the next turn of the loop */
bool fy_link_forget(struct fy_link *link, uint64_t handle);
void fy_link_kill(struct fy_link *link); /* and start another host, whatever state it was in */

#endif
