/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StatefulSets and DaemonSets. The update strategy becomes OnDelete before the template gets the new image,
 * so that the controller touches nobody; then the chosen pods are evicted and come back with it. When all of
 * the workload run one revision again, the strategy is given back as it was.
 *
 * While it is OnDelete, a pod that dies by itself comes back with the new image, too. Inventory shows it, and
 * the run's next look finds it: docs/kubernetes.md.
 */
#include "upgrade.h"

#include "apply.h"
#include "evict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the strategy ----------------------------------------------------------------------------------------
 */

/* A note of this call, and OnDelete with what was there before noted beside it; one change. */
static bool note_step(struct kube_op *op, struct kube_workload *workload, const struct kube_wish *wish)
{
    const json_t *strategy = KUBE_AT(workload->object, "spec", "updateStrategy");
    bool held = strcmp(KUBE_TEXT(strategy, "type"), "OnDelete") == 0;
    char *note = kube_note_new(op, wish->verb), *prior = held ? NULL : kube_api_body(strategy);
    json_t *notes = json_object(), *patch = json_object();
    bool good = note != NULL && (held || prior != NULL) &&
                json_object_set_new(notes, KUBE_NOTE_STEP, json_string(note)) == 0;
    if (good && !held)
        good = json_object_set_new(notes, KUBE_NOTE_PRIOR, json_string(prior)) == 0 &&
               json_object_set_new(
                   patch, "spec",
                   json_pack("{s:{s:s,s:n}}", "updateStrategy", "type", "OnDelete", "rollingUpdate")) == 0;
    good = good && json_object_set_new(patch, "metadata", json_pack("{s:O}", "annotations", notes)) == 0;
    json_decref(notes);
    free(note);
    free(prior);
    if (good)
        return kube_workload_merge(op, workload, patch);
    json_decref(patch);
    return kube_no_memory(&op->err);
}

/* Every pod is of the revision that the controller would give it: it has nothing to do. */
static bool all_of_one_revision(const struct kube_view *view, const struct kube_workload *workload)
{
    const json_t *status = json_object_get(workload->object, "status");
    if (strcmp(workload->kind->kind, "DaemonSet") == 0)
        return KUBE_INT(status, "updatedNumberScheduled") == KUBE_INT(status, "desiredNumberScheduled");
    const char *revision = KUBE_TEXT(status, "updateRevision");
    json_int_t right = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct kube_pod *pod = view->pods[i];
        bool ours = strcmp(pod->owner, workload->name) == 0 && strcmp(pod->kind, "StatefulSet") == 0;
        if (ours && strcmp(pod->revision, revision) != 0)
            return false;
        right += ours && pod->ready;
    }
    return right == KUBE_INT(workload->object, "spec", "replicas");
}

static bool give_back(struct kube_op *op, const struct kube_view *view, struct kube_workload *workload)
{
    const char *noted = KUBE_TEXT(workload->object, "metadata", "annotations", KUBE_NOTE_PRIOR);
    const char *type = KUBE_TEXT(workload->object, "spec", "updateStrategy", "type");
    if (noted[0] == '\0' || !all_of_one_revision(view, workload))
        return true;
    json_t *prior = json_loads(noted, 0, NULL);
    json_t *patch = json_pack("{s:{s:{s:n}}}", "metadata", "annotations", KUBE_NOTE_PRIOR);
    /* somebody has set another one meanwhile: it is theirs, and stays */
    if (patch != NULL && json_is_object(prior) && strcmp(type, "OnDelete") == 0)
        (void)json_object_set_new(patch, "spec", json_pack("{s:O}", "updateStrategy", prior));
    json_decref(prior);
    return patch != NULL ? kube_workload_merge(op, workload, patch) : kube_no_memory(&op->err);
}

/* ---- the pods --------------------------------------------------------------------------------------------
 */

struct look {
    struct kube_evictions evict; /* serve, so they are evicted */
    struct kube_evictions end;   /* serve nobody: a budget has nothing to say about them */
    size_t right;
};

static bool sort_instances(struct kube_op *op, const struct kube_view *view,
                           const struct kube_workload *workload, const struct kube_wish *wish, bool renewed,
                           struct look *look)
{
    for (size_t i = 0; i < workload->count; i++) {
        const struct kube_pod *pod = kube_view_instance(view, workload->ids[i]);
        enum kube_stand stand = kube_instance_stand(op, workload, pod, wish, renewed);
        if (stand == KUBE_RUINED)
            return false;
        look->right += stand == KUBE_RIGHT;
        if (stand == KUBE_OLD) {
            struct kube_evictions *way = pod->ready ? &look->evict : &look->end;
            way->pods[way->count++] = pod;
        }
    }
    return true;
}

/* The controller knows the new template: what ends from now on comes back with it. */
static bool is_observed(const struct kube_workload *workload)
{
    return KUBE_INT(workload->object, "status", "observedGeneration") >=
           KUBE_INT(workload->object, "metadata", "generation");
}

static bool act(struct kube_op *op, struct look *look)
{
    if (!kube_evict(op, &look->evict) || !kube_end_pods(op, &look->end))
        return false;
    if (look->evict.blocked > 0)
        (void)snprintf(op->text, sizeof op->text, "%.250s", look->evict.words);
    return true;
}

bool kube_ondelete_hold(struct kube_op *op, struct kube_workload *workload, const struct kube_wish *wish)
{
    bool noted = kube_note_is_mine(op, workload->object);
    bool held = strcmp(KUBE_TEXT(workload->object, "spec", "updateStrategy", "type"), "OnDelete") == 0;
    return (noted && held) || note_step(op, workload, wish);
}

enum kube_end kube_ondelete_upgrade(struct kube_op *op, const struct kube_view *view,
                                    struct kube_workload *workload, const struct kube_wish *wish)
{
    struct look look = {0};
    bool renewed = op->call->attempt > 1 && op->call->attempt > kube_note_attempt(op, workload->object);
    const struct kube_pod **pods = calloc(2 * workload->count + 1, sizeof(const struct kube_pod *));
    enum kube_end end = KUBE_FAILED;
    if (pods == NULL) {
        (void)kube_no_memory(&op->err);
        return KUBE_FAILED;
    }
    look.evict.pods = pods;
    look.end.pods = pods + workload->count;
    if (!sort_instances(op, view, workload, wish, renewed, &look))
        goto out;
    op->done += (int64_t)look.right;
    if (look.right == workload->count) {
        end = give_back(op, view, workload) ? KUBE_DONE : KUBE_FAILED;
        goto out;
    }
    if (!kube_ondelete_hold(op, workload, wish) ||
        !kube_apply_image(op, workload, wish->image, wish->version))
        goto out;
    end = !is_observed(workload) || act(op, &look) ? KUBE_AGAIN : KUBE_FAILED;
out:
    free(pods);
    return end;
}
