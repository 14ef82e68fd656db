/* SPDX-License-Identifier: Apache-2.0 */
/* What the crash suite found: connections that are not there yet, commits that take long, orders sent twice.
 */
#include "tests/support/harness.h"

#include "base/mem.h"
#include "order/read.h"
#include "script/local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char small[] = "{\"users\":300}";

/* ---- a connection whose host has not introduced itself ------------------------------------------------- */

static const struct fy_adapter_info *(*describe)(void *self, const char *connection);
static struct fy_adapter_info hidden; /* connection NULL: none is */
static void (*changed)(void *ctx, const struct fy_adapter_info *info);
static void *changed_ctx;

static const struct fy_adapter_info *describe_hiding(void *self, const char *connection)
{
    return hidden.connection != NULL && strcmp(connection, hidden.connection) == 0
               ? &hidden
               : describe(self, connection);
}

static void watch(void *self, void (*tell)(void *ctx, const struct fy_adapter_info *info), void *ctx)
{
    (void)self;
    changed = tell;
    changed_ctx = ctx;
}

static void hide(struct harness *h, enum fy_adapter_state state, const char *problem)
{
    struct fy_adapters *adapters = fy_local_adapters(h->local);
    if (adapters->describe != describe_hiding)
        describe = adapters->describe;
    adapters->describe = describe_hiding;
    adapters->watch = watch;
    hidden = (struct fy_adapter_info){.connection = "sim-cloud", .state = state, .problem = problem};
}

static void introduce(struct harness *h)
{
    hidden.connection = NULL;
    struct fy_adapters *adapters = fy_local_adapters(h->local);
    changed(changed_ctx, describe(adapters->self, "sim-cloud"));
}

static bool events_until(struct harness *h, const char *run, const char *state)
{
    for (int i = 0; i < 300 && harness_event(h); i++)
        if (strcmp(harness_state(h, run), state) == 0)
            return true;
    return false;
}

static void assert_waits_for(struct harness *h, const char *run, const char *text)
{
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    assert_non_null(strstr(fy_json_string_or(view, "waiting", ""), text));
}

/* "observe inventory" is bound to whoever declares it: before sim-cloud is known that was sim-amf. */
static const char looks[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                            "function wf:upgrade(nf, plan)\n"
                            "  nf:stage_image()\n"
                            "  for i = 1, 5 do nf:observe('inventory') end\n"
                            "end\n"
                            "return wf\n";

static void test_nothing_is_bound_before_all_connections_are_known(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = looks, .world = small});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "PROCESSING"));
    hide(h, FY_ADAPTER_STARTING, NULL);
    harness_crash(h);
    assert_false(events_until(h, run, "FAILED_TEMP"));
    assert_string_equal(harness_state(h, run), "PROCESSING");
    assert_waits_for(h, run, "waits for connection sim-cloud (its host is being started)");
    introduce(h);
    assert_true(harness_until(h, run, "COMPLETED"));
    free(run);
    harness_free(h);
}

static void test_a_run_that_waits_for_a_connection_can_be_cancelled(void **state)
{
    (void)state;
    struct fy_err err;
    struct harness *h = harness_new(&(struct harness_options){.workflow = looks, .world = small});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "PROCESSING"));
    hide(h, FY_ADAPTER_DOWN, "the cloud cannot be reached");
    harness_crash(h);
    assert_false(events_until(h, run, "FAILED_TEMP"));
    assert_waits_for(h, run, "waits for connection sim-cloud (the cloud cannot be reached)");
    assert_true(harness_command(h, run, "cancel", NULL, &err));
    assert_true(events_until(h, run, "FAILED_TEMP"));
    assert_true(events_until(h, run, "FAILED_TEMP"));
    introduce(h);
    assert_true(harness_command(h, run, "retry", NULL, &err));
    assert_true(harness_until(h, run, "COMPLETED"));
    free(run);
    harness_free(h);
}

/* When it was asked to go back, and when the program that does so began. */
static bool note_times(void *context, const struct fy_row *row)
{
    int64_t *times = context;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "a record", NULL);
    if (row->kind == FY_REC_STATE_CHANGED && strcmp(fy_json_string_or(doc, "to", ""), "ROLLING_BACK") == 0)
        times[0] = row->time_ms;
    else if (row->kind == FY_REC_PROGRAM_STARTED)
        times[1] = row->time_ms;
    return true;
}

