/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source and its twin become one Deployment again, and no pod notices: a Deployment takes over a ReplicaSet
 * that is nobody's, if its labels fit the selector, and counts it as its current one, if the template is the
 * same.
 *
 *     1. the source is paused and gets the twin's template; its empty ReplicaSets go, so that nothing old can
 * grow
 *     2. its replicas become as many as the twin has; paused and without a ReplicaSet, it makes none
 *     3. the twin is deleted, its ReplicaSet orphaned; the source's controller takes it over
 *     4. all its pods count as updated: the source is as paused as it was before
 */
#include "twin.h"

#include "apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_MERGE KUBE_PREFIX "merge" /* "true" or "false": whether the source was paused before */

static bool delete_at(struct kube_op *op, char *path, const char *policy)
{
    json_t *body =
        json_pack("{s:s,s:s,s:s}", "apiVersion", "v1", "kind", "DeleteOptions", "propagationPolicy", policy);
    json_t *answer = path != NULL && body != NULL
                         ? kube_api_call(op->http, "DELETE", path, KUBE_JSON, json_incref(body), &op->err)
                         : NULL;
    bool good = answer != NULL || (path != NULL && op->err.status == 404);
    json_decref(body);
    json_decref(answer);
    free(path);
    return good;
}

/* Of the source, and all of them empty; their number. -1: they could not be listed or removed. */
static long remove_empty_sets(struct kube_op *op, const struct kube_pair *pair)
{
    char *path = kube_path(op, "/apis/apps/v1", "replicasets");
    json_t *sets = path != NULL ? kube_api_list(op->http, path, &op->err) : NULL, *set;
    long left = sets != NULL ? 0 : -1;
    size_t i;
    free(path);
    json_array_foreach(sets, i, set)
    {
        const json_t *owner = json_array_get(KUBE_AT(set, "metadata", "ownerReferences"), 0);
        if (left < 0 ||
            strcmp(KUBE_TEXT(owner, "uid"), KUBE_TEXT(pair->source->object, "metadata", "uid")) != 0)
            continue;
        left++;
        if (KUBE_INT(set, "spec", "replicas") == 0 && KUBE_INT(set, "status", "replicas") == 0 &&
            !delete_at(op,
                       kube_path(op, "/apis/apps/v1", "replicasets/%s", KUBE_TEXT(set, "metadata", "name")),
                       "Background"))
            left = -1;
    }
    json_decref(sets);
    return left;
}

/* Paused, with what it was noted beside it. */
static bool pause(struct kube_op *op, struct kube_workload *source)
{
    bool paused = json_is_true(KUBE_AT(source->object, "spec", "paused"));
    if (KUBE_AT(source->object, "metadata", "annotations", NOTE_MERGE) != NULL)
        return true;
    json_t *patch = json_pack("{s:{s:{s:s}},s:{s:b}}", "metadata", "annotations", NOTE_MERGE,
                              paused ? "true" : "false", "spec", "paused", 1);
    return patch != NULL ? kube_workload_merge(op, source, patch) : kube_no_memory(&op->err);
}

static bool same_template(const struct kube_pair *pair)
{
    return json_equal(KUBE_AT(pair->source->object, "spec", "template"),
                      KUBE_AT(pair->twin.object, "spec", "template"));
}

static void version_of(const struct kube_workload *deployment, char *version, size_t size)
{
    const json_t *metadata = KUBE_AT(deployment->object, "spec", "template", "metadata");
    const char *noted = KUBE_TEXT(metadata, "annotations", KUBE_NOTE_VERSION);
    const char *label = KUBE_TEXT(metadata, "labels", "app.kubernetes.io/version");
    kube_image_tag(kube_twin_image(deployment), version, size);
    if (noted[0] != '\0' || label[0] != '\0')
        (void)snprintf(version, size, "%s", noted[0] != '\0' ? noted : label);
}

/* Steps 1 to 3. */
static enum kube_end take_over(struct kube_op *op, struct kube_pair *pair)
{
    struct kube_workload *source = pair->source;
    char version[128];
    version_of(&pair->twin, version, sizeof version);
    json_int_t replicas = KUBE_INT(pair->twin.object, "spec", "replicas");
    if (!pause(op, source) || !kube_apply_image(op, source, kube_twin_image(&pair->twin), version))
        return KUBE_FAILED;
    if (!same_template(pair)) {
        (void)kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                        "make the template of the source as the twin's is, or go on with the twin",
                        "Deployment %s was changed while its twin %s stood beside it", source->name,
                        pair->twin.name);
        return KUBE_FAILED;
    }
    long sets = remove_empty_sets(op, pair);
    if (sets != 0)
        return sets < 0 ? KUBE_FAILED : KUBE_AGAIN;
    if (KUBE_INT(source->object, "spec", "replicas") != replicas) {
        json_t *patch = json_pack("{s:{s:I}}", "spec", "replicas", replicas);
        return patch != NULL && kube_workload_merge(op, source, patch) ? KUBE_AGAIN : KUBE_FAILED;
    }
    return delete_at(op, kube_workload_path(op, &pair->twin), "Orphan") ? KUBE_AGAIN : KUBE_FAILED;
}

/* Step 4. */
static enum kube_end end_merge(struct kube_op *op, struct kube_workload *source)
{
    const char *noted = KUBE_TEXT(source->object, "metadata", "annotations", NOTE_MERGE);
    const json_t *status = json_object_get(source->object, "status");
    if (KUBE_INT(status, "observedGeneration") < KUBE_INT(source->object, "metadata", "generation") ||
        KUBE_INT(status, "updatedReplicas") != KUBE_INT(source->object, "spec", "replicas"))
        return KUBE_AGAIN;
    json_t *patch = json_pack("{s:{s:{s:n}}}", "metadata", "annotations", NOTE_MERGE);
    if (patch != NULL && strcmp(noted, "true") != 0)
        (void)json_object_set_new(patch, "spec", json_pack("{s:n}", "paused"));
    if (patch == NULL)
        (void)kube_no_memory(&op->err);
    return patch != NULL && kube_workload_merge(op, source, patch) ? KUBE_DONE : KUBE_FAILED;
}

bool kube_twin_is_merging(const struct kube_pair *pair)
{
    return KUBE_AT(pair->source->object, "metadata", "annotations", NOTE_MERGE) != NULL;
}

static enum kube_end remove_twin(struct kube_op *op, const struct kube_view *view,
                                 const struct kube_pair *pair)
{
    if (kube_twin_pods(view, pair, &pair->twin) > 0)
        return KUBE_AGAIN;
    return delete_at(op, kube_workload_path(op, &pair->twin), "Background") ? KUBE_DONE : KUBE_FAILED;
}

enum kube_end kube_twin_merge(struct kube_op *op, const struct kube_view *view, struct kube_pair *pair)
{
    bool merging = kube_twin_is_merging(pair), twin = pair->twin.object != NULL;
    if (merging)
        (void)snprintf(op->text, sizeof op->text, "Deployment %.200s takes over its twin's pods",
                       pair->source->name);
    if (merging)
        return twin ? take_over(op, pair) : end_merge(op, pair->source);
    if (!twin)
        return KUBE_DONE;
    if (KUBE_INT(pair->twin.object, "spec", "replicas") == 0)
        return remove_twin(op, view, pair);
    if (KUBE_INT(pair->source->object, "spec", "replicas") > 0 ||
        kube_twin_pods(view, pair, pair->source) > 0)
        return KUBE_DONE; /* both have instances: two versions side by side */
    return take_over(op, pair);
}
