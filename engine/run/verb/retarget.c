/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/retarget.h"
#include "base/mem.h"
#include "run/check/check.h"
#include "run/planning.h"
#include "run/program.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/verb/command.h"
#include "run/verb/wish.h"

#include <string.h>

/* ---- former targets ---- */

static bool is_former(const struct fy_run *run, const struct fy_instance *instance)
{
    const struct fy_order_vdu *vdu = fy_order_find_vdu(run->order, instance->vdu);
    if (vdu == NULL || strcmp(vdu->target.ref, instance->image) == 0 ||
        strcmp(vdu->source.ref, instance->image) == 0)
        return false;
    for (size_t i = 0; i < run->former_count; i++)
        if (strcmp(run->former[i].vdu, instance->vdu) == 0 &&
            strcmp(run->former[i].ref, instance->image) == 0)
            return true;
    return false;
}

void fy_seen_mark(const struct fy_run *run, struct fy_landscape *landscape)
{
    for (size_t i = 0; run->former_count > 0 && i < landscape->count; i++)
        landscape->instances[i].former = is_former(run, &landscape->instances[i]);
    fy_aside_mark(run, landscape);
}

void fy_former_clear(struct fy_run *run)
{
    for (size_t i = 0; i < run->former_count; i++) {
        free(run->former[i].vdu);
        free(run->former[i].ref);
    }
    free(run->former);
    run->former = NULL;
    run->former_count = 0;
}

static void keep_former(struct fy_run *run, const struct fy_order_vdu *vdu)
{
    run->former = fy_realloc(run->former, (run->former_count + 1) * sizeof *run->former);
    run->former[run->former_count++] =
        (struct fy_former){.vdu = fy_strdup(vdu->vdu_id), .ref = fy_strdup(vdu->target.ref)};
}

/* ---- the order with the package in it ---- */

static void set(char **place, const char *text)
{
    free(*place);
    *place = text != NULL ? fy_strdup(text) : NULL;
}

static void apply(struct fy_order *order, const json_t *args)
{
    for (size_t i = 0; i < order->vdu_count; i++) {
        struct fy_order_vdu *vdu = &order->vdus[i];
        const json_t *image = json_object_get(json_object_get(args, "images"), vdu->vdu_id);
        if (image == NULL)
            continue;
        set(&vdu->target.ref, fy_json_string_or(image, "ref", ""));
        set(&vdu->target.digest, fy_json_string_or(image, "digest", NULL));
    }
    const char *version = fy_json_string_or(args, "version", NULL);
    if (version != NULL)
        set(&order->request.target.version, version);
}

static struct fy_order *order_with(const struct fy_run *run, const json_t *args)
{
    struct fy_buf text = {0};
    struct fy_order *order = NULL;
    struct fy_err err;
    fy_order_to_json(run->order, &text);
    if (!fy_order_from_json(text.data, text.length, &order, &err))
        abort(); /* our own words do not read back */
    fy_buf_free(&text);
    apply(order, args);
    return order;
}

static void fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const json_t *args = json_object_get(doc, "args");
    (void)row;
    for (size_t i = 0; i < run->order->vdu_count; i++) {
        const struct fy_order_vdu *vdu = &run->order->vdus[i];
        if (json_object_get(json_object_get(args, "images"), vdu->vdu_id) != NULL)
            keep_former(run, vdu);
    }
    apply(run->order, args);
    run->adjusted = run->retargeted = true;
}

/* ---- the verb ---- */

static bool image_check(const struct fy_run *run, const char *name, const json_t *image, struct fy_err *err)
{
    const struct fy_order_vdu *vdu = fy_order_find_vdu(run->order, name);
    const char *ref = fy_json_string_or(image, "ref", "");
    if (vdu == NULL || fy_order_vdu_unchanged(vdu)) {
        fy_fail(err, FY_ERR_INVALID, "%s is no VDU that this upgrade changes", name);
        return fy_hint(err, "the order's VDUs with different images can be given another target");
    }
    if (ref[0] == '\0')
        return fy_fail(err, FY_ERR_INVALID, "the image of VDU %s has no \"ref\"", name);
    if (strcmp(ref, vdu->source.ref) != 0 && strcmp(ref, vdu->target.ref) != 0)
        return true;
    fy_fail(err, FY_ERR_INVALID, "%s is the %s image of VDU %s already", ref,
            strcmp(ref, vdu->target.ref) == 0 ? "target" : "source", name);
    return fy_hint(err, strcmp(ref, vdu->target.ref) == 0
                            ? "a fixed package needs a reference of its own: instances are told apart by it"
                            : "rollback takes the users back to the source");
}

/* The order is read back wherever a program begins: what would not be must not get in. */
static bool reads_back(const struct fy_run *run, const json_t *args, struct fy_err *err)
{
    struct fy_buf text = {0};
    struct fy_order *order = order_with(run, args), *again = NULL;
    fy_order_to_json(order, &text);
    bool ok = fy_order_from_json(text.data, text.length, &again, err);
    fy_buf_free(&text);
    fy_order_free(order);
    fy_order_free(again);
    if (ok)
        return true;
    err->kind = FY_ERR_INVALID;
    (void)fy_wrap(err, "the package cannot be part of the order");
    return fy_hint(
        err, "give version, ref and digest as an order has them: \"sha256:\" and its hexadecimal digits");
}

