/* SPDX-License-Identifier: Apache-2.0 */
#include "backup.h"

#include "owner.h"
#include "upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL     KUBE_PREFIX "backup"
#define CONTENT   "backup.json"
#define NAME_MAX_ 64

static void name_of(const char *key, char name[NAME_MAX_])
{
    char digest[17];
    kube_digest(key, digest);
    (void)snprintf(name, NAME_MAX_, "ferry-backup-%s", digest);
}

/* JSON null if it is not there. */
static json_t *find_map(struct kube_op *op, const char *name)
{
    char *path = kube_path(op, "/api/v1", "configmaps/%s", name);
    json_t *found = path != NULL ? kube_api_find(op->http, path, &op->err) : NULL;
    free(path);
    return found;
}

/* What is there already is from a call that was cut off: the same. data is stolen. */
static bool put_map(struct kube_op *op, const char *name, const char *backup, json_t *data,
                    const json_t *binary)
{
    json_t *map =
        json_pack("{s:s,s:s,s:{s:s,s:{s:s},s:{s:s}},s:b,s:o*,s:O*}", "apiVersion", "v1", "kind", "ConfigMap",
                  "metadata", "name", name, "labels", LABEL, backup, "annotations", KUBE_PREFIX "key",
                  op->call->key, "immutable", 1, "data", data, "binaryData", binary);
    char *path = kube_path(op, "/api/v1", "configmaps");
    if (map == NULL || path == NULL) {
        json_decref(map);
        free(path);
        return kube_no_memory(&op->err);
    }
    json_t *answer = kube_api_call(op->http, "POST", path, KUBE_JSON, map, &op->err);
    free(path);
    bool good = answer != NULL || op->err.status == 409;
    json_decref(answer);
    return good;
}

/* ---- backup ----------------------------------------------------------------------------------------------
 */

/* Every instance there is, where the call names none. */
static bool name_instances(struct kube_op *op, const struct kube_view *view)
{
    if (json_object_get(op->args, "instances") != NULL)
        return true;
    json_t *ids = json_array();
    for (size_t i = 0; i < view->count; i++)
        if (kube_kind_find(view->pods[i]->kind) != NULL &&
            (i == 0 || strcmp(view->pods[i]->id, view->pods[i - 1]->id) != 0))
            (void)json_array_append_new(ids, json_string(view->pods[i]->id));
    return json_object_set_new(op->args, "instances", ids) == 0 || kube_no_memory(&op->err);
}

static bool copy_maps(struct kube_op *op, const char *backup, const json_t *used, json_t *ret_copies)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)used, name, value)
    {
        char copy[NAME_MAX_ + 24], digest[17];
        json_t *map = find_map(op, name);
        if (map == NULL)
            return false;
        kube_digest(name, digest);
        (void)snprintf(copy, sizeof copy, "%s-%s", backup, digest);
        bool good = json_is_null(map) || put_map(op, copy, backup, json_incref(json_object_get(map, "data")),
                                                 json_object_get(map, "binaryData"));
        if (good && !json_is_null(map))
            (void)json_object_set_new(ret_copies, name, json_string(copy));
        json_decref(map);
        if (!good)
            return false;
    }
    return true;
}

static bool write_backup(struct kube_op *op, const char *name, struct kube_workloads *workloads)
{
    json_t *manifests = json_array(), *maps = json_object(), *secrets = json_object(),
           *copies = json_object();
    bool good = true;
    for (size_t i = 0; i < workloads->count && good; i++) {
        struct kube_workload *workload = &workloads->items[i];
        good = kube_workload_look(op, workload) &&
               (json_array_append_new(manifests, kube_backup_manifest(workload->object)) == 0 ||
                kube_no_memory(&op->err));
        kube_backup_uses(KUBE_AT(workload->object, "spec", "template"), maps, secrets);
    }
    good = good && copy_maps(op, name, maps, copies);
    json_t *content =
        json_pack("{s:O,s:O,s:O}", "workloads", manifests, "configMaps", copies, "secrets", secrets);
    char *text = content != NULL ? json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (good)
        good = text != NULL ? put_map(op, name, name, json_pack("{s:s}", CONTENT, text), NULL)
                            : kube_no_memory(&op->err);
    free(text);
    json_decref(content);
    json_decref(manifests);
    json_decref(maps);
    json_decref(secrets);
    json_decref(copies);
    return good;
}

