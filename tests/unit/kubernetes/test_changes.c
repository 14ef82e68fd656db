/* SPDX-License-Identifier: Apache-2.0 */
/* What is changed in a cluster, as far as it can be told without one: whom to ask, what to send, when to
 * refuse. */
#include "api.h"
#include "apply.h"
#include "backup.h"
#include "discovery.h"
#include "evict.h"
#include "guards.h"
#include "owner.h"
#include "replicas.h"
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *json(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void test_the_newest_version_both_know_is_spoken(void **state)
{
    (void)state;
    json_t *old = json("{\"groups\":[{\"name\":\"autoscaling\",\"versions\":[{\"version\":\"v1\"},{"
                       "\"version\":\"v2beta2\"}]},"
                       "{\"name\":\"policy\",\"versions\":[{\"version\":\"v1beta1\"}]}]}");
    json_t *new = json(
        "{\"groups\":[{\"name\":\"autoscaling\",\"versions\":[{\"version\":\"v2\"},{\"version\":\"v1\"}]},"
        "{\"name\":\"policy\",\"versions\":[{\"version\":\"v1\"}]}]}");
    json_t *core =
        json("{\"resources\":[{\"name\":\"pods/eviction\",\"group\":\"policy\",\"version\":\"v1\"}]}");
    json_t *none = json("{\"resources\":[7]}");
    assert_string_equal(kube_discovery_pick(old, "autoscaling"), "/apis/autoscaling/v2beta2");
    assert_string_equal(kube_discovery_pick(new, "autoscaling"), "/apis/autoscaling/v2");
    assert_string_equal(kube_discovery_pick(old, "policy"), "/apis/policy/v1beta1");
    assert_string_equal(kube_discovery_pick(new, "keda.sh"), "");
    assert_string_equal(kube_discovery_pick_eviction(core), "policy/v1");
    assert_string_equal(kube_discovery_pick_eviction(none), "policy/v1beta1");
    json_decref(old);
    json_decref(new);
    json_decref(core);
    json_decref(none);
}

static void test_a_conflict_names_whose_field_it_is(void **state)
{
    (void)state;
    char holders[128];
    json_t *status = json(
        "{\"details\":{\"causes\":[{\"reason\":\"FieldManagerConflict\",\"message\":\"conflict with "
        "\\\"kubectl-set\\\" "
        "using apps/v1\"},{\"reason\":\"FieldManagerConflict\",\"message\":\"conflict with \\\"helm\\\"\"},"
        "{\"reason\":\"FieldManagerConflict\",\"message\":\"conflict with \\\"helm\\\"\"},{\"reason\":7}]}}");
    kube_apply_holders(status, holders, sizeof holders);
    assert_string_equal(holders, "kubectl-set, helm");
    assert_false(kube_apply_allowed(holders, "kubectl"));
    assert_true(kube_apply_allowed(holders, "kubectl helm"));
    assert_true(kube_apply_allowed(holders, "*"));
    assert_false(kube_apply_allowed(holders, ""));
    assert_false(kube_apply_allowed("", "*"));
    json_decref(status);
}

static void test_a_budget_that_never_allows_is_known_by_its_figures(void **state)
{
    (void)state;
    char name[254];
    json_t *status = json("{\"details\":{\"causes\":[{\"reason\":\"DisruptionBudget\",\"message\":\"The "
                          "disruption budget core-db needs 3 "
                          "healthy pods and has 3 currently\"}]}}");
    kube_evict_budget(status, name);
    assert_string_equal(name, "core-db");
    json_decref(status);
    status = json("{\"details\":{\"causes\":[{\"message\":\"disruption budget ../../secrets needs\"}]}}");
    kube_evict_budget(status, name);
    assert_string_equal(name, "");
    json_decref(status);
    json_t *never = json("{\"status\":{\"disruptionsAllowed\":0,\"currentHealthy\":3,\"expectedPods\":3}}");
    json_t *now = json("{\"status\":{\"disruptionsAllowed\":0,\"currentHealthy\":2,\"expectedPods\":3}}");
    json_t *stale =
        json("{\"metadata\":{\"generation\":2},\"status\":{\"observedGeneration\":1,\"disruptionsAllowed\":0,"
             "\"currentHealthy\":3,\"expectedPods\":3}}");
    assert_true(kube_evict_never(never));
    assert_false(kube_evict_never(now));
    assert_false(kube_evict_never(stale));
    assert_false(kube_evict_never(NULL));
    json_decref(never);
    json_decref(now);
    json_decref(stale);
}

static void test_nobody_is_acted_behind_unless_told(void **state)
{
    (void)state;
    static const struct {
        const char *metadata, *owner;
    } cases[] = {
        {"{\"name\":\"db\"}", ""},
        {"{\"annotations\":{\"meta.helm.sh/release-name\":\"core\"}}", "Helm release core"},
        {"{\"labels\":{\"argocd.argoproj.io/instance\":\"core\"}}", "Argo CD application core"},
        {"{\"annotations\":{\"argocd.argoproj.io/tracking-id\":\"core:apps/StatefulSet:x/db\"}}",
         "Argo CD application core"},
        {"{\"labels\":{\"helm.toolkit.fluxcd.io/name\":\"core\"}}", "Flux HelmRelease core"},
        {"{\"ownerReferences\":[{\"controller\":true,\"kind\":\"AmfCluster\",\"name\":\"east\"}]}",
         "AmfCluster east"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[256];
        struct kube_err err = {0};
        json_t *object = json_pack("{s:o}", "metadata", json(cases[i].metadata));
        kube_owner_name(object, name, sizeof name);
        assert_string_equal(name, cases[i].owner);
        assert_int_equal(kube_owner_allows(object, false, &err), cases[i].owner[0] == '\0');
        assert_true(kube_owner_allows(object, true, &err));
        json_decref(object);
    }
    json_t *told = json("{\"metadata\":{\"labels\":{\"argocd.argoproj.io/"
                        "instance\":\"c\"},\"annotations\":{\"ferry.dev/behind-owner\":\"true\"}}}");
    assert_true(kube_owner_allows(told, false, NULL));
    json_decref(told);
}

/* RFC 7396, as the server does it. */
static void merge(json_t *target, const json_t *patch)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)patch, name, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(target, name);
        } else if (json_is_object(value)) {
            if (!json_is_object(json_object_get(target, name)))
                (void)json_object_set_new(target, name, json_object());
            merge(json_object_get(target, name), value);
        } else {
            (void)json_object_set(target, name, value);
        }
    }
}

