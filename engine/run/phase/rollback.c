/* SPDX-License-Identifier: Apache-2.0 */
#include "run/phase/rollback.h"

#include "base/mem.h"
#include "base/point.h"
#include "run/check/check.h"
#include "run/drive.h"
#include "run/planning.h"
#include "run/program.h"
#include "run/step/step.h"

#include <string.h>

#define LOOK_AGAIN_MS 10000
#define SETTLE_MS                                                                                            \
    30000 /* of a verb whose adapter is not known yet, after a restart: the longest a call lasts */
#define DAY_MS (24LL * 60 * 60 * 1000)

int64_t fy_rollback_settle_ms(const struct fy_live *live)
{
    const struct fy_adapters *adapters = live->engine->world.adapters;
    const struct fy_run_step *step = &live->run->step;
    if (!step->open || step->connection == NULL)
        return 0;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, step->connection);
    const struct fy_adapter_verb *verb = info != NULL ? fy_adapter_verb(info, step->verb) : NULL;
    return verb != NULL ? verb->settle_ms : SETTLE_MS;
}

int64_t fy_rollback_due_ms(const struct fy_run *run)
{
    if (run->rollback_at_ms != 0 || run->order->commit.on_expiry != FY_EXPIRY_ROLLBACK)
        return run->rollback_at_ms;
    int64_t observed_ms = run->ended_ms + run->order->commit.observe_ms;
    int64_t window_ms = run->order->request.window.start_ms;
    return window_ms < observed_ms ? window_ms + (observed_ms - window_ms + DAY_MS - 1) / DAY_MS * DAY_MS
                                   : window_ms;
}

/* ---- what the program begins with -----------------------------------------------------------------------
 */

static void put_versions(const struct fy_landscape *landscape, struct fy_buf *buf)
{
    fy_buf_key(buf, "versions");
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < landscape->count; i++) {
        const struct fy_instance *instance = &landscape->instances[i];
        if (i > 0)
            fy_buf_text(buf, ",");
        fy_buf_json_string(buf, instance->id, strlen(instance->id)); /* ids come from the cloud */
        fy_buf_text(buf, ":");
        const char *version = instance->version != NULL ? instance->version : "";
        fy_buf_json_string(buf, version, strlen(version));
    }
    fy_buf_close(buf, '}');
}

static void put_guards(const struct fy_run *run, struct fy_buf *buf)
{
    fy_buf_key(buf, "guards");
    fy_buf_open(buf, '[');
    for (size_t i = 0, named = 0; i < run->held_count; i++)
        if (run->held[i].held) {
            fy_buf_text(buf, named++ > 0 ? "," : "");
            fy_buf_json_string(buf, run->held[i].guard, strlen(run->held[i].guard));
        }
    fy_buf_close(buf, ']');
}

static void put_doubt(const struct fy_run *run, struct fy_buf *buf)
{
    if (!run->in_doubt)
        return;
    fy_buf_key(buf, "in_doubt");
    fy_buf_open(buf, '{');
    fy_buf_member_int(buf, "step", (int64_t)run->step.number);
    fy_buf_member(buf, "call", run->step.call);
    fy_buf_member(buf, "connection", run->step.connection);
    fy_buf_member_raw(buf, "args", run->step.args);
    fy_buf_close(buf, '}');
}

static char *about(const struct fy_run *run, const struct fy_landscape *landscape)
{
    struct fy_buf buf = {0};
    int64_t users = landscape->users[FY_SOURCE] + landscape->users[FY_TARGET];
    fy_buf_open(&buf, '{');
    fy_buf_member_bool(&buf, "split", landscape->split);
    fy_buf_member_int(&buf, "permille", users > 0 ? landscape->users[FY_TARGET] * 1000 / users : 0);
    fy_buf_member_bool(&buf, "users_moved", run->users_moved);
    fy_buf_member(&buf, "backup", run->backup);
    put_versions(landscape, &buf);
    put_guards(run, &buf);
    put_doubt(run, &buf);
    fy_buf_close(&buf, '}');
    return fy_buf_take(&buf);
}

/* ---- which program --------------------------------------------------------------------------------------
 */

/* After the join nothing is left of the old version to go back to: it is carried there like any other one. */
static bool wants_mirror(const struct fy_run *run, const struct fy_landscape *landscape)
{
    const struct fy_order_request *request = &run->order->request;
    const char *newer = run->mirrored ? request->source.version : request->target.version;
    if (landscape->split)
        return run->mirrored;
    return landscape->version != NULL && strcmp(landscape->version, newer) == 0;
}

/* The order as the program sees it; the caller frees it. */
static bool order_of(const struct fy_run *run, bool mirrored, int64_t at_ms, struct fy_order **ret,
                     struct fy_err *err)
{
    struct fy_buf text = {0};
    fy_order_to_json(run->order, &text);
    bool ok = fy_order_from_json(text.data, text.length, ret, err);
    fy_buf_free(&text);
    if (!ok)
        return fy_wrap(err, "the order of run %s does not read back", run->id);
    if (mirrored != run->mirrored)
        fy_order_mirror(*ret, at_ms);
    return true;
}

static void start(struct fy_live *live, const struct fy_landscape *landscape)
{
    bool mirrored = wants_mirror(live->run, landscape);
    int64_t at_ms = live->run->mirrored ? live->run->order->request.window.start_ms : fy_live_now(live).ms;
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    struct fy_err err = {0};
    if (!order_of(live->run, mirrored, at_ms, &order, &err)) { /* an abort would meet every successor, too */
        fy_park(live, "failure", &err);
        return;
    }
    FY_AUTO(fy_free_ptr) char *text = about(live->run, landscape);
    fy_program_put(live, &(struct fy_program){.function = mirrored ? "upgrade" : "rollback",
                                              .order = order,
                                              .mirrored_ms = mirrored ? at_ms : 0,
                                              .checks = fy_checks_before,
                                              .final_checks = mirrored ? fy_checks_after : fy_checks_back,
                                              .about = text});
    FY_POINT(run_before_rollback);
    fy_flush(live);
}

/* ---- looking --------------------------------------------------------------------------------------------
 */

static void look_again(void *context)
{
    struct fy_live *live = context;
    live->flight.timer = NULL;
    live->flight.taken = false;
    fy_drive(live);
}

/* Nothing is given up here: whoever goes back waits for the cloud for as long as it takes. */
static void looked(void *context, struct fy_question *questions, size_t count)
{
    (void)count;
    struct fy_live *live = context;
    struct fy_landscape *landscape = NULL;
    struct fy_err err = {0};
    if (!live->run->program_due)
        return;
    if (!fy_planning_landscape(questions, &landscape, &err)) {
        free(live->trouble);
        live->trouble = fy_strdup(err.message);
        fy_live_wait(live, fy_rtime_add(fy_live_now(live), LOOK_AGAIN_MS), look_again);
        return;
    }
    free(fy_steal(&live->trouble));
    fy_planning_keep(live, landscape);
    start(live, landscape);
    fy_landscape_free(landscape);
    live->flight.taken = false;
    fy_drive(live);
}

void fy_rollback_drive(struct fy_live *live)
{
    fy_workflow_drop(live);
    if (live->flight.taken || !fy_drive_reached(live, live->run->settles_ms) ||
        fy_bind_unknown(live->run->order, live->engine->world.adapters) != NULL)
        return;
    struct fy_question questions[FY_PLANNING_QUESTIONS];
    fy_planning_ask(live->run->order, questions);
    live->flight.taken = true;
    fy_ask_for(live, questions, FY_PLANNING_QUESTIONS, looked);
}