/* The content of a backup; NULL and err if it cannot be had, JSON null if it is not there. */
static json_t *read_backup(struct kube_op *op, const char *name)
{
    json_t *map = find_map(op, name);
    if (map == NULL || json_is_null(map))
        return map;
    json_t *content = json_loads(KUBE_TEXT(map, "data", CONTENT), 0, NULL);
    json_decref(map);
    if (content == NULL)
        (void)kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL, "ConfigMap %s is no backup of Ferry's",
                        name);
    return content;
}

static json_t *result_of(const char *name, const json_t *content)
{
    size_t items = json_array_size(json_object_get(content, "workloads")) +
                   json_object_size(json_object_get(content, "configMaps"));
    return json_pack("{s:s,s:I}", "id", name, "items", (json_int_t)items);
}

enum kube_end kube_backup(struct kube_op *op, json_t **ret_result)
{
    char name[NAME_MAX_];
    struct kube_view view;
    struct kube_workloads workloads = {0};
    name_of(op->call->key, name);
    if (!kube_op_view(op, &view))
        return KUBE_FAILED;
    /* instances are looked at first: one that is not there is refused, whatever the key */
    bool good = name_instances(op, &view) && kube_workloads_of(op, &view, &workloads);
    json_t *content = good ? read_backup(op, name) : NULL;
    if (json_is_null(content) && write_backup(op, name, &workloads))
        content = read_backup(op, name);
    kube_workloads_free(&workloads);
    kube_view_free(&view);
    if (json_is_object(content))
        *ret_result = result_of(name, content);
    json_decref(content);
    return *ret_result != NULL ? KUBE_DONE : KUBE_FAILED;
}

/* ---- restore ---------------------------------------------------------------------------------------------
 */

static bool restore_map(struct kube_op *op, const char *name, const char *copy)
{
    json_t *saved = find_map(op, copy), *now = saved != NULL ? find_map(op, name) : NULL;
    bool good = now != NULL;
    if (json_is_null(saved))
        good = kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL, "ConfigMap %s of the backup is gone", copy);
    bool same = json_equal(json_object_get(saved, "data"), json_object_get(now, "data")) &&
                json_equal(json_object_get(saved, "binaryData"), json_object_get(now, "binaryData"));
    if (good && !same) {
        json_t *map = json_pack("{s:s,s:s,s:{s:s},s:O*,s:O*}", "apiVersion", "v1", "kind", "ConfigMap",
                                "metadata", "name", name, "data", json_object_get(saved, "data"),
                                "binaryData", json_object_get(saved, "binaryData"));
        char *path = kube_path(op, "/api/v1", "configmaps/%s?fieldManager=" KUBE_MANAGER "&force=true", name);
        json_t *answer =
            path != NULL ? kube_api_call(op->http, "PATCH", path, KUBE_APPLY, map, &op->err) : NULL;
        good = answer != NULL;
        json_decref(answer);
        free(path);
    }
    json_decref(saved);
    json_decref(now);
    return good;
}

/* The template as it was, under OnDelete, so that nobody restarts before it is their turn. */
static bool restore_template(struct kube_op *op, struct kube_workload *workload, const json_t *manifest)
{
    const json_t *template = KUBE_AT(manifest, "spec", "template");
    if (json_equal(KUBE_AT(workload->object, "spec", "template"), template))
        return true;
    json_t *patch =
        json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:O}]", "op", "test", "path", "/metadata/resourceVersion", "value",
                  KUBE_TEXT(workload->object, "metadata", "resourceVersion"), "op", "replace", "path",
                  "/spec/template", "value", template);
    char *path = kube_workload_path(op, workload);
    json_t *answer = path != NULL && patch != NULL
                         ? kube_api_call(op->http, "PATCH", path, KUBE_PATCH, patch, &op->err)
                         : NULL;
    free(path);
    if (answer == NULL)
        return false;
    json_decref(workload->object);
    workload->object = answer;
    return true;
}

