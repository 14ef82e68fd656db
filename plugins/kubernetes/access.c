/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MS 15000

/* Rights without which a verb fails in the middle of a run. What only adds (nodes, logs, events) is not among
 * them. */
static const struct {
    const char *group, *resource, *sub;
    const char *verbs[6];
} rights[] = {
    {"", "pods", "", {"list", "watch", "create", "delete", "patch"}},
    {"", "pods", "eviction", {"create"}},
    {"", "configmaps", "", {"get", "create", "patch"}},
    {"apps", "statefulsets", "", {"get", "patch"}},
    {"apps", "daemonsets", "", {"get", "patch"}},
    {"apps", "deployments", "", {"get", "list", "create", "patch", "delete"}},
    {"apps", "replicasets", "", {"list", "watch", "delete"}},
    {"policy", "poddisruptionbudgets", "", {"get"}},
    {"autoscaling", "horizontalpodautoscalers", "", {"list", "patch"}},
    {"keda.sh", "scaledobjects", "", {"list", "patch"}},
};

#define RIGHTS (sizeof rights / sizeof rights[0])
#define MOST   (RIGHTS * 6)

struct asked {
    size_t right, verb;
};

static bool has_group(struct kube_op *op, const char *group)
{
    const char *path =
        group[0] != '\0' ? kube_discovery_group(op->kube->discovery, op->http, group, &op->err) : "core";
    return path != NULL && path[0] != '\0';
}

static bool fill(struct kube_op *op, const struct asked *asked, struct kube_request *request)
{
    json_t *body =
        json_pack("{s:s,s:s,s:{s:{s:s,s:s,s:s,s:s,s:s}}}", "apiVersion", "authorization.k8s.io/v1", "kind",
                  "SelfSubjectAccessReview", "spec", "resourceAttributes", "namespace", op->kube->name_space,
                  "verb", rights[asked->right].verbs[asked->verb], "group", rights[asked->right].group,
                  "resource", rights[asked->right].resource, "subresource", rights[asked->right].sub);
    request->method = "POST";
    request->path = strdup("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    request->body = body != NULL ? kube_api_body(body) : NULL;
    json_decref(body);
    return (request->path != NULL && request->body != NULL) || kube_no_memory(&op->err);
}

/* "patch statefulsets, create pods/eviction" grows by what was not allowed. */
static bool note(struct kube_op *op, const struct asked *asked, const struct kube_request *request,
                 char *missing, size_t size)
{
    if (request->status / 100 != 2) {
        kube_api_explain(request, &op->err);
        return false;
    }
    json_t *answer = json_loadb(request->reply != NULL ? request->reply : "", request->length, 0, NULL);
    bool allowed = json_is_true(KUBE_AT(answer, "status", "allowed"));
    size_t used = strlen(missing);
    json_decref(answer);
    if (!allowed)
        (void)snprintf(missing + used, size - used, "%s%s %s%s%s", used > 0 ? ", " : "",
                       rights[asked->right].verbs[asked->verb], rights[asked->right].resource,
                       rights[asked->right].sub[0] != '\0' ? "/" : "", rights[asked->right].sub);
    return true;
}

static size_t choose(struct kube_op *op, struct asked asked[MOST])
{
    size_t count = 0;
    for (size_t right = 0; right < RIGHTS; right++)
        for (size_t verb = 0;
             verb < 6 && rights[right].verbs[verb] != NULL && has_group(op, rights[right].group); verb++)
            asked[count++] = (struct asked){right, verb};
    return count;
}

bool kube_access_check(struct kube_op *op)
{
    struct asked asked[MOST];
    struct kube_request requests[MOST] = {{0}};
    char missing[600] = "";
    if (op->kube->rights_known)
        return true;
    if (!has_group(op, "apps"))
        return false; /* it cannot be reached: err says why */
    size_t count = choose(op, asked);
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = fill(op, &asked[i], &requests[i]);
    if (good)
        kube_http_send(op->http, requests, count, SEND_MS);
    for (size_t i = 0; i < count; i++) {
        good = good && note(op, &asked[i], &requests[i], missing, sizeof missing);
        kube_request_clear(&requests[i]);
    }
    op->kube->rights_known = good && missing[0] == '\0';
    return !good || missing[0] == '\0'
               ? good
               : kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                           "packaging/kubernetes/rbac.yaml has them all: kubectl apply it for this account",
                           "in namespace %s Ferry's account may not: %s", op->kube->name_space, missing);
}
