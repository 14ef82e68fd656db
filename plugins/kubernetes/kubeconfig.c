/* SPDX-License-Identifier: Apache-2.0 */
#include "kubeconfig.h"

#include "yaml_tree.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256 * 1024)
#define FLATTEN  "`kubectl config view --flatten --minify --raw` writes a kubeconfig that stands alone"

/* ---- pieces ----------------------------------------------------------------------------------------------
 */

static char *read_file(const char *path, struct kube_err *err)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? calloc(1, FILE_MAX + 1) : NULL;
    size_t length = text != NULL ? fread(text, 1, FILE_MAX + 1, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    if (length > 0 && length <= FILE_MAX)
        return text;
    free(text);
    (void)kube_fail(err, FERRY_FAILURE_REFUSED, FLATTEN, "%s, which the kubeconfig names, %s", path,
                    file == NULL ? "cannot be opened" : "is empty or larger than 256 KiB");
    return NULL;
}

static char *decode(const char *base64, const char *what, struct kube_err *err)
{
    size_t length = strlen(base64);
    unsigned char *text = length <= FILE_MAX ? calloc(1, length + 4) : NULL;
    int decoded = text != NULL ? EVP_DecodeBlock(text, (const unsigned char *)base64, (int)length) : -1;
    if (decoded > 0)
        return (char *)text; /* zeroes behind it: padding is text's end */
    free(text);
    (void)kube_fail(err, FERRY_FAILURE_INVALID, NULL, "%s of the kubeconfig is no base64 of at most 256 KiB",
                    what);
    return NULL;
}

/* A PEM given as NAME-data or as a file NAME. Nothing of either: *ret stays NULL. */
static bool pem(const json_t *from, const char *name, char **ret, struct kube_err *err)
{
    char member[64];
    (void)snprintf(member, sizeof member, "%s-data", name);
    const char *data = kube_text(json_object_get(from, member));
    const char *path = kube_text(json_object_get(from, name));
    if (data[0] != '\0')
        *ret = decode(data, member, err);
    else if (path[0] == '/')
        *ret = read_file(path, err);
    else
        return path[0] == '\0' ||
               kube_fail(err, FERRY_FAILURE_INVALID, FLATTEN,
                         "%s is a relative file name, and a secret has no folder to start from", name);
    return *ret != NULL;
}

static bool copy(const json_t *from, const char *name, char **ret, struct kube_err *err)
{
    const char *text = kube_text(json_object_get(from, name));
    *ret = text[0] != '\0' ? strdup(text) : NULL;
    return text[0] == '\0' || *ret != NULL || kube_no_memory(err);
}

/* ---- the parts of a kubeconfig ---------------------------------------------------------------------------
 */

/* The entry NAME of the list clusters, users or contexts: what stands under kind. */
static const json_t *entry(const json_t *config, const char *list, const char *kind, const char *name,
                           struct kube_err *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(config, list), i, item)
    {
        const json_t *found = json_object_get(item, kind);
        if (strcmp(kube_text(json_object_get(item, "name")), name) == 0 && json_is_object(found))
            return found;
    }
    (void)kube_fail(err, FERRY_FAILURE_INVALID, "kubectl config get-contexts lists what there is",
                    "the kubeconfig has no %s \"%s\"", kind, name);
    return NULL;
}

static bool read_cluster(const json_t *cluster, struct kube_target *target, struct kube_err *err)
{
    const char *server = kube_text(json_object_get(cluster, "server"));
    if (strcmp(kube_text(json_object_get(cluster, "insecure-skip-tls-verify")), "true") == 0)
        return kube_fail(err, FERRY_FAILURE_REFUSED, "give it certificate-authority-data instead",
                         "the kubeconfig has insecure-skip-tls-verify: Ferry verifies whom it talks to");
    if (strncmp(server, "https://", 8) != 0 || server[8] == '\0')
        return kube_fail(err, FERRY_FAILURE_REFUSED, "its server must begin with https://",
                         "the cluster's server is \"%.80s\": Ferry speaks TLS only", server);
    if (!copy(cluster, "server", &target->server, err) ||
        !copy(cluster, "tls-server-name", &target->server_name, err) ||
        !copy(cluster, "proxy-url", &target->proxy, err))
        return false;
    for (size_t end = target->server != NULL ? strlen(target->server) : 0;
         end > 8 && target->server[end - 1] == '/'; end--)
        target->server[end - 1] = '\0';
    return pem(cluster, "certificate-authority", &target->ca, err);
}

