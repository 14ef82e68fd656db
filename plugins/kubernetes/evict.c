/* SPDX-License-Identifier: Apache-2.0 */
#include "evict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MS 20000

/* The cause reads: The disruption budget NAME needs 3 healthy pods and has 3 currently */
void kube_evict_budget(const json_t *status, char name[254])
{
    static const char before[] = "disruption budget ";
    const json_t *cause = json_array_get(KUBE_AT(status, "details", "causes"), 0);
    const char *at = strstr(KUBE_TEXT(cause, "message"), before);
    name[0] = '\0';
    if (at == NULL)
        return;
    at += sizeof before - 1;
    size_t length = strcspn(at, " ");
    if (length > 0 && length < 254 && strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length)
        (void)snprintf(name, 254, "%.*s", (int)length, at);
}

bool kube_evict_never(const json_t *budget)
{
    const json_t *status = json_object_get(budget, "status");
    json_int_t healthy = KUBE_INT(status, "currentHealthy"), expected = KUBE_INT(status, "expectedPods");
    return json_is_object(status) && KUBE_INT(status, "disruptionsAllowed") == 0 && expected > 0 &&
           healthy >= expected &&
           KUBE_INT(status, "observedGeneration") >= KUBE_INT(budget, "metadata", "generation");
}

static bool is_never(struct kube_op *op, const char *name)
{
    const char *group = kube_discovery_group(op->kube->discovery, op->http, "policy", &op->err);
    char *path =
        group != NULL && name[0] != '\0' ? kube_path(op, group, "poddisruptionbudgets/%s", name) : NULL;
    json_t *budget = path != NULL ? kube_api_find(op->http, path, &op->err) : NULL;
    bool never = kube_evict_never(budget);
    json_decref(budget);
    free(path);
    return never;
}

static bool blocked(struct kube_op *op, const struct kube_pod *pod, const struct kube_request *request,
                    struct kube_evictions *evictions)
{
    json_t *status = json_loadb(request->reply != NULL ? request->reply : "", request->length, 0, NULL);
    const json_t *cause = json_array_get(KUBE_AT(status, "details", "causes"), 0);
    const char *words = cause != NULL ? KUBE_TEXT(cause, "message") : KUBE_TEXT(status, "message");
    char name[254];
    kube_evict_budget(status, name);
    (void)snprintf(evictions->words, sizeof evictions->words, "%s: %s", pod->name, words);
    bool never = evictions->blocked++ == 0 && is_never(op, name);
    if (never)
        (void)kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                        "allow at least one disruption (kubectl edit poddisruptionbudget), then retry",
                        "PodDisruptionBudget %s lets no pod go, although all are healthy: %s", name, words);
    json_decref(status);
    return !never;
}

static bool judge(struct kube_op *op, const struct kube_pod *pod, const struct kube_request *request,
                  struct kube_evictions *evictions)
{
    if (request->status / 100 == 2)
        evictions->accepted++;
    if (request->status / 100 == 2 || request->status == 404 || request->status == 409)
        return true; /* gone, or another pod of that name: the next look tells */
    if (request->status == 429 && request->err.message[0] == '\0')
        return blocked(op, pod, request, evictions);
    kube_api_explain(request, &op->err);
    if (request->status == 500 && strstr(op->err.message, "more than one PodDisruptionBudget") != NULL)
        op->err.failure = FERRY_FAILURE_REFUSED;
    return false;
}

static bool fill(struct kube_op *op, const struct kube_pod *pod, const char *version,
                 struct kube_request *request)
{
    json_t *body = json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:{s:s}}}", "apiVersion", version, "kind", "Eviction",
                             "metadata", "name", pod->name, "namespace", op->kube->name_space,
                             "deleteOptions", "preconditions", "uid", pod->uid);
    request->method = "POST";
    request->path = kube_path(op, "/api/v1", "pods/%s/eviction", pod->name);
    request->body = body != NULL ? kube_api_body(body) : NULL;
    json_decref(body);
    return (request->path != NULL && request->body != NULL) || kube_no_memory(&op->err);
}

bool kube_evict(struct kube_op *op, struct kube_evictions *evictions)
{
    if (evictions->count == 0)
        return true;
    const char *version = kube_discovery_eviction(op->kube->discovery, op->http, &op->err);
    struct kube_request *requests = calloc(evictions->count, sizeof *requests);
    if (requests == NULL)
        return kube_no_memory(&op->err);
    bool good = version != NULL;
    for (size_t i = 0; i < evictions->count && good; i++)
        good = fill(op, evictions->pods[i], version, &requests[i]);
    if (good)
        kube_http_send(op->http, requests, evictions->count, SEND_MS);
    for (size_t i = 0; i < evictions->count; i++) {
        good = good && judge(op, evictions->pods[i], &requests[i], evictions);
        kube_request_clear(&requests[i]);
    }
    free(requests);
    return good;
}

static bool fill_end(struct kube_op *op, const struct kube_pod *pod, struct kube_request *request)
{
    json_t *body = json_pack("{s:s,s:s,s:{s:s}}", "apiVersion", "v1", "kind", "DeleteOptions",
                             "preconditions", "uid", pod->uid);
    request->method = "DELETE";
    request->path = kube_path(op, "/api/v1", "pods/%s", pod->name);
    request->body = body != NULL ? kube_api_body(body) : NULL;
    json_decref(body);
    return (request->path != NULL && request->body != NULL) || kube_no_memory(&op->err);
}

bool kube_end_pods(struct kube_op *op, const struct kube_evictions *pods)
{
    if (pods->count == 0)
        return true;
    struct kube_request *requests = calloc(pods->count, sizeof *requests);
    if (requests == NULL)
        return kube_no_memory(&op->err);
    bool good = true;
    for (size_t i = 0; i < pods->count && good; i++)
        good = fill_end(op, pods->pods[i], &requests[i]);
    if (good)
        kube_http_send(op->http, requests, pods->count, SEND_MS);
    for (size_t i = 0; i < pods->count; i++) {
        int status = requests[i].status;
        if (good && status / 100 != 2 && status != 404 && status != 409) {
            kube_api_explain(&requests[i], &op->err);
            good = false;
        }
        kube_request_clear(&requests[i]);
    }
    free(requests);
    return good;
}
