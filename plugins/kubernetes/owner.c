/* SPDX-License-Identifier: Apache-2.0 */
#include "owner.h"

#include <stdio.h>
#include <string.h>

/* Where each of them leaves its name. */
static const struct {
    const char *in, *key, *title;
} marks[] = {
    {"annotations", "argocd.argoproj.io/tracking-id", "Argo CD application"},
    {"labels", "argocd.argoproj.io/instance", "Argo CD application"},
    {"labels", "helm.toolkit.fluxcd.io/name", "Flux HelmRelease"},
    {"labels", "kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"},
    {"annotations", "meta.helm.sh/release-name", "Helm release"},
};

void kube_owner_name(const json_t *object, char *name, size_t size)
{
    const json_t *metadata = json_object_get(object, "metadata");
    size_t i;
    json_t *owner;
    name[0] = '\0';
    json_array_foreach(json_object_get(metadata, "ownerReferences"), i, owner)
    {
        if (json_is_true(json_object_get(owner, "controller"))) {
            (void)snprintf(name, size, "%s %s", KUBE_TEXT(owner, "kind"), KUBE_TEXT(owner, "name"));
            return;
        }
    }
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        const char *value = KUBE_TEXT(metadata, marks[m].in, marks[m].key);
        if (value[0] == '\0')
            continue;
        (void)snprintf(name, size, "%s %.*s", marks[m].title, (int)strcspn(value, ":"), value);
        return;
    }
    if (strcmp(KUBE_TEXT(metadata, "labels", "app.kubernetes.io/managed-by"), "Helm") == 0)
        (void)snprintf(name, size, "Helm release %s",
                       KUBE_TEXT(metadata, "labels", "app.kubernetes.io/instance"));
}

bool kube_owner_allows(const json_t *object, bool behind_owners, struct kube_err *err)
{
    char name[400];
    kube_owner_name(object, name, sizeof name);
    if (name[0] == '\0' || behind_owners ||
        strcmp(KUBE_TEXT(object, "metadata", "annotations", KUBE_PREFIX "behind-owner"), "true") == 0)
        return true;
    return kube_fail(
        err, FERRY_FAILURE_REFUSED,
        "pause it and annotate the workload ferry.dev/behind-owner=true, or set behind_owners for the "
        "connection; or let its owner do the upgrade",
        "%s %s belongs to %s, which would set back what Ferry changes", KUBE_TEXT(object, "kind"),
        KUBE_TEXT(object, "metadata", "name"), name);
}
