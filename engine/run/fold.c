/* SPDX-License-Identifier: Apache-2.0 */
#include "run/fold.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/walk.h"
#include "run/phase/handover.h"
#include "run/phase/observe.h"
#include "run/planning.h"
#include "run/prep.h"
#include "run/step/lease.h"
#include "run/verb/amend.h"
#include "run/verb/approve.h"
#include "run/verb/aside.h"
#include "run/verb/command.h"
#include "run/verb/wish.h"
#include "run/watch/kpis.h"
#include "run/watch/sample.h"

#include <string.h>

/* ---- reading bodies: a step's records by pieces, the rare ones as documents -------------------------- */

struct picked {
    const char *key;
    struct fy_piece value; /* text NULL: not there */
};

static bool pick(const struct fy_row *row, struct picked *wanted, size_t count)
{
    struct fy_walk walk = fy_walk_object(row->body, row->body_length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        for (size_t i = 0; i < count; i++)
            if (fy_piece_is(key, wanted[i].key))
                wanted[i].value = value;
    return fy_walk_ok(&walk);
}

static void set(char **place, char *value)
{
    free(*place);
    *place = value;
}

static void set_string(char **place, const struct fy_piece *slice)
{
    set(place, slice->text != NULL ? fy_piece_string(*slice) : NULL);
}

static void set_member(char **place, const json_t *doc, const char *member)
{
    const char *text = fy_json_string_or(doc, member, NULL);
    set(place, text != NULL ? fy_strdup(text) : NULL);
}

static void set_json(char **place, const json_t *value)
{
    set(place, value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL);
}

static bool unreadable(const struct fy_row *row, struct fy_err *err)
{
    const char *name = fy_record_name(row->kind);
    fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s (%s) cannot be read", (unsigned long long)row->seq,
            row->run, name != NULL ? name : "of an unknown kind");
    return fy_hint(err, "a newer Ferry may have written it; ferry audit verify tells whether it is damaged");
}

/* ---- one function a kind --------------------------------------------------------------------------- */

typedef bool apply_fn(struct fy_run *run, const struct fy_row *row, struct fy_err *err);
typedef bool apply_doc_fn(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                          struct fy_err *err);

static void fold_texts(struct fy_run *run, const json_t *workflow)
{
    const json_t *texts = json_object_get(workflow, "texts");
    run->text_count = json_array_size(texts);
    run->texts = FY_NEW_ARRAY(struct fy_pinned, run->text_count + 1);
    for (size_t i = 0; i < run->text_count; i++) {
        set_member(&run->texts[i].role, json_array_get(texts, i), "role");
        set_member(&run->texts[i].sha256, json_array_get(texts, i), "sha256");
    }
}

static bool fold_order_accepted(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                                struct fy_err *err)
{
    const json_t *base = json_object_get(doc, "timebase");
    const json_t *workflow = json_object_get(doc, "workflow");
    const json_t *caller = json_object_get(doc, "caller");
    if (!fy_order_from_doc(json_object_get(doc, "order"), &run->order, err))
        return fy_wrap(err, "run %s", run->id);
    fy_run_kpis_read(run);
    run->base = (struct fy_timebase){.epoch_ms = fy_json_int_or(base, "epoch_ms", 0),
                                     .wall0_ms = fy_json_int_or(base, "wall0_ms", 0),
                                     .scale = fy_json_int_or(base, "scale", 1)};
    set_member(&run->order_sha256, doc, "order_sha256");
    set_member(&run->who, caller, "who");
    set_member(&run->from, caller, "from");
    set_member(&run->workflow, workflow, "name");
    run->workflow_version = fy_json_int_or(workflow, "version", 0);
    run->api = (uint32_t)fy_json_int_or(workflow, "api", 1);
    fold_texts(run, workflow);
    set_json(&run->known, json_object_get(doc, "known"));
    run->accepted_ms = run->since_ms = row->time_ms;
    run->state = FY_STATE_SCHEDULED;
    return true;
}