static void test_what_is_held_is_given_back_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *object;
    } cases[] = {
        {"HorizontalPodAutoscaler", "{\"spec\":{\"maxReplicas\":3}}"},
        {"HorizontalPodAutoscaler", "{\"spec\":{\"behavior\":{\"scaleDown\":{\"stabilizationWindowSeconds\":"
                                    "7,\"policies\":[{\"value\":1}]}}}}"},
        {"HorizontalPodAutoscaler", "{\"spec\":{\"behavior\":{\"scaleUp\":{\"selectPolicy\":\"Min\"},"
                                    "\"scaleDown\":{\"selectPolicy\":\"Disabled\"}}}}"},
        {"ScaledObject", "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}"},
        {"ScaledObject", "{\"metadata\":{\"annotations\":{\"autoscaling.keda.sh/paused\":\"false\"}}}"},
        {"Deployment", "{\"spec\":{\"paused\":true}}"},
        {"Deployment", "{\"spec\":{\"replicas\":3}}"},
        {"MachineHealthCheck", "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":\"admin\"}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct kube_guarded *sort = kube_guarded;
        while (strcmp(sort->kind, cases[i].kind) != 0)
            sort++;
        json_t *before = json(cases[i].object), *object = json_deep_copy(before);
        json_t *was = sort->was(object), *hold = sort->hold(object), *back = sort->give_back(was);
        merge(object, hold);
        assert_true(sort->is_held(object));
        merge(object, back);
        if (!json_equal(object, before))
            fail_msg("%s, case %zu: %s", cases[i].kind, i, json_dumps(object, JSON_SORT_KEYS));
        json_decref(before);
        json_decref(object);
        json_decref(was);
        json_decref(hold);
        json_decref(back);
    }
}

static void test_an_answer_says_what_kind_of_failure_it_is(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum ferry_failure failure;
    } cases[] = {
        {401, FERRY_FAILURE_REFUSED},   {403, FERRY_FAILURE_REFUSED},   {404, FERRY_FAILURE_PERMANENT},
        {409, FERRY_FAILURE_TRANSIENT}, {422, FERRY_FAILURE_PERMANENT}, {429, FERRY_FAILURE_TRANSIENT},
        {500, FERRY_FAILURE_TRANSIENT}, {503, FERRY_FAILURE_TRANSIENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[] = "{\"message\":\"pods is forbidden\"}";
        struct kube_err err = {0};
        struct kube_request request = {
            .status = cases[i].status, .reply = body, .length = sizeof body - 1, .after_ms = 7};
        kube_api_explain(&request, &err);
        assert_int_equal(err.failure, cases[i].failure);
        assert_int_equal(err.after_ms, 7);
        assert_non_null(strstr(err.message, "pods is forbidden"));
    }
}

