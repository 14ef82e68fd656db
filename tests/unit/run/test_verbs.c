/* SPDX-License-Identifier: Apache-2.0 */
/* States and verbs, waiting for people, and what parks a run. */
#include "base/mem.h"
#include "run/fold.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORKFLOW(body)                                                                                       \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n" body "\nend\nreturn wf\n"

#define MANY 100000

static struct harness *with(const char *workflow, char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.workflow = workflow});
    *ret_run = harness_submit(h, "amf");
    return h;
}

static void done_with(struct harness *h, char *run)
{
    free(run);
    harness_free(h);
}

/* Events go on until the open step is this call. */
static void until_step(struct harness *h, const char *run, const char *call)
{
    for (int i = 0; i < MANY; i++) {
        if (harness_state(h, run)[0] != '\0') {
            json_t *view = harness_view(h, run);
            const char *now = fy_json_string_or(json_object_get(view, "step"), "call", "");
            bool there = strcmp(now, call) == 0;
            json_decref(view);
            if (there)
                return;
        }
        assert_true(harness_event(h));
    }
    fail();
}

static void command(struct harness *h, const char *run, const char *verb, const char *args)
{
    struct fy_err err = {0};
    if (!harness_command(h, run, verb, args, &err))
        fail_msg("%s: %s (%s)", verb, err.message, err.hint);
}

static void assert_waiting(struct harness *h, const char *run, const char *part)
{
    json_t *view = harness_view(h, run);
    const char *waiting = fy_json_string_or(view, "waiting", "");
    if (strstr(waiting, part) == NULL)
        print_error("waiting: %s\n", waiting);
    assert_non_null(strstr(waiting, part));
    json_decref(view);
}

/* ---- the table
 * --------------------------------------------------------------------------------------------- */

static void test_each_state_allows_the_verbs_of_its_rows_and_no_others(void **state)
{
    (void)state;
    static const struct {
        enum fy_state state;
        const char *verbs;
    } rows[] = {
        {FY_STATE_SCHEDULED, "start-now, recheck, amend, waive, cancel"},
        {FY_STATE_STARTING, "cancel"},
        {FY_STATE_PROCESSING, "adjust, pause, cancel, rollback"},
        {FY_STATE_PAUSED, "resume, cancel, rollback"},
        {FY_STATE_FAILED_TEMP, "retry, rollback, fail"},
        {FY_STATE_ROLLING_BACK, "adjust, pause, cancel"},
        {FY_STATE_COMPLETED, "commit, rollback"},
        {FY_STATE_COMMITTED, "none"},
        {FY_STATE_ROLLED_BACK, "none"},
        {FY_STATE_FAILED, "none"},
    };
    struct fy_run *run = fy_run_new("r");
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        struct fy_buf verbs = {0};
        fy_state_verbs_text(run, rows[i].state, &verbs);
        assert_string_equal(verbs.data, rows[i].verbs);
        fy_buf_free(&verbs);
    }
    run->approval.open = true;
    struct fy_buf verbs = {0};
    fy_state_verbs_text(run, FY_STATE_PROCESSING, &verbs);
    assert_string_equal(verbs.data, "approve, reject, adjust, pause, cancel, rollback");
    fy_buf_free(&verbs);
    fy_run_free(run);
}