static bool refuse_user(const json_t *user, struct kube_err *err)
{
    static const struct {
        const char *member, *why;
    } rows[] = {
        {"exec", "would have Ferry run a foreign program with its own rights"},
        {"auth-provider", "was removed from Kubernetes in 1.26"},
        {"password", "was removed from Kubernetes in 1.19"},
        {"as", "impersonates somebody else: the audit of the API server would name the wrong one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (json_object_get(user, rows[i].member) != NULL)
            return kube_fail(err, FERRY_FAILURE_REFUSED,
                             "give Ferry a client certificate, or the token of a service account of its own: "
                             "packaging/kubernetes/rbac.yaml has one",
                             "the kubeconfig's user has \"%s\", which %s", rows[i].member, rows[i].why);
    return true;
}

static bool read_user(const json_t *user, struct kube_target *target, struct kube_err *err)
{
    if (!refuse_user(user, err) || !pem(user, "client-certificate", &target->cert, err) ||
        !pem(user, "client-key", &target->key, err) || !copy(user, "token", &target->token, err) ||
        !copy(user, "tokenFile", &target->token_file, err))
        return false;
    if ((target->cert != NULL) != (target->key != NULL))
        return kube_fail(err, FERRY_FAILURE_INVALID, FLATTEN,
                         "the kubeconfig's user has a client certificate without its key, or the reverse");
    if (target->cert == NULL && target->token == NULL && target->token_file == NULL)
        return kube_fail(err, FERRY_FAILURE_INVALID, NULL,
                         "the kubeconfig's user has neither a client certificate nor a token");
    return target->token_file == NULL || target->token_file[0] == '/' ||
           kube_fail(err, FERRY_FAILURE_INVALID, NULL, "tokenFile is a relative file name");
}

static bool read_context(const json_t *config, const char *name, struct kube_target *target,
                         struct kube_err *err)
{
    if (name == NULL || name[0] == '\0')
        name = kube_text(json_object_get(config, "current-context"));
    const json_t *context = entry(config, "contexts", "context", name, err);
    const json_t *cluster = context == NULL ? NULL
                                            : entry(config, "clusters", "cluster",
                                                    kube_text(json_object_get(context, "cluster")), err);
    const json_t *user =
        cluster == NULL ? NULL
                        : entry(config, "users", "user", kube_text(json_object_get(context, "user")), err);
    return user != NULL && copy(context, "namespace", &target->name_space, err) &&
           read_cluster(cluster, target, err) && read_user(user, target, err);
}

bool kube_target_read(const char *text, const char *context, struct kube_target *ret, struct kube_err *err)
{
    struct kube_target target = {0};
    json_t *config = kube_yaml_parse(text, err);
    bool good = config != NULL && read_context(config, context, &target, err);
    json_decref(config);
    if (good)
        *ret = target;
    else
        kube_target_free(&target);
    return good;
}

/* ---- in a pod --------------------------------------------------------------------------------------------
 */

bool kube_target_in_cluster(const char *folder, const char *host, const char *port, struct kube_target *ret,
                            struct kube_err *err)
{
    struct kube_target target = {0};
    if (host == NULL || port == NULL || host[0] == '\0')
        return kube_fail(err, FERRY_FAILURE_INVALID, "give the connection a kubeconfig instead",
                         "this process is not in a pod: KUBERNETES_SERVICE_HOST is not set");
    bool six = strchr(host, ':') != NULL;
    char *ca = kube_format("%s/ca.crt", folder), *name = kube_format("%s/namespace", folder);
    target.server = kube_format("https://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port);
    target.token_file = kube_format("%s/token", folder);
    bool good = (ca != NULL && name != NULL && target.server != NULL && target.token_file != NULL) ||
                kube_no_memory(err);
    good = good && (target.ca = read_file(ca, err)) != NULL &&
           (target.name_space = read_file(name, err)) != NULL;
    if (good)
        target.name_space[strcspn(target.name_space, "\r\n")] = '\0';
    free(ca);
    free(name);
    if (good)
        *ret = target;
    else
        kube_target_free(&target);
    return good;
}

char *kube_target_token(const struct kube_target *target, struct kube_err *err)
{
    char *token = target->token_file != NULL ? read_file(target->token_file, err)
                                             : strdup(target->token != NULL ? target->token : "");
    if (token == NULL && target->token_file == NULL)
        (void)kube_no_memory(err);
    if (token != NULL)
        token[strcspn(token, "\r\n")] = '\0'; /* also: nothing after it gets into a header */
    return token;
}

static void wipe(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void kube_target_free(struct kube_target *target)
{
    free(target->server);
    free(target->server_name);
    free(target->proxy);
    free(target->name_space);
    free(target->ca);
    free(target->cert);
    wipe(target->key);
    wipe(target->token);
    free(target->token_file);
    *target = (struct kube_target){0};
}
