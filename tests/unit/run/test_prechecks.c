/* SPDX-License-Identifier: Apache-2.0 */
/* SCHEDULED: what is checked when, what fails and is told, what is waived, and what stops the start. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORKFLOW                                                                                             \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\nnf:check(plan.checks) sleep '1s'\nend\nreturn wf\n"

#define SMALL_WORLD "{\"users\":300}"
#define WINDOW_MS   1795363200000 /* the order's */
#define HOUR_MS     3600000LL
#define MANY        100000

static struct harness *before_window(int64_t hours, char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){
        .workflow = WORKFLOW, .world = SMALL_WORLD, .start_ms = WINDOW_MS - hours * HOUR_MS});
    *ret_run = harness_submit(h, "amf");
    return h;
}

static void done_with(struct harness *h, char *run)
{
    free(run);
    harness_free(h);
}

static void command(struct harness *h, const char *run, const char *verb, const char *args)
{
    struct fy_err err = {0};
    if (!harness_command(h, run, verb, args, &err))
        fail_msg("%s: %s (%s)", verb, err.message, err.hint);
}

/* Somebody outside changes the cloud's guard. */
static void set_guard(struct harness *h, const char *args)
{
    static int step;
    char key[32];
    (void)snprintf(key, sizeof key, "somebody/%d", ++step);
    struct ferry_call call = {.size = sizeof call,
                              .run = "somebody",
                              .step = (uint64_t)step,
                              .fence = 1,
                              .key = key,
                              .scale = 1,
                              .now_ms = virtual_clock(h->time).wall_ms(h->time),
                              .deadline_ms = INT64_MAX,
                              .args = args};
    struct sim_reply reply = {0};
    sim_world_call(h->world, SIM_VIM, "guard_set", &call, &reply);
    sim_reply_clear(&reply);
}

#define HEALING_OFF "{\"guard\":\"healing\",\"state\":{\"enabled\":false}}"
#define HEALING_ON  "{\"guard\":\"healing\",\"state\":{\"enabled\":true}}"

static bool transcript_has(struct harness *h, const char *run, const char *part)
{
    char *text = harness_transcript(h, run);
    bool has = strstr(text, part) != NULL;
    free(text);
    return has;
}

static void until_text(struct harness *h, const char *run, const char *part)
{
    for (int i = 0; i < MANY; i++) {
        if (harness_state(h, run)[0] != '\0' && transcript_has(h, run, part))
            return;
        assert_true(harness_event(h));
    }
    fail_msg("%s", part);
}

static json_t *checks_of(struct harness *h, const char *run)
{
    json_t *view = harness_view(h, run);
    json_t *checks = json_incref(json_object_get(view, "checks"));
    json_decref(view);
    return checks;
}

static void test_prechecks_are_made_at_acceptance_and_three_times_before_the_window(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(100, &run);
    until_text(h, run, "checked (accepted): 12 of 12 passed");
    FY_AUTO(fy_json_unref) json_t *checks = checks_of(h, run);
    assert_string_equal(fy_json_string_or(checks, "when", ""), "accepted");
    assert_true(fy_json_int_or(json_object_get(checks, "forecast"), "starts_ms", 0) == WINDOW_MS);
    assert_true(harness_until(h, run, "COMPLETED"));
    static const char *const whens[] = {"(accepted)", "(3 days before)", "(1 day before)", "(1 hour before)",
                                        "(starting)"};
    char *text = harness_transcript(h, run);
    const char *at = text;
    for (size_t i = 0; i < FY_COUNT(whens); i++) {
        at = strstr(at, whens[i]);
        assert_non_null(at);
    }
    free(text);
    done_with(h, run);
}

static void test_moments_that_are_past_at_acceptance_are_not_made_up_for(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(30, &run);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(transcript_has(h, run, "checked (accepted)"));
    assert_false(transcript_has(h, run, "checked (3 days before)"));
    assert_true(transcript_has(h, run, "checked (1 day before)"));
    done_with(h, run);
}

static void test_a_moment_that_passed_while_no_engine_ran_is_made_up_for_once(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(100, &run);
    until_text(h, run, "checked (accepted)");
    harness_crash(h);
    virtual_time_pass(h->time, 80 * HOUR_MS); /* two moments */
    until_text(h, run, "checked (1 day before)");
    assert_false(transcript_has(h, run, "checked (3 days before)"));
    done_with(h, run);
}

static void test_a_failing_precheck_alarms_and_does_not_end_the_run(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(2, &run);
    set_guard(h, HEALING_OFF);
    until_text(h, run, "ALARM: this run would not start (accepted)");
    assert_string_equal(harness_state(h, run), "SCHEDULED");
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    assert_non_null(
        strstr(fy_json_string_or(view, "waiting", ""), "ALARM: it would not start, 1 check fails"));
    assert_non_null(strstr(fy_json_string_or(view, "waiting", ""), "guards_free"));
    set_guard(h, HEALING_ON);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(transcript_has(h, run, "checked (1 hour before): 12 of 12 passed"));
    done_with(h, run);
}

