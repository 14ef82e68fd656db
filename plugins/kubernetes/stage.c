/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_STAGED KUBE_PREFIX "staged"
#define SEND_MS     20000

/* What is staged for one VDU. */
struct stage {
    const char *vdu, *image;
    struct kube_workload workload;
    char label[17]; /* of its pods: the step's key and the image */
    json_t *nodes;  /* array of names that have a pod of the VDU */
    json_t *pods;   /* array: what was made already */
};

/* ---- what is there ---------------------------------------------------------------------------------------
 */

/* Its workload, and the nodes of its pods. None: the image is in use everywhere already. */
static bool find_nodes(struct kube_op *op, const struct kube_view *view, struct stage *stage)
{
    json_t *seen = json_object();
    const struct kube_kind *kind = NULL;
    const char *name;
    json_t *value;
    bool known = false;
    for (size_t i = 0; i < view->count; i++) {
        const struct kube_pod *pod = view->pods[i];
        if (strcmp(pod->vdu, stage->vdu) != 0)
            continue;
        known = true;
        kind = kube_kind_find(pod->kind);
        if (strcmp(pod->image, stage->image) == 0 || pod->node[0] == '\0' || kind == NULL)
            continue;
        stage->workload.kind = kind;
        (void)snprintf(stage->workload.name, sizeof stage->workload.name, "%s", pod->owner);
        (void)json_object_set_new(seen, pod->node, json_true());
    }
    stage->nodes = json_array();
    json_object_foreach(seen, name, value)
    {
        (void)json_array_append_new(stage->nodes, json_string(name));
    }
    json_decref(seen);
    return known ||
           kube_fail(&op->err, FERRY_FAILURE_PERMANENT,
                     "the pods' label (setting vdu_label), or their workload's name, is the VDU's name",
                     "no pod of VDU %.80s is in namespace %s", stage->vdu, op->kube->name_space);
}

/* "RUN IMAGE": staged for this run. Another run stages again: images are removed from nodes in time. */
static char *note_of(const struct kube_op *op, const struct stage *stage)
{
    return kube_format("%s %s", op->call->run, stage->image);
}

static bool is_noted(const struct kube_op *op, const struct stage *stage)
{
    char *note = note_of(op, stage);
    bool noted = note != NULL &&
                 strcmp(KUBE_TEXT(stage->workload.object, "metadata", "annotations", NOTE_STAGED), note) == 0;
    free(note);
    return noted;
}

static bool list_pods(struct kube_op *op, struct stage *stage)
{
    char *text = kube_format("%s %s", op->call->key, stage->image);
    kube_digest(text != NULL ? text : "", stage->label);
    free(text);
    char *path = kube_path(op, "/api/v1", "pods?labelSelector=ferry.dev%%2Fstage%%3D%s", stage->label);
    stage->pods = path != NULL ? kube_api_list(op->http, path, &op->err) : NULL;
    free(path);
    return stage->pods != NULL;
}

/* ---- making and removing ---------------------------------------------------------------------------------
 */

/* Allowed in namespaces of the strictest pod security level; it has no service account token. */
static json_t *pod_on(const struct stage *stage, const char *node)
{
    char name[64], digest[17];
    kube_digest(node, digest);
    (void)snprintf(name, sizeof name, "ferry-stage-%s-%s", stage->label, digest);
    json_t *pod = json_pack(
        "{s:s,s:s,s:{s:s,s:{s:s}},s:{s:s,s:s,s:b,s:i,s:i,s:[{s:s}],s:{s:b,s:i,s:{s:s}},s:[{s:s,s:s,s:[s],s:{"
        "s:b,s:{s:[s]}}}]}}",
        "apiVersion", "v1", "kind", "Pod", "metadata", "name", name, "labels", KUBE_STAGE_LABEL, stage->label,
        "spec", "nodeName", node, "restartPolicy", "Never", "automountServiceAccountToken", 0,
        "terminationGracePeriodSeconds", 0, "activeDeadlineSeconds", 3600, "tolerations", "operator",
        "Exists", "securityContext", "runAsNonRoot", 1, "runAsUser", 65534, "seccompProfile", "type",
        "RuntimeDefault", "containers", "name", "stage", "image", stage->image, "command", "true",
        "securityContext", "allowPrivilegeEscalation", 0, "capabilities", "drop", "ALL");
    json_t *secrets = KUBE_AT(stage->workload.object, "spec", "template", "spec", "imagePullSecrets");
    if (pod != NULL && secrets != NULL)
        (void)json_object_set(json_object_get(pod, "spec"), "imagePullSecrets", secrets);
    return pod;
}

static bool send_all(struct kube_op *op, struct kube_request *requests, size_t count, int fine)
{
    bool good = true;
    kube_http_send(op->http, requests, count, SEND_MS);
    for (size_t i = 0; i < count && good; i++)
        if (requests[i].status / 100 != 2 && requests[i].status != fine) {
            kube_api_explain(&requests[i], &op->err);
            good = false;
        }
    return good;
}

