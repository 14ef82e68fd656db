/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"

#include "apply.h"
#include "events.h"
#include "evict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_TWIN                                                                                            \
    KUBE_PREFIX "twin" /* {"run","step","to","from","need"}: replicas before, and how many change sides */
#define NOTE_ID KUBE_PREFIX "instance"
#define SEND_MS 20000

const char *kube_twin_image(const struct kube_workload *deployment)
{
    return KUBE_TEXT(kube_workload_container(deployment), "image");
}

/* Pods of Deployments, each with the one it belongs to. */
static bool is_of(const struct kube_pair *pair, const struct kube_pod *pod,
                  const struct kube_workload *deployment)
{
    return strcmp(pod->kind, "Deployment") == 0 &&
           strcmp(kube_pod_deployment(pod, pair->sets), deployment->name) == 0;
}

size_t kube_twin_pods(const struct kube_view *view, const struct kube_pair *pair,
                      const struct kube_workload *deployment)
{
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++)
        count += is_of(pair, view->pods[i], deployment) && view->pods[i]->deleted_ms == 0;
    return count;
}

/* ---- the pair --------------------------------------------------------------------------------------------
 */

static bool find_twin(struct kube_op *op, struct kube_pair *pair)
{
    pair->twin.kind = pair->source->kind;
    (void)snprintf(pair->twin.name, sizeof pair->twin.name, "%.240s" KUBE_TWIN, pair->source->name);
    char *path = kube_workload_path(op, &pair->twin);
    json_t *object = path != NULL ? kube_api_find(op->http, path, &op->err) : NULL;
    free(path);
    if (object == NULL)
        return false;
    pair->twin.object = json_is_object(object) ? object : NULL;
    return true;
}

/* The template's container gets the image; its version is noted where it has to be. */
static bool set_image(const struct kube_pair *pair, json_t *spec, const struct kube_wish *wish)
{
    const char *note = kube_apply_version(pair->source, wish->image, wish->version);
    json_t *template = json_object_get(spec, "template"), *metadata = json_object_get(template, "metadata");
    json_t *container = (json_t *)(uintptr_t)kube_container(metadata, json_object_get(template, "spec"));
    if (json_object_get(metadata, "annotations") == NULL && note[0] != '\0')
        (void)json_object_set_new(metadata, "annotations", json_object());
    json_t *notes = json_object_get(metadata, "annotations");
    (void)json_object_del(notes, KUBE_NOTE_VERSION);
    if (json_object_size(notes) == 0 && note[0] == '\0')
        (void)json_object_del(metadata, "annotations");
    return json_object_set_new(container, "image", json_string(wish->image)) == 0 &&
           (note[0] == '\0' || json_object_set_new(notes, KUBE_NOTE_VERSION, json_string(note)) == 0);
}

/* The source as it is, but with the image, no replicas and a name of its own. */
static bool make_twin(struct kube_op *op, struct kube_pair *pair, const struct kube_wish *wish)
{
    json_t *spec = json_deep_copy(KUBE_AT(pair->source->object, "spec"));
    (void)json_object_set_new(spec, "replicas", json_integer(0));
    (void)json_object_del(spec, "paused");
    if (!set_image(pair, spec, wish)) {
        json_decref(spec);
        return kube_no_memory(&op->err);
    }
    json_t *body = json_pack("{s:s,s:s,s:{s:s,s:O*,s:{s:s}},s:o}", "apiVersion", "apps/v1", "kind",
                             "Deployment", "metadata", "name", pair->twin.name, "labels",
                             KUBE_AT(pair->source->object, "metadata", "labels"), "annotations",
                             KUBE_NOTE_IMAGE, wish->image, "spec", spec);
    char *path = kube_path(op, "/apis/apps/v1", "deployments?fieldManager=" KUBE_MANAGER);
    if (body == NULL || path == NULL) {
        json_decref(body);
        free(path);
        return kube_no_memory(&op->err);
    }
    pair->twin.object = kube_api_call(op->http, "POST", path, KUBE_JSON, body, &op->err);
    free(path);
    return pair->twin.object != NULL;
}

/* Which of them the pods go to: the one with the image, else one without pods, which gets it. */
static bool choose_sides(struct kube_op *op, struct kube_pair *pair, const struct kube_wish *wish)
{
    bool source = strcmp(kube_twin_image(pair->source), wish->image) == 0;
    if (!source && pair->twin.object == NULL && !make_twin(op, pair, wish))
        return false;
    pair->to = source ? pair->source : &pair->twin;
    pair->from = source ? &pair->twin : pair->source;
    if (strcmp(kube_twin_image(pair->to), wish->image) != 0 &&
        KUBE_INT(pair->to->object, "spec", "replicas") > 0)
        return kube_fail(&op->err, FERRY_FAILURE_REFUSED,
                         "finish or roll back the upgrade that made the twin, then start this one",
                         "Deployments %s and %s run %s and %s; a third version has no place",
                         pair->source->name, pair->twin.name, kube_twin_image(pair->source),
                         kube_twin_image(pair->to));
    return pair->to->object != NULL && kube_apply_image(op, pair->to, wish->image, wish->version);
}