static void test_a_refused_verb_names_the_state_and_the_legal_ones(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = with(WORKFLOW("sleep '1h'"), &run);
    until_step(h, run, "sleep");
    assert_false(harness_command(h, run, "commit", NULL, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_non_null(strstr(err.message, "PROCESSING"));
    assert_string_equal(err.hint, "possible now: adjust, waive-gate, pause, cancel, rollback");
    assert_false(harness_command(h, run, "approve", NULL, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_false(harness_command(h, run, "dance", NULL, &err));
    assert_int_equal(err.kind, FY_ERR_INVALID);
    assert_false(harness_command(h, "nobody", "pause", NULL, &err));
    assert_int_equal(err.kind, FY_ERR_NOT_FOUND);
    done_with(h, run);
}

/* ---- acceptance
 * ---------------------------------------------------------------------------------------------- */

static void test_the_same_order_is_the_same_run_and_a_second_one_conflicts(void **state)
{
    (void)state;
    char *run;
    const char *again;
    bool existed;
    struct fy_err err = {0};
    struct harness *h = with(WORKFLOW("sleep '1h'"), &run);
    assert_true(
        harness_try_submit(h, "amf", &again, &existed, &err)); /* not durable yet, and known all the same */
    assert_true(existed);
    assert_string_equal(again, run);
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("amf");
    FY_AUTO(fy_free_ptr) char *other = fy_format("%s\n", xml);
    assert_false(harness_submit_text(h, other, &again, &existed, &err));
    assert_int_equal(err.kind, FY_ERR_CONFLICT);
    char *id = strstr(other, "requestId=\"CHG-0007\"");
    assert_non_null(id);
    id[strlen("requestId=\"CHG-000")] = '8';
    assert_false(harness_submit_text(h, other, &again, &existed, &err));
    assert_int_equal(err.kind, FY_ERR_CONFLICT);
    assert_non_null(strstr(err.message, run));
    done_with(h, run);
}

static void test_before_its_window_an_order_waits_and_start_now_starts_it(void **state)
{
    (void)state;
    struct harness *h =
        harness_new(&(struct harness_options){.workflow = WORKFLOW("sleep '1s'"), .start_ms = 1795359600000});
    char *run = harness_submit(h, "amf");
    while (harness_state(h, run)[0] == '\0')
        assert_true(harness_event(h));
    assert_waiting(h, run, "waits for its window");
    command(h, run, "start-now", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    command(h, run, "commit", NULL);
    assert_true(harness_until(h, run, "COMMITTED"));
    assert_waiting(h, run, "is over");
    done_with(h, run);
}

static void test_a_window_opens_by_itself(void **state)
{
    (void)state;
    struct harness *h =
        harness_new(&(struct harness_options){.workflow = WORKFLOW("sleep '1s'"), .start_ms = 1795359600000});
    char *run = harness_submit(h, "amf");
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

/* ---- pause, cancel, retry, fail
 * ---------------------------------------------------------------------------------- */

static void test_a_pause_stops_a_sleep_at_once_and_moves_its_end(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("sleep '1h'"), &run);
    until_step(h, run, "sleep");
    command(h, run, "pause", NULL);
    assert_true(harness_until(h, run, "PAUSED"));
    assert_waiting(h, run, "resume goes on");
    struct virtual_time *time = h->time;
    virtual_time_pass(time, 2LL * 60 * 60 * 1000);
    int64_t paused_ms = virtual_clock(time).wall_ms(time);
    command(h, run, "resume", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(virtual_clock(time).wall_ms(time) >= paused_ms + 59 * 60 * 1000);
    done_with(h, run);
}

static void test_a_pause_lets_an_acting_step_finish_and_survives_a_crash(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:stage_image() sleep '1s'"), &run);
    until_step(h, run, "stage_image");
    command(h, run, "pause", NULL);
    assert_true(harness_until(h, run, "PAUSED"));
    json_t *view = harness_view(h, run);
    assert_null(json_object_get(view, "step"));
    json_decref(view);
    harness_crash(h);
    while (harness_event(h) && h->rows < 1)
        ;
    command(h, run, "resume", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_a_cancelled_run_parks_and_fail_gives_its_guards_back(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:suspend 'healing' sleep '1h'"), &run);
    until_step(h, run, "sleep");
    command(h, run, "cancel", NULL);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    command(h, run, "fail", NULL);
    assert_true(harness_until(h, run, "FAILED"));
    json_t *view = harness_view(h, run);
    json_t *guard = json_array_get(json_object_get(view, "guards"), 0);
    assert_false(fy_json_bool_or(guard, "held", true));
    assert_true(fy_json_bool_or(guard, "as_it_was", false));
    json_decref(view);
    done_with(h, run);
}

static void test_a_run_that_is_being_given_over_takes_no_other_verb(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = with(WORKFLOW("nf:suspend 'healing' sleep '1h'"), &run);
    until_step(h, run, "sleep");
    command(h, run, "cancel", NULL);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    command(h, run, "fail", NULL);
    until_step(h, run, "release_guards");
    assert_false(harness_command(h, run, "retry", NULL, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_true(harness_until(h, run, "FAILED"));
    done_with(h, run);
}

static void test_a_failed_step_parks_and_retry_is_the_same_step_again(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:config_restore { id = 'nothing' }"), &run);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    command(h, run, "retry", NULL);
    assert_true(harness_until(h, run, "PROCESSING"));
    json_t *view = harness_view(h, run);
    assert_int_equal(fy_json_int_or(json_object_get(view, "step"), "attempt", 0), 2);
    assert_int_equal(fy_json_int_or(json_object_get(view, "step"), "number", 0), 1);
    json_decref(view);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    harness_crash(h); /* and after a crash it can be retried, too */
    while (harness_event(h) && h->rows < 1)
        ;
    command(h, run, "retry", NULL);
    assert_true(harness_until(h, run, "PROCESSING"));
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    done_with(h, run);
}

static void test_an_error_of_the_workflow_parks_its_run_alone(void **state)
{
    (void)state;
    char *run;
    struct harness *h =
        with(WORKFLOW("if nf.order.request.id == 'CHG-0007' then error 'lost' end sleep '1s'"), &run);
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("amf");
    static const char *const places[] = {"requestId=\"CHG-0007\"", "<f:VnfInstanceId>amf-east-1",
                                         "amf-set-1"};
    for (size_t i = 0; i < FY_COUNT(places); i++) {
        char *at = strstr(xml, places[i]);
        assert_non_null(at);
        at[strlen(places[i]) - (places[i][strlen(places[i]) - 1] == '"' ? 2 : 1)] = '9';
    }
    const char *second;
    bool existed;
    struct fy_err err = {0};
    if (!harness_submit_text(h, xml, &second, &existed, &err))
        fail_msg("%s", err.message);
    FY_AUTO(fy_free_ptr) char *other = fy_strdup(second);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    assert_waiting(h, run, "lost");
    assert_true(harness_until(h, other, "COMPLETED"));
    done_with(h, run);
}

/* ---- people
 * ------------------------------------------------------------------------------------------------------- */

static void test_an_unanswered_question_holds_past_its_deadline(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("ask { 'Go on?', within = '10m' }"), &run);
    until_step(h, run, "ask");
    for (int i = 0; i < 200; i++)
        assert_true(harness_event(h));
    assert_string_equal(harness_state(h, run), "PROCESSING");
    assert_waiting(h, run, "overdue");
    command(h, run, "approve", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_a_question_may_go_back_when_nobody_answers(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("ask { 'Go on?', within = '10m', on_timeout = 'rollback' }"), &run);
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    done_with(h, run);
}

static void test_a_rejected_question_parks_and_retry_asks_again(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("ask { 'Go on?', within = '10m', on_timeout = 'rollback' }"), &run);
    until_step(h, run, "ask");
    for (int i = 0; i < 8; i++)
        (void)harness_event(h);
    command(h, run, "reject", NULL);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    assert_waiting(h, run, "rejected by uid:1001 (otto)");
    command(h, run, "retry", NULL);
    until_step(h, run, "ask");
    while (true) {
        json_t *view = harness_view(h, run);
        bool open = json_object_get(view, "approval") != NULL;
        json_decref(view);
        if (open)
            break;
        assert_true(harness_event(h));
    }
    command(h, run, "approve", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

/* ---- adapters that die, guards that change, engines that die
 * ---------------------------------------------------------- */

struct deaths {
    int left;
    bool after; /* the effect took place */
};

static bool die_before(void *ctx, const struct fy_adapter_call *call)
{
    struct deaths *deaths = ctx;
    return !deaths->after && strcmp(call->verb, "load") == 0 && deaths->left-- > 0;
}

static bool die_after(void *ctx, const struct fy_adapter_call *call, const struct fy_adapter_reply *reply)
{
    struct deaths *deaths = ctx;
    (void)reply;
    return deaths->after && strcmp(call->verb, "load") == 0 && deaths->left-- > 0;
}

static void test_an_adapter_that_dies_is_asked_again_with_the_same_key(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        char *run;
        struct deaths deaths = {.left = 3, .after = after != 0};
        struct fy_local_faults faults = {.before = die_before, .after = die_after, .ctx = &deaths};
        struct harness *h = with(WORKFLOW("nf:load()"), &run);
        fy_local_set_faults(h->local, &faults);
        assert_true(harness_until(h, run, "COMPLETED"));
        json_t *view = harness_view(h, run);
        assert_int_equal(fy_json_int_or(view, "steps", 0), 1);
        json_decref(view);
        done_with(h, run);
    }
}

static void test_an_adapter_that_always_dies_parks_the_run(void **state)
{
    (void)state;
    char *run;
    struct deaths deaths = {.left = MANY};
    struct fy_local_faults faults = {.before = die_before, .after = die_after, .ctx = &deaths};
    struct harness *h = with(WORKFLOW("nf:load()"), &run);
    fy_local_set_faults(h->local, &faults);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    done_with(h, run);
}

static void test_a_guard_somebody_else_changed_is_reported_not_overwritten(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:suspend 'scaling' sleep '1h' nf:release_guards()"), &run);
    until_step(h, run, "sleep");
    struct ferry_call call = {.size = sizeof call,
                              .run = "somebody",
                              .step = 1,
                              .fence = 99,
                              .key = "somebody/1",
                              .scale = 1,
                              .now_ms = virtual_clock(h->time).wall_ms(h->time),
                              .deadline_ms = INT64_MAX,
                              .args = "{\"guard\":\"scaling\",\"state\":{\"enabled\":false,\"max\":20}}"};
    struct sim_reply reply = {0};
    sim_world_call(h->world, SIM_VIM, "guard_set", &call, &reply);
    sim_reply_clear(&reply);
    assert_true(harness_until(h, run, "COMPLETED"));
    char *text = harness_transcript(h, run);
    json_t *view = harness_view(h, run);
    json_t *guard = json_array_get(json_object_get(view, "guards"), 0);
    if (fy_json_bool_or(guard, "as_it_was", true))
        puts(text);
    assert_false(fy_json_bool_or(guard, "held", true));
    assert_false(fy_json_bool_or(guard, "as_it_was", true));
    assert_non_null(strstr(fy_json_string_or(guard, "why", ""), "somebody else"));
    json_decref(view);
    free(text);
    done_with(h, run);
}

static void test_a_step_that_was_in_flight_in_ten_crashes_parks(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:stage_image()"), &run);
    until_step(h, run, "stage_image");
    for (int i = 0; i < 12 && strcmp(harness_state(h, run), "PROCESSING") == 0; i++) {
        harness_crash(h);
        for (int j = 0; j < 2; j++)
            (void)harness_event(h);
    }
    assert_string_equal(harness_state(h, run), "FAILED_TEMP");
    assert_waiting(h, run, "10 crashes");
    command(h, run, "retry", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_a_run_that_only_waits_survives_any_number_of_crashes(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("sleep '1h'"), &run);
    until_step(h, run, "sleep");
    for (int i = 0; i < 25; i++) {
        harness_crash(h);
        for (int j = 0; j < 2; j++)
            (void)harness_event(h);
    }
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_no_instance_leaves_while_it_serves_whatever_the_workflow_says(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("nf:load() nf:split()\n"
                                      "nf:upgrade { instances = list { 'amf-svc-01' }, version = '1.3.0',\n"
                                      "  image = { ref = 'amf-svc:1.3.0', digest = 'sha256:a8d7' } }"),
                             &run);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    assert_waiting(h, run, "amf-svc-01 still serves");
    done_with(h, run);
}

static void test_the_end_of_the_window_is_told_whatever_the_state(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(WORKFLOW("sleep '9h'"), &run);
    until_step(h, run, "sleep");
    command(h, run, "pause", NULL);
    assert_true(harness_until(h, run, "PAUSED"));
    for (int i = 0; i < 600; i++)
        (void)harness_event(h);
    command(h, run, "resume", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    char *text = harness_transcript(h, run);
    const char *told = strstr(text, "window of the order has closed");
    assert_non_null(told);
    assert_null(strstr(told + 1, "window of the order has closed"));
    free(text);
    done_with(h, run);
}

static void test_the_report_tells_what_people_did(void **state)
{
    (void)state;
    char *run;
    struct fy_buf json = {0};
    struct fy_err err = {0};
    struct harness *h = with(WORKFLOW("nf:suspend 'healing' ask { 'Go on?' }"), &run);
    until_step(h, run, "ask");
    for (int i = 0; i < 4; i++)
        (void)harness_event(h);
    command(h, run, "approve", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(fy_engine_report(h->engine, run, &json, &err));
    assert_non_null(strstr(json.data, "healing given back as it was"));
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(json.data, json.length, "report", &err);
    assert_non_null(doc);
    assert_int_equal(json_array_size(json_object_get(doc, "guards")), 2);
    const json_t *people = json_object_get(doc, "people"); /* what was asked, and the answer: once */
    assert_int_equal(json_array_size(people), 2);
    assert_non_null(strstr(fy_json_string_or(json_array_get(people, 1), "text", ""), "otto"));
    fy_buf_free(&json);
    done_with(h, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state_allows_the_verbs_of_its_rows_and_no_others),
        cmocka_unit_test(test_a_refused_verb_names_the_state_and_the_legal_ones),
        cmocka_unit_test(test_the_same_order_is_the_same_run_and_a_second_one_conflicts),
        cmocka_unit_test(test_before_its_window_an_order_waits_and_start_now_starts_it),
        cmocka_unit_test(test_a_window_opens_by_itself),
        cmocka_unit_test(test_a_pause_stops_a_sleep_at_once_and_moves_its_end),
        cmocka_unit_test(test_a_pause_lets_an_acting_step_finish_and_survives_a_crash),
        cmocka_unit_test(test_a_cancelled_run_parks_and_fail_gives_its_guards_back),
        cmocka_unit_test(test_a_run_that_is_being_given_over_takes_no_other_verb),
        cmocka_unit_test(test_a_failed_step_parks_and_retry_is_the_same_step_again),
        cmocka_unit_test(test_an_error_of_the_workflow_parks_its_run_alone),
        cmocka_unit_test(test_an_unanswered_question_holds_past_its_deadline),
        cmocka_unit_test(test_a_question_may_go_back_when_nobody_answers),
        cmocka_unit_test(test_a_rejected_question_parks_and_retry_asks_again),
        cmocka_unit_test(test_an_adapter_that_dies_is_asked_again_with_the_same_key),
        cmocka_unit_test(test_an_adapter_that_always_dies_parks_the_run),
        cmocka_unit_test(test_a_guard_somebody_else_changed_is_reported_not_overwritten),
        cmocka_unit_test(test_a_step_that_was_in_flight_in_ten_crashes_parks),
        cmocka_unit_test(test_a_run_that_only_waits_survives_any_number_of_crashes),
        cmocka_unit_test(test_no_instance_leaves_while_it_serves_whatever_the_workflow_says),
        cmocka_unit_test(test_the_end_of_the_window_is_told_whatever_the_state),
        cmocka_unit_test(test_the_report_tells_what_people_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
