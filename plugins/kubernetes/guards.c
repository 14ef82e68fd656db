/* SPDX-License-Identifier: Apache-2.0 */
#include "guards.h"

#include "notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_HELD KUBE_PREFIX "held" /* what the switched part was before, as JSON */

/* One object that the guard is about, as it was listed. */
struct found {
    const struct kube_guarded *sort;
    json_t *object;
    char *path;
};

struct founds {
    struct found *items;
    size_t count;
};

static void founds_free(struct founds *founds)
{
    for (size_t i = 0; i < founds->count; i++) {
        json_decref(founds->items[i].object);
        free(founds->items[i].path);
    }
    free(founds->items);
    *founds = (struct founds){0};
}

static const char *held_note(const json_t *object)
{
    return KUBE_TEXT(object, "metadata", "annotations", NOTE_HELD);
}

/* KEDA makes an HPA of its own for each ScaledObject and keeps it as it wants it. */
static bool is_anothers(const json_t *object)
{
    const json_t *owner = json_array_get(KUBE_AT(object, "metadata", "ownerReferences"), 0);
    return strcmp(KUBE_TEXT(owner, "kind"), "ScaledObject") == 0;
}

/* ---- finding ---------------------------------------------------------------------------------------------
 */

static bool keep(struct kube_op *op, struct founds *founds, const struct kube_guarded *sort,
                 const char *group, json_t *object)
{
    struct found *grown = realloc(founds->items, (founds->count + 1) * sizeof *grown);
    char *path = kube_format("%s/namespaces/%s/%s/%s", group, KUBE_TEXT(object, "metadata", "namespace"),
                             sort->plural, KUBE_TEXT(object, "metadata", "name"));
    if (grown != NULL)
        founds->items = grown;
    if (grown == NULL || path == NULL) {
        free(path);
        return kube_no_memory(&op->err);
    }
    founds->items[founds->count++] = (struct found){sort, json_incref(object), path};
    return true;
}