/* ---- what is to do ----------------------------------------------------------------------------------------
 */

/* An instance that is on its way from one side to the other. */
struct move {
    const char *id;
    const struct kube_pod *old;  /* or NULL: it is gone */
    const struct kube_pod *heir; /* the other side's pod that bears its id; or NULL */
};

struct moves {
    struct move *items;
    size_t count, right;
};

static const struct kube_pod *bearer(const struct kube_view *view, const struct kube_pair *pair,
                                     const struct kube_workload *deployment, const char *id)
{
    for (size_t i = 0; i < view->count; i++)
        if (is_of(pair, view->pods[i], deployment) && view->pods[i]->deleted_ms == 0 &&
            strcmp(view->pods[i]->id, id) == 0)
            return view->pods[i];
    return NULL;
}

static bool look_at(struct kube_op *op, const struct kube_view *view, const struct kube_pair *pair,
                    struct moves *ret)
{
    const struct kube_workload *all = pair->source;
    *ret = (struct moves){.items = calloc(all->count + 1, sizeof(struct move))};
    for (size_t i = 0; i < all->count && ret->items != NULL; i++) {
        struct move *move = &ret->items[ret->count];
        *move = (struct move){all->ids[i], bearer(view, pair, pair->from, all->ids[i]),
                              bearer(view, pair, pair->to, all->ids[i])};
        if (move->old == NULL && move->heir != NULL && move->heir->ready)
            ret->right++;
        else
            ret->count++;
    }
    return ret->items != NULL || kube_no_memory(&op->err);
}

/* A pod of the receiving side that bears nobody's id yet. */
static bool is_free(const struct kube_pair *pair, const struct kube_pod *pod)
{
    return is_of(pair, pod, pair->to) && pod->deleted_ms == 0 && !pod->named;
}

/* ---- ids --------------------------------------------------------------------------------------------------
 */

static bool name_pods(struct kube_op *op, const struct kube_pod **pods, const char **ids, size_t count)
{
    struct kube_request *requests = calloc(count + 1, sizeof *requests);
    if (requests == NULL)
        return kube_no_memory(&op->err);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        json_t *body =
            json_pack("{s:{s:s,s:{s:s}}}", "metadata", "uid", pods[i]->uid, "annotations", NOTE_ID, ids[i]);
        requests[i] = (struct kube_request){
            .method = "PATCH",
            .type = KUBE_MERGE,
            .path = kube_path(op, "/api/v1", "pods/%s?fieldManager=" KUBE_MANAGER, pods[i]->name),
            .body = body != NULL ? kube_api_body(body) : NULL};
        json_decref(body);
        good = (requests[i].path != NULL && requests[i].body != NULL) || kube_no_memory(&op->err);
    }
    if (good)
        kube_http_send(op->http, requests, count, SEND_MS);
    for (size_t i = 0; i < count; i++) {
        if (good && requests[i].status / 100 != 2 && requests[i].status != 404 && requests[i].status != 409) {
            kube_api_explain(&requests[i], &op->err);
            good = false;
        }
        kube_request_clear(&requests[i]);
    }
    free(requests);
    return good;
}

/* Who is there already keeps the name it has, in writing: from then on a pod without one is new. */
static bool name_present(struct kube_op *op, const struct kube_view *view, const struct kube_pair *pair)
{
    const struct kube_pod **pods = calloc(view->count + 1, sizeof(const struct kube_pod *));
    const char **ids = calloc(view->count + 1, sizeof(const char *));
    size_t count = 0;
    for (size_t i = 0; i < view->count && pods != NULL && ids != NULL; i++)
        if (is_free(pair, view->pods[i])) {
            pods[count] = view->pods[i];
            ids[count++] = view->pods[i]->id;
        }
    bool good = pods != NULL && ids != NULL ? count == 0 || name_pods(op, pods, ids, count)
                                            : kube_no_memory(&op->err);
    free(pods);
    free(ids);
    return good;
}

