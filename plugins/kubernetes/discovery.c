/* SPDX-License-Identifier: Apache-2.0 */
#include "discovery.h"

#include "api.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANEW_S 600

/* Group and versions, the best first, as paths. The order is the order of preference. */
static const struct {
    const char *group, *version, *path;
} known[] = {
    {"apps", "v1", "/apis/apps/v1"},
    {"autoscaling", "v2", "/apis/autoscaling/v2"},
    {"autoscaling", "v2beta2", "/apis/autoscaling/v2beta2"},
    {"policy", "v1", "/apis/policy/v1"},
    {"policy", "v1beta1", "/apis/policy/v1beta1"},
    {"keda.sh", "v1alpha1", "/apis/keda.sh/v1alpha1"},
    {"machine.openshift.io", "v1beta1", "/apis/machine.openshift.io/v1beta1"},
    {"cluster.x-k8s.io", "v1beta2", "/apis/cluster.x-k8s.io/v1beta2"},
    {"cluster.x-k8s.io", "v1beta1", "/apis/cluster.x-k8s.io/v1beta1"},
    {"snapshot.storage.k8s.io", "v1", "/apis/snapshot.storage.k8s.io/v1"},
    {"snapshot.storage.k8s.io", "v1beta1", "/apis/snapshot.storage.k8s.io/v1beta1"},
};

struct kube_discovery {
    pthread_mutex_t lock;
    json_t *apis; /* the answer of /apis, or NULL */
    time_t asked;
    const char *eviction; /* or NULL: not asked */
};

static time_t machine_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

struct kube_discovery *kube_discovery_new(void)
{
    struct kube_discovery *discovery = calloc(1, sizeof *discovery);
    if (discovery != NULL)
        (void)pthread_mutex_init(&discovery->lock, NULL);
    return discovery;
}

void kube_discovery_free(struct kube_discovery *discovery)
{
    if (discovery == NULL)
        return;
    json_decref(discovery->apis);
    (void)pthread_mutex_destroy(&discovery->lock);
    free(discovery);
}

static bool serves(const json_t *apis, const char *group, const char *version)
{
    size_t i, v;
    json_t *item, *served;
    json_array_foreach(json_object_get(apis, "groups"), i, item)
    {
        if (strcmp(KUBE_TEXT(item, "name"), group) != 0)
            continue;
        json_array_foreach(json_object_get(item, "versions"), v, served)
        {
            if (strcmp(KUBE_TEXT(served, "version"), version) == 0)
                return true;
        }
    }
    return false;
}

const char *kube_discovery_pick(const json_t *apis, const char *group)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].group, group) == 0 && serves(apis, group, known[i].version))
            return known[i].path;
    return "";
}

const char *kube_discovery_pick_eviction(const json_t *core)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(core, "resources"), i, item)
    {
        if (strcmp(KUBE_TEXT(item, "name"), "pods/eviction") == 0 &&
            strcmp(KUBE_TEXT(item, "version"), "v1") == 0)
            return "policy/v1";
    }
    return "policy/v1beta1";
}

/* Called with the lock held. An answer that is old is better than none. */
static bool ask(struct kube_discovery *discovery, struct kube_http *http, struct kube_err *err)
{
    if (discovery->apis != NULL && machine_s() - discovery->asked < ANEW_S)
        return true;
    json_t *apis = kube_api_get(http, "/apis", err);
    json_t *core = apis != NULL ? kube_api_get(http, "/api/v1", err) : NULL;
    if (core != NULL) {
        json_decref(discovery->apis);
        discovery->apis = json_incref(apis);
        discovery->eviction = kube_discovery_pick_eviction(core);
        discovery->asked = machine_s();
    }
    json_decref(apis);
    json_decref(core);
    return discovery->apis != NULL;
}

const char *kube_discovery_group(struct kube_discovery *discovery, struct kube_http *http, const char *group,
                                 struct kube_err *err)
{
    (void)pthread_mutex_lock(&discovery->lock);
    const char *path = ask(discovery, http, err) ? kube_discovery_pick(discovery->apis, group) : NULL;
    (void)pthread_mutex_unlock(&discovery->lock);
    return path;
}

const char *kube_discovery_eviction(struct kube_discovery *discovery, struct kube_http *http,
                                    struct kube_err *err)
{
    (void)pthread_mutex_lock(&discovery->lock);
    const char *version = ask(discovery, http, err) ? discovery->eviction : NULL;
    (void)pthread_mutex_unlock(&discovery->lock);
    return version;
}