static bool fold_program_started(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "program"}, {.key = "function"}, {.key = "mirrored_ms"}};
    if (!pick(row, got, FY_COUNT(got)))
        return unreadable(row, err);
    run->program = fy_piece_int(got[0].value, run->program + 1);
    set_string(&run->function, &got[1].value);
    run->script_steps = 0;
    run->steered_permille = -1;
    run->step.open = run->step.failed = run->program_due = false;
    run->returns = run->function != NULL && strcmp(run->function, "rollback") == 0;
    bool mirrored = got[2].value.text != NULL;
    if (mirrored != run->mirrored)
        fy_order_mirror(run->order, fy_piece_int(got[2].value, row->time_ms));
    run->mirrored = mirrored;
    run->in_stage = run->approval.open = false;
    run->handed = 0;
    fy_judge_free(run->judge); /* it has judged what the former program brought there */
    run->judge = NULL;
    fy_aside_clear(run);
    return true;
}

static void fold_error(struct fy_run *run, const json_t *error)
{
    run->error.kind = FY_ERR_NONE;
    set_member(&run->error.message, error, "message");
    set_member(&run->error.hint, error, "hint");
    if (error != NULL)
        run->error.kind = fy_err_kind_parse(fy_json_string_or(error, "kind", "internal"));
}

/* What the program before did is behind it: its stage, its question, its step. */
static void begin_rollback(struct fy_run *run, const struct fy_row *row, const json_t *rollback)
{
    run->program_due = true;
    run->in_doubt = run->step.open && run->step.connection != NULL;
    run->settles_ms = row->time_ms + fy_json_int_or(rollback, "settle_ms", 0);
    run->step.open = run->step.failed = run->approval.open = run->in_stage = false;
    run->rollback_at_ms = 0;
    fy_judge_free(run->judge);
    run->judge = NULL;
}

static bool fold_state_changed(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                               struct fy_err *err)
{
    enum fy_state from = run->state;
    enum fy_state to = fy_state_parse(fy_json_string_or(doc, "to", ""));
    if (to == FY_STATE_NONE)
        return unreadable(row, err);
    if (fy_state_runs(from) && !fy_state_runs(to)) {
        run->back = from;
        run->paused_since_ms = row->time_ms;
    }
    if (fy_state_runs(to) && run->paused_since_ms != 0) {
        run->step.paused_ms += row->time_ms - run->paused_since_ms;
        run->paused_since_ms = 0;
    }
    if (to == FY_STATE_PROCESSING && run->started_ms == 0)
        run->started_ms = row->time_ms;
    if (to == FY_STATE_COMPLETED || fy_state_final(to)) {
        run->ended_ms = row->time_ms;
        run->watching = false;
        run->step.open = run->step.failed = false;
        run->approval.open = false;
    }
    const json_t *rollback = json_object_get(doc, "rollback");
    if (rollback != NULL)
        begin_rollback(run, row, rollback);
    fold_error(run, json_object_get(doc, "error"));
    run->state = to;
    run->since_ms = row->time_ms;
    run->asked = NULL;
    fy_wish_overtaken(run, fy_json_string_or(doc, "event", "?"));
    run->forced = false;
    set(&run->asked_why, NULL);
    return true;
}

static bool is_bulk_steer(const struct fy_run_step *step)
{
    return strcmp(step->call, "steer") == 0 && step->args != NULL &&
           strstr(step->args, "\"subscribers\"") == NULL;
}

static bool fold_intent(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "step"},       {.key = "attempt"}, {.key = "call"},
                           {.key = "connection"}, {.key = "verb"},    {.key = "args"},
                           {.key = "tolerant"},   {.key = "own"},     {.key = "instead"}};
    if (!pick(row, got, FY_COUNT(got)) || got[2].value.text == NULL || got[5].value.text == NULL)
        return unreadable(row, err);
    struct fy_run_step *step = &run->step;
    step->number = (uint64_t)fy_piece_int(got[0].value, 0);
    step->attempt = (uint32_t)fy_piece_int(got[1].value, 1);
    set_string(&step->call, &got[2].value);
    set_string(&step->connection, &got[3].value);
    set_string(&step->verb, &got[4].value);
    set(&step->args, fy_piece_copy(got[5].value));
    set(&step->text, NULL);
    step->tolerant = fy_piece_bool(got[6].value, false);
    step->own = fy_piece_bool(got[7].value, false);
    step->instead = fy_piece_bool(got[8].value, false);
    step->open = true;
    step->failed = false;
    step->since_ms = row->time_ms;
    step->paused_ms = step->covered_ms = step->done = step->total = 0;
    run->approval.open = false;
    run->approval.step = 0;
    run->script_steps += !step->own && step->attempt == 1;
    if (step->number > run->steps)
        run->steps = step->number;
    fy_lease_fold_intent(run);
    run->users_moved |= is_bulk_steer(step);
    if (!run->watching && is_bulk_steer(step)) {
        fy_snapshot_take(run, 0, row->time_ms);
        run->watching = true;
    }
    return true;
}

