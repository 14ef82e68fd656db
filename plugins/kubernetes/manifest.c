/* SPDX-License-Identifier: Apache-2.0 */
/* What a backup keeps of an object, and what a pod template refers to. */
#include "backup.h"

#include <string.h>

static bool is_ours(const char *annotation)
{
    return strncmp(annotation, KUBE_PREFIX, strlen(KUBE_PREFIX)) == 0 &&
           strcmp(annotation, KUBE_NOTE_VERSION) != 0;
}

json_t *kube_backup_manifest(const json_t *object)
{
    json_t *metadata = json_object_get(object, "metadata"), *notes = json_object(), *value;
    const char *name;
    json_object_foreach(json_object_get(metadata, "annotations"), name, value)
    {
        if (!is_ours(name) && strcmp(name, "kubectl.kubernetes.io/last-applied-configuration") != 0)
            (void)json_object_set(notes, name, value);
    }
    json_t *labels = json_object_get(metadata, "labels");
    return json_pack("{s:s,s:s,s:{s:s,s:O*,s:o},s:O*}", "apiVersion", KUBE_TEXT(object, "apiVersion"), "kind",
                     KUBE_TEXT(object, "kind"), "metadata", "name", KUBE_TEXT(metadata, "name"), "labels",
                     labels, "annotations", notes, "spec", json_object_get(object, "spec"));
}

static void use(json_t *set, const json_t *name)
{
    if (json_is_string(name) && set != NULL)
        (void)json_object_set_new(set, json_string_value(name), json_true());
}

static void uses_of_container(const json_t *container, json_t *config_maps, json_t *secrets)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(container, "envFrom"), i, item)
    {
        use(config_maps, KUBE_AT(item, "configMapRef", "name"));
        use(secrets, KUBE_AT(item, "secretRef", "name"));
    }
    json_array_foreach(json_object_get(container, "env"), i, item)
    {
        use(config_maps, KUBE_AT(item, "valueFrom", "configMapKeyRef", "name"));
        use(secrets, KUBE_AT(item, "valueFrom", "secretKeyRef", "name"));
    }
}

static void uses_of_volume(const json_t *volume, json_t *config_maps, json_t *secrets)
{
    size_t i;
    json_t *source;
    use(config_maps, KUBE_AT(volume, "configMap", "name"));
    use(secrets, KUBE_AT(volume, "secret", "secretName"));
    json_array_foreach(KUBE_AT(volume, "projected", "sources"), i, source)
    {
        use(config_maps, KUBE_AT(source, "configMap", "name"));
        use(secrets, KUBE_AT(source, "secret", "name"));
    }
}

void kube_backup_uses(const json_t *template, json_t *config_maps, json_t *secrets)
{
    static const char *const lists[] = {"initContainers", "containers"};
    const json_t *spec = json_object_get(template, "spec");
    size_t i;
    json_t *item;
    for (size_t l = 0; l < 2; l++)
        json_array_foreach(json_object_get(spec, lists[l]), i, item)
        {
            uses_of_container(item, config_maps, secrets);
        }
    json_array_foreach(json_object_get(spec, "volumes"), i, item)
    {
        uses_of_volume(item, config_maps, secrets);
    }
    json_array_foreach(json_object_get(spec, "imagePullSecrets"), i, item)
    {
        use(secrets, json_object_get(item, "name"));
    }
}