static bool find_sort(struct kube_op *op, const struct kube_guarded *sort, struct founds *founds)
{
    const char *group = kube_discovery_group(op->kube->discovery, op->http, sort->group, &op->err);
    if (group == NULL)
        return false;
    if (group[0] == '\0')
        return true; /* this cluster has none of them */
    char *path = sort->everywhere ? kube_format("%s/%s", group, sort->plural)
                                  : kube_path(op, group, "%s", sort->plural);
    json_t *list = path != NULL ? kube_api_list(op->http, path, &op->err) : NULL, *object;
    free(path);
    bool good = list != NULL || op->err.status == 404; /* of a group that serves others only */
    size_t i;
    json_array_foreach(list, i, object)
    {
        good = good && (is_anothers(object) || keep(op, founds, sort, group, object));
    }
    json_decref(list);
    return good;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

static bool find_all(struct kube_op *op, const char *guard, struct founds *ret)
{
    struct founds founds = {0};
    bool known = false, good = true;
    for (const struct kube_guarded *sort = kube_guarded; sort->guard != NULL && good; sort++) {
        if (strcmp(sort->guard, guard) != 0)
            continue;
        known = true;
        good = find_sort(op, sort, &founds);
    }
    if (good && !known)
        good = kube_fail(&op->err, FERRY_FAILURE_INVALID, "it has the guards healing and scaling",
                         "Kubernetes has no guard \"%.80s\"", guard);
    if (founds.count > 1)
        qsort(founds.items, founds.count, sizeof *founds.items, by_path);
    if (good)
        *ret = founds;
    else
        founds_free(&founds);
    return good;
}

/* ---- reading ---------------------------------------------------------------------------------------------
 */

/* Held as long as one object bears our note. What it was stands in the state of a guard that is on. */
static json_t *state_of(const struct founds *founds)
{
    json_t *objects = json_array();
    for (size_t i = 0; i < founds->count; i++) {
        const struct found *found = &founds->items[i];
        if (held_note(found->object)[0] != '\0') {
            json_decref(objects);
            return json_pack("{s:b}", "enabled", 0);
        }
        json_t *row = json_pack("{s:s,s:s,s:s,s:o}", "kind", found->sort->kind, "name",
                                KUBE_TEXT(found->object, "metadata", "name"), "namespace",
                                KUBE_TEXT(found->object, "metadata", "namespace"), "was",
                                found->sort->was(found->object));
        (void)json_array_append_new(objects, row);
    }
    return json_pack("{s:b,s:o}", "enabled", 1, "objects", objects);
}

enum kube_end kube_guard_read(struct kube_op *op, json_t **ret_result)
{
    const char *guard = KUBE_TEXT(op->args, "guard");
    struct founds founds;
    if (!find_all(op, guard, &founds))
        return KUBE_FAILED;
    *ret_result = json_pack("{s:s,s:o}", "guard", guard, "state", state_of(&founds));
    founds_free(&founds);
    return KUBE_DONE;
}

/* ---- setting ---------------------------------------------------------------------------------------------
 */

/* With our notes, and only if the object is still as it was listed. patch is stolen. */
static bool send(struct kube_op *op, const struct found *found, json_t *patch, json_t *held)
{
    char *note = kube_note_new(op, "guard_set");
    json_t *notes = json_pack("{s:{s:{s:s,s:o},s:s}}", "metadata", "annotations", KUBE_NOTE_STEP,
                              note != NULL ? note : "", NOTE_HELD, held, "resourceVersion",
                              KUBE_TEXT(found->object, "metadata", "resourceVersion"));
    char *path = kube_format("%s?fieldManager=" KUBE_MANAGER, found->path);
    json_t *answer = NULL;
    if (note != NULL && path != NULL && patch != NULL && notes != NULL &&
        json_object_update_recursive(patch, notes) == 0)
        answer = kube_api_call(op->http, "PATCH", path, KUBE_MERGE, json_incref(patch), &op->err);
    else
        (void)kube_no_memory(&op->err);
    json_decref(patch);
    json_decref(notes);
    json_decref(answer);
    free(note);
    free(path);
    return answer != NULL;
}

static bool hold(struct kube_op *op, const struct found *found)
{
    if (held_note(found->object)[0] != '\0')
        return true; /* and if it is on again, somebody else wants it so */
    json_t *was = found->sort->was(found->object);
    char *text = kube_api_body(was);
    json_decref(was);
    bool good = text != NULL ? send(op, found, found->sort->hold(found->object), json_string(text))
                             : kube_no_memory(&op->err);
    free(text);
    return good;
}

static bool give_back(struct kube_op *op, const struct found *found)
{
    const char *note = held_note(found->object);
    if (note[0] == '\0')
        return true;
    json_t *was = json_loads(note, JSON_DECODE_ANY, NULL);
    bool ours = was != NULL && found->sort->is_held(found->object);
    char line[400];
    (void)snprintf(line, sizeof line,
                   "guard %s: %s %s was changed by somebody else meanwhile; it stays as it is",
                   found->sort->guard, found->sort->kind, KUBE_TEXT(found->object, "metadata", "name"));
    if (!ours)
        op->kube->host->log(line);
    bool good = send(op, found, ours ? found->sort->give_back(was) : json_object(), json_null());
    json_decref(was);
    return good;
}

enum kube_end kube_guard_set(struct kube_op *op, json_t **ret_result)
{
    const json_t *state = json_object_get(op->args, "state"), *enabled = json_object_get(state, "enabled");
    struct founds founds;
    if (!json_is_boolean(enabled)) {
        (void)kube_fail(&op->err, FERRY_FAILURE_INVALID, NULL,
                        "a guard's state has \"enabled\": true or false");
        return KUBE_FAILED;
    }
    if (!find_all(op, KUBE_TEXT(op->args, "guard"), &founds))
        return KUBE_FAILED;
    bool good = true;
    for (size_t i = 0; i < founds.count && good; i++) {
        const struct found *found = &founds.items[i];
        good = kube_note_fence(op, found->object) &&
               (json_is_true(enabled) ? give_back(op, found) : hold(op, found));
        op->done += good;
    }
    op->total = (int64_t)founds.count;
    founds_free(&founds);
    if (good)
        *ret_result = json_pack("{s:O}", "state", state);
    return good ? KUBE_DONE : KUBE_FAILED;
}
