/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes adapter: its table of verbs. docs/kubernetes.md says what each of them does to a cluster. */
#include "backup.h"
#include "collect.h"
#include "connection.h"
#include "guards.h"
#include "inventory.h"
#include "replicas.h"
#include "schema.h"
#include "stage.h"
#include "upgrade.h"

/* VERB(name, kind, deadline, function, arguments). A call that was cut off settles within its own 20 s limit.
 */
#define VERBS                                                                                                \
    VERB(inventory, OBSERVE, 30000, kube_inventory, NOTHING)                                                 \
    VERB(upgrade, ENSURE, 2700000, kube_upgrade, UPGRADE)                                                    \
    VERB(stage_image, ENSURE, 1800000, kube_stage_image, STAGE)                                              \
    VERB(backup, ENSURE, 900000, kube_backup, BACKUP)                                                        \
    VERB(restore, ENSURE, 2700000, kube_restore, RESTORE)                                                    \
    VERB(create, ENSURE, 2700000, kube_create, CREATE)                                                       \
    VERB(remove, ENSURE, 600000, kube_remove, INSTANCES)                                                     \
    VERB(collect, ENSURE, 600000, kube_collect, INSTANCES)                                                   \
    VERB(guard_read, OBSERVE, 30000, kube_guard_read, GUARD_READ)                                            \
    VERB(guard_set, ENSURE, 300000, kube_guard_set, GUARD_SET)

#define VERB(name, kind, deadline, function, schema)                                                         \
    static void call_##name(void *connection, const struct ferry_call *call, struct ferry_reply *reply)      \
    {                                                                                                        \
        kube_serve(connection, FERRY_##kind, function, call, reply);                                         \
    }
VERBS
#undef VERB

static const struct ferry_verb verbs[] = {
#define VERB(name, kind, deadline, function, schema)                                                         \
    {#name, FERRY_##kind, schema, deadline, 20000, call_##name},
    VERBS
#undef VERB
    {NULL, FERRY_OBSERVE, NULL, 0, 0, NULL},
};

static const struct ferry_setting settings[] = {
#define SETTING(name, type, secret, otherwise, help) {name, type, false, secret, otherwise, help},
#include "settings.def"
#undef SETTING
    {NULL, NULL, false, false, NULL, NULL},
};

FERRY_ADAPTER_EXPORT const struct ferry_adapter ferry_adapter = {
    .abi = FERRY_ADAPTER_ABI,
    .size = sizeof(struct ferry_adapter),
    .name = "kubernetes",
    .version = FERRY_VERSION,
    .summary = "Container functions on Kubernetes 1.20 and newer.",
    .kinds = FERRY_KIND_VIM,
    .settings = settings,
    .verbs = verbs,
    .open = kube_open,
    .close = kube_close,
};
