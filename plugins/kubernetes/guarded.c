/* SPDX-License-Identifier: Apache-2.0 */
/* The sorts of object that guards are about: how each is switched off and back. */
#include "guards.h"

#include <string.h>

static json_t *copy_of(const json_t *value)
{
    return value != NULL ? json_deep_copy(value) : json_null();
}

/* ---- HorizontalPodAutoscaler: both directions disabled, everything else of its behaviour stays -----------
 */

static const char *const directions[] = {"scaleUp", "scaleDown"};

static json_t *hpa_was(const json_t *object)
{
    return copy_of(KUBE_AT(object, "spec", "behavior"));
}

static json_t *hpa_hold(const json_t *object)
{
    (void)object;
    return json_pack("{s:{s:{s:{s:s},s:{s:s}}}}", "spec", "behavior", "scaleUp", "selectPolicy", "Disabled",
                     "scaleDown", "selectPolicy", "Disabled");
}

static bool hpa_is_held(const json_t *object)
{
    bool held = true;
    for (size_t i = 0; i < 2; i++)
        held = held &&
               strcmp(KUBE_TEXT(object, "spec", "behavior", directions[i], "selectPolicy"), "Disabled") == 0;
    return held;
}

/* A direction that was not there is taken out again; the server had filled it with defaults. */
static json_t *hpa_give_back(const json_t *was)
{
    if (!json_is_object(was))
        return json_pack("{s:{s:n}}", "spec", "behavior");
    json_t *behavior = json_deep_copy(was);
    for (size_t i = 0; i < 2; i++) {
        json_t *direction = json_object_get(behavior, directions[i]);
        if (direction == NULL)
            (void)json_object_set_new(behavior, directions[i], json_null());
        else if (json_object_get(direction, "selectPolicy") == NULL)
            (void)json_object_set_new(direction, "selectPolicy", json_null());
    }
    return json_pack("{s:{s:o}}", "spec", "behavior", behavior);
}

/* ---- those that an annotation pauses ---------------------------------------------------------------------
 */

#define KEDA_PAUSED "autoscaling.keda.sh/paused"
#define CAPI_PAUSED "cluster.x-k8s.io/paused"

static json_t *annotation(const json_t *object, const char *name)
{
    return copy_of(KUBE_AT(object, "metadata", "annotations", name));
}

static json_t *annotate(const char *name, json_t *value)
{
    return json_pack("{s:{s:{s:o}}}", "metadata", "annotations", name, value);
}

static json_t *keda_was(const json_t *object)
{
    return annotation(object, KEDA_PAUSED);
}

static json_t *keda_hold(const json_t *object)
{
    (void)object;
    return annotate(KEDA_PAUSED, json_string("true"));
}

static bool keda_is_held(const json_t *object)
{
    return strcmp(KUBE_TEXT(object, "metadata", "annotations", KEDA_PAUSED), "true") == 0;
}

static json_t *keda_give_back(const json_t *was)
{
    return annotate(KEDA_PAUSED, copy_of(was));
}

static json_t *mhc_was(const json_t *object)
{
    return annotation(object, CAPI_PAUSED);
}

static json_t *mhc_hold(const json_t *object)
{
    (void)object;
    return annotate(CAPI_PAUSED, json_string("ferry"));
}

static bool mhc_is_held(const json_t *object)
{
    return KUBE_AT(object, "metadata", "annotations", CAPI_PAUSED) != NULL;
}

static json_t *mhc_give_back(const json_t *was)
{
    return annotate(CAPI_PAUSED, copy_of(was));
}

/* ---- Deployment ------------------------------------------------------------------------------------------
 */

static json_t *deployment_was(const json_t *object)
{
    return json_boolean(json_is_true(KUBE_AT(object, "spec", "paused")));
}

static json_t *deployment_hold(const json_t *object)
{
    (void)object;
    return json_pack("{s:{s:b}}", "spec", "paused", 1);
}

static bool deployment_is_held(const json_t *object)
{
    return json_is_true(KUBE_AT(object, "spec", "paused"));
}

static json_t *deployment_give_back(const json_t *was)
{
    return json_pack("{s:{s:o}}", "spec", "paused", json_is_true(was) ? json_true() : json_null());
}

const struct kube_guarded kube_guarded[] = {
    {"scaling", "autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", false, hpa_was,
     hpa_hold, hpa_is_held, hpa_give_back},
    {"scaling", "keda.sh", "scaledobjects", "ScaledObject", false, keda_was, keda_hold, keda_is_held,
     keda_give_back},
    {"healing", "apps", "deployments", "Deployment", false, deployment_was, deployment_hold,
     deployment_is_held, deployment_give_back},
    {"healing", "machine.openshift.io", "machinehealthchecks", "MachineHealthCheck", true, mhc_was, mhc_hold,
     mhc_is_held, mhc_give_back},
    {"healing", "cluster.x-k8s.io", "machinehealthchecks", "MachineHealthCheck", true, mhc_was, mhc_hold,
     mhc_is_held, mhc_give_back},
    {NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL},
};
