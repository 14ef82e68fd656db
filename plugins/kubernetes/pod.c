/* SPDX-License-Identifier: Apache-2.0 */
#include "pod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX    400
#define CRASHES_MOST 3

const json_t *kube_container(const json_t *metadata, const json_t *spec)
{
    static const char *const names[] = {KUBE_PREFIX "container", "kubectl.kubernetes.io/default-container"};
    const json_t *containers = json_object_get(spec, "containers");
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        const char *wanted = KUBE_TEXT(metadata, "annotations", names[n]);
        size_t i;
        json_t *container;
        json_array_foreach(containers, i, container)
        {
            if (wanted[0] != '\0' && strcmp(KUBE_TEXT(container, "name"), wanted) == 0)
                return container;
        }
    }
    return json_array_get(containers, 0);
}

/* ---- reading ---------------------------------------------------------------------------------------------
 */

struct draft {
    const json_t *metadata, *spec, *status;
    char id[600], owner[254], set[254], vdu[254], version[128], words[WORDS_MAX], finalizers[256];
    struct kube_pod pod; /* last: it ends in the text that only a copy has */
};

static const json_t *condition(const struct draft *draft, const char *type)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(draft->status, "conditions"), i, item)
    {
        if (strcmp(KUBE_TEXT(item, "type"), type) == 0)
            return item;
    }
    return NULL;
}

static const json_t *container_status(const struct draft *draft, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(draft->status, "containerStatuses"), i, item)
    {
        if (strcmp(KUBE_TEXT(item, "name"), name) == 0)
            return item;
    }
    return NULL;
}

static void cut_end(char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    if (tail > 0 && length > tail && strcmp(text + length - tail, end) == 0)
        text[length - tail] = '\0';
}

/* A ReplicaSet is a Deployment's, and is named after it and the hash of its template. */
static void read_owner(struct draft *draft)
{
    struct kube_pod *pod = &draft->pod;
    const json_t *labels = json_object_get(draft->metadata, "labels");
    const char *hash = KUBE_TEXT(labels, "pod-template-hash");
    size_t i;
    json_t *owner;
    pod->kind = "";
    json_array_foreach(json_object_get(draft->metadata, "ownerReferences"), i, owner)
    {
        if (!json_is_true(json_object_get(owner, "controller")))
            continue;
        pod->kind = KUBE_TEXT(owner, "kind");
        (void)snprintf(draft->owner, sizeof draft->owner, "%s", KUBE_TEXT(owner, "name"));
    }
    if (strcmp(pod->kind, "ReplicaSet") == 0 && hash[0] != '\0') {
        char end[72];
        (void)snprintf(end, sizeof end, "-%.64s", hash);
        (void)snprintf(draft->set, sizeof draft->set, "%s", draft->owner);
        cut_end(draft->owner, end);
        pod->kind = "Deployment";
    }
    pod->owner = draft->owner;
    pod->set = draft->set;
    pod->revision = hash[0] != '\0' ? hash : KUBE_TEXT(labels, "controller-revision-hash");
}

static void read_names(struct draft *draft, const char *vdu_label)
{
    struct kube_pod *pod = &draft->pod;
    const char *instance = KUBE_TEXT(draft->metadata, "annotations", KUBE_PREFIX "instance");
    const char *vdu = KUBE_TEXT(draft->metadata, "labels", vdu_label);
    pod->named = instance[0] != '\0';
    if (pod->named)
        (void)snprintf(draft->id, sizeof draft->id, "%s", instance);
    else if (strcmp(pod->kind, "DaemonSet") == 0)
        (void)snprintf(draft->id, sizeof draft->id, "%s@%s", pod->owner, pod->node);
    else
        (void)snprintf(draft->id, sizeof draft->id, "%s", pod->name);
    (void)snprintf(draft->vdu, sizeof draft->vdu, "%s",
                   vdu[0] != '\0'          ? vdu
                   : pod->owner[0] != '\0' ? pod->owner
                                           : pod->name);
    if (vdu[0] == '\0' && strcmp(pod->kind, "Deployment") == 0)
        cut_end(draft->vdu, KUBE_TWIN);
    pod->id = draft->id;
    pod->vdu = draft->vdu;
}

/* What Ferry wrote beside the image, else the usual label, else the image's tag. */
static void read_software(struct draft *draft, const json_t *container, const json_t *status)
{
    struct kube_pod *pod = &draft->pod;
    const char *noted = KUBE_TEXT(draft->metadata, "annotations", KUBE_NOTE_VERSION);
    const char *label = KUBE_TEXT(draft->metadata, "labels", "app.kubernetes.io/version");
    const char *digest = strstr(KUBE_TEXT(status, "imageID"), "sha256:");
    pod->image = KUBE_TEXT(container, "image");
    pod->digest = digest != NULL ? digest : "";
    if (noted[0] != '\0' || label[0] != '\0')
        (void)snprintf(draft->version, sizeof draft->version, "%s", noted[0] != '\0' ? noted : label);
    else
        kube_image_tag(pod->image, draft->version, sizeof draft->version);
    pod->version = draft->version;
}

