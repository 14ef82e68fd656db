/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kube_kind kinds[] = {
    {"StatefulSet", "/apis/apps/v1", "statefulsets", "apps/v1"},
    {"DaemonSet", "/apis/apps/v1", "daemonsets", "apps/v1"},
    {"Deployment", "/apis/apps/v1", "deployments", "apps/v1"},
};

const struct kube_kind *kube_kind_find(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    return NULL;
}

const char *kube_workload_title(const struct kube_workload *workload, char title[300])
{
    (void)snprintf(title, 300, "%s %s", workload->kind->kind, workload->name);
    return title;
}

char *kube_workload_path(const struct kube_op *op, const struct kube_workload *workload)
{
    return kube_path(op, workload->kind->group, "%s/%s", workload->kind->plural, workload->name);
}

bool kube_workload_look(struct kube_op *op, struct kube_workload *workload)
{
    char *path = kube_workload_path(op, workload);
    json_t *object = path != NULL ? kube_api_get(op->http, path, &op->err) : NULL;
    free(path);
    if (object == NULL)
        return false;
    json_decref(workload->object);
    workload->object = object;
    return true;
}

const json_t *kube_workload_container(const struct kube_workload *workload)
{
    const json_t *template = KUBE_AT(workload->object, "spec", "template");
    return kube_container(json_object_get(template, "metadata"), json_object_get(template, "spec"));
}

/* ---- which workloads -------------------------------------------------------------------------------------
 */

static bool add(struct kube_workloads *workloads, const struct kube_kind *kind, const char *name,
                const char *id, size_t most)
{
    struct kube_workload *found = NULL;
    for (size_t i = 0; i < workloads->count && found == NULL; i++)
        if (workloads->items[i].kind == kind && strcmp(workloads->items[i].name, name) == 0)
            found = &workloads->items[i];
    if (found == NULL) {
        found = &workloads->items[workloads->count];
        found->kind = kind;
        found->ids = calloc(most, sizeof(const char *));
        if (found->ids == NULL)
            return false;
        (void)snprintf(found->name, sizeof found->name, "%s", name);
        workloads->count++;
    }
    found->ids[found->count++] = id;
    return true;
}

static bool absent(struct kube_op *op, const char *id)
{
    return kube_fail(&op->err, FERRY_FAILURE_PERMANENT, "the verb inventory lists what there is",
                     "there is no instance %.300s in namespace %s", id, op->kube->name_space);
}

/* An instance without a pod at this moment: the replica of a StatefulSet that is being made anew. */
static bool find_replica(struct kube_op *op, const char *id, char name[254])
{
    const char *dash = strrchr(id, '-');
    char *end = NULL;
    long ordinal = dash != NULL && dash[1] >= '0' && dash[1] <= '9' ? strtol(dash + 1, &end, 10) : -1;
    if (ordinal < 0 || *end != '\0' || dash == id || dash - id >= 254)
        return absent(op, id);
    (void)snprintf(name, 254, "%.*s", (int)(dash - id), id);
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(name))
        return absent(op, id);
    char *path = kube_path(op, "/apis/apps/v1", "statefulsets/%s", name);
    json_t *object = path != NULL ? kube_api_find(op->http, path, &op->err) : NULL;
    free(path);
    if (object == NULL)
        return false;
    json_int_t first = KUBE_INT(object, "spec", "ordinals", "start");
    bool there = ordinal >= first && ordinal - first < KUBE_INT(object, "spec", "replicas");
    json_decref(object);
    return there || absent(op, id);
}

static bool sort_in(struct kube_op *op, const struct kube_view *view, struct kube_workloads *workloads,
                    const char *id, size_t most)
{
    const struct kube_pod *pod = kube_view_instance(view, id);
    char name[254];
    if (pod == NULL)
        return find_replica(op, id, name) &&
               (add(workloads, kube_kind_find("StatefulSet"), name, id, most) || kube_no_memory(&op->err));
    const struct kube_kind *kind = kube_kind_find(pod->kind);
    if (kind == NULL)
        return kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                         "Ferry upgrades pods of StatefulSets, Deployments and DaemonSets",
                         "pod %s belongs to %s %s", pod->name,
                         pod->kind[0] != '\0' ? pod->kind : "no workload: nothing would make it anew",
                         pod->owner);
    (void)snprintf(name, sizeof name, "%s", pod->owner);
    size_t length = strlen(name), twin = strlen(KUBE_TWIN);
    if (strcmp(pod->kind, "Deployment") == 0 && length > twin && strcmp(name + length - twin, KUBE_TWIN) == 0)
        name[length - twin] = '\0'; /* a twin and its source are one workload */
    return add(workloads, kind, name, id, most) || kube_no_memory(&op->err);
}

bool kube_workloads_of(struct kube_op *op, const struct kube_view *view, struct kube_workloads *ret)
{
    const json_t *ids = json_object_get(op->args, "instances");
    size_t i, most = json_array_size(ids);
    json_t *id;
    struct kube_workloads workloads = {.items = calloc(most + 1, sizeof(struct kube_workload))};
    bool good = true;
    if (workloads.items == NULL)
        return kube_no_memory(&op->err);
    json_array_foreach(ids, i, id)
    {
        good = good && sort_in(op, view, &workloads, kube_text(id), most);
    }
    if (good)
        *ret = workloads;
    else
        kube_workloads_free(&workloads);
    return good;
}

void kube_workloads_free(struct kube_workloads *workloads)
{
    for (size_t i = 0; i < workloads->count; i++) {
        json_decref(workloads->items[i].object);
        free(workloads->items[i].ids);
    }
    free(workloads->items);
    *workloads = (struct kube_workloads){0};
}

/* ---- changing it ------------------------------------------------------------------------------------------
 */

bool kube_workload_merge(struct kube_op *op, struct kube_workload *workload, json_t *patch)
{
    char *path = kube_workload_path(op, workload), *full = NULL;
    json_t *metadata = json_object_get(patch, "metadata"), *answer = NULL;
    if (metadata == NULL && patch != NULL) {
        metadata = json_object();
        (void)json_object_set_new(patch, "metadata", metadata);
    }
    (void)json_object_set(metadata, "resourceVersion",
                          KUBE_AT(workload->object, "metadata", "resourceVersion"));
    if (path != NULL && metadata != NULL)
        full = kube_format("%s?fieldManager=" KUBE_MANAGER, path);
    if (full == NULL)
        (void)kube_no_memory(&op->err);
    else
        answer = kube_api_call(op->http, "PATCH", full, KUBE_MERGE, json_incref(patch), &op->err);
    json_decref(patch);
    free(path);
    free(full);
    if (answer == NULL)
        return false;
    json_decref(workload->object);
    workload->object = answer;
    return true;
}
