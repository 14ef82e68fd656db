/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes.h"

#include <pthread.h>
#include <stdlib.h>

struct kube_nodes {
    pthread_mutex_t lock; /* known */
    json_t *known, *coming;
};

struct kube_nodes *kube_nodes_new(void)
{
    struct kube_nodes *nodes = calloc(1, sizeof *nodes);
    if (nodes == NULL)
        return NULL;
    (void)pthread_mutex_init(&nodes->lock, NULL);
    nodes->known = json_object();
    return nodes;
}

void kube_nodes_free(struct kube_nodes *nodes)
{
    if (nodes == NULL)
        return;
    json_decref(nodes->known);
    json_decref(nodes->coming);
    (void)pthread_mutex_destroy(&nodes->lock);
    free(nodes);
}

/* Quantities of pods are plain numbers, written as text. */
static json_t *row_of(const json_t *object)
{
    const json_t *labels = KUBE_AT(object, "metadata", "labels");
    const char *zone = KUBE_TEXT(labels, "topology.kubernetes.io/zone");
    if (zone[0] == '\0')
        zone = KUBE_TEXT(labels, "failure-domain.beta.kubernetes.io/zone");
    long pods = strtol(KUBE_TEXT(object, "status", "allocatable", "pods"), NULL, 10);
    return json_pack("{s:s,s:I,s:b}", "zone", zone, "pods", (json_int_t)pods, "open",
                     !json_is_true(KUBE_AT(object, "spec", "unschedulable")));
}

static bool put(json_t *rows, const json_t *object)
{
    return json_object_set_new(rows, KUBE_TEXT(object, "metadata", "name"), row_of(object)) == 0;
}

static bool list_begin(void *self)
{
    struct kube_nodes *nodes = self;
    json_decref(nodes->coming);
    nodes->coming = json_object();
    return nodes->coming != NULL;
}

static bool list_add(void *self, const json_t *object)
{
    struct kube_nodes *nodes = self;
    return put(nodes->coming, object);
}

static void list_drop(void *self)
{
    struct kube_nodes *nodes = self;
    json_decref(nodes->coming);
    nodes->coming = NULL;
}

static void list_end(void *self)
{
    struct kube_nodes *nodes = self;
    (void)pthread_mutex_lock(&nodes->lock);
    json_t *former = nodes->known;
    nodes->known = nodes->coming;
    nodes->coming = NULL;
    (void)pthread_mutex_unlock(&nodes->lock);
    json_decref(former);
}

static bool on_event(void *self, const json_t *object, bool gone)
{
    struct kube_nodes *nodes = self;
    (void)pthread_mutex_lock(&nodes->lock);
    bool good = true;
    if (gone)
        (void)json_object_del(nodes->known, KUBE_TEXT(object, "metadata", "name"));
    else
        good = put(nodes->known, object);
    (void)pthread_mutex_unlock(&nodes->lock);
    return good;
}

struct kube_sink kube_nodes_sink(struct kube_nodes *nodes)
{
    return (struct kube_sink){list_begin, list_add, list_end, list_drop, on_event, nodes};
}

json_t *kube_nodes_all(struct kube_nodes *nodes)
{
    (void)pthread_mutex_lock(&nodes->lock);
    json_t *copy = json_deep_copy(nodes->known);
    (void)pthread_mutex_unlock(&nodes->lock);
    return copy;
}
