/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory.h"

#include "access.h"

#include <string.h>

#define NODES_MS 5000

/* A twin's pod is nobody's instance until it has taken its predecessor's place. */
static bool is_heir(const struct kube_pod *pod, const json_t *sets)
{
    if (pod->named || strcmp(pod->kind, "Deployment") != 0)
        return false;
    const char *deployment = kube_pod_deployment(pod, sets);
    size_t length = strlen(deployment), twin = strlen(KUBE_TWIN);
    return length > twin && strcmp(deployment + length - twin, KUBE_TWIN) == 0;
}

static json_t *row_of(const struct kube_pod *pod, const json_t *nodes)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", pod->id, "vdu", pod->vdu, "image", pod->image,
                     "version", pod->version, "host", pod->node, "zone", KUBE_TEXT(nodes, pod->node, "zone"),
                     "state", kube_pod_state(pod));
}

/* free: what the node takes, less what is there of this namespace. */
static json_t *hosts_of(const struct kube_view *view, const json_t *nodes)
{
    json_t *used = json_object(), *hosts = json_array(), *node;
    const char *name;
    for (size_t i = 0; i < view->count; i++) {
        const char *at = view->pods[i]->node;
        if (at[0] != '\0')
            (void)json_object_set_new(used, at, json_integer(KUBE_INT(used, at) + 1));
    }
    json_object_foreach((json_t *)(uintptr_t)nodes, name, node)
    {
        json_int_t open = json_is_true(json_object_get(node, "open")) ? KUBE_INT(node, "pods") : 0;
        json_int_t left = open - KUBE_INT(used, name);
        (void)json_array_append_new(hosts, json_pack("{s:s,s:s,s:I}", "id", name, "zone",
                                                     KUBE_TEXT(node, "zone"), "free", left > 0 ? left : 0));
    }
    json_decref(used);
    return hosts;
}

json_t *kube_inventory_of(const struct kube_view *view, const json_t *nodes, const json_t *sets)
{
    json_t *rows = json_array();
    const char *last = "";
    for (size_t i = 0; i < view->count; i++) {
        const struct kube_pod *pod = view->pods[i];
        if (strcmp(pod->id, last) == 0 || is_heir(pod, sets))
            continue;
        last = pod->id;
        if (json_array_append_new(rows, row_of(pod, nodes)) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return json_pack("{s:o,s:o}", "instances", rows, "hosts", hosts_of(view, nodes));
}

enum kube_end kube_inventory(struct kube_op *op, json_t **ret_result)
{
    struct kube_view view;
    struct kube_err ignored = {
        0}; /* without the right to see nodes there are no zones; nothing else is missing */
    if (!kube_access_check(op) || !kube_op_view(op, &view))
        return KUBE_FAILED;
    (void)kube_watch_fresh(op->kube->nodes_watch, NODES_MS, NODES_MS, &ignored);
    (void)kube_watch_fresh(op->kube->sets_watch, NODES_MS, NODES_MS, &ignored);
    json_t *nodes = kube_table_all(op->kube->nodes), *sets = kube_table_all(op->kube->sets);
    *ret_result = kube_inventory_of(&view, nodes, sets);
    json_decref(nodes);
    json_decref(sets);
    kube_view_free(&view);
    return *ret_result != NULL || kube_no_memory(&op->err) ? KUBE_DONE : KUBE_FAILED;
}