static bool check(const struct fy_command *command, struct fy_err *err)
{
    json_t *images = json_object_get(command->args, "images"), *image;
    const char *name;
    if (!json_is_object(images) || json_object_size(images) == 0) {
        fy_fail(err, FY_ERR_INVALID, "retarget needs the images of the fixed package");
        return fy_hint(err,
                       "for example {\"version\":\"1.3.1\",\"images\":{\"SVC\":{\"ref\":\"amf-svc:1.3.1\"}},"
                       "\"why\":\"paging fixed\"}");
    }
    const struct fy_run_step *step = &command->live->run->step;
    if (step->open && !step->failed && step->connection != NULL) {
        fy_fail(err, FY_ERR_REFUSED,
                "step %llu (%s) was left while it acted: what it still does is not known",
                (unsigned long long)step->number, step->call);
        return fy_hint(err, "retry it, or roll back");
    }
    json_object_foreach(images, name, image)
    {
        if (!image_check(command->live->run, name, image, err))
            return false;
    }
    return reads_back(command->live->run, command->args, err) &&
           fy_wish_has_why(command->args, "retarget", err);
}

enum { PATH = FY_PLANNING_QUESTIONS };

static size_t ask(struct fy_live *live, const json_t *args, struct fy_question questions[FY_ASK_MAX])
{
    static _Thread_local char path[512]; /* copied with the question */
    const struct fy_order_request *request = &live->run->order->request;
    struct fy_buf text = {0};
    fy_buf_open(&text, '{');
    fy_buf_member(&text, "from", request->source.version);
    fy_buf_member(&text, "to", fy_json_string_or(args, "version", request->target.version));
    fy_buf_close(&text, '}');
    (void)snprintf(path, sizeof path, "%s", text.data);
    fy_buf_free(&text);
    fy_planning_ask(live->run->order, questions);
    questions[PATH] = (struct fy_question){
        .connection = fy_bind_observe(live->run->order, live->engine->world.adapters, "version_path"),
        .verb = "version_path",
        .args = path};
    return PATH + 1;
}

/* An adapter without the verb cannot be asked: no reason to stop. */
static bool path_is_there(const struct fy_question *question, struct fy_err *err)
{
    if (question->result == NULL && question->err.kind == FY_ERR_PERMANENT)
        return true;
    if (question->result == NULL) {
        *err = question->err;
        return fy_wrap(err, "version_path");
    }
    return fy_json_bool_or(question->result, "supported", false) ||
           fy_fail(err, FY_ERR_REFUSED, "there is no way to that version: %s",
                   fy_json_string_or(question->result, "why", "no reason given"));
}

/* With the package in the order there is a plan for what stands there. */
static bool has_plan(struct fy_live *live, struct fy_landscape *landscape, const json_t *args,
                     struct fy_err *err)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = order_with(live->run, args);
    const struct fy_plan_wishes wishes = {.step = live->run->wished_step};
    struct fy_plan *plan;
    for (size_t i = 0; i < landscape->count; i++) {
        struct fy_instance *instance = &landscape->instances[i];
        const struct fy_order_vdu *vdu = fy_order_find_vdu(live->run->order, instance->vdu);
        instance->former |= vdu != NULL && strcmp(vdu->target.ref, instance->image) == 0 &&
                            json_object_get(json_object_get(args, "images"), instance->vdu) != NULL;
    }
    if (!fy_plan_make(order, landscape, &wishes, fy_live_now(live), &plan, err))
        return fy_wrap(err, "with that package there is no plan");
    fy_plan_free(plan);
    return true;
}

static bool grant(struct fy_live *live, const json_t *args, const struct fy_question *questions, size_t count,
                  struct fy_buf *body, struct fy_err *err)
{
    struct fy_landscape *landscape = NULL;
    (void)count;
    (void)body;
    bool ok = path_is_there(&questions[PATH], err) && fy_planning_landscape(questions, &landscape, err);
    if (ok) {
        fy_seen_mark(live->run, landscape);
        ok = has_plan(live, landscape, args, err);
    }
    fy_landscape_free(landscape);
    return ok;
}

static void then(struct fy_live *live, const json_t *args, const char *effects)
{
    FY_AUTO(fy_order_unref) struct fy_order *order = order_with(live->run, args);
    struct fy_buf about = {0};
    (void)effects;
    fy_buf_open(&about, '{');
    fy_buf_key(&about, "retarget");
    fy_buf_open(&about, '{');
    fy_buf_member(&about, "version", order->request.target.version);
    fy_buf_member(&about, "former", live->run->order->request.target.version);
    fy_buf_member(&about, "why", fy_json_string_or(args, "why", NULL));
    fy_buf_close(&about, '}');
    fy_buf_close(&about, '}');
    fy_workflow_drop(live);
    fy_program_put(live, &(struct fy_program){.function = "upgrade",
                                              .order = order,
                                              .checks = "[\"nf_ready\"]",
                                              .final_checks = fy_checks_after,
                                              .about = about.data});
    fy_buf_free(&about);
    fy_wish_back(live);
}

const struct fy_wish_kind fy_wish_retarget = {"retarget", ask, grant, then, fold};

const struct fy_verb fy_verbs_retarget[] = {
    {"retarget", check, NULL, fy_wish_fold},
    {NULL, NULL, NULL, NULL},
};
