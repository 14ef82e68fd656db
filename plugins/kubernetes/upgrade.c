/* SPDX-License-Identifier: Apache-2.0 */
#include "upgrade.h"

#include "events.h"
#include "owner.h"
#include "twin.h"

#include <stdio.h>
#include <string.h>

#define DIGEST_LENGTH 71 /* "sha256:" and 64 digits */

static const struct {
    const char *kind;
    kube_upgrader *upgrade;
} upgraders[] = {
    {"StatefulSet", kube_ondelete_upgrade},
    {"DaemonSet", kube_ondelete_upgrade},
    {"Deployment", kube_twin_upgrade},
};

/* ---- one instance ----------------------------------------------------------------------------------------
 */

/* The runtime tells which digest it runs. A short one in the order is a label for people, nothing to compare.
 */
static bool digest_agrees(struct kube_op *op, const struct kube_pod *pod, const struct kube_wish *wish)
{
    if (strlen(wish->digest) != DIGEST_LENGTH || strlen(pod->digest) < DIGEST_LENGTH ||
        strncmp(pod->digest, wish->digest, DIGEST_LENGTH) == 0)
        return true;
    return kube_fail(&op->err, FERRY_FAILURE_PERMANENT, "correct the order, or the registry",
                     "pod %s runs %s as %.71s, the order says %s", pod->name, pod->image, pod->digest,
                     wish->digest);
}

/* Nothing made its pod: a quota, an admission webhook, an ordered StatefulSet behind a replica that is ill.
 */
static enum kube_stand stand_absent(struct kube_op *op, const struct kube_workload *workload)
{
    char title[300];
    json_t *note = kube_note_read(workload->object);
    int64_t since = (int64_t)KUBE_INT(note, "since_ms");
    bool noted = kube_note_is_mine(op, workload->object);
    json_decref(note);
    if (!noted || op->call->now_ms - since < op->kube->patience_ms)
        return KUBE_COMING;
    (void)kube_fail(&op->err, FERRY_FAILURE_PERMANENT, "remove what keeps it from being made, then retry",
                    "%s has not made all its pods for %lld s", kube_workload_title(workload, title),
                    (long long)(op->call->now_ms - since) / 1000);
    kube_events_tell(op, workload->kind->kind, workload->name);
    return strstr(op->err.message, "; event ") != NULL || op->call->now_ms - since > op->kube->ready_ms
               ? KUBE_RUINED
               : KUBE_COMING;
}

static bool never_ready(struct kube_op *op, const struct kube_pod *pod)
{
    int64_t age = op->call->now_ms - pod->created_ms;
    if (!pod->running || pod->deleted_ms != 0 || age < op->kube->ready_ms)
        return false;
    (void)kube_fail(&op->err, FERRY_FAILURE_PERMANENT,
                    "kubectl logs and its readiness probe tell why; retry, or roll back",
                    "pod %s has been running for %lld s and is not ready", pod->name, (long long)age / 1000);
    return true;
}

enum kube_stand kube_instance_stand(struct kube_op *op, const struct kube_workload *workload,
                                    const struct kube_pod *pod, const struct kube_wish *wish, bool renewed)
{
    if (pod == NULL)
        return stand_absent(op, workload);
    (void)snprintf(op->text, sizeof op->text, "%s: %s%s%.150s", pod->id, kube_pod_state(pod),
                   pod->reason[0] != '\0' ? ", " : "", pod->reason);
    bool new_image = strcmp(pod->image, wish->image) == 0;
    if (pod->deleted_ms == 0 && !new_image)
        return KUBE_OLD;
    if (pod->deleted_ms == 0 && pod->ready)
        return digest_agrees(op, pod, wish) ? KUBE_RIGHT : KUBE_RUINED;
    if (pod->deleted_ms == 0 && renewed && (pod->trouble != KUBE_WELL || pod->running))
        return KUBE_OLD;
    if (kube_pod_hopeless(pod, op->call->now_ms, op->kube->patience_ms, &op->err) || never_ready(op, pod)) {
        kube_events_tell(op, "Pod", pod->name);
        return KUBE_RUINED;
    }
    return KUBE_COMING;
}

/* ---- the verb --------------------------------------------------------------------------------------------
 */

static enum kube_end upgrade_one(struct kube_op *op, const struct kube_view *view,
                                 struct kube_workload *workload, const struct kube_wish *wish)
{
    if (!kube_workload_look(op, workload) || !kube_note_fence(op, workload->object) ||
        !kube_owner_allows(workload->object, op->kube->behind_owners, &op->err))
        return KUBE_FAILED;
    for (size_t i = 0; i < sizeof upgraders / sizeof upgraders[0]; i++)
        if (strcmp(upgraders[i].kind, workload->kind->kind) == 0)
            return upgraders[i].upgrade(op, view, workload, wish);
    (void)kube_fail(&op->err, FERRY_FAILURE_REFUSED, "Ferry upgrades pods of StatefulSets and DaemonSets",
                    "%s %s: single pods of a %s cannot be chosen", workload->kind->kind, workload->name,
                    workload->kind->kind);
    return KUBE_FAILED;
}

enum kube_end kube_upgrade(struct kube_op *op, json_t **ret_result)
{
    const struct kube_wish wish = {.image = KUBE_TEXT(op->args, "image"),
                                   .digest = KUBE_TEXT(op->args, "digest"),
                                   .version = KUBE_TEXT(op->args, "version"),
                                   .verb = "upgrade"};
    struct kube_view view;
    struct kube_workloads workloads = {0};
    if (!kube_op_view(op, &view))
        return KUBE_FAILED;
    op->total = (int64_t)json_array_size(json_object_get(op->args, "instances"));
    enum kube_end end = kube_workloads_of(op, &view, &workloads) ? KUBE_DONE : KUBE_FAILED;
    for (size_t i = 0; i < workloads.count && end != KUBE_FAILED; i++) {
        enum kube_end one = upgrade_one(op, &view, &workloads.items[i], &wish);
        end = one == KUBE_FAILED || end == KUBE_DONE ? one : end;
    }
    kube_workloads_free(&workloads);
    kube_view_free(&view);
    if (end == KUBE_DONE)
        *ret_result = json_pack("{s:I}", "upgraded", (json_int_t)op->total);
    return end;
}
