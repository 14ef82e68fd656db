/* SPDX-License-Identifier: Apache-2.0 */
/* FAILED and dirty: adopt or clean, and what the records say of both (handover.h). */
#include "run/phase/handover.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/check/check.h"
#include "run/planning.h"
#include "run/prep.h"
#include "run/step/step.h"
#include "run/verb/command.h"
#include "run/watch/watch.h"

#include <string.h>

static const char clean_checks[] =
    "[\"connections\",\"nf_ready\",\"one_version\",\"not_split\",\"guards_free\"]";

/* ---- the fold --------------------------------------------------------------------------------------- */

void fy_handover_free(struct fy_handover *handover)
{
    if (handover == NULL)
        return;
    char *texts[] = {handover->to,   handover->by,    handover->why,    handover->step,
                     handover->list, handover->freed, handover->how_by, handover->how_why};
    for (size_t i = 0; i < FY_COUNT(texts); i++)
        free(texts[i]);
    free(handover);
}

static struct fy_handover *handover_of(struct fy_run *run)
{
    if (run->handover == NULL)
        run->handover = FY_NEW(struct fy_handover);
    return run->handover;
}

static void keep(char **place, const char *text)
{
    free(*place);
    *place = text != NULL ? fy_strdup(text) : NULL;
}

/* The step that is open when a run is given up; what follows is the engine's own. */
static char *step_in_doubt(const struct fy_run_step *step)
{
    struct fy_buf buf = {0};
    if (!step->open || step->own)
        return NULL;
    fy_buf_open(&buf, '{');
    fy_buf_member_int(&buf, "number", (int64_t)step->number);
    fy_buf_member_int(&buf, "attempt", step->attempt);
    fy_buf_member(&buf, "call", step->call);
    fy_buf_member(&buf, "connection", step->connection);
    fy_buf_member_bool(&buf, "failed", step->failed);
    fy_buf_member_raw(&buf, "args", step->args);
    fy_buf_close(&buf, '}');
    return fy_buf_take(&buf);
}

static void fold_fail(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    struct fy_handover *handover = handover_of(run);
    const json_t *args = json_object_get(doc, "args");
    const char *who = fy_json_string_or(json_object_get(doc, "caller"), "who", "?");
    (void)row;
    run->asked = "fail";
    keep(&handover->by, who);
    keep(&handover->to, fy_json_string_or(args, "to", who));
    keep(&handover->why, fy_json_string_or(args, "why", NULL));
    free(handover->step);
    handover->step = step_in_doubt(&run->step);
}

void fy_handover_fold_list(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    struct fy_handover *handover = handover_of(run);
    (void)row;
    free(handover->list);
    handover->list = fy_json_text(doc);
    handover->dirty = true;
}

void fy_handover_fold_freed(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    struct fy_handover *handover = handover_of(run);
    (void)row;
    free(handover->freed);
    handover->freed = fy_json_text(doc);
    handover->dirty = false;
    fy_prep_want(run, NULL);
}

static void fold_wish(struct fy_run *run, const struct fy_row *row, const json_t *doc)
{
    struct fy_handover *handover = handover_of(run);
    (void)row;
    keep(&handover->how_by, fy_json_string_or(json_object_get(doc, "caller"), "who", "?"));
    keep(&handover->how_why, fy_json_string_or(json_object_get(doc, "args"), "why", NULL));
    fy_prep_want(run, strcmp(fy_json_string_or(doc, "verb", ""), "adopt") == 0 ? "adopt" : "clean");
}

/* ---- verbs ------------------------------------------------------------------------------------------ */

static bool adopt_check(const struct fy_command *command, struct fy_err *err)
{
    const char *why = fy_json_string_or(command->args, "why", "");
    if (why[strspn(why, " \t\r\n")] != '\0')
        return true;
    fy_fail(err, FY_ERR_INVALID, "to adopt %s as it stands needs a reason",
            command->live->run->order->request.vnf_instance);
    return fy_hint(err, "say in \"why\" what was done and found; \"clean\" proves it instead and needs none");
}

static bool fail_check(const struct fy_command *command, struct fy_err *err)
{
    const json_t *to = json_object_get(command->args, "to");
    if (to == NULL || (json_is_string(to) && json_string_length(to) > 0))
        return true;
    fy_fail(err, FY_ERR_INVALID, "\"to\" is not somebody who could take over");
    return fy_hint(err, "give a name, or leave it out: then you take over");
}

const struct fy_verb fy_verbs_dirty[] = {
    {"fail", fail_check, NULL, fold_fail},
    {"adopt", adopt_check, NULL, fold_wish},
    {"clean", NULL, NULL, fold_wish},
    {NULL, NULL, NULL, NULL},
};

/* ---- looking ---------------------------------------------------------------------------------------- */

static void put_instances(struct fy_buf *buf, const struct fy_landscape *landscape)
{
    fy_buf_key(buf, "instances");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < landscape->count; i++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "id", landscape->instances[i].id);
        fy_buf_member(buf, "version", landscape->instances[i].version);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