/* next_stage opens a stage and its judge. */
static void fold_stage(struct fy_run *run, const struct fy_piece *result)
{
    json_t *doc = fy_json_parse(result->text, result->length, "result of next_stage", NULL);
    const json_t *stage = json_object_get(doc, "stage");
    run->in_stage = stage != NULL;
    run->steered_permille = -1;
    if (stage != NULL) {
        run->stage_index = fy_json_int_or(stage, "index", 0);
        run->stage_permille = fy_json_int_or(stage, "permille", 0);
        run->ratio_wished = false;
        if (!run->returns) /* nobody asks whether going back is good for the KPIs */
            fy_run_judge_new(run);
    }
    json_decref(doc);
}

/* The workflow's policy has set instances aside. */
static void fold_set_aside(struct fy_run *run)
{
    json_t *args = fy_json_parse(run->step.args, strlen(run->step.args), "set_aside", NULL);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(args, "instances"), i, item)
    {
        if (json_is_string(item))
            fy_aside_add(run, json_string_value(item), fy_json_string_or(args, "why", "?"),
                         "the workflow's policy", run->step.since_ms);
    }
    json_decref(args);
}

/* Steered to a ratio: the network function has done what was asked, whatever the inventory counts. */
static void fold_steered(struct fy_run *run, const struct fy_piece *result)
{
    json_t *doc = fy_json_parse(result->text, result->length, "result of steer", NULL);
    json_t *args = fy_json_parse(run->step.args, strlen(run->step.args), "arguments of steer", NULL);
    run->steered_permille = fy_json_int_or(args, "permille", -1);
    run->steered_waiting = fy_json_int_or(doc, "waiting", 0);
    json_decref(args);
    json_decref(doc);
}

static void fold_backup(struct fy_run *run, const struct fy_piece *result)
{
    json_t *doc = fy_json_parse(result->text, result->length, "result of config_backup", NULL);
    set_member(&run->backup, doc, "id");
    json_decref(doc);
}

static void fold_result(struct fy_run *run, const struct fy_piece *result)
{
    const char *call = run->step.call;
    if (strncmp(call, "next_", 5) == 0 && result->text != NULL)
        run->handed = fy_planning_handed(result->text, result->length);
    if (strcmp(call, "next_move") == 0 && result->text != NULL &&
        memmem(result->text, result->length, "\"done\":true", 11) != NULL)
        run->ratio_wished = false;
    if (strcmp(call, "next_stage") == 0 && result->text != NULL)
        fold_stage(run, result);
    else if (strncmp(call, "next_", 5) == 0 && result->text != NULL && run->foreseen_left > 0 &&
             memmem(result->text, result->length, "\"done\":true", 11) == NULL)
        run->foreseen_left--;
    else if (strcmp(call, "set_aside") == 0)
        fold_set_aside(run);
    else if (is_bulk_steer(&run->step) && result->text != NULL)
        fold_steered(run, result);
    else if (strcmp(call, "config_backup") == 0 && result->text != NULL)
        fold_backup(run, result);
    else if (strcmp(call, "join") == 0 && strstr(run->step.args, "\"all\":true") != NULL)
        run->watching = false;
}

static bool fold_outcome(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "step"}, {.key = "ok"}, {.key = "result"}};
    if (!pick(row, got, FY_COUNT(got)) || (uint64_t)fy_piece_int(got[0].value, 0) != run->step.number)
        return unreadable(row, err);
    bool ok = fy_piece_bool(got[1].value, false);
    run->step.failed = !ok && !run->step.tolerant;
    run->step.open = run->step.failed;
    run->resumes = 0;
    run->approval.open = false;
    if (ok) {
        fy_lease_fold_done(run);
        fold_result(run, &got[2].value);
    }
    return true;
}

