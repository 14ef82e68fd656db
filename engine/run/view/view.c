/* SPDX-License-Identifier: Apache-2.0 */
/* What people and programs see of a run (docs/architecture.md, "Views"): a function of its fold, and of
 * nothing else but the time. A run that is over is folded again from the store. */
#include "run/view/view.h"

#include "base/mem.h"
#include "run/ask.h"
#include "run/drive.h"
#include "run/live.h"
#include "run/phase/handover.h"
#include "run/planning.h"
#include "run/prep.h"
#include "run/step/step.h"
#include "run/verb/aside.h"
#include "run/watch/sample.h"
#include "run/watch/signs.h"

#include <string.h>

void fy_shown_done(struct fy_shown *shown)
{
    fy_run_free(shown->own);
}

bool fy_shown_find(struct fy_engine *engine, const char *id, struct fy_shown *ret, struct fy_err *err)
{
    *ret = (struct fy_shown){.engine = engine, .live = fy_live_find(engine, id)};
    if (ret->live != NULL) {
        ret->run = ret->live->run;
        return ret->run->order != NULL ||
               fy_fail(err, FY_ERR_TRANSIENT, "run %s is being written for the first time", id);
    }
    ret->own = fy_run_new(id);
    ret->run = ret->own;
    if (fy_run_read(engine->world.store, ret->own, err))
        return true;
    fy_shown_done(ret);
    return false;
}

static int64_t now_of(const struct fy_shown *shown)
{
    return fy_run_now(&shown->run->base, &shown->engine->world.clock).ms;
}

/* ---- parts of the view
 * --------------------------------------------------------------------------------------- */

static void put_order(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_order_request *request = &run->order->request;
    fy_buf_member(buf, "id", run->id);
    fy_buf_member(buf, "request_id", request->id);
    fy_buf_member(buf, "tenant", request->tenant);
    fy_buf_member(buf, "vnf_instance_id", request->vnf_instance);
    fy_buf_member(buf, "exclusion_group", run->order->vnf.exclusion_group);
    fy_buf_member(buf, "nf_type", run->order->vnf.nf_type);
    fy_buf_member(buf, "workflow", run->workflow);
    fy_buf_member(buf, "source", request->source.version);
    fy_buf_member(buf, "target", request->target.version);
}

static void put_times(const struct fy_shown *shown, struct fy_buf *buf)
{
    const struct fy_run *run = shown->run;
    fy_buf_member_int(buf, "since_ms", run->since_ms);
    fy_buf_member_int(buf, "now_ms", now_of(shown));
    fy_buf_member_int(buf, "scale", run->base.scale);
    fy_buf_member_int(buf, "seq", (int64_t)run->seq);
    fy_buf_member_int(buf, "accepted_ms", run->accepted_ms);
    fy_buf_key(buf, "window");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "start_ms", run->order->request.window.start_ms);
    fy_buf_member_int(buf, "end_ms", run->order->request.window.end_ms);
    fy_buf_close(buf, '}');
    if (run->revision > 0) {
        fy_buf_member_int(buf, "last_safe_ms", run->last_safe_ms);
        fy_buf_member_int(buf, "ends_ms", run->ends_ms);
        fy_buf_member_int(buf, "revision", run->revision);
    }
    if (run->ended_ms != 0)
        fy_buf_member_int(buf, "ended_ms", run->ended_ms);
}

static void put_step(const struct fy_run *run, struct fy_buf *buf)
{
    const struct fy_run_step *step = &run->step;
    fy_buf_member_int(buf, "steps", (int64_t)run->steps);
    if (run->program > 0) {
        fy_buf_key(buf, "program");
        fy_buf_open(buf, '{');
        fy_buf_member_int(buf, "number", run->program);
        fy_buf_member(buf, "function", run->function);
        fy_buf_close(buf, '}');
    }
    if (!step->open)
        return;
    fy_buf_key(buf, "step");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "number", (int64_t)step->number);
    fy_buf_member(buf, "call", step->call);
    fy_buf_member(buf, "verb", step->verb);
    fy_buf_member(buf, "connection", step->connection);
    fy_buf_member_int(buf, "since_ms", step->since_ms);
    fy_buf_member(buf, "text", step->text);
    fy_buf_member_int(buf, "done", step->done);
    fy_buf_member_int(buf, "total", step->total);
    fy_buf_member_int(buf, "attempt", step->attempt);
    fy_buf_close(buf, '}');
}

