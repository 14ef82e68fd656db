/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One watch of one kind of object: list in pages, then follow the events, for as long as the connection is
 * open. A thread of its own does it; however many runs ask, the API server is asked once.
 *
 *     LIST (pages) --all--> WATCH (bookmarks) --ended--> WATCH again from the last version seen
 *       ^                     |                --410, or an event that cannot be read--> LIST
 *       `------- back-off ----'  (growing from 0.2 s to 10 s; Retry-After wins)
 */
#ifndef KUBE_WATCH_H
#define KUBE_WATCH_H

#include "http.h"

struct kube_watch;

/* What becomes of the objects; called by the watch's thread. False from add or event: list anew. */
struct kube_sink {
    bool (*begin)(void *self);
    bool (*add)(void *self, const json_t *object);
    void (*end)(void *self);
    void (*drop)(void *self);
    bool (*event)(void *self, const json_t *object, bool gone);
    void *self;
};

/* path: of the collection, "/api/v1/namespaces/core/pods"; selector may be "". Both are copied. */
struct kube_watch *kube_watch_start(const struct kube_target *target, const char *path, const char *selector,
                                    const struct kube_sink *sink, void (*log)(const char *text));
void kube_watch_stop(struct kube_watch *watch);

/*
 * Whether what the sink has may be believed now. Waits up to wait_ms for the first list. Not if the server
 * has not been reached for stale_ms: err says why.
 */
bool kube_watch_fresh(struct kube_watch *watch, int64_t wait_ms, int64_t stale_ms, struct kube_err *err);

/* How much it cost so far. */
struct kube_watch_cost {
    struct kube_traffic traffic;
    uint64_t lists, watches, events;
};
struct kube_watch_cost kube_watch_cost(struct kube_watch *watch);

#endif
