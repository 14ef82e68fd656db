/* SPDX-License-Identifier: Apache-2.0 */
#include "replicas.h"

#include "owner.h"
#include "upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_CREATED                                                                                         \
    KUBE_PREFIX "created" /* {"key","from","count"}: ordinals, so that the same key makes no more */
#define CREATED_MOST 1000

long kube_ordinal(const char *id, const char *set)
{
    size_t length = strlen(set);
    char *end = NULL;
    if (strncmp(id, set, length) != 0 || id[length] != '-' || id[length + 1] < '0' || id[length + 1] > '9')
        return -1;
    long ordinal = strtol(id + length + 1, &end, 10);
    return *end == '\0' ? ordinal : -1;
}

/* One look, and may Ferry change it? */
static bool look(struct kube_op *op, struct kube_workload *workload)
{
    char title[300];
    if (workload->kind != kube_kind_find("StatefulSet") || workload->kind == NULL)
        return kube_fail(&op->err, FERRY_FAILURE_REFUSED, "scale it with kubectl, or make it a StatefulSet",
                         "%s: single pods of it can be neither made nor taken away by name",
                         kube_workload_title(workload, title));
    return kube_workload_look(op, workload) && kube_note_fence(op, workload->object) &&
           kube_owner_allows(workload->object, op->kube->behind_owners, &op->err);
}

/* Replicas and notes in one write. */
static bool scale(struct kube_op *op, struct kube_workload *workload, json_int_t replicas, const char *verb,
                  const char *created)
{
    char *note = kube_note_new(op, verb);
    json_t *patch = note != NULL
                        ? json_pack("{s:{s:{s:s,s:s*}},s:{s:I}}", "metadata", "annotations", KUBE_NOTE_STEP,
                                    note, NOTE_CREATED, created, "spec", "replicas", replicas)
                        : NULL;
    free(note);
    return patch != NULL ? kube_workload_merge(op, workload, patch) : kube_no_memory(&op->err);
}

/* ---- create ----------------------------------------------------------------------------------------------
 */

static bool find_vdu(struct kube_op *op, const struct kube_view *view, struct kube_workload *ret)
{
    const char *vdu = KUBE_TEXT(op->args, "vdu");
    for (size_t i = 0; i < view->count; i++) {
        ret->kind = kube_kind_find(view->pods[i]->kind);
        if (strcmp(view->pods[i]->vdu, vdu) != 0 || ret->kind == NULL)
            continue;
        (void)snprintf(ret->name, sizeof ret->name, "%s", view->pods[i]->owner);
        return true;
    }
    return kube_fail(&op->err, FERRY_FAILURE_PERMANENT,
                     "its workload must have at least one pod to be known by",
                     "no pod of VDU %.80s is in namespace %s", vdu, op->kube->name_space);
}

/* The first ordinal that this key has made, scaling up if it has not yet. -1: failed. */
static long begin_create(struct kube_op *op, struct kube_workload *workload, json_int_t count)
{
    json_t *noted = json_loads(KUBE_TEXT(workload->object, "metadata", "annotations", NOTE_CREATED), 0, NULL);
    json_int_t from = KUBE_INT(workload->object, "spec", "replicas");
    bool made = strcmp(KUBE_TEXT(noted, "key"), op->call->key) == 0;
    if (made)
        from = KUBE_INT(noted, "from");
    json_decref(noted);
    if (made)
        return (long)from;
    json_t *now = json_pack("{s:s,s:I,s:I}", "key", op->call->key, "from", from, "count", count);
    char *text = now != NULL ? kube_api_body(now) : NULL;
    json_decref(now);
    bool good = text != NULL ? scale(op, workload, from + count, "create", text) : kube_no_memory(&op->err);
    free(text);
    return good ? (long)from : -1;
}

static enum kube_end wait_created(struct kube_op *op, const struct kube_view *view,
                                  const struct kube_workload *workload, long from, json_t *ids)
{
    const struct kube_wish wish = {.image = KUBE_TEXT(kube_workload_container(workload), "image"),
                                   .digest = "",
                                   .version = "",
                                   .verb = "create"};
    long first = (long)KUBE_INT(workload->object, "spec", "ordinals", "start") + from;
    for (int64_t i = 0; i < op->total; i++) {
        char id[300];
        (void)snprintf(id, sizeof id, "%s-%ld", workload->name, first + (long)i);
        enum kube_stand stand = kube_instance_stand(op, workload, kube_view_instance(view, id), &wish, false);
        if (stand == KUBE_RUINED)
            return KUBE_FAILED;
        op->done += stand == KUBE_RIGHT;
        (void)json_array_append_new(ids, json_string(id));
    }
    return op->done == op->total ? KUBE_DONE : KUBE_AGAIN;
}

