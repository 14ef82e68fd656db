/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "api.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE        "500"
#define WATCH_S     290 /* the server ends it then: a connection that died silently is noticed */
#define LINE_MAX_   (4 * 1024 * 1024)
#define PAUSE_LEAST 200
#define PAUSE_MOST  10000

struct kube_watch {
    pthread_t thread;
    struct kube_http *http;
    struct kube_sink sink;
    void (*log)(const char *text);
    char *path, *selector;
    char version[64]; /* resourceVersion up to which all is known; "" : list */
    char *line;       /* of the stream, not whole yet */
    size_t length, room;
    _Atomic bool stop;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    bool synced;         /* listed at least once */
    int64_t lost_ms;     /* machine time since which the server is not reached; 0: it is */
    struct kube_err err; /* why */
    _Atomic uint64_t lists, watches, events;
};

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void reached(struct kube_watch *watch, bool synced)
{
    (void)pthread_mutex_lock(&watch->lock);
    watch->synced |= synced;
    watch->lost_ms = 0;
    (void)pthread_cond_broadcast(&watch->changed);
    (void)pthread_mutex_unlock(&watch->lock);
}

static void lost(struct kube_watch *watch, const struct kube_err *err)
{
    (void)pthread_mutex_lock(&watch->lock);
    bool news = watch->lost_ms == 0;
    if (news)
        watch->lost_ms = machine_ms();
    watch->err = *err;
    (void)pthread_cond_broadcast(&watch->changed);
    (void)pthread_mutex_unlock(&watch->lock);
    if (news && !watch->stop)
        watch->log(err->message);
}

/* ---- list ------------------------------------------------------------------------------------------------
 */

static bool add_items(struct kube_watch *watch, const json_t *page)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(page, "items"), i, item)
    {
        if (!watch->sink.add(watch->sink.self, item))
            return false;
    }
    return true;
}

/* One page; *ret_more is its continue token, NULL after the last. */
static bool list_page(struct kube_watch *watch, const char *more, char **ret_more, struct kube_err *err)
{
    char *path = kube_format("%s?limit=" PAGE "%s%s%s%s", watch->path,
                             watch->selector[0] != '\0' ? "&labelSelector=" : "", watch->selector,
                             more != NULL ? "&continue=" : "", more != NULL ? more : "");
    json_t *page = path != NULL ? kube_api_get(watch->http, path, err) : NULL;
    free(path);
    if (page == NULL)
        return false;
    const char *next = KUBE_TEXT(page, "metadata", "continue");
    const char *version = KUBE_TEXT(page, "metadata", "resourceVersion");
    bool good = add_items(watch, page) || kube_no_memory(err);
    *ret_more = next[0] != '\0' ? kube_escape(next) : NULL;
    if (good && (next[0] != '\0') != (*ret_more != NULL))
        good = kube_no_memory(err);
    if (good && *ret_more == NULL) {
        if (version[0] == '\0' || strlen(version) >= sizeof watch->version)
            good = kube_fail(err, FERRY_FAILURE_TRANSIENT, NULL, "a list of %s has no version", watch->path);
        else
            memcpy(watch->version, version, strlen(version) + 1);
    }
    json_decref(page);
    return good;
}

static bool list_all(struct kube_watch *watch, struct kube_err *err)
{
    char *more = NULL;
    bool good = watch->sink.begin(watch->sink.self);
    watch->lists++;
    do {
        char *next = NULL;
        good = good && list_page(watch, more, &next, err);
        free(more);
        more = next;
    } while (good && more != NULL && !watch->stop);
    free(more);
    if (good && !watch->stop)
        watch->sink.end(watch->sink.self);
    else
        watch->sink.drop(watch->sink.self);
    return good;
}

/* ---- watch -----------------------------------------------------------------------------------------------
 */

/* One line of the stream. False: what is known cannot be trusted any more. */
static bool take_event(struct kube_watch *watch, const char *text, size_t length)
{
    json_t *event = json_loadb(text, length, 0, NULL);
    const json_t *object = json_object_get(event, "object");
    const char *type = KUBE_TEXT(event, "type");
    const char *version = KUBE_TEXT(object, "metadata", "resourceVersion");
    bool gone = strcmp(type, "DELETED") == 0, good = true;
    watch->events++;
    if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0 || gone)
        good = watch->sink.event(watch->sink.self, object, gone);
    else
        good = strcmp(type, "BOOKMARK") == 0; /* ERROR: 410 Gone, mostly */
    if (good && version[0] != '\0' && strlen(version) < sizeof watch->version)
        memcpy(watch->version, version, strlen(version) + 1);
    else
        watch->version[0] = '\0';
    json_decref(event);
    return watch->version[0] != '\0';
}

static bool keep_rest(struct kube_watch *watch, const char *data, size_t length)
{
    if (watch->length + length > LINE_MAX_)
        return false;
    if (watch->length + length > watch->room) {
        size_t room = (watch->length + length) * 2;
        char *grown = realloc(watch->line, room);
        if (grown == NULL)
            return false;
        watch->line = grown;
        watch->room = room;
    }
    if (length > 0)
        memcpy(watch->line + watch->length, data, length);
    watch->length += length;
    return true;
}