/* Each new pod that is ready takes the place of an instance that has no heir yet. */
static bool name_heirs(struct kube_op *op, const struct kube_view *view, struct kube_pair *pair,
                       struct moves *moves)
{
    const struct kube_pod **pods = calloc(moves->count + 1, sizeof(const struct kube_pod *));
    const char **ids = calloc(moves->count + 1, sizeof(const char *));
    size_t count = 0, next = 0;
    for (size_t i = 0; i < view->count && pods != NULL && ids != NULL; i++) {
        if (!is_free(pair, view->pods[i]) || !view->pods[i]->ready)
            continue;
        while (next < moves->count && moves->items[next].heir != NULL)
            next++;
        if (next == moves->count)
            break;
        moves->items[next].heir = view->pods[i];
        pods[count] = view->pods[i];
        ids[count++] = moves->items[next].id;
    }
    bool good = pods != NULL && ids != NULL ? count == 0 || name_pods(op, pods, ids, count)
                                            : kube_no_memory(&op->err);
    free(pods);
    free(ids);
    return good;
}

/* ---- replicas ---------------------------------------------------------------------------------------------
 */

/* Conditional on the figure alone: its status changes all the time, and this must not wait for a quiet
 * moment. */
static bool scale(struct kube_op *op, struct kube_workload *deployment, json_int_t replicas)
{
    json_int_t now = KUBE_INT(deployment->object, "spec", "replicas");
    if (now == replicas)
        return true;
    json_t *patch = json_pack("[{s:s,s:s,s:I},{s:s,s:s,s:I}]", "op", "test", "path", "/spec/replicas",
                              "value", now, "op", "replace", "path", "/spec/replicas", "value", replicas);
    char *path = kube_workload_path(op, deployment), *full = NULL;
    if (path != NULL)
        full = kube_format("%s?fieldManager=" KUBE_MANAGER, path);
    json_t *answer = full != NULL && patch != NULL
                         ? kube_api_call(op->http, "PATCH", full, KUBE_PATCH, json_incref(patch), &op->err)
                         : NULL;
    json_decref(patch);
    free(path);
    free(full);
    if (answer == NULL) {
        if (op->err.status == 422) /* somebody else has scaled it meanwhile: look again */
            op->err.failure = FERRY_FAILURE_TRANSIENT;
        return false;
    }
    json_decref(deployment->object);
    deployment->object = answer;
    return true;
}

/* What was noted when this step began; of another step: NULL. The caller's. */
static json_t *noted(const struct kube_op *op, const struct kube_pair *pair)
{
    json_t *note = json_loads(KUBE_TEXT(pair->to->object, "metadata", "annotations", NOTE_TWIN), 0, NULL);
    if (strcmp(KUBE_TEXT(note, "run"), op->call->run) == 0 &&
        KUBE_INT(note, "step") == (json_int_t)op->call->step)
        return note;
    json_decref(note);
    return NULL;
}

/* The receiving side grows by who is to come; the figures to finish by are noted in the same write. */
static bool begin(struct kube_op *op, const struct kube_view *view, struct kube_pair *pair, size_t need)
{
    json_t *before = noted(op, pair);
    bool begun = before != NULL;
    json_decref(before);
    if (begun && kube_note_is_mine(op, pair->to->object))
        return true;
    if (!begun && !name_present(op, view, pair))
        return false;
    json_int_t to = KUBE_INT(pair->to->object, "spec", "replicas"),
               from = KUBE_INT(pair->from->object, "spec", "replicas");
    char *step = kube_note_new(op, "upgrade");
    json_t *figures = json_pack("{s:s,s:I,s:I,s:I,s:I}", "run", op->call->run, "step",
                                (json_int_t)op->call->step, "to", to, "from", from, "need", (json_int_t)need);
    char *twin = figures != NULL ? kube_api_body(figures) : NULL;
    json_t *patch = NULL;
    if (step != NULL && twin != NULL)
        patch = begun ? json_pack("{s:{s:{s:s}}}", "metadata", "annotations", KUBE_NOTE_STEP, step)
                      : json_pack("{s:{s:{s:s,s:s}},s:{s:I}}", "metadata", "annotations", KUBE_NOTE_STEP,
                                  step, NOTE_TWIN, twin, "spec", "replicas", to + (json_int_t)need);
    json_decref(figures);
    free(step);
    free(twin);
    return patch != NULL ? kube_workload_merge(op, pair->to, patch) : kube_no_memory(&op->err);
}

/*
 * Evict whose heir is ready, and shrink the giving side by them at once: what its controller makes in their
 * place is not ready yet, so that is what it ends.
 */