static const struct {
    const char *reason;
    enum kube_trouble trouble;
} reasons[] = {
    {"ErrImagePull", KUBE_UNPULLABLE},
    {"ImagePullBackOff", KUBE_UNPULLABLE},
    {"ImageInspectError", KUBE_UNPULLABLE},
    {"RegistryUnavailable", KUBE_UNPULLABLE},
    {"InvalidImageName", KUBE_HOPELESS},
    {"ErrImageNeverPull", KUBE_HOPELESS},
    {"CreateContainerConfigError", KUBE_MISCONFIGURED},
    {"CreateContainerError", KUBE_MISCONFIGURED},
    {"RunContainerError", KUBE_MISCONFIGURED},
    {"CrashLoopBackOff", KUBE_CRASHING},
};

static void tell(struct draft *draft, enum kube_trouble trouble, const char *reason, const char *words)
{
    draft->pod.trouble = trouble;
    draft->pod.reason = reason;
    (void)snprintf(draft->words, sizeof draft->words, "%s", words);
}

/* Of one container: why it waits, and how its former life ended. */
static void container_trouble(struct draft *draft, const json_t *status)
{
    const json_t *waiting = KUBE_AT(status, "state", "waiting");
    const json_t *last = KUBE_AT(status, "lastState", "terminated");
    const char *reason = KUBE_TEXT(waiting, "reason");
    json_int_t restarts = KUBE_INT(status, "restartCount");
    if (restarts > draft->pod.restarts)
        draft->pod.restarts = restarts;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].reason, reason) != 0)
            continue;
        tell(draft, reasons[i].trouble, reason, KUBE_TEXT(waiting, "message"));
        size_t used = strlen(draft->words);
        if (reasons[i].trouble == KUBE_CRASHING && last != NULL)
            (void)snprintf(draft->words + used, sizeof draft->words - used,
                           "%sits container %s ended with %s, exit code %lld", used > 0 ? "; " : "",
                           KUBE_TEXT(status, "name"), KUBE_TEXT(last, "reason"),
                           (long long)KUBE_INT(last, "exitCode"));
    }
}

static void read_trouble(struct draft *draft)
{
    static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
    const json_t *scheduled = condition(draft, "PodScheduled");
    draft->pod.reason = "";
    if (strcmp(KUBE_TEXT(draft->status, "phase"), "Failed") == 0)
        tell(draft, KUBE_ENDED, KUBE_TEXT(draft->status, "reason"), KUBE_TEXT(draft->status, "message"));
    if (strcmp(KUBE_TEXT(scheduled, "status"), "False") == 0 && draft->pod.node[0] == '\0')
        tell(draft, KUBE_UNSCHEDULABLE, KUBE_TEXT(scheduled, "reason"), KUBE_TEXT(scheduled, "message"));
    for (size_t l = 0; l < 2; l++) {
        size_t i;
        json_t *status;
        json_array_foreach(json_object_get(draft->status, lists[l]), i, status)
        {
            container_trouble(draft, status);
        }
    }
    draft->pod.words = draft->words;
}

static void read_life(struct draft *draft)
{
    struct kube_pod *pod = &draft->pod;
    const json_t *ready = condition(draft, "Ready");
    const char *phase = KUBE_TEXT(draft->status, "phase");
    size_t i;
    json_t *finalizer;
    pod->created_ms = kube_time(KUBE_TEXT(draft->metadata, "creationTimestamp"));
    pod->deleted_ms = kube_time(KUBE_TEXT(draft->metadata, "deletionTimestamp"));
    pod->ready_since_ms = kube_time(KUBE_TEXT(ready, "lastTransitionTime"));
    pod->running = strcmp(phase, "Running") == 0;
    pod->ended =
        strcmp(phase, "Succeeded") == 0 || KUBE_AT(draft->metadata, "labels", KUBE_STAGE_LABEL) != NULL;
    pod->ready = pod->running && pod->deleted_ms == 0 && strcmp(KUBE_TEXT(ready, "status"), "True") == 0;
    json_array_foreach(json_object_get(draft->metadata, "finalizers"), i, finalizer)
    {
        size_t used = strlen(draft->finalizers);
        (void)snprintf(draft->finalizers + used, sizeof draft->finalizers - used, "%s%s", i > 0 ? ", " : "",
                       kube_text(finalizer));
    }
    pod->finalizers = draft->finalizers;
}

