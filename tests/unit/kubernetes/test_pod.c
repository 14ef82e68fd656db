/* SPDX-License-Identifier: Apache-2.0 */
#include "pod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define VDU    KUBE_PREFIX "vdu"
#define NOW_MS (kube_time("2026-11-22T16:01:00Z"))

static struct kube_pod *read_pod(const char *metadata, const char *spec, const char *status)
{
    char *text = kube_format(
        "{\"metadata\":{\"name\":\"db-3\",\"uid\":\"u\",\"creationTimestamp\":"
        "\"2026-11-22T16:00:00Z\"%s},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"a\",\"image\":"
        "\"reg:5000/sdb:1.2\"}]%s},\"status\":{%s}}",
        metadata, spec, status);
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    struct kube_pod *pod = kube_pod_read(object, VDU);
    json_decref(object);
    free(text);
    return pod;
}

#define READY                                                                                                \
    "\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"                       \
    "\"containerStatuses\":[{\"name\":\"a\",\"imageID\":\"x@sha256:ab\",\"restartCount\":1}]"

static void test_a_ready_pod_is_an_instance(void **state)
{
    (void)state;
    struct kube_pod *pod =
        read_pod(",\"labels\":{\"ferry.dev/vdu\":\"SDB\"},\"ownerReferences\":[{\"controller\":"
                 "true,\"kind\":\"StatefulSet\",\"name\":\"db\"}]",
                 "", READY);
    assert_true(pod->ready);
    assert_string_equal(pod->id, "db-3");
    assert_string_equal(pod->vdu, "SDB");
    assert_string_equal(pod->kind, "StatefulSet");
    assert_string_equal(pod->owner, "db");
    assert_string_equal(pod->version, "1.2");
    assert_string_equal(pod->digest, "sha256:ab");
    assert_string_equal(kube_pod_state(pod), "running");
    kube_pod_drop(pod);
}

static void test_ids_stay_when_pods_do_not(void **state)
{
    (void)state;
    struct kube_pod *pod = read_pod(
        ",\"labels\":{\"pod-template-hash\":\"6f\"},\"ownerReferences\":[{\"controller\":true,\"kind\":"
        "\"ReplicaSet\",\"name\":\"svc-ferry-6f\"}],\"annotations\":{\"ferry.dev/instance\":\"svc-1\"}",
        "", READY);
    assert_string_equal(pod->kind, "Deployment");
    assert_string_equal(pod->owner, "svc-ferry");
    assert_string_equal(pod->vdu, "svc");
    assert_string_equal(pod->id, "svc-1");
    kube_pod_drop(pod);
    pod = read_pod(",\"ownerReferences\":[{\"controller\":true,\"kind\":\"DaemonSet\",\"name\":\"lb\"}]", "",
                   READY);
    assert_string_equal(pod->id, "lb@n1");
    kube_pod_drop(pod);
}

static void test_a_version_is_noted_labelled_or_the_tag(void **state)
{
    (void)state;
    struct kube_pod *pod = read_pod(",\"labels\":{\"app.kubernetes.io/version\":\"7\"}", "", READY);
    assert_string_equal(pod->version, "7");
    kube_pod_drop(pod);
    pod = read_pod(
        ",\"labels\":{\"app.kubernetes.io/version\":\"7\"},\"annotations\":{\"ferry.dev/version\":\"8\"}", "",
        READY);
    assert_string_equal(pod->version, "8");
    kube_pod_drop(pod);
    char tag[32];
    kube_image_tag("host:5000/a/b@sha256:00", tag, sizeof tag);
    assert_string_equal(tag, "");
    kube_image_tag("b:1.0@sha256:00", tag, sizeof tag);
    assert_string_equal(tag, "1.0");
}

#define WAITING(reason, words)                                                                               \
    "\"phase\":\"Pending\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":1,\"state\":{"            \
    "\"waiting\":{\"reason\":\"" reason "\",\"message\":\"" words "\"}}}]"