static bool instances_of(const struct kube_view *view, struct kube_workload *workload)
{
    workload->ids = calloc(view->count + 1, sizeof(const char *));
    for (size_t i = 0; i < view->count && workload->ids != NULL; i++)
        if (strcmp(view->pods[i]->owner, workload->name) == 0 &&
            strcmp(view->pods[i]->kind, workload->kind->kind) == 0)
            workload->ids[workload->count++] = view->pods[i]->id;
    return workload->ids != NULL;
}

static enum kube_end restore_one(struct kube_op *op, const struct kube_view *view, const json_t *manifest)
{
    struct kube_workload workload = {.kind = kube_kind_find(KUBE_TEXT(manifest, "kind"))};
    char version[128];
    enum kube_end end = KUBE_FAILED;
    (void)snprintf(workload.name, sizeof workload.name, "%s", KUBE_TEXT(manifest, "metadata", "name"));
    const json_t *template = KUBE_AT(manifest, "spec", "template");
    const json_t *container =
        kube_container(json_object_get(template, "metadata"), json_object_get(template, "spec"));
    struct kube_wish wish = {
        .image = KUBE_TEXT(container, "image"), .digest = "", .version = version, .verb = "restore"};
    const char *noted = KUBE_TEXT(template, "metadata", "annotations", KUBE_NOTE_VERSION);
    const char *label = KUBE_TEXT(template, "metadata", "labels", "app.kubernetes.io/version");
    kube_image_tag(wish.image, version, sizeof version);
    if (noted[0] != '\0' || label[0] != '\0')
        (void)snprintf(version, sizeof version, "%s", noted[0] != '\0' ? noted : label);
    if (workload.kind == NULL || wish.image[0] == '\0')
        (void)kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL,
                        "the backup has a workload without kind or image");
    else if (!instances_of(view, &workload))
        (void)kube_no_memory(&op->err);
    else if (kube_workload_look(op, &workload) && kube_note_fence(op, workload.object) &&
             kube_owner_allows(workload.object, op->kube->behind_owners, &op->err) &&
             kube_ondelete_hold(op, &workload, &wish) && restore_template(op, &workload, manifest)) {
        op->total += (int64_t)workload.count;
        end = kube_ondelete_upgrade(op, view, &workload, &wish);
    }
    json_decref(workload.object);
    free(workload.ids);
    return end;
}

static enum kube_end restore_all(struct kube_op *op, const struct kube_view *view, const json_t *content)
{
    enum kube_end end = KUBE_DONE;
    const char *name;
    json_t *value;
    size_t i;
    json_object_foreach(json_object_get(content, "configMaps"), name, value)
    {
        if (!restore_map(op, name, kube_text(value)))
            return KUBE_FAILED;
    }
    json_array_foreach(json_object_get(content, "workloads"), i, value)
    {
        enum kube_end one = end == KUBE_FAILED ? KUBE_FAILED : restore_one(op, view, value);
        end = one == KUBE_FAILED || end == KUBE_DONE ? one : end;
    }
    return end;
}

enum kube_end kube_restore(struct kube_op *op, json_t **ret_result)
{
    const char *id = KUBE_TEXT(op->args, "id");
    struct kube_view view;
    enum kube_end end = KUBE_FAILED;
    if (strncmp(id, "ferry-backup-", 13) != 0 || strspn(id + 13, "0123456789abcdef") != 16 ||
        strlen(id) != 29) {
        (void)kube_fail(&op->err, FERRY_FAILURE_INVALID, NULL, "\"%.80s\" is no id of a backup", id);
        return KUBE_FAILED;
    }
    json_t *content = read_backup(op, id);
    if (json_is_null(content))
        (void)kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL, "there is no backup %s in namespace %s", id,
                        op->kube->name_space);
    if (json_is_object(content) && kube_op_view(op, &view)) {
        end = restore_all(op, &view, content);
        kube_view_free(&view);
    }
    json_decref(content);
    *ret_result = end == KUBE_DONE ? json_object() : NULL;
    return end;
}
