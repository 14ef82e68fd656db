/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/amend.h"

#include "base/mem.h"
#include "base/time.h"
#include "order/amend.h"
#include "run/check/conflict.h"
#include "run/prep.h"
#include "run/verb/command.h"

#include <string.h>

#define CHANGES_MAX 16

struct change {
    const char *what;
    char before[40], after[40];
};

struct amendment {
    struct fy_order *order; /* as amended */
    struct change changes[CHANGES_MAX];
    size_t count;
};

/* ---- making it -------------------------------------------------------------------------------------- */

static bool change_one(struct amendment *amendment, const char *what, const json_t *value, struct fy_err *err)
{
    char number[24];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = number;
    }
    if (text == NULL) {
        fy_fail(err, FY_ERR_INVALID, "%.100s needs a text or a whole number", what);
        return fy_hint(err,
                       "write values as the order's XML does: \"PT20M\", \"2026-11-23T01:00:00+08:00\", 4");
    }
    if (amendment->count == CHANGES_MAX)
        return fy_fail(err, FY_ERR_INVALID, "more than %d changes at once", CHANGES_MAX);
    struct change *change = &amendment->changes[amendment->count];
    change->what = what;
    if (!fy_order_amend(amendment->order, what, text, change->before, change->after, err))
        return false;
    amendment->count += strcmp(change->before, change->after) != 0;
    return true;
}

static bool make_all(const struct fy_command *command, struct amendment *amendment, struct fy_err *err)
{
    json_t *set = json_object_get(command->args, "set"), *value;
    const char *what;
    if (!json_is_object(set) || json_object_size(set) == 0) {
        fy_fail(err, FY_ERR_INVALID, "amend needs what is to be changed");
        return fy_hint(
            err, "for example {\"set\":{\"window.start\":\"2026-11-23T01:00:00+08:00\"},\"why\":\"...\"}");
    }
    json_object_foreach(set, what, value)
    {
        if (!change_one(amendment, what, value, err))
            return false;
    }
    if (amendment->count > 0)
        return true;
    fy_fail(err, FY_ERR_INVALID, "the order says so already: nothing would change");
    return fy_hint(err, "\"ferry show %s\" has its window; the checks are made again with recheck",
                   command->live->run->id);
}

/* What admission and exclusion said of the order must still be true of what it becomes. */
static bool is_admissible(const struct fy_command *command, const struct fy_order *order, struct fy_err *err)
{
    const struct fy_live *live = command->live;
    char end[FY_TIME_TEXT], now[FY_TIME_TEXT];
    if (order->request.window.end_ms <= fy_live_now(live).ms) {
        fy_fail(err, FY_ERR_INVALID, "its window would be over: it would end at %s, and it is %s now",
                fy_time_format(order->request.window.end_ms, end), fy_time_format(fy_live_now(live).ms, now));
        return fy_hint(err, "give a window to come");
    }
    return fy_conflict_none(live->engine, order, live, err);
}

static bool make(const struct fy_command *command, struct amendment *amendment, struct fy_err *err)
{
    amendment->order = fy_order_copy(command->live->run->order);
    if (amendment->order == NULL)
        return fy_fail(err, FY_ERR_INTERNAL, "the order of run %s cannot be copied", command->live->run->id);
    return make_all(command, amendment, err) && fy_order_fits(amendment->order, err) &&
           is_admissible(command, amendment->order, err);
}

/* ---- the verb --------------------------------------------------------------------------------------- */

static bool amend_check(const struct fy_command *command, struct fy_err *err)
{
    struct amendment amendment = {0};
    bool ok = make(command, &amendment, err);
    fy_order_free(amendment.order);
    return ok;
}

static void put_changes(struct fy_buf *body, const struct amendment *amendment)
{
    struct fy_buf text = {0};
    fy_buf_key(body, "changes");
    fy_buf_open(body, '[');
    for (size_t i = 0; i < amendment->count; i++) {
        const struct change *change = &amendment->changes[i];
        fy_buf_format(&text, "%s%s from %s to %s", i > 0 ? ", " : "", change->what, change->before,
                      change->after);
        fy_buf_open(body, '{');
        fy_buf_member(body, "what", change->what);
        fy_buf_member(body, "before", change->before);
        fy_buf_member(body, "after", change->after);
        fy_buf_close(body, '}');
    }
    fy_buf_close(body, ']');
    fy_buf_member(body, "text", text.data);
    fy_buf_free(&text);
}

static void amend_put(const struct fy_command *command)
{
    struct amendment amendment = {0};
    struct fy_err err;
    struct fy_buf body = {0};
    if (make(command, &amendment, &err)) { /* it was so a moment ago */
        fy_buf_open(&body, '{');
        put_changes(&body, &amendment);
        fy_buf_member(&body, "why", fy_json_string_or(command->args, "why", NULL));
        fy_put_caller(&body, command->caller);
        fy_buf_key(&body, "order");
        fy_order_to_json(amendment.order, &body);
        fy_buf_close(&body, '}');
        fy_put(command->live, FY_REC_AMENDED, &body);
    }
    fy_order_free(amendment.order);
}

const struct fy_verb fy_verbs_amend[] = {
    {"amend", amend_check, amend_put, NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- the fold --------------------------------------------------------------------------------------- */

bool fy_amend_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    struct fy_order *order = NULL;
    if (!fy_order_from_doc(json_object_get(doc, "order"), &order, err))
        return fy_wrap(err, "run %s", run->id);
    fy_order_free(run->order);
    run->order = order;
    FY_AUTO(fy_json_unref)
    json_t *kept = json_pack("{s:O?,s:O?,s:O?,s:I}", "changes", json_object_get(doc, "changes"), "why",
                             json_object_get(doc, "why"), "caller", json_object_get(doc, "caller"), "at_ms",
                             (json_int_t)row->time_ms);
    free(run->amended);
    run->amended = fy_json_text(kept);
    fy_prep_amended(run, row->time_ms);
    return true;
}
