/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *pod_named(const char *name, const char *instance, const char *owner, const char *phase)
{
    json_t *pod = json_pack("{s:{s:s,s:s,s:{s:s},s:[{s:b,s:s,s:s}],s:{s:s}},s:{s:s,s:[{s:s,s:s}]},s:{s:s}}",
                            "metadata", "name", name, "uid", name, "labels", "pod-template-hash", "h",
                            "ownerReferences", "controller", 1, "kind", "ReplicaSet", "name", owner,
                            "annotations", "ferry.dev/instance", instance, "spec", "nodeName", "n1",
                            "containers", "name", "a", "image", "svc:1", "status", "phase", phase);
    assert_non_null(pod);
    return pod;
}

static void put(struct kube_pods *pods, json_t *object, bool gone)
{
    assert_true(kube_pods_event(pods, object, gone));
    json_decref(object);
}

static size_t count_of(struct kube_pods *pods)
{
    struct kube_view view;
    assert_true(kube_pods_view(pods, &view));
    size_t count = view.count;
    kube_view_free(&view);
    return count;
}

static void test_a_list_replaces_what_was_known_and_events_change_it(void **state)
{
    (void)state;
    struct kube_pods *pods = kube_pods_new("ferry.dev/vdu");
    put(pods, pod_named("old", "", "svc-h", "Running"), false);
    assert_true(kube_pods_list_begin(pods));
    for (int i = 9; i >= 0; i--) {
        char name[16] = {'p', (char)('0' + i), '\0'};
        json_t *object = pod_named(name, "", "svc-h", "Running");
        assert_true(kube_pods_list_add(pods, object));
        json_decref(object);
    }
    assert_int_equal(count_of(pods), 1);
    kube_pods_list_end(pods);
    assert_int_equal(count_of(pods), 10);
    put(pods, pod_named("p3", "", "svc-h", "Running"), true);
    put(pods, pod_named("p4", "", "svc-h", "Running"), false);
    put(pods, pod_named("p55", "", "svc-h", "Running"), false);
    put(pods, pod_named("p6", "", "svc-h", "Succeeded"), false);
    assert_int_equal(count_of(pods), 9);
    assert_true(kube_pods_list_begin(pods));
    kube_pods_list_drop(pods);
    assert_int_equal(count_of(pods), 9);
    kube_pods_free(pods);
}

static void test_an_inventory_has_each_instance_once(void **state)
{
    (void)state;
    struct kube_pods *pods = kube_pods_new("ferry.dev/vdu");
    struct kube_view view;
    put(pods, pod_named("svc-h-b", "", "svc-h", "Running"), false);
    put(pods, pod_named("svc-h-a", "", "svc-h", "Running"), false);
    put(pods, pod_named("svc-ferry-h-a", "svc-h-a", "svc-ferry-h", "Running"), false); /* its heir */
    put(pods, pod_named("svc-ferry-h-b", "", "svc-ferry-h", "Running"), false);        /* nobody's yet */
    assert_true(kube_pods_view(pods, &view));
    assert_string_equal(kube_view_instance(&view, "svc-h-a")->name, "svc-h-a");
    assert_null(kube_view_instance(&view, "svc"));
    json_t *nodes = json_pack("{s:{s:s,s:i,s:b}}", "n1", "zone", "z1", "pods", 10, "open", 1);
    json_t *inventory = kube_inventory_of(&view, nodes, NULL);
    json_t *rows = json_object_get(inventory, "instances");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(KUBE_TEXT(json_array_get(rows, 0), "id"), "svc-h-a");
    assert_string_equal(KUBE_TEXT(json_array_get(rows, 0), "zone"), "z1");
    assert_int_equal(KUBE_INT(json_array_get(json_object_get(inventory, "hosts"), 0), "free"), 6);
    json_decref(inventory);
    json_decref(nodes);
    kube_view_free(&view);
    put(pods, pod_named("svc-h-a", "", "svc-h", "Running"), true);
    assert_true(kube_pods_view(pods, &view));
    assert_string_equal(kube_view_instance(&view, "svc-h-a")->name, "svc-ferry-h-a");
    kube_view_free(&view);
    kube_pods_free(pods);
}

static void test_a_pod_is_of_whom_its_replica_set_is(void **state)
{
    (void)state;
    json_t *object = pod_named("svc-ferry-h-a", "", "svc-ferry-h", "Running");
    json_t *sets = json_pack("{s:s,s:s}", "svc-ferry-h", "svc", "stray", "");
    struct kube_pod *pod = kube_pod_read(object, "ferry.dev/vdu");
    assert_string_equal(kube_pod_deployment(pod, NULL), "svc-ferry");
    assert_string_equal(kube_pod_deployment(pod, sets), "svc"); /* the source has taken it over */
    kube_pod_drop(pod);
    json_decref(sets);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_replaces_what_was_known_and_events_change_it),
        cmocka_unit_test(test_an_inventory_has_each_instance_once),
        cmocka_unit_test(test_a_pod_is_of_whom_its_replica_set_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