static void test_recheck_checks_now_and_says_all_that_fails(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(2, &run);
    until_text(h, run, "checked (accepted): 12 of 12");
    set_guard(h, HEALING_OFF);
    command(h, run, "recheck", NULL);
    until_text(h, run, "checked (recheck): 11 of 12 passed; failed: guards_free");
    command(h, run, "recheck", NULL);
    harness_crash(h); /* before it was durable: it was never promised */
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    done_with(h, run);
}

static void test_a_recheck_that_was_promised_survives_a_crash(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(2, &run);
    until_text(h, run, "checked (accepted)");
    command(h, run, "recheck", NULL);
    fy_journal_turn(h->journal);
    harness_crash(h);
    until_text(h, run, "checked (recheck)");
    done_with(h, run);
}

static void test_checks_under_way_do_not_answer_who_asks_for_new_ones(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(100, &run);
    for (int i = 0; i < 100; i++) { /* those of the acceptance are asked, and not answered yet */
        struct fy_err err = {0};
        if (harness_command(h, run, "recheck", NULL, &err))
            break;
        assert_true(harness_event(h));
    }
    assert_false(transcript_has(h, run, "checked (accepted)"));
    until_text(h, run, "checked (accepted)");
    until_text(h, run, "checked (recheck)");
    done_with(h, run);
}

static void test_at_the_start_a_check_that_fails_ends_the_run_and_nothing_is_touched(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(0, &run);
    set_guard(h, HEALING_OFF);
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    const char *message = fy_json_string_or(json_object_get(view, "error"), "message", "");
    assert_non_null(strstr(message, "guards_free"));
    done_with(h, run);
}

static void test_a_waived_check_does_not_stop_the_start_and_is_told(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(2, &run);
    set_guard(h, HEALING_OFF);
    until_text(h, run, "ALARM: this run would not start (accepted)");
    command(h, run, "waive", "{\"check\":\"guards_free\",\"why\":\"healing is off for good here\"}");
    fy_journal_turn(h->journal);
    harness_crash(h);
    FY_AUTO(fy_json_unref) json_t *checks = checks_of(h, run);
    const json_t *waiver = json_array_get(json_object_get(checks, "waivers"), 0);
    assert_string_equal(fy_json_string_or(waiver, "who", ""), "uid:1001 (otto)");
    assert_string_equal(fy_json_string_or(waiver, "why", ""), "healing is off for good here");
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(transcript_has(h, run, "waived by uid:1001 (otto)"));
    done_with(h, run);
}

static void test_a_waiver_taken_back_counts_no_more(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = before_window(2, &run);
    set_guard(h, HEALING_OFF);
    until_text(h, run, "ALARM: this run would not start (accepted)");
    assert_false(harness_command(h, run, "unwaive", "{\"check\":\"guards_free\"}", &err));
    command(h, run, "waive", "{\"check\":\"guards_free\",\"why\":\"known\"}");
    fy_journal_turn(h->journal);
    command(h, run, "unwaive", "{\"check\":\"guards_free\"}");
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    done_with(h, run);
}

static void test_a_waiver_names_a_check_that_may_be_waived_and_a_reason(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = before_window(2, &run);
    until_text(h, run, "checked (accepted)");
    static const struct {
        const char *args, *says;
    } rows[] = {
        {NULL, "waive needs a check"},
        {"{\"check\":\"weather\",\"why\":\"x\"}", "there is no check"},
        {"{\"check\":\"version_path\",\"why\":\"x\"}", "cannot be waived"},
        {"{\"check\":\"guards_free\"}", "needs a reason"},
        {"{\"check\":\"guards_free\",\"why\":\"  \"}", "needs a reason"},
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        assert_false(harness_command(h, run, "waive", rows[i].args, &err));
        assert_non_null(strstr(err.message, rows[i].says));
        assert_true(err.hint[0] != '\0');
    }
    done_with(h, run);
}

/* ---- amend ------------------------------------------------------------------------------------------ */