/* Not to be seen: what the hand-over list says is what is adopted. */
static void put_listed(struct fy_buf *buf, const struct fy_run *run)
{
    const char *list = run->handover->list != NULL ? run->handover->list : "{}";
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(list, strlen(list), "list", NULL);
    const json_t *instances = json_object_get(doc, "instances");
    FY_AUTO(fy_free_ptr) char *text = instances != NULL ? fy_json_text(instances) : NULL;
    fy_buf_member_raw(buf, "instances", text);
}

static void put_freed(struct fy_live *live, const char *how, const struct fy_question *questions)
{
    const struct fy_run *run = live->run;
    struct fy_landscape *landscape = NULL;
    struct fy_err unseen = {0};
    struct fy_buf body = {0};
    bool seen = fy_planning_landscape(questions, &landscape, &unseen);
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "how", how);
    fy_buf_member(&body, "who", run->handover->how_by);
    fy_buf_member(&body, "why", run->handover->how_why);
    fy_buf_member_bool(&body, "seen", seen);
    if (seen) {
        fy_buf_member_bool(&body, "split", landscape->split);
        put_instances(&body, landscape);
    } else {
        fy_buf_member(&body, "unseen", unseen.message);
        put_listed(&body, run);
    }
    fy_buf_close(&body, '}');
    fy_landscape_free(landscape);
    FY_POINT(run_before_freed);
    live->dirty = false;
    fy_put(live, FY_REC_FREED, &body);
}

static void answered(void *context, struct fy_question *questions, size_t count)
{
    struct fy_live *live = context;
    struct fy_buf result = {0};
    struct fy_err err = {0};
    if (!live->dirty)
        return;
    if (strcmp(live->aside_when, "adopt") == 0) {
        put_freed(live, "adopt", questions);
    } else {
        FY_AUTO(fy_json_unref)
        json_t *names = fy_json_parse(clean_checks, sizeof clean_checks - 1, "checks", &err);
        if (fy_check_judge(live, "clean", names, questions, count, &result, &err))
            put_freed(live, "clean", questions);
        fy_buf_free(&result);
    }
    fy_flush(live);
    fy_drive(live);
}

/* It only waits for a person: nothing of a running upgrade is kept for that. */
static void let_go(struct fy_live *live)
{
    if (live->script != FY_SCRIPT_IDLE)
        fy_workflow_drop(live);
    fy_watch_free(live);
    fy_live_cancel(live, &live->window_timer);
    fy_live_cancel(live, &live->state_timer);
}

void fy_handover_failed_drive(struct fy_live *live)
{
    const struct fy_run *run = live->run;
    const struct fy_adapters *adapters = live->engine->world.adapters;
    if (!live->dirty) {
        live->over = true;
        return;
    }
    let_go(live);
    const struct fy_adapter_info *info = fy_bind_unknown(run->order, adapters);
    if (run->prep == NULL || run->prep->wanted == NULL || live->aside != NULL ||
        (info != NULL && info->state == FY_ADAPTER_STARTING))
        return;
    struct fy_question questions[FY_ASK_MAX];
    size_t count = fy_check_ask(run->order, adapters, questions);
    struct fy_ask_who who = {.engine = live->engine, .run = run->id, .base = &run->base};
    live->aside_when = run->prep->wanted;
    fy_ask(&who, questions, count, answered, live, &live->aside);
}

/* ---- for people, and for the next order ------------------------------------------------------------- */

void fy_handover_view(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_handover *handover = run->handover;
    if (handover == NULL || handover->list == NULL)
        return;
    fy_buf_member_bool(buf, "dirty", handover->dirty);
    fy_buf_member_raw(buf, "hand_over", handover->list);
    fy_buf_member_raw(buf, "freed", handover->freed);
}

char *fy_handover_facts(const struct fy_run *run)
{
    /* Nothing was touched: what was known before is known still. */
    if (run->state == FY_STATE_ROLLED_BACK && run->program == 0 && run->known != NULL)
        return fy_strdup(run->known);
    const struct fy_handover *handover = run->handover;
    if (run->state != FY_STATE_FAILED || handover == NULL || handover->freed == NULL)
        return NULL;
    FY_AUTO(fy_json_unref)
    json_t *freed = fy_json_parse(handover->freed, strlen(handover->freed), "freed", NULL);
    const json_t *instances = json_object_get(freed, "instances");
    if (strcmp(fy_json_string_or(freed, "how", ""), "adopt") != 0 || instances == NULL)
        return NULL;
    FY_AUTO(fy_free_ptr) char *text = fy_json_text(instances);
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "run", run->id);
    fy_buf_member(&buf, "who", fy_json_string_or(freed, "who", NULL));
    fy_buf_member(&buf, "why", fy_json_string_or(freed, "why", NULL));
    fy_buf_member_raw(&buf, "instances", text);
    fy_buf_close(&buf, '}');
    return fy_buf_take(&buf);
}