static void test_a_rollback_waits_out_a_call_whose_adapter_is_not_known_yet(void **state)
{
    (void)state;
    struct fy_err err;
    int64_t times[2] = {0};
    struct harness *h = harness_new(&(struct harness_options){.workflow = looks, .world = small});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "PROCESSING"));
    for (bool open = false; !open;) { /* stage_image is asked for, and not answered */
        assert_true(harness_event(h));
        FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
        open = strcmp(fy_json_string_or(json_object_get(view, "step"), "call", ""), "stage_image") == 0;
    }
    hide(h, FY_ADAPTER_STARTING, NULL);
    harness_crash(h);
    for (int i = 0; i < 20 && !harness_command(h, run, "rollback", NULL, &err); i++)
        assert_true(harness_event(h));
    assert_true(events_until(h, run, "ROLLING_BACK"));
    introduce(h);
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    assert_true(h->store->read(h->store, run, 0, note_times, times, &err));
    assert_true(times[0] > 0 && times[1] - times[0] >= 30000);
    free(run);
    harness_free(h);
}

static void test_an_order_is_not_checked_before_its_connections_are_known(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = looks, .world = small});
    hide(h, FY_ADAPTER_STARTING, NULL);
    harness_crash(h);
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "STARTING"));
    assert_false(events_until(h, run, "ROLLED_BACK"));
    assert_waits_for(h, run, "waits for connection sim-cloud");
    introduce(h);
    assert_true(harness_until(h, run, "COMPLETED"));
    free(run);
    harness_free(h);
}

/* ---- a commit that takes its time ---------------------------------------------------------------------- */

static bool (*commit)(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err);

static bool no_room(struct fy_store *self, const struct fy_store_batch *batch, struct fy_err *err)
{
    (void)self;
    (void)batch;
    return fy_fail(err, FY_ERR_TRANSIENT, "no space left on the device");
}

static void store_is_full(struct harness *h, bool full)
{
    if (full)
        commit = h->store->commit;
    h->store->commit = full ? no_room : commit;
}

/* As harness_event, while the script's new host has not answered yet. */
static void event_without_script(struct harness *h)
{
    fy_journal_turn(h->journal);
    if (fy_local_turn(h->local) == 0)
        (void)virtual_time_next(h->time, 60 * 60 * 1000);
}

static bool after_the_last(void *context, const struct fy_row *row)
{
    int64_t *last = context;
    if (row->kind != FY_REC_SAMPLE)
        return true;
    FY_AUTO(fy_json_unref) json_t *body = fy_json_parse(row->body, row->body_length, "sample", NULL);
    int64_t end = fy_json_int_or(body, "end", 0);
    assert_true(end > *last);
    *last = end;
    return true;
}

static bool until_call(struct harness *h, const char *run, const char *call)
{
    for (int i = 0; i < 1000; i++) {
        FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
        if (strcmp(fy_json_string_or(json_object_get(view, "step"), "call", ""), call) == 0)
            return true;
        if (!harness_event(h))
            return false;
    }
    return false;
}