static bool on_data(void *context, const char *data, size_t length)
{
    struct kube_watch *watch = context;
    reached(watch, false);
    for (const char *end; length > 0 && (end = memchr(data, '\n', length)) != NULL;) {
        size_t line = (size_t)(end - data);
        bool whole = watch->length == 0;
        if (!whole && !keep_rest(watch, data, line))
            break;
        bool good = whole ? line == 0 || take_event(watch, data, line)
                          : take_event(watch, watch->line, watch->length);
        watch->length = 0;
        if (!good)
            return false;
        data += line + 1;
        length -= line + 1;
    }
    if (keep_rest(watch, data, length))
        return true;
    watch->version[0] = '\0';
    return false;
}

static bool follow(struct kube_watch *watch, struct kube_err *err)
{
    struct kube_request request = {.method = "GET"};
    request.path = kube_format(
        "%s?watch=true&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=%s%s%s", watch->path,
        WATCH_S, watch->version, watch->selector[0] != '\0' ? "&labelSelector=" : "", watch->selector);
    if (request.path == NULL)
        return kube_no_memory(err);
    watch->length = 0;
    watch->watches++;
    kube_http_stream(watch->http, &request, &watch->stop, on_data, watch);
    bool good = request.status == 200;
    if (request.status == 410)
        watch->version[0] = '\0';
    if (!good)
        kube_api_explain(&request, err);
    good = good || request.status == 410;
    kube_request_clear(&request);
    return good;
}

/* ---- the thread ------------------------------------------------------------------------------------------
 */

static void rest(struct kube_watch *watch, int64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->stop && pthread_cond_timedwait(&watch->changed, &watch->lock, &until) == 0)
        ;
    (void)pthread_mutex_unlock(&watch->lock);
}

static void *work(void *argument)
{
    struct kube_watch *watch = argument;
    int64_t pause = PAUSE_LEAST;
    while (!watch->stop) {
        struct kube_err err = {0};
        bool listing = watch->version[0] == '\0';
        int64_t began = machine_ms();
        bool good = listing ? list_all(watch, &err) : follow(watch, &err);
        if (good && listing)
            reached(watch, true);
        if (!good) {
            if (listing && err.status == 410)
                err.after_ms = PAUSE_LEAST; /* a list that took too long: from its beginning */
            lost(watch, &err);
            rest(watch, err.after_ms > pause ? err.after_ms : pause);
            pause = pause * 2 > PAUSE_MOST ? PAUSE_MOST : pause * 2;
        } else {
            pause = PAUSE_LEAST;
            if (!listing && machine_ms() - began < 1000)
                rest(watch, PAUSE_LEAST); /* a server that ends every watch at once is not asked in a loop */
        }
    }
    return NULL;
}

struct kube_watch *kube_watch_start(const struct kube_target *target, const char *path, const char *selector,
                                    const struct kube_sink *sink, void (*log)(const char *text))
{
    struct kube_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->sink = *sink;
    watch->log = log;
    watch->http = kube_http_new(target);
    watch->path = strdup(path);
    watch->selector = kube_escape(selector);
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_cond_init(&watch->changed, NULL);
    if (watch->http != NULL && watch->path != NULL && watch->selector != NULL &&
        pthread_create(&watch->thread, NULL, work, watch) == 0)
        return watch;
    kube_http_free(watch->http);
    free(watch->path);
    free(watch->selector);
    free(watch);
    return NULL;
}

void kube_watch_stop(struct kube_watch *watch)
{
    if (watch == NULL)
        return;
    (void)pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    (void)pthread_cond_broadcast(&watch->changed);
    (void)pthread_mutex_unlock(&watch->lock);
    kube_http_wake(watch->http);
    (void)pthread_join(watch->thread, NULL);
    kube_http_free(watch->http);
    (void)pthread_mutex_destroy(&watch->lock);
    (void)pthread_cond_destroy(&watch->changed);
    free(watch->path);
    free(watch->selector);
    free(watch->line);
    free(watch);
}

bool kube_watch_fresh(struct kube_watch *watch, int64_t wait_ms, int64_t stale_ms, struct kube_err *err)
{
    struct timespec until;
    int ended = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->synced && watch->lost_ms == 0 && ended == 0)
        ended = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
    bool fresh = watch->synced && (watch->lost_ms == 0 || machine_ms() - watch->lost_ms < stale_ms);
    if (!fresh) {
        *err = watch->err;
        if (err->message[0] == '\0')
            (void)kube_fail(err, FERRY_FAILURE_TIMEOUT, NULL,
                            "the first list of %s takes longer than %lld ms", watch->path,
                            (long long)wait_ms);
    }
    (void)pthread_mutex_unlock(&watch->lock);
    return fresh;
}

struct kube_watch_cost kube_watch_cost(struct kube_watch *watch)
{
    return (struct kube_watch_cost){kube_http_traffic(watch->http), watch->lists, watch->watches,
                                    watch->events};
}