static void test_trouble_becomes_permanent_with_the_clusters_words(void **state)
{
    (void)state;
    static const struct {
        const char *metadata, *spec, *status;
        int64_t patience_ms;
        const char *words; /* NULL: it may still become well */
    } cases[] = {
        {"", "", READY, 0, NULL},
        {"", "", WAITING("ContainerCreating", ""), 0, NULL},
        {"", "", WAITING("ImagePullBackOff", "manifest unknown"), 61000, NULL},
        {"", "", WAITING("ImagePullBackOff", "manifest unknown"), 60000,
         "ImagePullBackOff: manifest unknown"},
        {"", "", WAITING("InvalidImageName", "bad"), 600000, "InvalidImageName: bad"},
        {"", "", WAITING("CrashLoopBackOff", "back-off 10s"), 61000, NULL},
        {"", "", WAITING("CreateContainerConfigError", "secret \\\"x\\\" not found"), 60000,
         "secret \"x\" not found"},
        {"", "",
         "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":3,\"state\":{"
         "\"waiting\":{"
         "\"reason\":\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"reason\":\"OOMKilled\","
         "\"exitCode\":137}}}]",
         600000, "its container a ended with OOMKilled, exit code 137"},
        {"", ",\"nodeName\":\"\"",
         "\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":"
         "\"Unschedulable\",\"message\":\"0/3 nodes are available\"}]",
         60000, "Unschedulable: 0/3 nodes are available"},
        {"", "", "\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"low on disk\"", 600000,
         "Evicted: low on disk"},
        {",\"deletionTimestamp\":\"2026-11-22T16:00:30Z\",\"finalizers\":[\"acme/drain\"]", "", READY, 31000,
         NULL},
        {",\"deletionTimestamp\":\"2026-11-22T16:00:30Z\",\"finalizers\":[\"acme/drain\"]", "", READY, 30000,
         "finalizer acme/drain holds it"},
        {",\"deletionTimestamp\":\"2026-11-22T16:00:30Z\"", "", READY, 30000, "the kubelet of node n1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* a later member of the same name wins in jansson: an empty node replaces the usual one */
        struct kube_pod *pod = read_pod(cases[i].metadata, cases[i].spec, cases[i].status);
        struct kube_err err = {0};
        bool hopeless = kube_pod_hopeless(pod, NOW_MS, cases[i].patience_ms, &err);
        if (hopeless != (cases[i].words != NULL) || (hopeless && strstr(err.message, cases[i].words) == NULL))
            fail_msg("case %zu: %d, %s", i, hopeless, err.message);
        kube_pod_drop(pod);
    }
}

static void test_no_shape_is_trusted(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}",
        "{\"metadata\":[]}",
        "{\"metadata\":{\"name\":1,\"uid\":{}}}",
        "{\"metadata\":{\"name\":\"a\"}}",
        "{\"spec\":7}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        json_t *object = json_loads(bodies[i], 0, NULL);
        assert_null(kube_pod_read(object, VDU));
        json_decref(object);
    }
    json_t *odd = json_loads(
        "{\"metadata\":{\"name\":\"a\",\"uid\":\"b\",\"labels\":7,\"annotations\":[1],\"ownerReferences\":"
        "{\"a\":1},\"finalizers\":\"x\"},\"spec\":{\"containers\":{}},\"status\":{\"conditions\":[1,null,{"
        "\"type\":"
        "{}}],\"containerStatuses\":[[],{\"state\":\"no\",\"restartCount\":\"9\"}]}}",
        0, NULL);
    struct kube_pod *pod = kube_pod_read(odd, VDU);
    assert_non_null(pod);
    assert_string_equal(pod->image, "");
    assert_string_equal(kube_pod_state(pod), "building");
    kube_pod_drop(pod);
    json_decref(odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ready_pod_is_an_instance),
        cmocka_unit_test(test_ids_stay_when_pods_do_not),
        cmocka_unit_test(test_a_version_is_noted_labelled_or_the_tag),
        cmocka_unit_test(test_trouble_becomes_permanent_with_the_clusters_words),
        cmocka_unit_test(test_no_shape_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
