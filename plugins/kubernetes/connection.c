/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LIST_MS 15000
#define STALE_MS      10000
#define AGAIN_MS      250
#define ACCOUNT       "/var/run/secrets/kubernetes.io/serviceaccount"

/* ---- opening ---------------------------------------------------------------------------------------------
 */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *given_text(const json_t *given, const char *name)
{
    return strdup(KUBE_TEXT(given, name));
}

static bool read_target(struct kube *kube, const json_t *given, struct kube_err *err)
{
    const char *config = KUBE_TEXT(given, "kubeconfig");
    if (config[0] != '\0')
        return kube_target_read(config, KUBE_TEXT(given, "context"), &kube->target, err);
    return kube_target_in_cluster(ACCOUNT, getenv("KUBERNETES_SERVICE_HOST"),
                                  getenv("KUBERNETES_SERVICE_PORT"), &kube->target, err);
}

/* Names come into paths: nothing in them may end a segment. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool read_settings(struct kube *kube, const json_t *given, struct kube_err *err)
{
    if (!read_target(kube, given, err))
        return false;
    const char *name = KUBE_TEXT(given, "namespace"), *own = kube->target.name_space;
    kube->name_space = strdup(name[0] != '\0' ? name : own != NULL ? own : "default");
    kube->selector = given_text(given, "selector");
    kube->vdu_label = given_text(given, "vdu_label");
    kube->take_over = given_text(given, "take_over");
    kube->patience_ms = KUBE_INT(given, "patience_s") * 1000;
    kube->ready_ms = KUBE_INT(given, "ready_s") * 1000;
    kube->behind_owners = json_is_true(json_object_get(given, "behind_owners"));
    if (kube->name_space == NULL || kube->selector == NULL || kube->vdu_label == NULL ||
        kube->take_over == NULL)
        return kube_no_memory(err);
    return is_name(kube->name_space) || kube_fail(err, FERRY_FAILURE_INVALID, NULL,
                                                  "\"%.80s\" is no name of a namespace", kube->name_space);
}

static bool pods_begin(void *self)
{
    return kube_pods_list_begin(self);
}

static bool pods_add(void *self, const json_t *object)
{
    return kube_pods_list_add(self, object);
}

static void pods_end(void *self)
{
    kube_pods_list_end(self);
}

static void pods_drop(void *self)
{
    kube_pods_list_drop(self);
}

static bool pods_event(void *self, const json_t *object, bool gone)
{
    return kube_pods_event(self, object, gone);
}

static bool start(struct kube *kube, struct kube_err *err)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/namespaces/%s/pods", kube->name_space);
    kube->discovery = kube_discovery_new();
    kube->pods = kube_pods_new(kube->vdu_label);
    kube->nodes = kube_table_new(kube_node_row);
    kube->sets = kube_table_new(kube_set_row);
    for (size_t i = 0; i < 2; i++)
        kube->lanes[i] = kube_http_new(&kube->target);
    if (kube->discovery == NULL || kube->pods == NULL || kube->nodes == NULL || kube->sets == NULL ||
        kube->lanes[0] == NULL || kube->lanes[1] == NULL)
        return kube_no_memory(err);
    const struct kube_sink sink = {pods_begin, pods_add, pods_end, pods_drop, pods_event, kube->pods};
    const struct kube_sink nodes = kube_table_sink(kube->nodes), sets = kube_table_sink(kube->sets);
    kube->pods_watch = kube_watch_start(&kube->target, path, kube->selector, &sink, kube->host->log);
    kube->nodes_watch = kube_watch_start(&kube->target, "/api/v1/nodes", "", &nodes, kube->host->log);
    (void)snprintf(path, sizeof path, "/apis/apps/v1/namespaces/%s/replicasets", kube->name_space);
    kube->sets_watch = kube_watch_start(&kube->target, path, "", &sets, kube->host->log);
    return (kube->pods_watch != NULL && kube->nodes_watch != NULL && kube->sets_watch != NULL) ||
           kube_no_memory(err);
}

void *kube_open(const struct ferry_host *host, const char *text, char *why, size_t why_size)
{
    struct kube_err err = {0};
    json_t *given = json_loads(text, 0, NULL);
    struct kube *kube = calloc(1, sizeof *kube);
    (void)pthread_once(&curl_once, init_curl);
    bool good = kube != NULL && given != NULL;
    if (good) {
        kube->host = host;
        good = read_settings(kube, given, &err) && start(kube, &err);
    } else {
        (void)kube_no_memory(&err);
    }
    json_decref(given);
    if (good)
        return kube;
    (void)snprintf(why, why_size, "%s%s%s", err.message, err.hint[0] != '\0' ? "; " : "", err.hint);
    kube_close(kube);
    return NULL;
}

void kube_close(void *connection)
{
    struct kube *kube = connection;
    if (kube == NULL)
        return;
    kube_watch_stop(kube->pods_watch);
    kube_watch_stop(kube->nodes_watch);
    kube_watch_stop(kube->sets_watch);
    kube_pods_free(kube->pods);
    kube_table_free(kube->nodes);
    kube_table_free(kube->sets);
    kube_discovery_free(kube->discovery);
    kube_http_free(kube->lanes[0]);
    kube_http_free(kube->lanes[1]);
    kube_target_free(&kube->target);
    free(kube->name_space);
    free(kube->selector);
    free(kube->vdu_label);
    free(kube->take_over);
    free(kube);
}

/* ---- serving ---------------------------------------------------------------------------------------------
 */

