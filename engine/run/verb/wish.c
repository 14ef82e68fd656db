/* SPDX-License-Identifier: Apache-2.0 */
#include "run/verb/wish.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/step/step.h"

#include <string.h>

static const struct fy_wish_kind *const kinds[] = {&fy_wish_set_aside, &fy_wish_done_by_hand,
                                                   &fy_wish_retarget};

static const struct fy_wish_kind *kind_of(const char *verb)
{
    for (size_t i = 0; i < FY_COUNT(kinds); i++)
        if (strcmp(kinds[i]->verb, verb) == 0)
            return kinds[i];
    return NULL;
}

/* ---- the fold ---- */

void fy_wish_drop(struct fy_run *run)
{
    free(run->wish.args);
    free(run->wish.who);
    run->wish = (struct fy_run_wish){0};
}

void fy_wish_overtaken(struct fy_run *run, const char *event)
{
    free(run->refusal);
    run->refusal = run->wish.verb == NULL ? NULL
                                          : fy_format("%s by %s was not decided: %s came first",
                                                      run->wish.verb, run->wish.who, event);
    fy_wish_drop(run);
}

void fy_wish_fold(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    const struct fy_wish_kind *kind = kind_of(fy_json_string_or(doc, "verb", ""));
    fy_wish_drop(run);
    if (kind == NULL)
        return;
    run->wish.verb = kind->verb;
    run->wish.seq = row->seq;
    run->wish.args = fy_json_text(json_object_get(doc, "args"));
    run->wish.who = fy_strdup(fy_json_string_or(json_object_get(doc, "caller"), "who", "somebody"));
}

bool fy_wish_fold_decided(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    const struct fy_wish_kind *kind = kind_of(fy_json_string_or(doc, "verb", ""));
    bool ok = fy_json_bool_or(doc, "ok", false);
    (void)err;
    free(run->refusal);
    run->refusal = ok ? NULL
                      : fy_format("%s was refused: %s", fy_json_string_or(doc, "verb", "?"),
                                  fy_json_string_or(doc, "refusal", "?"));
    if (ok && kind != NULL && kind->fold != NULL)
        kind->fold(run, row, doc);
    fy_wish_drop(run);
    return true;
}

/* ---- deciding ---- */

void fy_wish_back(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    char why[512];
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(run->wish.args, strlen(run->wish.args), "wish", NULL);
    (void)snprintf(why, sizeof why, "%s by %s: %s", run->wish.verb, run->wish.who,
                   fy_json_string_or(args, "why", "no reason given"));
    fy_put_state(live, run->back, run->wish.verb, why, NULL);
}

static void put_decided(struct fy_live *live, const char *effects, const struct fy_err *refusal)
{
    const struct fy_run_wish *wish = &live->run->wish;
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "verb", wish->verb);
    fy_buf_member_bool(&body, "ok", refusal == NULL);
    fy_buf_member(&body, "who", wish->who);
    fy_buf_member_raw(&body, "args", wish->args);
    if (refusal != NULL) {
        fy_buf_member(&body, "refusal", refusal->message);
        fy_buf_member(&body, "hint", refusal->hint[0] != '\0' ? refusal->hint : NULL);
    } else if (effects != NULL && effects[0] != '\0') {
        fy_buf_text(&body, ",");
        fy_buf_text(&body, effects);
    }
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_DECIDED, &body);
}

static void decide(struct fy_live *live, const struct fy_question *questions, size_t count)
{
    const struct fy_run_wish *wish = &live->run->wish;
    const struct fy_wish_kind *kind = kind_of(wish->verb);
    struct fy_err err = {0};
    struct fy_buf effects = {0};
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(wish->args, strlen(wish->args), wish->verb, &err);
    bool granted = args != NULL && kind->grant(live, args, questions, count, &effects, &err);
    put_decided(live, effects.data, granted ? NULL : &err);
    if (granted)
        kind->then(live, args, effects.data);
    FY_POINT(run_before_state_change);
    fy_buf_free(&effects);
}

static void answered(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    if (live->run->wish.verb != NULL && live->run->wish.seq == live->wish_seq)
        decide(live, questions, count);
    fy_step_leave(live); /* another wish has come meanwhile: it asks its own questions */
    fy_flush(live);
    fy_drive(live);
}

void fy_wish_leave(struct fy_live *live)
{
    const struct fy_run_step *step = &live->run->step;
    bool asks = live->run->wish.verb != NULL && live->flight.taken && (step->failed || !step->open);
    if (asks) /* what is in flight is this wish's question */
        fy_step_leave(live);
}

bool fy_wish_drive(struct fy_live *live)
{
    const struct fy_run_wish *wish = &live->run->wish;
    if (wish->verb == NULL)
        return false;
    if (live->flight.taken && live->wish_seq == wish->seq)
        return true;
    fy_step_leave(live);
    live->wish_seq = wish->seq;
    struct fy_err err = {0};
    struct fy_question questions[FY_ASK_MAX];
    FY_AUTO(fy_json_unref) json_t *args = fy_json_parse(wish->args, strlen(wish->args), wish->verb, &err);
    size_t count = kind_of(wish->verb)->ask(live, args, questions);
    if (count == 0) {
        decide(live, NULL, 0);
        fy_flush(live);
        return true;
    }
    live->flight.taken = true;
    fy_ask_for(live, questions, count, answered);
    return true;
}

bool fy_wish_has_why(const json_t *args, const char *verb, struct fy_err *err)
{
    if (fy_json_string_or(args, "why", "")[0] != '\0')
        return true;
    fy_fail(err, FY_ERR_INVALID, "%s needs a reason", verb);
    return fy_hint(err, "give \"why\": whoever reads the journal tomorrow was not there");
}
