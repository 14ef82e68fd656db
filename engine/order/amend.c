/* SPDX-License-Identifier: Apache-2.0 */
#include "order/amend.h"

#include "base/mem.h"
#include "base/time.h"
#include "order/check.h"
#include "order/dom.h"
#include "order/form.h"

#include <string.h>

#define CAN                                                                                                  \
    "it can change window.start, .end, .latestRollbackEnd, stage.RATIO.soak, .maxSoak, vdu.ID.step and "     \
    "limits.*; for anything else cancel the run and send a new order"

/* The closed list: where, and the fields there as the XML calls them. */
static const struct amendable {
    const char *where;
    const char *fields[5];
} list[] = {
    {"window", {"start", "end", "latestRollbackEnd"}},
    {"stage", {"soak", "maxSoak"}},
    {"vdu", {"step"}},
    {"limits", {"maxUsersAtRisk", "maxSimplex", "minHeadroom", "maxDuration"}},
};

/* "vdu.SVC.step" in its parts; the key may have dots of its own. */
struct path {
    char where[16], key[260], field[32];
};

static bool split(const char *what, struct path *path)
{
    const char *first = strchr(what, '.'), *last = strrchr(what, '.');
    *path = (struct path){0};
    if (first == NULL)
        return false;
    (void)snprintf(path->where, sizeof path->where, "%.*s", (int)(first - what), what);
    if (last > first)
        (void)snprintf(path->key, sizeof path->key, "%.*s", (int)(last - first - 1), first + 1);
    (void)snprintf(path->field, sizeof path->field, "%s", last + 1);
    return true;
}

static bool is_amendable(const struct path *path)
{
    for (size_t i = 0; i < FY_COUNT(list); i++)
        for (size_t j = 0; strcmp(list[i].where, path->where) == 0 && list[i].fields[j] != NULL; j++)
            if (strcmp(list[i].fields[j], path->field) == 0)
                return true;
    return false;
}

static const struct fy_form *part_of(const struct fy_form *form, const char *xml)
{
    for (size_t i = 0; i < form->part_count; i++)
        if (form->parts[i].xml != NULL && strcmp(form->parts[i].xml, xml) == 0)
            return form->parts[i].form;
    return NULL;
}

static struct fy_order_stage *find_stage(struct fy_order *order, const char *ratio)
{
    char text[FY_PERCENT_TEXT];
    for (size_t i = 0; i < order->gray.stage_count; i++)
        if (strcmp(fy_permille_text(order->gray.stages[i].ratio_permille, text), ratio) == 0)
            return &order->gray.stages[i];
    return NULL;
}

static struct fy_order_vdu *find_vdu(struct fy_order *order, const char *id)
{
    for (size_t i = 0; i < order->vdu_count; i++)
        if (strcmp(order->vdus[i].vdu_id, id) == 0)
            return &order->vdus[i];
    return NULL;
}

/* The record a path means, and its form; NULL: there is none of that key. */
static void *find_record(struct fy_order *order, const struct path *path, const struct fy_form **ret_form)
{
    if (strcmp(path->where, "stage") == 0) {
        *ret_form = part_of(&fy_form_gray, "Stage");
        return find_stage(order, path->key);
    }
    if (strcmp(path->where, "vdu") == 0) {
        *ret_form = &fy_form_vdu;
        return find_vdu(order, path->key);
    }
    if (path->key[0] != '\0')
        return NULL;
    bool window = strcmp(path->where, "window") == 0;
    *ret_form = window ? part_of(&fy_form_request, "Window") : &fy_form_limits;
    return window ? (void *)&order->request.window : (void *)&order->limits;
}

static const struct fy_field *find_field(const struct fy_form *form, const char *name)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (form->fields[i].xml != NULL && strcmp(form->fields[i].xml, name) == 0)
            return &form->fields[i];
    return NULL;
}

/* As the XML would write it. */
static void say(const struct fy_field *field, const void *record, char text[40])
{
    int64_t value = *(const int64_t *)fy_form_peek(record, field->offset);
    char words[FY_TIME_TEXT];
    if (value == FY_ABSENT)
        (void)snprintf(text, 40, "none");
    else if (field->type == FY_FIELD_TIME)
        (void)snprintf(text, 40, "%s", fy_time_format(value, words));
    else if (field->type == FY_FIELD_DURATION)
        (void)snprintf(text, 40, "%s", fy_duration_format(value, words));
    else if (field->type == FY_FIELD_STEP && value == 0)
        (void)snprintf(text, 40, "auto");
    else if (field->scale == 10)
        (void)snprintf(text, 40, "%s", fy_permille_text(value, words));
    else
        (void)snprintf(text, 40, "%lld", (long long)value);
}

static bool refuse(const char *what, struct fy_err *err)
{
    fy_fail(err, FY_ERR_REFUSED, "\"%.100s\" of an order cannot be changed while it waits", what);
    return fy_hint(err, CAN);
}

bool fy_order_amend(struct fy_order *order, const char *what, const char *value, char before[40],
                    char after[40], struct fy_err *err)
{
    struct path path;
    const struct fy_form *form = NULL;
    if (!split(what, &path) || !is_amendable(&path))
        return refuse(what, err);
    void *record = find_record(order, &path, &form);
    const struct fy_field *field = record != NULL ? find_field(form, path.field) : NULL;
    if (field == NULL) {
        fy_fail(err, FY_ERR_INVALID, "the order has no %s \"%.100s\"", path.where, path.key);
        return fy_hint(err, "\"%s.KEY.%s\": the key is the ratio of a stage or the vduId of a VDU",
                       path.where, path.field);
    }
    say(field, record, before);
    if (!fy_field_set(field, record, value, err))
        return fy_wrap(err, "%s", what);
    say(field, record, after);
    return true;
}

bool fy_order_fits(struct fy_order *order, struct fy_err *err)
{
    const struct fy_refuser to = {NULL, err};
    return fy_check_order(order, &to) || fy_wrap(err, "as amended, the order does not fit");
}

struct fy_order *fy_order_copy(const struct fy_order *order)
{
    struct fy_order *twin = NULL;
    struct fy_err err;
    FY_AUTO(fy_buf_free) struct fy_buf json = {0};
    fy_order_to_json(order, &json);
    return fy_order_from_json(json.data, json.length, &twin, &err) ? twin : NULL;
}