static bool make_pods(struct kube_op *op, struct stage *stage)
{
    size_t i, count = json_array_size(stage->nodes);
    json_t *node;
    struct kube_request *requests = calloc(count + 1, sizeof *requests);
    bool good = requests != NULL;
    json_array_foreach(stage->nodes, i, node)
    {
        json_t *pod = good ? pod_on(stage, kube_text(node)) : NULL;
        if (!good || pod == NULL)
            break;
        requests[i] = (struct kube_request){
            .method = "POST", .path = kube_path(op, "/api/v1", "pods"), .body = kube_api_body(pod)};
        json_decref(pod);
        good = requests[i].path != NULL && requests[i].body != NULL;
    }
    good = good ? send_all(op, requests, count, 409) : kube_no_memory(&op->err);
    for (i = 0; i < count && requests != NULL; i++)
        kube_request_clear(&requests[i]);
    free(requests);
    return good;
}

static bool remove_pods(struct kube_op *op, const struct stage *stage)
{
    size_t i, count = json_array_size(stage->pods);
    json_t *pod;
    struct kube_request *requests = calloc(count + 1, sizeof *requests);
    bool good = requests != NULL;
    json_array_foreach(stage->pods, i, pod)
    {
        if (!good)
            break;
        requests[i] = (struct kube_request){
            .method = "DELETE",
            .path = kube_path(op, "/api/v1", "pods/%s", KUBE_TEXT(pod, "metadata", "name"))};
        good = requests[i].path != NULL;
    }
    good = good ? send_all(op, requests, count, 404) : kube_no_memory(&op->err);
    for (i = 0; i < count && requests != NULL; i++)
        kube_request_clear(&requests[i]);
    free(requests);
    return good;
}

/* ---- how far it is ---------------------------------------------------------------------------------------
 */

int kube_stage_pulled(const json_t *pod)
{
    static const char *const after_pull[] = {"RunContainerError", "CreateContainerError", "CrashLoopBackOff",
                                             "CreateContainerConfigError"};
    const json_t *status = json_array_get(KUBE_AT(pod, "status", "containerStatuses"), 0);
    const char *waits = KUBE_TEXT(status, "state", "waiting", "reason");
    if (KUBE_AT(status, "state", "running") != NULL || KUBE_AT(status, "state", "terminated") != NULL)
        return 1;
    for (size_t i = 0; i < sizeof after_pull / sizeof *after_pull; i++)
        if (strcmp(waits, after_pull[i]) == 0)
            return 1;
    return strstr(waits, "Image") != NULL ? -1 : 0;
}

/* -1: one cannot be had, and has been tried for long enough. */
static bool count_pulled(struct kube_op *op, const struct stage *stage, size_t *ret_pulled)
{
    size_t i;
    json_t *object;
    json_array_foreach(stage->pods, i, object)
    {
        int pulled = kube_stage_pulled(object);
        *ret_pulled += pulled > 0;
        struct kube_pod *pod = pulled > 0 ? NULL : kube_pod_read(object, op->kube->vdu_label);
        bool hopeless =
            pod != NULL && kube_pod_hopeless(pod, op->call->now_ms, op->kube->patience_ms, &op->err);
        kube_pod_drop(pod);
        if (hopeless)
            return false;
    }
    return true;
}

static bool note_staged(struct kube_op *op, struct stage *stage)
{
    char *note = note_of(op, stage);
    json_t *patch =
        note != NULL ? json_pack("{s:{s:{s:s}}}", "metadata", "annotations", NOTE_STAGED, note) : NULL;
    free(note);
    return patch != NULL ? kube_workload_merge(op, &stage->workload, patch) : kube_no_memory(&op->err);
}

static enum kube_end stage_one(struct kube_op *op, const struct kube_view *view, struct stage *stage)
{
    size_t pulled = 0;
    if (!find_nodes(op, view, stage))
        return KUBE_FAILED;
    size_t wanted = json_array_size(stage->nodes);
    op->total += (int64_t)wanted;
    if (wanted == 0)
        return KUBE_DONE;
    if (!kube_workload_look(op, &stage->workload) || !list_pods(op, stage))
        return KUBE_FAILED;
    if (is_noted(op, stage)) {
        op->done += (int64_t)wanted;
        return remove_pods(op, stage) ? KUBE_DONE : KUBE_FAILED;
    }
    if (!count_pulled(op, stage, &pulled))
        return KUBE_FAILED;
    op->done += (int64_t)pulled;
    (void)snprintf(op->text, sizeof op->text, "%.150s is being pulled", stage->image);
    if (json_array_size(stage->pods) < wanted)
        return make_pods(op, stage) ? KUBE_AGAIN : KUBE_FAILED;
    if (pulled < wanted)
        return KUBE_AGAIN;
    return note_staged(op, stage) && remove_pods(op, stage) ? KUBE_DONE : KUBE_FAILED;
}

enum kube_end kube_stage_image(struct kube_op *op, json_t **ret_result)
{
    struct kube_view view;
    size_t i;
    json_t *image;
    enum kube_end end = KUBE_DONE;
    if (!kube_op_view(op, &view))
        return KUBE_FAILED;
    json_array_foreach(json_object_get(op->args, "images"), i, image)
    {
        struct stage stage = {.vdu = KUBE_TEXT(image, "vdu"), .image = KUBE_TEXT(image, "ref")};
        enum kube_end one = end == KUBE_FAILED ? KUBE_FAILED : stage_one(op, &view, &stage);
        end = one == KUBE_FAILED || end == KUBE_DONE ? one : end;
        json_decref(stage.workload.object);
        json_decref(stage.nodes);
        json_decref(stage.pods);
    }
    kube_view_free(&view);
    *ret_result = end == KUBE_DONE ? json_object() : NULL;
    return end;
}
