/* SPDX-License-Identifier: Apache-2.0 */
#include "apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MS 20000

/* ---- conflicts -------------------------------------------------------------------------------------------
 */

/* A cause reads: conflict with "kubectl-create" using apps/v1 at 2026-11-22T16:00:00Z */
void kube_apply_holders(const json_t *status, char *holders, size_t size)
{
    size_t i, used = 0;
    json_t *cause;
    holders[0] = '\0';
    json_array_foreach(KUBE_AT(status, "details", "causes"), i, cause)
    {
        const char *from = strchr(KUBE_TEXT(cause, "message"), '"');
        const char *end = from != NULL ? strchr(from + 1, '"') : NULL;
        char name[128];
        if (strcmp(KUBE_TEXT(cause, "reason"), "FieldManagerConflict") != 0 || end == NULL)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(end - from - 1), from + 1);
        if (strstr(holders, name) != NULL || used + strlen(name) + 3 > size)
            continue;
        used += (size_t)snprintf(holders + used, size - used, "%s%s", used > 0 ? ", " : "", name);
    }
}

static bool begins_with_one(const char *holder, size_t length, const char *allowed)
{
    for (const char *at = allowed; *at != '\0';) {
        at += strspn(at, " ,");
        size_t name = strcspn(at, " ,");
        if (name > 0 && ((name == 1 && *at == '*') || (name <= length && strncmp(holder, at, name) == 0)))
            return true;
        at += name;
    }
    return false;
}

bool kube_apply_allowed(const char *holders, const char *allowed)
{
    bool all = holders[0] != '\0';
    for (const char *at = holders; all && *at != '\0';) {
        at += strspn(at, ", ");
        size_t length = strcspn(at, ",");
        all = length == 0 || begins_with_one(at, length, allowed);
        at += length;
    }
    return all;
}

/* ---- applying --------------------------------------------------------------------------------------------
 */

/*
 * The version is noted in the template only where nothing else tells it: a workload that goes back to its
 * former image has its former template then, and its controller knows the former revision again.
 */
const char *kube_apply_version(const struct kube_workload *workload, const char *image, const char *version)
{
    const json_t *labels = KUBE_AT(workload->object, "spec", "template", "metadata", "labels");
    const char *label = KUBE_TEXT(labels, "app.kubernetes.io/version");
    char tag[128];
    kube_image_tag(image, tag, sizeof tag);
    return strcmp(version, label[0] != '\0' ? label : tag) == 0 ? "" : version;
}

static json_t *wanted(const struct kube_workload *workload, const char *image, const char *version)
{
    const char *note = kube_apply_version(workload, image, version);
    json_t *notes = note[0] != '\0' ? json_pack("{s:s}", KUBE_NOTE_VERSION, note) : json_object();
    return json_pack("{s:s,s:s,s:{s:s,s:{s:s}},s:{s:{s:{s:o},s:{s:[{s:s,s:s}]}}}}", "apiVersion",
                     workload->kind->api, "kind", workload->kind->kind, "metadata", "name", workload->name,
                     "annotations", KUBE_NOTE_IMAGE, image, "spec", "template", "metadata", "annotations",
                     notes, "spec", "containers", "name",
                     KUBE_TEXT(kube_workload_container(workload), "name"), "image", image);
}

static bool send(struct kube_op *op, const struct kube_workload *workload, const char *body, bool force,
                 struct kube_request *request)
{
    char *path = kube_workload_path(op, workload);
    *request = (struct kube_request){.method = "PATCH", .type = KUBE_APPLY};
    if (path != NULL)
        request->path = kube_format("%s?fieldManager=" KUBE_MANAGER "%s", path, force ? "&force=true" : "");
    request->body = strdup(body);
    free(path);
    if (request->path == NULL || request->body == NULL)
        return kube_no_memory(&op->err);
    kube_http_send(op->http, request, 1, SEND_MS);
    return true;
}