static bool fold_plan_made(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                           struct fy_err *err)
{
    (void)err;
    const json_t *foresees = json_object_get(doc, "foresees");
    run->revision = fy_json_int_or(doc, "revision", run->revision + 1);
    run->ends_ms = fy_json_int_or(doc, "ends_ms", 0);
    run->last_safe_ms = fy_json_int_or(doc, "last_safe_ms", 0);
    run->plan_seq = row->seq;
    run->adjusted = run->retargeted = false;
    free(run->foreseen);
    run->foreseen_count = json_array_size(foresees);
    run->foreseen = FY_NEW_ARRAY(uint64_t, run->foreseen_count + 1);
    for (size_t i = 0; i < run->foreseen_count; i++) {
        const char *hex = json_string_value(json_array_get(foresees, i));
        run->foreseen[i] = hex != NULL ? strtoull(hex, NULL, 16) : 0;
    }
    run->foreseen_left = run->foreseen_count;
    if (run->revision == 1)
        run->plan_items = (int64_t)run->foreseen_count;
    return true;
}

static bool fold_phase(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "text"}};
    if (!pick(row, got, FY_COUNT(got)))
        return unreadable(row, err);
    set_string(&run->phase, &got[0].value);
    return true;
}

static bool fold_note(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "about"}};
    if (!pick(row, got, FY_COUNT(got)))
        return unreadable(row, err);
    run->approval.reminded |= fy_piece_is(got[0].value, "\"reminder\"");
    run->window_told |= fy_piece_is(got[0].value, "\"window\"");
    run->last_safe_told |= fy_piece_is(got[0].value, "\"last safe\"");
    run->observed_told |= fy_piece_is(got[0].value, "\"observed\"");
    return true;
}

static bool fold_alarm(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    fy_lease_fold_alarm(run, row->time_ms, doc);
    return fold_note(run, row, err);
}

static bool fold_sample(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)row;
    return fy_sample_fold(run, doc, err);
}

static bool fold_progress(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    struct picked got[] = {{.key = "step"}, {.key = "done"}, {.key = "total"}, {.key = "text"}};
    if (!pick(row, got, FY_COUNT(got)))
        return unreadable(row, err);
    if ((uint64_t)fy_piece_int(got[0].value, 0) != run->step.number) /* or of no step: a lease */
        return true;
    run->step.done = fy_piece_int(got[1].value, 0);
    run->step.total = fy_piece_int(got[2].value, 0);
    set_string(&run->step.text, &got[3].value);
    return true;
}

static bool fold_command(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)err;
    fy_command_fold(run, row, doc);
    return true;
}

static bool fold_verdict(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)err;
    set(&run->verdict, fy_strdup(fy_json_string_or(doc, "verdict", "")));
    set_member(&run->sentence, doc, "sentence");
    set_json(&run->evidence, json_object_get(doc, "evidence"));
    run->verdict_final = fy_json_bool_or(doc, "final", false);
    enum fy_state to;
    if (strcmp(run->verdict, "rollback") == 0 && !run->order->gate.dry_run &&
        fy_state_move(run, run->state, "gate", false, &to)) {
        run->asked = "gate";
        set(&run->asked_why, fy_strdup(run->sentence));
    }
    if (run->verdict_final)
        fy_snapshot_take(run, run->stage_permille, row->time_ms);
    return true;
}

static bool fold_guard_taken(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                             struct fy_err *err)
{
    (void)err;
    struct fy_held *held = fy_run_find_held(run, fy_json_string_or(doc, "guard", ""));
    if (held == NULL) {
        run->held = fy_realloc(run->held, (run->held_count + 1) * sizeof *run->held);
        held = &run->held[run->held_count++];
        *held = (struct fy_held){0};
        set_member(&held->guard, doc, "guard");
    }
    set_member(&held->connection, doc, "connection");
    set_json(&held->prior, json_object_get(doc, "prior"));
    set_json(&held->off, json_object_get(doc, "off"));
    held->held = true;
    held->since_ms = row->time_ms;
    held->lease_ms = fy_json_int_or(doc, "lease_ms", 0);
    held->leased_ms = 0;
    held->giving_back = held->left = false;
    return true;
}

static bool fold_guard_released(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                                struct fy_err *err)
{
    struct fy_held *held = fy_run_find_held(run, fy_json_string_or(doc, "guard", ""));
    if (held == NULL)
        return unreadable(row, err);
    held->held = false;
    held->as_it_was = fy_json_bool_or(doc, "as_it_was", false);
    held->since_ms = row->time_ms;
    set_member(&held->why, doc, "why");
    return true;
}

