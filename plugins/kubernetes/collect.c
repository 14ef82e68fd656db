/* SPDX-License-Identifier: Apache-2.0 */
#include "collect.h"

#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_MS  20000
#define LOG_MOST 65536
#define LOGS_MOST                                                                                            \
    (8 * 1024 * 1024) /* of all together: a result is at most 16 MiB, and quoting takes room                 \
                       */
#define WARNED 50     /* so many instances are asked for their events, one by one */

static bool add(json_t *items, const char *instance, const char *name, const char *text)
{
    json_t *item = json_pack("{s:s,s:s,s:s}", "instance", instance, "name", name, "text", text);
    return item != NULL && json_array_append_new(items, item) == 0;
}

/* What a program prints need not be UTF-8. */
static void make_text(char *text, size_t length)
{
    json_t *whole = json_stringn(text, length);
    for (size_t i = 0; whole == NULL && i < length; i++)
        if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || (text[i] & 0x80) != 0)
            text[i] = '?';
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0')
            text[i] = '?';
    json_decref(whole);
}

static bool add_log(json_t *items, const struct kube_pod *pod, const struct kube_request *request)
{
    char words[256];
    if (request->status == 200) {
        if (request->reply == NULL)
            return add(items, pod->id, "log", "");
        make_text(request->reply, request->length);
        return add(items, pod->id, "log", request->reply);
    }
    struct kube_err err = {0};
    kube_api_explain(request, &err);
    (void)snprintf(words, sizeof words, "the log could not be read: %.200s", err.message);
    return add(items, pod->id, "log", words);
}

static bool add_state(json_t *items, const struct kube_pod *pod)
{
    char *text = kube_format("pod %s on %s is %s, image %s (%s), restarted %lld times%s%s%s%s", pod->name,
                             pod->node, kube_pod_state(pod), pod->image, pod->version,
                             (long long)pod->restarts, pod->reason[0] != '\0' ? "; " : "", pod->reason,
                             pod->words[0] != '\0' ? ": " : "", pod->words);
    bool good = text != NULL && add(items, pod->id, "state", text);
    free(text);
    return good;
}

static bool collect_all(struct kube_op *op, const struct kube_pod **pods, size_t count, json_t *items)
{
    struct kube_request *requests = calloc(count + 1, sizeof *requests);
    size_t most = count > 0 && LOGS_MOST / count < LOG_MOST ? LOGS_MOST / count : LOG_MOST;
    bool good = requests != NULL;
    for (size_t i = 0; i < count && good; i++) {
        requests[i].method = "GET";
        requests[i].path =
            kube_path(op, "/api/v1", "pods/%s/log?tailLines=200&limitBytes=%zu", pods[i]->name, most);
        good = requests[i].path != NULL;
    }
    if (good)
        kube_http_send(op->http, requests, count, SEND_MS);
    for (size_t i = 0; i < count && requests != NULL; i++) {
        char words[300] = "";
        good = good && add_state(items, pods[i]) && add_log(items, pods[i], &requests[i]);
        if (good && i < WARNED)
            kube_events_newest(op, "Pod", pods[i]->name, words, sizeof words);
        good = good && (words[0] == '\0' || add(items, pods[i]->id, "warning", words));
        kube_request_clear(&requests[i]);
    }
    free(requests);
    return good || kube_no_memory(&op->err);
}

enum kube_end kube_collect(struct kube_op *op, json_t **ret_result)
{
    const json_t *ids = json_object_get(op->args, "instances");
    struct kube_view view;
    size_t i, picked = 0;
    json_t *id, *items = json_array();
    if (!kube_op_view(op, &view)) {
        json_decref(items);
        return KUBE_FAILED;
    }
    const struct kube_pod **pods = calloc(json_array_size(ids) + 1, sizeof(const struct kube_pod *));
    bool good = true;
    if (pods == NULL || items == NULL) {
        free(pods);
        json_decref(items);
        kube_view_free(&view);
        (void)kube_no_memory(&op->err);
        return KUBE_FAILED;
    }
    json_array_foreach(ids, i, id)
    {
        if (!good)
            break;
        const struct kube_pod *pod = kube_view_instance(&view, kube_text(id));
        if (pod != NULL)
            pods[picked++] = pod;
        else
            good =
                kube_fail(&op->err, FERRY_FAILURE_PERMANENT, NULL,
                          "there is no instance %.300s in namespace %s", kube_text(id), op->kube->name_space);
    }
    good = good && collect_all(op, pods, picked, items);
    free(pods);
    kube_view_free(&view);
    if (good)
        *ret_result = json_pack("{s:O}", "items", items);
    json_decref(items);
    return good ? KUBE_DONE : KUBE_FAILED;
}