static void test_a_backup_has_names_of_secrets_and_nothing_of_the_servers(void **state)
{
    (void)state;
    json_t *object = json(
        "{\"apiVersion\":\"apps/"
        "v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"name\":\"db\",\"uid\":\"u\",\"managedFields\":[],"
        "\"annotations\":{\"ferry.dev/"
        "step\":\"x\",\"team\":\"core\"}},\"status\":{},\"spec\":{\"template\":{\"spec\":{"
        "\"imagePullSecrets\":[{\"name\":\"pull\"}],\"containers\":[{\"env\":[{\"valueFrom\":{"
        "\"secretKeyRef\":{\"name\":\"s1\"}}}],"
        "\"envFrom\":[{\"configMapRef\":{\"name\":\"c1\"}}]}],\"volumes\":[{\"configMap\":{\"name\":\"c2\"}},"
        "{\"secret\":{"
        "\"secretName\":\"s2\"}},{\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"c3\"}},7]}}]}}}}");
    json_t *manifest = kube_backup_manifest(object), *maps = json_object(), *secrets = json_object();
    kube_backup_uses(KUBE_AT(object, "spec", "template"), maps, secrets);
    kube_backup_uses(NULL, maps, secrets);
    assert_int_equal(json_object_size(maps), 3);
    assert_int_equal(json_object_size(secrets), 3);
    assert_non_null(json_object_get(maps, "c3"));
    assert_non_null(json_object_get(secrets, "pull"));
    assert_null(json_object_get(manifest, "status"));
    assert_null(KUBE_AT(manifest, "metadata", "uid"));
    assert_int_equal(json_object_size(KUBE_AT(manifest, "metadata", "annotations")), 1);
    assert_string_equal(KUBE_TEXT(manifest, "metadata", "annotations", "team"), "core");
    json_decref(object);
    json_decref(manifest);
    json_decref(maps);
    json_decref(secrets);
}

static void test_an_image_is_pulled_once_its_container_was_made(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int pulled;
    } cases[] = {
        {"{}", 0},
        {"{\"waiting\":{\"reason\":\"ContainerCreating\"}}", 0},
        {"{\"waiting\":{\"reason\":\"ErrImagePull\"}}", -1},
        {"{\"waiting\":{\"reason\":\"ImagePullBackOff\"}}", -1},
        {"{\"waiting\":{\"reason\":\"RunContainerError\"}}", 1},
        {"{\"terminated\":{\"exitCode\":0}}", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *pod =
            json_pack("{s:{s:[{s:o}]}}", "status", "containerStatuses", "state", json(cases[i].state));
        assert_int_equal(kube_stage_pulled(pod), cases[i].pulled);
        json_decref(pod);
    }
}

static void test_an_ordinal_is_a_number_behind_the_sets_name(void **state)
{
    (void)state;
    assert_int_equal(kube_ordinal("db-12", "db"), 12);
    assert_int_equal(kube_ordinal("db-x-1", "db"), -1);
    assert_int_equal(kube_ordinal("db-1x", "db"), -1);
    assert_int_equal(kube_ordinal("dbx-1", "db"), -1);
    assert_int_equal(kube_ordinal("db", "db"), -1);
    assert_int_equal(kube_ordinal("db--1", "db"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_version_both_know_is_spoken),
        cmocka_unit_test(test_a_conflict_names_whose_field_it_is),
        cmocka_unit_test(test_a_budget_that_never_allows_is_known_by_its_figures),
        cmocka_unit_test(test_nobody_is_acted_behind_unless_told),
        cmocka_unit_test(test_what_is_held_is_given_back_exactly),
        cmocka_unit_test(test_a_backup_has_names_of_secrets_and_nothing_of_the_servers),
        cmocka_unit_test(test_an_image_is_pulled_once_its_container_was_made),
        cmocka_unit_test(test_an_ordinal_is_a_number_behind_the_sets_name),
        cmocka_unit_test(test_an_answer_says_what_kind_of_failure_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