static void put_stage(const struct fy_run *run, struct fy_buf *buf)
{
    if (!run->in_stage)
        return;
    const struct fy_order_gray *gray = &run->order->gray;
    size_t index = (size_t)run->stage_index;
    fy_buf_key(buf, "stage");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "index", run->stage_index);
    fy_buf_member_int(buf, "permille", run->stage_permille);
    fy_buf_member_int(buf, "soak_ms", index < gray->stage_count ? gray->stages[index].soak_ms : 0);
    fy_buf_member_int(buf, "covered_ms", run->step.covered_ms);
    fy_buf_close(buf, '}');
}

static void put_users(const int64_t users[2][2], struct fy_buf *buf)
{
    fy_buf_key(buf, "users");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "source", users[0][0] + users[1][0]);
    fy_buf_member_int(buf, "target", users[0][1] + users[1][1]);
    fy_buf_key(buf, "segments");
    fy_buf_open(buf, '{');
    for (size_t segment = 0; segment < 2; segment++) {
        fy_buf_key(buf, fy_segments[segment]);
        fy_buf_format(buf, "[%lld,%lld]", (long long)users[segment][0], (long long)users[segment][1]);
    }
    fy_buf_close(buf, '}');
    fy_buf_close(buf, '}');
}

static void put_guards(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_key(buf, "guards");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < run->held_count; i++) {
        const struct fy_held *held = &run->held[i];
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "guard", held->guard);
        fy_buf_member_bool(buf, "held", held->held);
        if (!held->held)
            fy_buf_member_bool(buf, "as_it_was", held->as_it_was);
        fy_buf_member_int(buf, "since_ms", held->since_ms);
        if (held->held && held->lease_ms > 0)
            fy_buf_member_int(buf, "lease_ms", held->lease_ms);
        fy_buf_member(buf, "why", held->why);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

/* What the judge would say now, with its evidence: nobody has to wait for the end of a soak to see it. */
static void put_judge_now(const struct fy_run *run, struct fy_buf *buf)
{
    if (run->judge == NULL || !run->watching)
        return;
    FY_AUTO(fy_buf_free) struct fy_buf evidence = {0};
    const struct fy_verdict verdict = fy_judge_look(run->judge, false, &evidence);
    fy_buf_key(buf, "judge");
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "verdict", fy_verdict_name(verdict.kind));
    fy_buf_member(buf, "sentence", verdict.sentence);
    fy_buf_member_raw(buf, "evidence", evidence.data);
    fy_buf_close(buf, '}');
}

static void put_judged(const struct fy_run *run, struct fy_buf *buf)
{
    if (run->approval.open) {
        fy_buf_key(buf, "approval");
        fy_buf_open(buf, '{');
        fy_buf_member_int(buf, "id", run->approval.id);
        fy_buf_member(buf, "question", run->approval.question);
        fy_buf_member(buf, "role", run->approval.role);
        fy_buf_member_int(buf, "deadline_ms", run->approval.deadline_ms + run->step.paused_ms);
        fy_buf_member(buf, "on_timeout", run->approval.roll_back_on_timeout ? "rollback" : "hold");
        fy_buf_close(buf, '}');
    }
    if (run->verdict != NULL) {
        fy_buf_key(buf, "verdict");
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "verdict", run->verdict);
        fy_buf_member(buf, "sentence", run->sentence);
        fy_buf_member_raw(buf, "evidence", run->evidence);
        fy_buf_close(buf, '}');
    }
    fy_signs_view(run, buf);
    put_judge_now(run, buf);
    if (run->error.kind != FY_ERR_NONE) {
        fy_buf_key(buf, "error");
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "kind", fy_err_kind_name(run->error.kind));
        fy_buf_member(buf, "message", run->error.message);
        fy_buf_member(buf, "hint", run->error.hint);
        fy_buf_close(buf, '}');
    }
}

