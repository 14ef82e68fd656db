/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated cloud as an adapter: each verb is passed on to ferry-sim as it is. */
#include "adapter.h"
#include "schema.h"

#define VERB(name, kind, deadline, settle, schema)                                                           \
    static void call_##name(void *connection, const struct ferry_call *call, struct ferry_reply *reply)      \
    {                                                                                                        \
        sim_adapter_call(connection, "vim", #name, FERRY_##kind, call, reply);                               \
    }
#include "vim_verbs.def"
#undef VERB

static const struct ferry_verb verbs[] = {
#define VERB(name, kind, deadline, settle, schema)                                                           \
    {#name, FERRY_##kind, schema, deadline, settle, call_##name},
#include "vim_verbs.def"
#undef VERB
    {NULL, FERRY_OBSERVE, NULL, 0, 0, NULL},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "sim_vim",
    .version = FERRY_VERSION,
    .summary = "A simulated cloud: the instances of ferry-sim.",
    .kinds = FERRY_KIND_VIM,
    .mobility = FERRY_MOBILITY_NONE,
    .simulated = true,
    .thread_safe = true,
    .settings = sim_adapter_settings,
    .verbs = verbs,
    .open = sim_adapter_open,
    .close = sim_adapter_close,
};