static bool hand_over(struct kube_op *op, struct kube_pair *pair, const struct moves *moves)
{
    struct kube_evictions evict = {.pods = calloc(moves->count + 1, sizeof(const struct kube_pod *))};
    json_t *figures = noted(op, pair);
    size_t alive = 0;
    if (evict.pods == NULL || figures == NULL) {
        free((void *)(uintptr_t)evict.pods);
        json_decref(figures);
        return kube_no_memory(&op->err);
    }
    for (size_t i = 0; i < moves->count; i++) {
        alive += moves->items[i].old != NULL;
        if (moves->items[i].old != NULL && moves->items[i].heir != NULL && moves->items[i].heir->ready)
            evict.pods[evict.count++] = moves->items[i].old;
    }
    bool good = kube_evict(op, &evict);
    json_int_t gone = KUBE_INT(figures, "need") - (json_int_t)alive + (json_int_t)evict.accepted;
    json_int_t left = KUBE_INT(figures, "from") - gone;
    if (pair->from->object != NULL && left >= 0)
        good = scale(op, pair->from, left) && good;
    if (evict.blocked > 0)
        (void)snprintf(op->text, sizeof op->text, "%.250s", evict.words);
    free((void *)(uintptr_t)evict.pods);
    json_decref(figures);
    return good;
}

/* Nobody is left to move: the giving side is as small as it has to be. */
static bool settle(struct kube_op *op, struct kube_pair *pair)
{
    json_t *figures = noted(op, pair);
    json_int_t left = KUBE_INT(figures, "from") - KUBE_INT(figures, "need");
    bool good = figures == NULL || pair->from->object == NULL || left < 0 || scale(op, pair->from, left);
    json_decref(figures);
    return good;
}

/* ---- the upgrade ------------------------------------------------------------------------------------------
 */

/* New pods that will not get ready end the step; a new attempt ends them instead. */
static bool newcomers_are_well(struct kube_op *op, const struct kube_view *view, const struct kube_pair *pair,
                               const struct kube_wish *wish, bool renewed)
{
    struct kube_evictions end = {.pods = calloc(view->count + 1, sizeof(const struct kube_pod *))};
    bool good = end.pods != NULL || kube_no_memory(&op->err);
    for (size_t i = 0; i < view->count && good; i++) {
        const struct kube_pod *pod = view->pods[i];
        if (!is_free(pair, pod))
            continue;
        enum kube_stand stand = kube_instance_stand(op, pair->to, pod, wish, renewed);
        good = stand != KUBE_RUINED;
        if (stand == KUBE_OLD && renewed)
            end.pods[end.count++] = pod;
    }
    good = good && kube_end_pods(op, &end);
    free((void *)(uintptr_t)end.pods);
    return good;
}

static enum kube_end go_on(struct kube_op *op, const struct kube_view *view, struct kube_pair *pair,
                           const struct kube_wish *wish)
{
    struct moves moves;
    if (!choose_sides(op, pair, wish) || !look_at(op, view, pair, &moves))
        return KUBE_FAILED;
    bool renewed = op->call->attempt > 1 && op->call->attempt > kube_note_attempt(op, pair->to->object);
    op->done += (int64_t)moves.right;
    enum kube_end end = KUBE_AGAIN;
    if (moves.count == 0)
        end = settle(op, pair) ? kube_twin_merge(op, view, pair) : KUBE_FAILED;
    else if (!begin(op, view, pair, moves.count) || !newcomers_are_well(op, view, pair, wish, renewed) ||
             !name_heirs(op, view, pair, &moves) || !hand_over(op, pair, &moves))
        end = KUBE_FAILED;
    free(moves.items);
    return end;
}

static bool all_run_it(const struct kube_view *view, const struct kube_workload *workload, const char *image)
{
    bool all = true;
    for (size_t i = 0; i < workload->count && all; i++) {
        const struct kube_pod *pod = kube_view_instance(view, workload->ids[i]);
        all = pod != NULL && pod->ready && strcmp(pod->image, image) == 0;
    }
    return all;
}

enum kube_end kube_twin_upgrade(struct kube_op *op, const struct kube_view *view,
                                struct kube_workload *workload, const struct kube_wish *wish)
{
    struct kube_pair pair = {.source = workload, .sets = kube_table_all(op->kube->sets)};
    enum kube_end end = KUBE_FAILED;
    if (!find_twin(op, &pair)) {
        json_decref(pair.sets);
        return KUBE_FAILED;
    }
    if (pair.twin.object != NULL && !kube_note_fence(op, pair.twin.object))
        end = KUBE_FAILED;
    else if (kube_twin_is_merging(&pair)) /* whatever is wished: that comes to its end first */
        end = kube_twin_merge(op, view, &pair);
    else if (pair.twin.object != NULL || !all_run_it(view, workload, wish->image))
        end = go_on(op, view, &pair, wish);
    else
        end = KUBE_DONE;
    if (end == KUBE_DONE)
        op->done = op->total;
    if (end == KUBE_DONE && !all_run_it(view, workload, wish->image))
        end = KUBE_AGAIN;
    json_decref(pair.twin.object);
    json_decref(pair.sets);
    return end;
}
