/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/aside.h"

#include "base/mem.h"
#include "plan/checker.h"
#include "run/planning.h"
#include "run/verb/retarget.h"

#include <string.h>

bool fy_aside_has(const struct fy_run *run, const char *instance)
{
    for (size_t i = 0; i < run->aside_count; i++)
        if (strcmp(run->aside[i].instance, instance) == 0)
            return true;
    return false;
}

void fy_aside_add(struct fy_run *run, const char *instance, const char *why, const char *who, int64_t at_ms)
{
    if (fy_aside_has(run, instance))
        return;
    run->aside = fy_realloc(run->aside, (run->aside_count + 1) * sizeof *run->aside);
    run->aside[run->aside_count++] = (struct fy_aside){
        .instance = fy_strdup(instance), .why = fy_strdup(why), .who = fy_strdup(who), .since_ms = at_ms};
}

void fy_aside_clear(struct fy_run *run)
{
    for (size_t i = 0; i < run->aside_count; i++) {
        free(run->aside[i].instance);
        free(run->aside[i].why);
        free(run->aside[i].who);
    }
    free(run->aside);
    run->aside = NULL;
    run->aside_count = 0;
}

/* ---- in the landscape ---- */

static bool same_pair(const struct fy_instance *a, const struct fy_instance *b)
{
    return a->pair != NULL && b->pair != NULL && strcmp(a->vdu, b->vdu) == 0 && strcmp(a->pair, b->pair) == 0;
}

static void mark(struct fy_landscape *landscape, struct fy_instance *aside)
{
    aside->aside = aside->left_out = true;
    for (size_t i = 0; i < landscape->count; i++)
        if (same_pair(aside, &landscape->instances[i]))
            landscape->instances[i].left_out = true;
    if (fy_in_service(aside))
        landscape->capacity[aside->domain] -= aside->capacity;
    aside->ready = false;
}

void fy_aside_mark(const struct fy_run *run, struct fy_landscape *landscape)
{
    for (size_t i = 0; run->aside_count > 0 && i < landscape->count; i++)
        if (fy_aside_has(run, landscape->instances[i].id))
            mark(landscape, &landscape->instances[i]);
}

/* ---- in the arguments of a step ---- */

static bool thin(const struct fy_run *run, json_t *list, bool *touched)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *id = json_string_value(json_array_get(list, i));
        if (id == NULL || !fy_aside_has(run, id))
            continue;
        (void)json_array_remove(list, i);
        *touched = true;
    }
    return json_array_size(list) == 0;
}

/* A switchover to an instance that is set aside has nothing to switch to. */
static bool switches_to_one(const struct fy_run *run, const json_t *doc)
{
    const char *active = fy_json_string_or(doc, "active", NULL);
    return active != NULL && fy_aside_has(run, active);
}

char *fy_aside_args(const struct fy_run *run, const char *args, bool *ret_none)
{
    *ret_none = false;
    if (run->aside_count == 0)
        return NULL;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(args, strlen(args), "arguments", NULL);
    json_t *inner = json_object_get(doc, "args");
    json_t *list = json_object_get(json_is_object(inner) ? inner : doc, "instances");
    bool touched = false;
    bool empty = json_is_array(list) && thin(run, list, &touched);
    *ret_none = (touched && empty) || switches_to_one(run, doc);
    return touched ? fy_json_text(doc) : NULL;
}

/* ---- may it be? ---- */

static struct fy_instance *find(struct fy_landscape *landscape, const char *id)
{
    for (size_t i = 0; id != NULL && i < landscape->count; i++)
        if (strcmp(landscape->instances[i].id, id) == 0)
            return &landscape->instances[i];
    return NULL;
}

static bool is_known(const struct fy_run *run, struct fy_landscape *landscape, const json_t *item,
                     struct fy_err *err)
{
    const char *id = json_string_value(item);
    const struct fy_instance *instance = find(landscape, id);
    const struct fy_order_vdu *vdu = instance != NULL ? fy_order_find_vdu(run->order, instance->vdu) : NULL;
    if (vdu == NULL || fy_order_vdu_unchanged(vdu)) {
        fy_fail(err, FY_ERR_REFUSED, "%s is no instance that this upgrade changes", id != NULL ? id : "?");
        return fy_hint(err, "`ferry show` and the inventory have the names");
    }
    return !fy_aside_has(run, id) || fy_fail(err, FY_ERR_REFUSED, "%s has been set aside already", id);
}

static bool has_plan(const struct fy_run *run, const struct fy_landscape *landscape, struct fy_rtime now,
                     struct fy_err *err)
{
    struct fy_plan *plan;
    size_t first = run->in_stage ? (size_t)run->stage_index : 0;
    if (!fy_planning_make(run, landscape, first, run->in_stage, now, &plan, err))
        return fy_wrap(err, "without it there is no plan");
    fy_plan_free(plan);
    return true;
}

bool fy_aside_allowed(const struct fy_run *run, struct fy_landscape *landscape, const json_t *instances,
                      struct fy_rtime now, struct fy_err *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(instances, i, item)
    {
        if (!is_known(run, landscape, item, err))
            return false;
    }
    fy_seen_mark(run, landscape);
    json_array_foreach(instances, i, item)
    {
        mark(landscape, find(landscape, json_string_value(item)));
    }
    return fy_check_aside(run->order, landscape, err) && has_plan(run, landscape, now, err);
}

/* ---- said ---- */

void fy_aside_json(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < run->aside_count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "instance", run->aside[i].instance);
        fy_buf_member(buf, "why", run->aside[i].why);
        fy_buf_member(buf, "who", run->aside[i].who);
        fy_buf_member_int(buf, "since_ms", run->aside[i].since_ms);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

char *fy_aside_text(const struct fy_run *run)
{
    struct fy_buf text = {0};
    for (size_t i = 0; i < run->aside_count; i++)
        fy_buf_format(&text, "%s%s (%s)", i == 0 ? "owed: " : ", ", run->aside[i].instance,
                      run->aside[i].why);
    return text.length > 0 ? fy_buf_take(&text) : NULL;
}