/* The draft's texts point anywhere; the pod's all point into its own tail. */
static struct kube_pod *keep(const struct draft *draft)
{
    struct kube_pod copy = draft->pod, *pod;
    const char **const texts[] = {&copy.id,     &copy.name,     &copy.uid,    &copy.node,  &copy.kind,
                                  &copy.owner,  &copy.set,      &copy.vdu,    &copy.image, &copy.version,
                                  &copy.digest, &copy.revision, &copy.reason, &copy.words, &copy.finalizers};
    size_t size = 0, at = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += strlen(*texts[i]) + 1;
    pod = malloc(sizeof *pod + size);
    if (pod == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(*texts[i]) + 1;
        memcpy(pod->text + at, *texts[i], length);
        *texts[i] = pod->text + at;
        at += length;
    }
    memcpy(pod, &copy, sizeof copy);
    atomic_init(&pod->references, 1);
    return pod;
}

struct kube_pod *kube_pod_read(const json_t *object, const char *vdu_label)
{
    struct draft draft = {.metadata = json_object_get(object, "metadata"),
                          .spec = json_object_get(object, "spec"),
                          .status = json_object_get(object, "status")};
    struct kube_pod *pod = &draft.pod;
    pod->name = KUBE_TEXT(draft.metadata, "name");
    pod->uid = KUBE_TEXT(draft.metadata, "uid");
    pod->node = KUBE_TEXT(draft.spec, "nodeName");
    if (pod->name[0] == '\0' || pod->uid[0] == '\0')
        return NULL;
    const json_t *container = kube_container(draft.metadata, draft.spec);
    read_owner(&draft);
    read_names(&draft, vdu_label);
    read_software(&draft, container, container_status(&draft, KUBE_TEXT(container, "name")));
    read_life(&draft);
    read_trouble(&draft);
    return keep(&draft);
}

struct kube_pod *kube_pod_hold(struct kube_pod *pod)
{
    pod->references++;
    return pod;
}

void kube_pod_drop(struct kube_pod *pod)
{
    if (pod != NULL && --pod->references == 0)
        free(pod);
}

/* ---- judging ---------------------------------------------------------------------------------------------
 */

const char *kube_pod_state(const struct kube_pod *pod)
{
    if (pod->ready)
        return "running";
    return pod->trouble == KUBE_CRASHING || pod->trouble == KUBE_ENDED ? "error" : "building";
}

static bool stuck_in_deletion(const struct kube_pod *pod, int64_t now_ms, int64_t patience_ms,
                              struct kube_err *err)
{
    if (now_ms < pod->deleted_ms + patience_ms)
        return false;
    if (pod->finalizers[0] != '\0')
        (void)kube_fail(
            err, FERRY_FAILURE_PERMANENT,
            "whoever set the finalizer has to remove it (kubectl describe pod names it); then retry",
            "pod %s does not go away: finalizer %s holds it", pod->name, pod->finalizers);
    else
        (void)kube_fail(
            err, FERRY_FAILURE_PERMANENT,
            "repair the node, or delete the pod with --force if the node is certainly off; then retry",
            "pod %s does not go away: the kubelet of node %s has not ended it for %lld s", pod->name,
            pod->node, (long long)(now_ms - pod->deleted_ms) / 1000);
    return true;
}

static const char *const hints[] = {
    [KUBE_UNSCHEDULABLE] = "make room or change the pod's constraints, then retry; or roll back",
    [KUBE_UNPULLABLE] = "correct the image's name or the registry's credentials, then retry; or roll back",
    [KUBE_MISCONFIGURED] =
        "correct what the pod refers to (ConfigMap, Secret, volume), then retry; or roll back",
    [KUBE_CRASHING] = "kubectl logs --previous shows its last words; retry, or roll back",
    [KUBE_ENDED] = "kubectl describe pod shows why; retry, or roll back",
    [KUBE_HOPELESS] = "correct the image of the order, then retarget; or roll back",
};

bool kube_pod_hopeless(const struct kube_pod *pod, int64_t now_ms, int64_t patience_ms, struct kube_err *err)
{
    if (pod->deleted_ms != 0)
        return stuck_in_deletion(pod, now_ms, patience_ms, err);
    if (pod->trouble == KUBE_WELL)
        return false;
    int64_t since = pod->ready_since_ms > pod->created_ms ? pod->ready_since_ms : pod->created_ms;
    bool lasting = now_ms - since >= patience_ms;
    bool looping = pod->trouble == KUBE_CRASHING && pod->restarts >= CRASHES_MOST;
    if (!lasting && !looping && pod->trouble != KUBE_HOPELESS && pod->trouble != KUBE_ENDED)
        return false;
    (void)kube_fail(err, FERRY_FAILURE_PERMANENT, hints[pod->trouble], "pod %s%s%s, image %s: %s%s%s",
                    pod->name, pod->node[0] != '\0' ? " on " : "", pod->node, pod->image, pod->reason,
                    pod->words[0] != '\0' ? ": " : "", pod->words);
    return true;
}
