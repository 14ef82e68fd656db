/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MS   20000
#define ITEMS_MAX 20000

char *kube_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
    char *copy = escaped != NULL ? strdup(escaped) : NULL;
    curl_free(escaped);
    return copy;
}

char *kube_api_body(const json_t *json)
{
    return json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
}

static const struct {
    int status;
    enum ferry_failure failure;
    const char *hint;
} meanings[] = {
    {400, FERRY_FAILURE_PERMANENT, NULL},
    {401, FERRY_FAILURE_REFUSED,
     "its token or client certificate has expired or was withdrawn: give the connection a new one"},
    {403, FERRY_FAILURE_REFUSED, "packaging/kubernetes/rbac.yaml has the rights that Ferry needs"},
    {404, FERRY_FAILURE_PERMANENT, NULL},
    {405, FERRY_FAILURE_PERMANENT, NULL},
    {413, FERRY_FAILURE_PERMANENT, NULL},
    {422, FERRY_FAILURE_PERMANENT, NULL},
};

void kube_api_explain(const struct kube_request *request, struct kube_err *err)
{
    if (request->err.message[0] != '\0') {
        *err = request->err;
        err->status = request->status;
        err->after_ms = request->after_ms;
        return;
    }
    enum ferry_failure failure = FERRY_FAILURE_TRANSIENT;
    const char *hint = NULL;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].status == request->status) {
            failure = meanings[i].failure;
            hint = meanings[i].hint;
        }
    json_t *answer = request->reply != NULL ? json_loadb(request->reply, request->length, 0, NULL) : NULL;
    const char *words = KUBE_TEXT(answer, "message");
    (void)kube_fail(err, failure, hint, "the API server answers %d: %.600s", request->status,
                    words[0] != '\0' ? words : "(no message)");
    json_decref(answer);
    err->status = request->status;
    err->after_ms = request->after_ms;
}

json_t *kube_api_call(struct kube_http *http, const char *method, const char *path, const char *type,
                      json_t *body, struct kube_err *err)
{
    struct kube_request request = {.method = method, .type = type, .path = strdup(path)};
    json_t *answer = NULL;
    request.body = body != NULL ? kube_api_body(body) : NULL;
    if (request.path == NULL || (body != NULL && request.body == NULL)) {
        (void)kube_no_memory(err);
    } else {
        kube_http_send(http, &request, 1, CALL_MS);
        if (request.status / 100 == 2) {
            answer = json_loadb(request.reply != NULL ? request.reply : "", request.length, 0, NULL);
            err->status = request.status;
            if (!json_is_object(answer)) {
                json_decref(answer);
                answer = NULL;
                (void)kube_fail(err, FERRY_FAILURE_TRANSIENT, "is it an API server?",
                                "the answer to %s %s is no JSON object", method, path);
            }
        } else {
            kube_api_explain(&request, err);
        }
    }
    json_decref(body);
    kube_request_clear(&request);
    return answer;
}

json_t *kube_api_get(struct kube_http *http, const char *path, struct kube_err *err)
{
    return kube_api_call(http, "GET", path, NULL, NULL, err);
}

json_t *kube_api_find(struct kube_http *http, const char *path, struct kube_err *err)
{
    err->status = 0;
    json_t *found = kube_api_get(http, path, err);
    return found == NULL && err->status == 404 ? json_null() : found;
}

json_t *kube_api_list(struct kube_http *http, const char *path, struct kube_err *err)
{
    json_t *all = json_array();
    char *more = NULL;
    bool good = all != NULL || kube_no_memory(err);
    do {
        char *page_path = kube_format("%s%climit=500%s%s", path, strchr(path, '?') != NULL ? '&' : '?',
                                      more != NULL ? "&continue=" : "", more != NULL ? more : "");
        json_t *page = good && page_path != NULL ? kube_api_get(http, page_path, err) : NULL;
        const char *next = KUBE_TEXT(page, "metadata", "continue");
        free(page_path);
        free(more);
        more = next[0] != '\0' ? kube_escape(next) : NULL;
        good = page != NULL && json_array_extend(all, json_object_get(page, "items")) == 0;
        if (page != NULL && !good)
            (void)kube_fail(err, FERRY_FAILURE_TRANSIENT, NULL, "the answer to %s is no list", path);
        json_decref(page);
    } while (good && more != NULL && json_array_size(all) < ITEMS_MAX);
    free(more);
    if (good)
        return all;
    json_decref(all);
    return NULL;
}