/* Half of it is the items of the first plan that are behind, half the soaks; a rough figure for a bar. */
static int64_t progress(const struct fy_run *run)
{
    if (run->state == FY_STATE_COMPLETED || run->state == FY_STATE_COMMITTED)
        return 1000;
    int64_t left = (int64_t)run->foreseen_left, all = run->plan_items;
    int64_t done = all > 0 && left <= all ? 900 * (all - left) / all : 0;
    return run->program > 0 ? 50 + done : 0;
}

static void put_waiting(const struct fy_shown *shown, struct fy_buf *buf)
{
    const struct fy_adapter_info *missing = shown->live != NULL ? fy_drive_waits_for(shown->live) : NULL;
    bool looks = shown->live != NULL && shown->run->program_due && shown->live->trouble != NULL;
    if (looks)
        fy_buf_format(buf, "is on its way back and cannot see what stands there: %s; it asks again by itself",
                      shown->live->trouble);
    else if (missing == NULL)
        fy_waiting(shown->run, now_of(shown), buf);
    else
        fy_buf_format(buf, "waits for connection %s (%s), then it goes on by itself", missing->connection,
                      missing->problem != NULL ? missing->problem : "its host is being started");
}

static void put_tail(const struct fy_shown *shown, struct fy_buf *buf)
{
    const struct fy_run *run = shown->run;
    const char *trouble = fy_journal_trouble(shown->engine->world.journal);
    fy_buf_member_int(buf, "progress_permille", progress(run));
    fy_buf_key(buf, "waiting");
    struct fy_buf waiting = {0};
    put_waiting(shown, &waiting);
    if (shown->live != NULL && trouble != NULL)
        fy_buf_format(&waiting, " (%s)", trouble);
    fy_buf_json_string(buf, waiting.data, waiting.length);
    fy_buf_free(&waiting);
    fy_buf_key(buf, "verbs");
    fy_state_verbs_json(run, run->state, buf);
    if (shown->live != NULL)
        fy_buf_member(buf, "store_trouble", trouble);
}

static void put_view(const struct fy_shown *shown, struct fy_buf *buf)
{
    const struct fy_run *run = shown->run;
    fy_buf_open(buf, '{');
    put_order(run, buf);
    fy_buf_member(buf, "state", fy_state_name(run->state));
    fy_buf_member(buf, "asked", run->asked);
    fy_buf_member(buf, "phase", run->phase);
    put_times(shown, buf);
    put_step(run, buf);
    put_stage(run, buf);
    if (run->sample_end_ms != 0)
        put_users(run->users, buf);
    fy_buf_member_raw(buf, "amended", run->amended);
    fy_prep_view(run, buf);
    fy_handover_view(run, buf);
    fy_buf_member_raw(buf, "known", run->known);
    put_guards(run, buf);
    if (run->aside_count > 0) {
        fy_buf_key(buf, "owed");
        fy_aside_json(run, buf);
    }
    put_judged(run, buf);
    fy_buf_member(buf, "wish", run->wish.verb);
    fy_buf_member(buf, "refusal", run->wish.verb == NULL ? run->refusal : NULL);
    put_tail(shown, buf);
    fy_buf_close(buf, '}');
}

/* ---- the public functions
 * -------------------------------------------------------------------------------------- */

const char *fy_engine_state(const struct fy_engine *engine, const char *run)
{
    const struct fy_live *live = fy_live_find(engine, run);
    return live != NULL ? fy_state_name(live->run->state) : NULL;
}

bool fy_engine_show(struct fy_engine *engine, const char *id, struct fy_buf *buf, struct fy_err *err)
{
    struct fy_shown shown;
    if (!fy_shown_find(engine, id, &shown, err))
        return false;
    put_view(&shown, buf);
    fy_shown_done(&shown);
    return true;
}

/* A run whose records cannot be read is still in the list, by what the index knows of it. */
static void list_one(struct fy_engine *engine, const struct fy_run_line *line, struct fy_buf *buf)
{
    struct fy_shown shown;
    struct fy_err err = {0};
    if (fy_shown_find(engine, line->run, &shown, &err)) {
        put_view(&shown, buf);
        fy_shown_done(&shown);
        return;
    }
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "id", line->run);
    fy_buf_member(buf, "request_id", line->request_id);
    fy_buf_member(buf, "vnf_instance_id", line->vnf_instance_id);
    fy_buf_member(buf, "waiting", err.message);
    fy_buf_close(buf, '}');
}

