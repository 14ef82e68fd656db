/* SPDX-License-Identifier: Apache-2.0 */
#include "kubeconfig.h"
#include "yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                                 \
    "apiVersion: v1\nkind: Config\ncurrent-context: one\n"                                                   \
    "contexts:\n- name: one\n  context: {cluster: c, user: u, namespace: core}\n"                            \
    "- name: two\n  context:\n    cluster: d\n    user: u\n"
#define CLUSTERS                                                                                             \
    "clusters:\n- name: c\n  cluster: {server: 'https://10.0.0.1:6443/', certificate-authority-data: "       \
    "Q0E=}\n"                                                                                                \
    "- name: d\n  cluster: {server: https://other:6443}\n"
#define USER(text) "users:\n- name: u\n  user: {" text "}\n"

static void test_a_context_is_read_whole(void **state)
{
    (void)state;
    struct kube_target target;
    struct kube_err err = {0};
    assert_true(kube_target_read(
        HEAD CLUSTERS USER("client-certificate-data: Q0VSVA==, client-key-data: S0VZ"), "", &target, &err));
    assert_string_equal(target.server, "https://10.0.0.1:6443");
    assert_string_equal(target.name_space, "core");
    assert_string_equal(target.ca, "CA");
    assert_string_equal(target.cert, "CERT");
    assert_string_equal(target.key, "KEY");
    assert_null(target.token);
    kube_target_free(&target);
    assert_true(kube_target_read(HEAD CLUSTERS USER("token: abc"), "two", &target, &err));
    assert_string_equal(target.server, "https://other:6443");
    char *token = kube_target_token(&target, &err);
    assert_string_equal(token, "abc");
    free(token);
    kube_target_free(&target);
}

static void test_a_kubeconfig_in_json_is_read_too(void **state)
{
    (void)state;
    struct kube_target target;
    struct kube_err err = {0};
    assert_true(
        kube_target_read("{\"current-context\": \"x\", \"contexts\": [{\"name\": \"x\", \"context\": "
                         "{\"cluster\": \"c\", \"user\": \"u\"}}],"
                         "\"clusters\": [{\"name\": \"c\", \"cluster\": {\"server\": \"https://h:1\"}}],"
                         "\"users\": [{\"name\": \"u\", \"user\": {\"token\": \"t\"}}]}",
                         NULL, &target, &err));
    assert_null(target.name_space);
    kube_target_free(&target);
}

static void test_what_is_unsafe_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *context, *message;
    } cases[] = {
        {HEAD CLUSTERS USER("exec: {command: aws}"), "", "would have Ferry run a foreign program"},
        {HEAD CLUSTERS USER("auth-provider: {name: gcp}"), "", "removed from Kubernetes in 1.26"},
        {HEAD CLUSTERS USER("username: a, password: b"), "", "removed from Kubernetes in 1.19"},
        {HEAD CLUSTERS USER("token: t, as: admin"), "", "impersonates somebody else"},
        {HEAD CLUSTERS USER("client-certificate-data: Q0VSVA=="), "", "without its key"},
        {HEAD CLUSTERS USER("client-certificate: cert.pem, client-key: key.pem"), "", "relative file name"},
        {HEAD CLUSTERS USER("client-certificate: /nonexistent/x, client-key-data: S0VZ"), "",
         "cannot be opened"},
        {HEAD CLUSTERS USER("name: nobody"), "", "neither a client certificate nor a token"},
        {HEAD CLUSTERS USER("token: t"), "three", "has no context \"three\""},
        {HEAD "clusters:\n- name: c\n  cluster: {server: 'http://h:80'}\n" USER("token: t"), "", "TLS only"},
        {HEAD "clusters:\n- name: c\n  cluster: {server: 'https://h', insecure-skip-tls-verify: true}\n" USER(
             "token: t"),
         "", "insecure-skip-tls-verify"},
        {HEAD
         "clusters:\n- name: c\n  cluster: {server: 'https://h', certificate-authority-data: '*'}\n" USER(
             "token: t"),
         "", "no base64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kube_target target;
        struct kube_err err = {0};
        assert_false(kube_target_read(cases[i].text, cases[i].context, &target, &err));
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("case %zu says: %s", i, err.message);
        assert_null(strstr(err.message, "Q0VSVA"));
    }
}

static void test_hostile_yaml_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a: &x [1]\nb: *x\n", "aliases"},
        {"a: 1\na: 2\n", "twice"},
        {"a: 1\n---\nb: 2\n", "one document"},
        {"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "nested too deeply"},
        {"a: [1", "no YAML"},
        {"", "one document"},
        {"? [a]\n: b\n", "no plain text"},
        {"a: \"\\xff\"\nb: \xff\n", "no YAML"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kube_err err = {0};
        assert_null(kube_yaml_parse(cases[i].text, &err));
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("case %zu says: %s", i, err.message);
    }
}

static void test_a_service_account_is_taken_from_its_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"ca.crt", "namespace", "token"};
    static const char *const texts[] = {"CA\n", "core\n", "first\n"};
    char folder[] = "/tmp/ferry-kube-XXXXXX", path[64];
    struct kube_target target;
    struct kube_err err = {0};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        (void)fputs(texts[i], file);
        (void)fclose(file);
    }
    assert_true(kube_target_in_cluster(folder, "fd00::1", "443", &target, &err));
    assert_string_equal(target.server, "https://[fd00::1]:443");
    assert_string_equal(target.name_space, "core");
    FILE *file = fopen(path, "w"); /* rotated */
    (void)fputs("second\n", file);
    (void)fclose(file);
    char *token = kube_target_token(&target, &err);
    assert_string_equal(token, "second");
    free(token);
    kube_target_free(&target);
    assert_false(kube_target_in_cluster(folder, NULL, "443", &target, &err));
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    (void)remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_context_is_read_whole),
        cmocka_unit_test(test_a_kubeconfig_in_json_is_read_too),
        cmocka_unit_test(test_what_is_unsafe_is_refused_with_its_reason),
        cmocka_unit_test(test_hostile_yaml_is_refused),
        cmocka_unit_test(test_a_service_account_is_taken_from_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