char *kube_path(const struct kube_op *op, const char *group, const char *format, ...)
{
    char *tail = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&tail, format, args);
    va_end(args);
    if (length < 0)
        return NULL;
    char *path = kube_format("%s/namespaces/%s/%s", group, op->kube->name_space, tail);
    free(tail);
    return path;
}

bool kube_op_view(struct kube_op *op, struct kube_view *ret)
{
    if (!kube_watch_fresh(op->kube->pods_watch, FIRST_LIST_MS, STALE_MS, &op->err))
        return false;
    return kube_pods_view(op->kube->pods, ret) || kube_no_memory(&op->err);
}

static void tell_done(const struct kube_op *op, json_t *result, struct ferry_reply *reply)
{
    char *text = result != NULL ? kube_api_body(result) : NULL;
    if (text != NULL)
        op->kube->host->result(reply, text);
    else
        op->kube->host->failed(reply, FERRY_FAILURE_TRANSIENT, "the adapter's host is out of memory", "");
    free(text);
}

/* A server that asks for a rest gets it: an act is asked again then, an observation is repeated by Ferry. */
static void tell_failed(const struct kube_op *op, enum ferry_verb_kind kind, struct ferry_reply *reply)
{
    const struct kube_err *err = &op->err;
    bool conflict = err->status == 409; /* somebody else has written in between: look again */
    if (kind == FERRY_ENSURE && err->failure == FERRY_FAILURE_TRANSIENT && (err->after_ms > 0 || conflict))
        op->kube->host->progress(reply, err->after_ms > 0 ? err->after_ms : AGAIN_MS, op->done, op->total,
                                 err->message);
    else
        op->kube->host->failed(reply, err->failure, err->message, err->hint);
}

void kube_serve(void *connection, enum ferry_verb_kind kind, kube_verb *verb, const struct ferry_call *call,
                struct ferry_reply *reply)
{
    struct kube *kube = connection;
    json_t *result = NULL;
    struct kube_op op = {.kube = kube,
                         .http = kube->lanes[kind == FERRY_OBSERVE],
                         .call = call,
                         .args = json_loads(call->args != NULL ? call->args : "{}", 0, NULL)};
    enum kube_end end = KUBE_FAILED;
    (void)kube_no_memory(&op.err);
    if (op.args != NULL)
        end = verb(&op, &result);
    if (end == KUBE_DONE)
        tell_done(&op, result, reply);
    else if (end == KUBE_AGAIN)
        kube->host->progress(reply, AGAIN_MS, op.done, op.total, op.text);
    else
        tell_failed(&op, kind, reply);
    json_decref(result);
    json_decref(op.args);
}