static bool fold_resumed(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)row;
    (void)err;
    run->resumes += fy_json_bool_or(json_object_get(doc, "in_flight"), "acting", false);
    return true;
}

static bool fold_checked(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)err;
    fy_prep_checked(run, row->time_ms, doc);
    return true;
}

static bool fold_handed_over(struct fy_run *run, const struct fy_row *row, const json_t *doc,
                             struct fy_err *err)
{
    (void)err;
    fy_handover_fold_list(run, row, doc);
    return true;
}

static bool fold_observed(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)row;
    (void)err;
    fy_observe_fold(run, doc);
    return true;
}

static bool fold_freed(struct fy_run *run, const struct fy_row *row, const json_t *doc, struct fy_err *err)
{
    (void)err;
    fy_handover_fold_freed(run, row, doc);
    return true;
}

/* ---- the table --------------------------------------------------------------------------------------- */

static const struct {
    apply_fn *apply;         /* by pieces: what a step writes */
    apply_doc_fn *apply_doc; /* by document: the rest. Neither: nothing to remember */
} kinds[] = {
    [FY_REC_ORDER_ACCEPTED] = {.apply_doc = fold_order_accepted},
    [FY_REC_PROGRAM_STARTED] = {.apply = fold_program_started},
    [FY_REC_STATE_CHANGED] = {.apply_doc = fold_state_changed},
    [FY_REC_INTENT] = {.apply = fold_intent},
    [FY_REC_OUTCOME] = {.apply = fold_outcome},
    [FY_REC_PLAN_MADE] = {.apply_doc = fold_plan_made},
    [FY_REC_PHASE] = {.apply = fold_phase},
    [FY_REC_NOTE] = {.apply = fold_note},
    [FY_REC_SAMPLE] = {.apply_doc = fold_sample},
    [FY_REC_PROGRESS] = {.apply = fold_progress},
    [FY_REC_COMMAND] = {.apply_doc = fold_command},
    [FY_REC_APPROVAL_ASKED] = {.apply_doc = fy_approve_fold_asked},
    [FY_REC_APPROVAL_GIVEN] = {.apply_doc = fy_approve_fold_given},
    [FY_REC_VERDICT] = {.apply_doc = fold_verdict},
    [FY_REC_GUARD_TAKEN] = {.apply_doc = fold_guard_taken},
    [FY_REC_GUARD_RELEASED] = {.apply_doc = fold_guard_released},
    [FY_REC_RESUMED] = {.apply_doc = fold_resumed},
    [FY_REC_CHECKED] = {.apply_doc = fold_checked},
    [FY_REC_ALARM] = {.apply_doc = fold_alarm},
    [FY_REC_DECIDED] = {.apply_doc = fy_wish_fold_decided},
    [FY_REC_HANDED_OVER] = {.apply_doc = fold_handed_over},
    [FY_REC_FREED] = {.apply_doc = fold_freed},
    [FY_REC_AMENDED] = {.apply_doc = fy_amend_fold},
    [FY_REC_OBSERVED] = {.apply_doc = fold_observed},
    [FY_REC_CHECKPOINT] = {0}, /* for auditors */
};

static bool apply(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    if (row->kind == 0 || row->kind >= FY_COUNT(kinds))
        return unreadable(row, err);
    if (kinds[row->kind].apply != NULL)
        return kinds[row->kind].apply(run, row, err);
    if (kinds[row->kind].apply_doc == NULL)
        return true;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "a record", err);
    return doc != NULL && kinds[row->kind].apply_doc(run, row, doc, err);
}

bool fy_fold(struct fy_run *run, const struct fy_row *row, struct fy_err *err)
{
    if (row->seq != run->seq + 1) {
        fy_fail(err, FY_ERR_INTERNAL, "record %llu of run %s does not follow record %llu",
                (unsigned long long)row->seq, run->id, (unsigned long long)run->seq);
        return fy_hint(err, "ferry audit verify names the first bad record");
    }
    if (!apply(run, row, err))
        return false;
    run->seq = row->seq;
    run->time_ms = row->time_ms;
    memcpy(run->hash, row->hash, sizeof run->hash);
    return true;
}