struct names {
    struct fy_run_line *lines;
    size_t count;
};

static bool keep_name(void *context, const struct fy_run_line *line)
{
    struct names *names = context;
    names->lines = fy_realloc(names->lines, (names->count + 1) * sizeof *names->lines);
    names->lines[names->count++] = (struct fy_run_line){
        .run = fy_strdup(line->run),
        .request_id = fy_strdup(line->request_id),
        .tenant = fy_strdup(line->tenant),
        .vnf_instance_id = fy_strdup(line->vnf_instance_id),
        .accepted_ms = line->accepted_ms,
        .final = line->final,
    };
    return true;
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct fy_run_line *line = &names->lines[i];
        const char *texts[] = {line->run, line->request_id, line->tenant, line->vnf_instance_id};
        for (size_t j = 0; j < FY_COUNT(texts); j++)
            free((void *)(uintptr_t)texts[j]); /* const in the line, ours all the same */
    }
    free(names->lines);
}

bool fy_engine_list(struct fy_engine *engine, const struct fy_list_wish *wish, struct fy_buf *buf,
                    struct fy_err *err)
{
    struct names names = {0};
    bool ok = engine->world.store->runs(engine->world.store, wish->live_only, keep_name, &names, err);
    if (ok)
        fy_buf_open(buf, '[');
    for (size_t i = 0; ok && i < names.count; i++)
        if (wish->wanted == NULL || wish->wanted(wish->context, &names.lines[i]))
            list_one(engine, &names.lines[i], buf);
    if (ok)
        fy_buf_close(buf, ']');
    free_names(&names);
    return ok;
}

static bool find_plan(void *context, const struct fy_row *row)
{
    struct fy_buf *buf = context;
    if (row->kind == FY_REC_PLAN_MADE) {
        fy_buf_clear(buf);
        fy_buf_put(buf, row->body, row->body_length);
    }
    return true;
}

bool fy_engine_show_plan(struct fy_engine *engine, const char *id, struct fy_buf *buf, struct fy_err *err)
{
    struct fy_store *store = engine->world.store;
    struct fy_buf plan = {0};
    bool ok = store->read(store, id, 0, find_plan, &plan, err);
    if (ok && plan.length == 0)
        ok = fy_fail(err, FY_ERR_NOT_FOUND, "run %s has no plan yet", id);
    else if (ok)
        fy_buf_put(buf, plan.data, plan.length);
    fy_buf_free(&plan);
    return ok;
}

/* ---- instances: what was seen last, and another look on the way
 * ------------------------------------------------ */

#define PICTURE_MS 4000

static void looked(void *context, struct fy_question *questions, size_t count)
{
    (void)count;
    struct fy_live *live = context;
    struct fy_landscape *landscape;
    struct fy_err err;
    if (!fy_planning_landscape(questions, &landscape, &err))
        return;
    fy_planning_keep(live, landscape);
    fy_landscape_free(landscape);
}

static void look_again(struct fy_live *live)
{
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    struct fy_ask_who who = {.engine = live->engine, .run = live->run->id, .base = &live->run->base};
    if (live->instances_ask != NULL ||
        (live->instances != NULL && fy_live_now(live).ms - live->instances_at_ms < PICTURE_MS))
        return;
    fy_planning_ask(live->run->order, questions);
    fy_ask(&who, questions, FY_PLANNING_QUESTIONS, looked, live, &live->instances_ask);
}

bool fy_engine_show_instances(struct fy_engine *engine, const char *id, struct fy_buf *buf,
                              struct fy_err *err)
{
    struct fy_shown shown;
    if (!fy_shown_find(engine, id, &shown, err))
        return false;
    if (shown.live != NULL)
        look_again(shown.live);
    if (shown.live != NULL && shown.live->instances != NULL)
        fy_buf_text(buf, shown.live->instances);
    else
        fy_buf_format(buf, "{\"at_ms\":0,\"domains\":{},\"instances\":[],\"why\":\"%s\"}",
                      shown.live != NULL
                          ? "they are being looked at for the first time; ask again in a moment"
                          : "the run is over: its instances are looked at while it is live, and "
                            "not kept; ferry report has how it ended");
    fy_shown_done(&shown);
    return true;
}