static bool take_answer(struct kube_op *op, struct kube_workload *workload, struct kube_request *request)
{
    json_t *answer = request->status / 100 == 2 ? json_loadb(request->reply, request->length, 0, NULL) : NULL;
    if (answer == NULL) {
        kube_api_explain(request, &op->err);
        return false;
    }
    json_decref(workload->object);
    workload->object = answer;
    return true;
}

/* A field manager of another one: taken from whom we may, with a line in the log; refused otherwise. */
static bool settle(struct kube_op *op, struct kube_workload *workload, const char *body,
                   struct kube_request *request)
{
    char holders[256], allowed[512], title[300], line[700];
    json_t *status = json_loadb(request->reply != NULL ? request->reply : "", request->length, 0, NULL);
    kube_apply_holders(status, holders, sizeof holders);
    json_decref(status);
    (void)kube_workload_title(workload, title);
    if (holders[0] == '\0')
        return take_answer(op, workload, request);
    (void)snprintf(allowed, sizeof allowed, KUBE_MANAGER " %s", op->kube->take_over);
    if (!kube_apply_allowed(holders, allowed))
        return kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                         "upgrade through its owner, or add the name to the connection's setting take_over",
                         "the image of %s is managed by %s, which would set it back", title, holders);
    kube_request_clear(request);
    if (!send(op, workload, body, true, request))
        return false;
    bool good = take_answer(op, workload, request);
    (void)snprintf(line, sizeof line, "%s: the image was managed by %s and is Ferry's now", title, holders);
    if (good)
        op->kube->host->log(line);
    return good;
}

static bool apply(struct kube_op *op, struct kube_workload *workload, const char *image, const char *version)
{
    struct kube_request request = {0};
    json_t *object = wanted(workload, image, version);
    char *body = object != NULL ? kube_api_body(object) : NULL;
    json_decref(object);
    bool good = body != NULL ? send(op, workload, body, false, &request) : kube_no_memory(&op->err);
    if (good)
        good = request.status == 409 ? settle(op, workload, body, &request)
                                     : take_answer(op, workload, &request);
    kube_request_clear(&request);
    free(body);
    return good;
}

/* Whose the image in the template is, as far as managedFields tell. */
static const char *manager_of(const struct kube_workload *workload)
{
    const char *who = "somebody", *when = "";
    size_t i;
    json_t *entry;
    json_array_foreach(KUBE_AT(workload->object, "metadata", "managedFields"), i, entry)
    {
        const char *time = KUBE_TEXT(entry, "time"), *name = KUBE_TEXT(entry, "manager");
        if (KUBE_AT(entry, "fieldsV1", "f:spec", "f:template") != NULL && strcmp(name, KUBE_MANAGER) != 0 &&
            strcmp(time, when) >= 0) {
            who = name;
            when = time;
        }
    }
    return who;
}

bool kube_apply_image(struct kube_op *op, struct kube_workload *workload, const char *image,
                      const char *version)
{
    const json_t *container = kube_workload_container(workload);
    const char *now = KUBE_TEXT(container, "image");
    const char *ours = KUBE_TEXT(workload->object, "metadata", "annotations", KUBE_NOTE_IMAGE);
    const char *noted =
        KUBE_TEXT(workload->object, "spec", "template", "metadata", "annotations", KUBE_NOTE_VERSION);
    char title[300];
    if (strcmp(now, image) == 0 && strcmp(ours, image) == 0 &&
        strcmp(noted, kube_apply_version(workload, image, version)) == 0)
        return true;
    json_t *note = kube_note_read(workload->object);
    bool this_step = kube_note_is_mine(op, workload->object);
    bool this_run = strcmp(KUBE_TEXT(note, "run"), op->call->run) == 0 && op->call->run[0] != '\0';
    json_decref(note);
    if (container == NULL)
        return kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL, "%s has no container",
                         kube_workload_title(workload, title));
    if (this_step && this_run && strcmp(ours, image) == 0 && strcmp(now, image) != 0)
        return kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                         "find out who and why; retry sets it again, rollback goes back",
                         "%s has changed the image of %s to %s while Ferry was setting it to %s",
                         manager_of(workload), kube_workload_title(workload, title), now, image);
    return apply(op, workload, image, version);
}
