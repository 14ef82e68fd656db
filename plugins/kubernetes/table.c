/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct kube_table {
    pthread_mutex_t lock; /* known */
    json_t *known, *coming;
    kube_row *row;
};

struct kube_table *kube_table_new(kube_row *row)
{
    struct kube_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    (void)pthread_mutex_init(&table->lock, NULL);
    table->known = json_object();
    table->row = row;
    return table;
}

void kube_table_free(struct kube_table *table)
{
    if (table == NULL)
        return;
    json_decref(table->known);
    json_decref(table->coming);
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

/* Quantities of pods are plain numbers, written as text. */
json_t *kube_node_row(const json_t *object)
{
    const json_t *labels = KUBE_AT(object, "metadata", "labels");
    const char *zone = KUBE_TEXT(labels, "topology.kubernetes.io/zone");
    if (zone[0] == '\0')
        zone = KUBE_TEXT(labels, "failure-domain.beta.kubernetes.io/zone");
    long pods = strtol(KUBE_TEXT(object, "status", "allocatable", "pods"), NULL, 10);
    return json_pack("{s:s,s:I,s:b}", "zone", zone, "pods", (json_int_t)pods, "open",
                     !json_is_true(KUBE_AT(object, "spec", "unschedulable")));
}

json_t *kube_set_row(const json_t *object)
{
    const json_t *owner = json_array_get(KUBE_AT(object, "metadata", "ownerReferences"), 0);
    return json_string(strcmp(KUBE_TEXT(owner, "kind"), "Deployment") == 0 ? KUBE_TEXT(owner, "name") : "");
}

static bool put(const struct kube_table *table, json_t *rows, const json_t *object)
{
    return json_object_set_new(rows, KUBE_TEXT(object, "metadata", "name"), table->row(object)) == 0;
}

static bool list_begin(void *self)
{
    struct kube_table *table = self;
    json_decref(table->coming);
    table->coming = json_object();
    return table->coming != NULL;
}

static bool list_add(void *self, const json_t *object)
{
    struct kube_table *table = self;
    return put(table, table->coming, object);
}

static void list_drop(void *self)
{
    struct kube_table *table = self;
    json_decref(table->coming);
    table->coming = NULL;
}

static void list_end(void *self)
{
    struct kube_table *table = self;
    (void)pthread_mutex_lock(&table->lock);
    json_t *former = table->known;
    table->known = table->coming;
    table->coming = NULL;
    (void)pthread_mutex_unlock(&table->lock);
    json_decref(former);
}

static bool on_event(void *self, const json_t *object, bool gone)
{
    struct kube_table *table = self;
    (void)pthread_mutex_lock(&table->lock);
    bool good = true;
    if (gone)
        (void)json_object_del(table->known, KUBE_TEXT(object, "metadata", "name"));
    else
        good = put(table, table->known, object);
    (void)pthread_mutex_unlock(&table->lock);
    return good;
}

struct kube_sink kube_table_sink(struct kube_table *table)
{
    return (struct kube_sink){list_begin, list_add, list_end, list_drop, on_event, table};
}

json_t *kube_table_all(struct kube_table *table)
{
    (void)pthread_mutex_lock(&table->lock);
    json_t *copy = json_deep_copy(table->known);
    (void)pthread_mutex_unlock(&table->lock);
    return copy;
}