static void test_an_amended_order_is_checked_again_and_starts_when_it_says(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(30, &run);
    until_text(h, run, "checked (accepted)");
    command(h, run, "amend",
            "{\"set\":{\"window.start\":\"2026-11-26T00:00:00+08:00\",\"window.end\":\"2026-11-26T05:00:00+"
            "08:00\","
            "\"window.latestRollbackEnd\":\"2026-11-26T05:00:00+08:00\",\"stage.50.soak\":\"PT20M\","
            "\"vdu.SVC.step\":3,\"limits.minHeadroom\":\"10\"},\"why\":\"a holiday\"}");
    fy_journal_turn(h->journal);
    harness_crash(h);
    until_text(h, run, "checked (amended)");
    assert_true(transcript_has(h, run,
                               "order amended by uid:1001 (otto): window.start from 2026-11-22T16:00:00Z to "
                               "2026-11-25T16:00:00Z, window.end"));
    assert_true(transcript_has(h, run, "stage.50.soak from PT15M to PT20M, vdu.SVC.step from auto to 3"));
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    assert_int_equal(json_array_size(json_object_get(json_object_get(view, "amended"), "changes")), 6);
    assert_true(fy_json_int_or(json_object_get(view, "window"), "start_ms", 0) == WINDOW_MS + 72 * HOUR_MS);
    assert_true(harness_until(h, run, "STARTING"));
    assert_true(virtual_clock(h->time).wall_ms(h->time) >= WINDOW_MS + 72 * HOUR_MS);
    assert_true(transcript_has(h, run, "checked (3 days before)"));
    assert_true(transcript_has(h, run, "checked (1 day before)"));
    assert_true(harness_until(h, run, "COMPLETED"));
    done_with(h, run);
}

static void test_an_earlier_window_opens_earlier(void **state)
{
    (void)state;
    char *run;
    struct harness *h = before_window(30, &run);
    until_text(h, run, "checked (accepted)");
    command(h, run, "amend", "{\"set\":{\"window.start\":\"2026-11-22T20:00:00+08:00\"}}");
    assert_true(harness_until(h, run, "STARTING"));
    assert_true(virtual_clock(h->time).wall_ms(h->time) < WINDOW_MS);
    done_with(h, run);
}

static void test_an_amendment_is_refused_with_what_is_wrong_and_nothing_changes(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = before_window(30, &run);
    until_text(h, run, "checked (accepted)");
    static const struct {
        const char *args, *says, *hint;
    } rows[] = {
        {NULL, "needs what is to be changed", "for example"},
        {"{\"set\":{\"target.version\":\"1.4.0\"}}", "\"target.version\" of an order cannot be changed",
         "new order"},
        {"{\"set\":{\"window\":\"now\"}}", "cannot be changed", "window.start"},
        {"{\"set\":{\"stage.60.soak\":\"PT20M\"}}", "the order has no stage \"60\"", "ratio"},
        {"{\"set\":{\"vdu.XYZ.step\":2}}", "the order has no vdu \"XYZ\"", "vduId"},
        {"{\"set\":{\"stage.50.soak\":\"soon\"}}", "stage.50.soak", ""},
        {"{\"set\":{\"stage.50.soak\":\"PT50M\"}}", "maxSoak is shorter than soak", "maxSoak"},
        {"{\"set\":{\"window.end\":\"2026-11-22T00:00:00+08:00\"}}", "it ends before it starts", "end after"},
        {"{\"set\":{\"vdu.OMU.step\":2}}", "goes half and half", "load-sharing"},
        {"{\"set\":{\"vdu.SVC.step\":\"auto\"}}", "nothing would change", "show"},
        {"{\"set\":{\"window.start\":true}}", "needs a text or a whole number", "XML"},
        {"{\"set\":{\"window.start\":\"2026-11-20T00:00:00+08:00\",\"window.end\":\"2026-11-20T05:00:00+08:"
         "00\"}}",
         "its window would be over", "to come"},
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        if (harness_command(h, run, "amend", rows[i].args, &err))
            fail_msg("%s", rows[i].says);
        if (strstr(err.message, rows[i].says) == NULL || strstr(err.hint, rows[i].hint) == NULL)
            fail_msg("%s (%s)", err.message, err.hint);
    }
    assert_false(transcript_has(h, run, "amended"));
    done_with(h, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prechecks_are_made_at_acceptance_and_three_times_before_the_window),
        cmocka_unit_test(test_moments_that_are_past_at_acceptance_are_not_made_up_for),
        cmocka_unit_test(test_a_moment_that_passed_while_no_engine_ran_is_made_up_for_once),
        cmocka_unit_test(test_a_failing_precheck_alarms_and_does_not_end_the_run),
        cmocka_unit_test(test_recheck_checks_now_and_says_all_that_fails),
        cmocka_unit_test(test_a_recheck_that_was_promised_survives_a_crash),
        cmocka_unit_test(test_checks_under_way_do_not_answer_who_asks_for_new_ones),
        cmocka_unit_test(test_at_the_start_a_check_that_fails_ends_the_run_and_nothing_is_touched),
        cmocka_unit_test(test_a_waived_check_does_not_stop_the_start_and_is_told),
        cmocka_unit_test(test_a_waiver_taken_back_counts_no_more),
        cmocka_unit_test(test_an_amended_order_is_checked_again_and_starts_when_it_says),
        cmocka_unit_test(test_an_earlier_window_opens_earlier),
        cmocka_unit_test(test_an_amendment_is_refused_with_what_is_wrong_and_nothing_changes),
        cmocka_unit_test(test_a_waiver_names_a_check_that_may_be_waived_and_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