/* New pods come from the template: another image is an upgrade. */
static bool image_fits(struct kube_op *op, const struct kube_workload *workload)
{
    const char *wanted = KUBE_TEXT(op->args, "image"),
               *has = KUBE_TEXT(kube_workload_container(workload), "image");
    return wanted[0] == '\0' || strcmp(wanted, has) == 0 ||
           kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                     "upgrade an instance first: that gives the template the image",
                     "StatefulSet %s makes pods with %s, not %s", workload->name, has, wanted);
}

enum kube_end kube_create(struct kube_op *op, json_t **ret_result)
{
    struct kube_workload workload = {0};
    struct kube_view view;
    json_int_t count = KUBE_INT(op->args, "count");
    enum kube_end end = KUBE_FAILED;
    json_t *ids = json_array();
    if (count > CREATED_MOST)
        (void)kube_fail(&op->err, FERRY_FAILURE_INVALID, NULL, "%lld instances at once are too many",
                        (long long)count);
    else if (kube_op_view(op, &view)) {
        op->total = (int64_t)count;
        long from = find_vdu(op, &view, &workload) && look(op, &workload) && image_fits(op, &workload)
                        ? begin_create(op, &workload, count)
                        : -1;
        if (from >= 0)
            end = wait_created(op, &view, &workload, from, ids);
        kube_view_free(&view);
    }
    if (end == KUBE_DONE)
        *ret_result = json_pack("{s:O}", "instances", ids);
    json_decref(ids);
    json_decref(workload.object);
    return end;
}

/* ---- remove ----------------------------------------------------------------------------------------------
 */

/* A StatefulSet loses its highest ordinals first: these must be the ones that are to go. */
static enum kube_end remove_from(struct kube_op *op, const struct kube_view *view,
                                 struct kube_workload *workload)
{
    json_int_t first = KUBE_INT(workload->object, "spec", "ordinals", "start");
    json_int_t replicas = KUBE_INT(workload->object, "spec", "replicas"), least = first + replicas, there = 0;
    bool gone = true;
    for (size_t i = 0; i < workload->count; i++) {
        long ordinal = kube_ordinal(workload->ids[i], workload->name);
        there += ordinal >= first && ordinal < first + replicas;
        if (ordinal >= 0 && ordinal < least)
            least = ordinal;
        gone = gone && kube_view_instance(view, workload->ids[i]) == NULL;
    }
    if (there > 0 && least != first + replicas - there) {
        (void)kube_fail(&op->err, FERRY_FAILURE_REFUSED, "remove the ones with the highest numbers",
                        "StatefulSet %s gives up its highest replicas first, and %s-%lld is none of these",
                        workload->name, workload->name, (long long)least);
        return KUBE_FAILED;
    }
    if (there > 0 && !scale(op, workload, replicas - there, "remove", NULL))
        return KUBE_FAILED;
    op->done += gone ? (int64_t)workload->count : 0;
    return gone ? KUBE_DONE : KUBE_AGAIN;
}

/* Of those that are there; what is not there is removed already. */
static bool keep_present(struct kube_op *op, const struct kube_view *view)
{
    json_t *present = json_array(), *id;
    size_t i;
    json_array_foreach(json_object_get(op->args, "instances"), i, id)
    {
        if (kube_view_instance(view, kube_text(id)) != NULL)
            (void)json_array_append(present, id);
    }
    (void)json_object_set(op->args, "all", json_object_get(op->args, "instances"));
    return json_object_set_new(op->args, "instances", present) == 0 || kube_no_memory(&op->err);
}

enum kube_end kube_remove(struct kube_op *op, json_t **ret_result)
{
    struct kube_view view;
    struct kube_workloads workloads = {0};
    if (!kube_op_view(op, &view))
        return KUBE_FAILED;
    op->total = (int64_t)json_array_size(json_object_get(op->args, "instances"));
    enum kube_end end =
        keep_present(op, &view) && kube_workloads_of(op, &view, &workloads) ? KUBE_DONE : KUBE_FAILED;
    for (size_t i = 0; i < workloads.count && end != KUBE_FAILED; i++) {
        enum kube_end one =
            look(op, &workloads.items[i]) ? remove_from(op, &view, &workloads.items[i]) : KUBE_FAILED;
        end = one == KUBE_FAILED || end == KUBE_DONE ? one : end;
    }
    if (end == KUBE_DONE)
        *ret_result = json_pack("{s:O}", "instances", json_object_get(op->args, "all"));
    kube_workloads_free(&workloads);
    kube_view_free(&view);
    return end;
}
