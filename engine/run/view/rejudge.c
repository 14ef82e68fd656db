/* SPDX-License-Identifier: Apache-2.0 */
#include "run/view/rejudge.h"

#include "base/mem.h"
#include "run/live.h"

#include <string.h>

#define LOOKS 16 /* a verdict may be journalled behind samples that came after it was reached */

/* What the judge said after a tick. */
struct look {
    int64_t end_ms;
    struct fy_verdict soaking, final;
    char *evidence;
};

struct rejudging {
    struct fy_run *run;
    const struct fy_rejudge *settings;
    struct look looks[LOOKS];
    size_t looked;
    bool rolled_back; /* in this stage, as judged now */
    int64_t stage;
    struct fy_buf verdicts, rollbacks;
    struct fy_err err;
    bool failed;
};

static void apply_settings(const struct rejudging *again)
{
    struct fy_order *order = again->run->order;
    const int64_t margin_bp = again->settings->margin_bp;
    again->run->alpha_bp = again->settings->alpha_bp > 0 ? again->settings->alpha_bp : 0;
    for (size_t i = 0; order != NULL && margin_bp >= 0 && i < order->gate.kpi_count; i++)
        order->gate.kpis[i].margin_bp = margin_bp;
}

static void note_rollback(struct rejudging *again, const struct look *look)
{
    if (again->stage != again->run->stage_index)
        again->rolled_back = false;
    again->stage = again->run->stage_index;
    if (look->soaking.kind != FY_VERDICT_ROLLBACK || again->rolled_back)
        return;
    again->rolled_back = true;
    fy_buf_open(&again->rollbacks, '{');
    fy_buf_member_int(&again->rollbacks, "stage", again->stage);
    fy_buf_member_int(&again->rollbacks, "at_ms", look->end_ms);
    fy_buf_member(&again->rollbacks, "sentence", look->soaking.sentence);
    fy_buf_close(&again->rollbacks, '}');
}

static void look_now(struct rejudging *again)
{
    const struct fy_run *run = again->run;
    if (run->judge == NULL || !run->watching)
        return;
    struct look *look = &again->looks[again->looked++ % LOOKS];
    struct fy_buf evidence = {0};
    free(look->evidence);
    look->end_ms = run->sample_end_ms;
    look->soaking = fy_judge_look(run->judge, false, &evidence);
    look->final = fy_judge_look(run->judge, true, NULL);
    look->evidence = evidence.data;
    note_rollback(again, look);
}

static const struct look *look_at(const struct rejudging *again, int64_t end_ms)
{
    for (size_t i = 0; i < LOOKS; i++)
        if (again->looks[i].evidence != NULL && again->looks[i].end_ms == end_ms)
            return &again->looks[i];
    return NULL;
}

static bool same_evidence(const json_t *recorded, const char *now)
{
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(now, strlen(now), "evidence", NULL);
    return doc != NULL && json_equal(recorded, doc);
}

/* A verdict that the judge did not give (an order without gates, no counts) is not judged again. */
static void compare(struct rejudging *again, const struct fy_row *row)
{
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "verdict", NULL);
    const json_t *evidence = json_object_get(doc, "evidence");
    const struct look *look = look_at(again, fy_json_int_or(evidence, "to_ms", -1));
    const char *recorded = fy_json_string_or(doc, "verdict", "?");
    const bool final = fy_json_bool_or(doc, "final", false);
    if (look == NULL)
        return;
    const struct fy_verdict *now = final ? &look->final : &look->soaking;
    struct fy_buf *buf = &again->verdicts;
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "seq", (int64_t)row->seq);
    fy_buf_member_int(buf, "at_ms", row->time_ms);
    fy_buf_member_int(buf, "stage", fy_json_int_or(doc, "stage", 0));
    fy_buf_member_bool(buf, "final", final);
    fy_buf_member(buf, "recorded", recorded);
    fy_buf_member(buf, "now", fy_verdict_name(now->kind));
    fy_buf_member(buf, "sentence", now->sentence);
    fy_buf_member_bool(buf, "same",
                       strcmp(recorded, fy_verdict_name(now->kind)) == 0 &&
                           same_evidence(evidence, look->evidence));
    fy_buf_close(buf, '}');
}

static bool judge_row(void *context, const struct fy_row *row)
{
    struct rejudging *again = context;
    if (row->kind == FY_REC_VERDICT)
        compare(again, row);
    again->failed = !fy_fold(again->run, row, &again->err);
    if (again->failed)
        return false;
    apply_settings(again);
    if (row->kind == FY_REC_SAMPLE)
        look_now(again);
    return true;
}

static void put_list(struct fy_buf *buf, const char *key, const struct fy_buf *list)
{
    fy_buf_key(buf, key);
    fy_buf_text(buf, "[");
    fy_buf_text(buf, list->data != NULL ? list->data : "");
    fy_buf_text(buf, "]");
}

static void put(const struct rejudging *again, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "run", again->run->id);
    if (again->settings->margin_bp >= 0)
        fy_buf_member_int(buf, "margin_bp", again->settings->margin_bp);
    if (again->settings->alpha_bp >= 0)
        fy_buf_member_int(buf, "alpha_bp", again->settings->alpha_bp);
    put_list(buf, "verdicts", &again->verdicts);
    put_list(buf, "rollbacks", &again->rollbacks);
    fy_buf_close(buf, '}');
}

bool fy_engine_rejudge(struct fy_engine *engine, const char *id, const struct fy_rejudge *settings,
                       struct fy_buf *buf, struct fy_err *err)
{
    struct rejudging again = {.run = fy_run_new(id), .settings = settings, .stage = -1};
    struct fy_store *store = engine->world.store;
    bool ok = store->read(store, id, 0, judge_row, &again, err);
    if (ok && again.failed) {
        *err = again.err;
        ok = false;
    } else if (ok && again.run->seq == 0) {
        ok = fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s", id);
        (void)fy_hint(err, "\"ferry list\" shows the runs of this store");
    }
    if (ok)
        put(&again, buf);
    for (size_t i = 0; i < LOOKS; i++)
        free(again.looks[i].evidence);
    fy_buf_free(&again.verdicts);
    fy_buf_free(&again.rollbacks);
    fy_run_free(again.run);
    return ok;
}
