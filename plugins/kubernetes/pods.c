/* SPDX-License-Identifier: Apache-2.0 */
#include "pods.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define POINTER sizeof(void *)

struct list {
    struct kube_pod **pods; /* by name */
    size_t count, room;
};

struct kube_pods {
    pthread_mutex_t lock; /* known */
    struct list known, coming;
    char *vdu_label;
};

static int by_name(const void *a, const void *b)
{
    const struct kube_pod *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static void list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        kube_pod_drop(list->pods[i]);
    free(list->pods);
    *list = (struct list){0};
}

static bool list_room(struct list *list)
{
    if (list->count < list->room)
        return true;
    size_t room = list->room * 2 + 64;
    struct kube_pod **grown = realloc(list->pods, room * POINTER);
    if (grown == NULL)
        return false;
    list->pods = grown;
    list->room = room;
    return true;
}

/* Where a name is, or belongs. */
static size_t list_place(const struct list *list, const char *name, bool *ret_there)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(list->pods[middle]->name, name);
        if (order == 0) {
            *ret_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_there = false;
    return low;
}

struct kube_pods *kube_pods_new(const char *vdu_label)
{
    struct kube_pods *pods = calloc(1, sizeof(struct kube_pods));
    if (pods == NULL)
        return NULL;
    pods->vdu_label = strdup(vdu_label);
    (void)pthread_mutex_init(&pods->lock, NULL);
    return pods;
}

void kube_pods_free(struct kube_pods *pods)
{
    if (pods == NULL)
        return;
    list_free(&pods->known);
    list_free(&pods->coming);
    (void)pthread_mutex_destroy(&pods->lock);
    free(pods->vdu_label);
    free(pods);
}

/* ---- the writing thread ----------------------------------------------------------------------------------
 */

static struct kube_pod *read_one(const struct kube_pods *pods, const json_t *object)
{
    return kube_pod_read(object, pods->vdu_label != NULL ? pods->vdu_label : KUBE_PREFIX "vdu");
}

bool kube_pods_list_begin(struct kube_pods *pods)
{
    list_free(&pods->coming);
    return true;
}

bool kube_pods_list_add(struct kube_pods *pods, const json_t *object)
{
    struct kube_pod *pod = read_one(pods, object);
    if (pod == NULL || !list_room(&pods->coming)) {
        kube_pod_drop(pod);
        return false;
    }
    pods->coming.pods[pods->coming.count++] = pod;
    return true;
}

void kube_pods_list_end(struct kube_pods *pods)
{
    if (pods->coming.count > 1)
        qsort(pods->coming.pods, pods->coming.count, POINTER, by_name);
    (void)pthread_mutex_lock(&pods->lock);
    struct list former = pods->known;
    pods->known = pods->coming;
    (void)pthread_mutex_unlock(&pods->lock);
    pods->coming = (struct list){0};
    list_free(&former);
}

void kube_pods_list_drop(struct kube_pods *pods)
{
    list_free(&pods->coming);
}

static bool put(struct list *list, struct kube_pod *pod)
{
    bool there;
    size_t at = list_place(list, pod->name, &there);
    if (there) {
        kube_pod_drop(list->pods[at]);
    } else {
        if (!list_room(list))
            return false;
        memmove(list->pods + at + 1, list->pods + at, (list->count - at) * POINTER);
        list->count++;
    }
    list->pods[at] = pod;
    return true;
}

static void take(struct list *list, const char *name)
{
    bool there;
    size_t at = list_place(list, name, &there);
    if (!there)
        return;
    kube_pod_drop(list->pods[at]);
    list->count--;
    memmove(list->pods + at, list->pods + at + 1, (list->count - at) * POINTER);
}

bool kube_pods_event(struct kube_pods *pods, const json_t *object, bool gone)
{
    struct kube_pod *pod = gone ? NULL : read_one(pods, object);
    bool good = gone || pod != NULL;
    (void)pthread_mutex_lock(&pods->lock);
    if (gone)
        take(&pods->known, KUBE_TEXT(object, "metadata", "name"));
    else if (pod != NULL && !put(&pods->known, pod)) {
        kube_pod_drop(pod);
        good = false;
    }
    (void)pthread_mutex_unlock(&pods->lock);
    return good;
}

/* ---- readers ---------------------------------------------------------------------------------------------
 */

/* By instance; of one instance's pods the one that stays first, and of these its own before its heir. */
static int by_instance(const void *a, const void *b)
{
    const struct kube_pod *left = *(const struct kube_pod *const *)a,
                          *right = *(const struct kube_pod *const *)b;
    int order = strcmp(left->id, right->id);
    if (order == 0)
        order = (left->deleted_ms != 0) - (right->deleted_ms != 0);
    if (order == 0)
        order = (strcmp(left->id, left->name) != 0) - (strcmp(right->id, right->name) != 0);
    return order != 0 ? order : strcmp(left->name, right->name);
}

bool kube_pods_view(struct kube_pods *pods, struct kube_view *ret)
{
    (void)pthread_mutex_lock(&pods->lock);
    size_t count = 0;
    struct kube_pod **copy = malloc((pods->known.count + 1) * POINTER);
    for (size_t i = 0; i < pods->known.count && copy != NULL; i++)
        if (!pods->known.pods[i]->ended)
            copy[count++] = kube_pod_hold(pods->known.pods[i]);
    (void)pthread_mutex_unlock(&pods->lock);
    if (count > 1)
        qsort(copy, count, POINTER, by_instance);
    *ret = (struct kube_view){.pods = copy, .count = count};
    return copy != NULL;
}

void kube_view_free(struct kube_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        kube_pod_drop(view->pods[i]);
    free(view->pods);
    *view = (struct kube_view){0};
}

const struct kube_pod *kube_view_instance(const struct kube_view *view, const char *id)
{
    size_t low = 0, high = view->count;
    while (low < high) { /* the first that is not smaller */
        size_t middle = (low + high) / 2;
        if (strcmp(view->pods[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < view->count && strcmp(view->pods[low]->id, id) == 0 ? view->pods[low] : NULL;
}

const char *kube_pod_deployment(const struct kube_pod *pod, const json_t *sets)
{
    const json_t *known = json_object_get(sets, pod->set);
    return known != NULL ? kube_text(known) : pod->owner;
}