static const char sleeps[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                             "function wf:upgrade(nf, plan)\n"
                             "  for stage in plan:stages() do\n"
                             "    for i = 1, 2000 do sleep '7m' end\n"
                             "    break\n"
                             "  end\n"
                             "end\n"
                             "return wf\n";

static void assert_ticks_grow(struct harness *h, const char *run)
{
    struct fy_err err;
    int64_t last = 0;
    assert_true(h->store->read(h->store, run, 0, after_the_last, &last, &err));
    assert_true(last > 0);
}

static void events_in_outage(struct harness *h, int count)
{
    store_is_full(h, true);
    for (int i = 0; i < count; i++)
        event_without_script(h);
    store_is_full(h, false);
}

/* A row and an outcome come while a command is being written; the next look is due before they are durable.
 */
static void test_a_tick_is_counted_once_however_long_its_commit_takes(void **state)
{
    (void)state;
    struct fy_err err;
    for (int before = 10; before < 100; before++) {
        struct harness *h = harness_new(&(struct harness_options){.workflow = sleeps, .world = small});
        char *run = harness_submit(h, "amf");
        assert_true(harness_until(h, run, "PROCESSING"));
        for (int i = 0; i < before; i++)
            (void)harness_event(h);
        assert_true(harness_command(h, run, "pause", NULL, &err));
        events_in_outage(h, 5);
        (void)fy_script_local_turn(h->script);
        fy_journal_turn(h->journal);
        events_in_outage(h, 5);
        assert_true(events_until(h, run, "PAUSED"));
        assert_ticks_grow(h, run);
        free(run);
        harness_free(h);
    }
}

/* ---- the script host dies, the engine does not ----------------------------------------------------------
 */

static void lose_script(struct harness *h, const char *run)
{
    struct fy_script_event event = {.kind = FY_SCRIPT_LOST, .run = run};
    h->script->drop(h->script, run);
    h->script->on_event(h->script->context, &event);
}

static const char counts[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                             "function wf:upgrade(nf, plan)\n"
                             "  nf:stage_image()\n"
                             "  for i = 1, 6 do sleep('1' .. i .. 's') nf:observe('health') end\n"
                             "end\n"
                             "return wf\n";

static bool count_intents(void *context, const struct fy_row *row)
{
    *(int *)context += row->kind == FY_REC_INTENT;
    return true;
}

/* At every event of its own run: the workflow still takes its 13 steps, each once. */
static void test_a_script_host_may_die_between_any_two_events(void **state)
{
    (void)state;
    struct fy_err err;
    for (int when = 0; when < 400; when++) {
        struct harness *h = harness_new(&(struct harness_options){.workflow = counts, .world = small});
        char *run = harness_submit(h, "amf");
        int intents = 0, i = 0;
        for (; i < 2000 && strcmp(harness_state(h, run), "COMPLETED") != 0; i++) {
            if (i == when)
                lose_script(h, run);
            for (int turn = 0; i == when && turn < 6; turn++)
                event_without_script(h);
            (void)harness_event(h);
        }
        assert_string_equal(harness_state(h, run), "COMPLETED");
        assert_true(h->store->read(h->store, run, 0, count_intents, &intents, &err));
        assert_int_equal(intents, 13);
        free(run);
        harness_free(h);
        if (i < when)
            break;
    }
}

static const char asks[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                           "function wf:upgrade(nf, plan)\n"
                           "  ask { 'Go on?', role = 'approver', within = '1h' }\n"
                           "  nf:observe('health')\n"
                           "end\n"
                           "return wf\n";

/* The answer ends the step inside fy_drive, before its outcome is durable: no replay may begin without it. */
static void test_an_answer_reaches_a_workflow_whose_host_is_being_replaced(void **state)
{
    (void)state;
    struct fy_err err;
    struct harness *h = harness_new(&(struct harness_options){.workflow = asks, .world = small});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "PROCESSING"));
    assert_true(until_call(h, run, "ask"));
    (void)harness_event(h);
    lose_script(h, run);
    assert_true(harness_command(h, run, "approve", NULL, &err));
    for (int i = 0; i < 6; i++)
        event_without_script(h);
    assert_true(events_until(h, run, "COMPLETED"));
    free(run);
    harness_free(h);
}

static void test_a_paused_call_is_made_once_though_the_script_host_died(void **state)
{
    (void)state;
    struct fy_err err;
    int intents = 0;
    struct harness *h = harness_new(&(struct harness_options){.workflow = counts, .world = small});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "PROCESSING"));
    assert_true(until_call(h, run, "stage_image"));
    assert_true(harness_command(h, run, "pause", NULL, &err));
    assert_true(events_until(h, run, "PAUSED"));
    lose_script(h, run);
    assert_true(harness_command(h, run, "resume", NULL, &err));
    for (int i = 0; i < 6; i++)
        event_without_script(h);
    assert_true(events_until(h, run, "COMPLETED"));
    assert_true(h->store->read(h->store, run, 0, count_intents, &intents, &err));
    assert_int_equal(intents, 13);
    free(run);
    harness_free(h);
}

/* ---- an order sent twice --------------------------------------------------------------------------------
 */

static void on_done(void *context)
{
    *(bool *)context = true;
}

static bool submit(struct harness *h, const char *xml, bool *told, bool *existed)
{
    struct fy_err err;
    struct fy_order *order;
    const char *run;
    assert_true(fy_order_read(xml, strlen(xml), &order, NULL, &err));
    struct fy_submission submission = {
        .order = order, .xml = xml, .xml_length = strlen(xml), .caller = {.who = "uid:1000", .from = "unix"}};
    return fy_engine_submit(h->engine, &submission, &run, existed, on_done, told, &err);
}

static void test_an_order_that_is_here_is_promised_when_it_is_durable(void **state)
{
    (void)state;
    bool first = false, second = false, existed = false;
    struct harness *h = harness_new(&(struct harness_options){.workflow = looks, .world = small});
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("amf");
    store_is_full(h, true);
    assert_true(submit(h, xml, &first, &existed));
    assert_false(existed);
    assert_true(submit(h, xml, &second, &existed));
    assert_true(existed);
    for (int i = 0; i < 20; i++)
        (void)harness_event(h);
    assert_false(first);
    assert_false(second); /* it was told at once, of an order that a crash would have lost */
    store_is_full(h, false);
    for (int i = 0; i < 20; i++)
        (void)harness_event(h);
    assert_true(first);
    assert_true(second);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_bound_before_all_connections_are_known),
        cmocka_unit_test(test_a_run_that_waits_for_a_connection_can_be_cancelled),
        cmocka_unit_test(test_a_rollback_waits_out_a_call_whose_adapter_is_not_known_yet),
        cmocka_unit_test(test_an_order_is_not_checked_before_its_connections_are_known),
        cmocka_unit_test(test_a_tick_is_counted_once_however_long_its_commit_takes),
        cmocka_unit_test(test_a_script_host_may_die_between_any_two_events),
        cmocka_unit_test(test_an_answer_reaches_a_workflow_whose_host_is_being_replaced),
        cmocka_unit_test(test_a_paused_call_is_made_once_though_the_script_host_died),
        cmocka_unit_test(test_an_order_that_is_here_is_promised_when_it_is_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
