/* SPDX-License-Identifier: Apache-2.0 */
/* Going back, from wherever the upgrade stands: the real workflow on the simulated core, in one process. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SMALL "{\"users\":3000,\"svc_capacity\":625,\"churn_permille\":8000,\"activity_permille\":4000}"
#define TINY  "{\"users\":400,\"svc_capacity\":84}" /* too few for a verdict: gates only report */
#define MANY  2000000

/* The trial's order with one thing said otherwise. */
static char *submit_with(struct harness *h, const char *was, const char *is)
{
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("trial");
    struct fy_buf text = {0};
    const char *at = strstr(xml, was), *run;
    struct fy_err err = {0};
    bool existed;
    assert_non_null(at);
    fy_buf_put(&text, xml, (size_t)(at - xml));
    fy_buf_text(&text, is);
    fy_buf_text(&text, at + strlen(was));
    if (!harness_submit_text(h, text.data, &run, &existed, &err))
        fail_msg("%s (%s)", err.message, err.hint);
    fy_buf_free(&text);
    return fy_strdup(run);
}

static struct harness *with(char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.world = TINY});
    *ret_run = submit_with(h, "onViolation=\"rollback\"", "onViolation=\"rollback\" dryRun=\"true\"");
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

static void fault(struct harness *h, const char *name)
{
    char why[256] = "";
    if (!sim_world_fault(h->world, name, NULL, why, sizeof why))
        fail_msg("%s: %s", name, why);
}

static void approve_if_asked(struct harness *h, const char *run)
{
    json_t *view = harness_view(h, run);
    if (json_object_get(view, "approval") != NULL)
        command(h, run, "approve", NULL);
    json_decref(view);
}

static bool is_over(const char *state)
{
    return strcmp(state, "ROLLED_BACK") == 0 || strcmp(state, "FAILED_TEMP") == 0 ||
           strcmp(state, "COMPLETED") == 0 || strcmp(state, "FAILED") == 0;
}

/* Go on, approving what is asked, until the state; the transcript is shown if another end comes first. */
static void until(struct harness *h, const char *run, const char *state)
{
    for (long i = 0; i < MANY; i++) {
        const char *now = harness_state(h, run);
        if (strcmp(now, state) == 0)
            return;
        if ((is_over(now) && i > 50) || !harness_event(h)) /* what was asked for has yet to be written */
            break;
        if (i % 16 == 0 && strcmp(now, "PROCESSING") == 0)
            approve_if_asked(h, run);
    }
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    puts(text); /* longer than a message of the runner may be */
    fail_msg("%s instead of %s", harness_state(h, run), state);
}

/* Until that many steps have been begun; false: the upgrade is over before. */
static bool until_step(struct harness *h, const char *run, int64_t number)
{
    for (long i = 0; i < MANY; i++) {
        const char *now = harness_state(h, run);
        if (is_over(now))
            return false;
        if (strcmp(now, "PROCESSING") == 0) {
            json_t *view = harness_view(h, run);
            bool there = fy_json_int_or(view, "steps", 0) >= number;
            bool asks = json_object_get(view, "approval") != NULL;
            json_decref(view);
            if (there)
                return true;
            if (asks)
                command(h, run, "approve", NULL);
        }
        assert_true(harness_event(h));
    }
    return false;
}

static int64_t counted(struct harness *h, const char *member)
{
    json_t *counters = sim_world_truth(h->world, "counters");
    int64_t value = fy_json_int_or(counters, member, -1);
    json_decref(counters);
    return value;
}

static void assert_guards_back(struct harness *h, const char *run)
{
    json_t *view = harness_view(h, run), *guard;
    size_t index;
    json_array_foreach(json_object_get(view, "guards"), index, guard)
    {
        assert_false(fy_json_bool_or(guard, "held", true));
        assert_true(fy_json_bool_or(guard, "as_it_was", false));
    }
    json_decref(view);
}

/* Everybody is served by the old version on one domain, nobody was dropped, and what was off is on again. */
static void assert_as_before(struct harness *h, const char *run)
{
    json_t *status = sim_world_truth(h->world, "status"), *users = sim_world_truth(h->world, "users"), *one;
    size_t index;
    assert_string_equal(fy_json_string_or(status, "version", ""), "1.2.0");
    assert_false(fy_json_bool_or(status, "split", true));
    json_array_foreach(json_object_get(users, "instances"), index, one)
        assert_string_equal(fy_json_string_or(one, "version", ""), "1.2.0");
    json_decref(status);
    json_decref(users);
    static const char *const never[] = {"users_dropped",
                                        "held_calls_dropped",
                                        "instances_upgraded_under_sessions",
                                        "actives_upgraded_without_switchover",
                                        "pairs_down",
                                        "storage_down",
                                        "ticks_source_overloaded",
                                        "ticks_target_overloaded",
                                        "keys_repeated"};
    for (size_t i = 0; i < FY_COUNT(never); i++)
        if (counted(h, never[i]) != 0) {
            FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
            puts(text);
            fail_msg("%s is %lld", never[i], (long long)counted(h, never[i]));
        }
    assert_guards_back(h, run);
}

/* ---- from where ------------------------------------------------------------------------------------------
 */

static void test_it_goes_back_from_every_step(void **state)
{
    (void)state;
    bool more = true;
    for (int64_t step = 1; more; step += getenv("EVERY") != NULL ? 1 : 13) {
        char *run;
        struct harness *h = with(&run);
        more = until_step(h, run, step);
        if (getenv("EVERY") != NULL)
            (void)fprintf(stderr, "step %lld\n", (long long)step);
        if (more) {
            command(h, run, "rollback", "{\"why\":\"a test\"}");
            until(h, run, "ROLLED_BACK");
            assert_as_before(h, run);
        }
        done_with(h, run);
    }
}

static void test_it_goes_back_while_paused_and_after_crashes_on_the_way(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(&run);
    assert_true(until_step(h, run, 40));
    command(h, run, "pause", NULL);
    until(h, run, "PAUSED");
    command(h, run, "rollback", NULL);
    for (int i = 0; i < 40; i++) {
        for (int k = 0; k < 37; k++)
            (void)harness_event(h);
        if (fy_engine_state(h->engine, run) == NULL)
            break;
        harness_crash(h);
    }
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    done_with(h, run);
}

static void test_a_rollback_that_was_cancelled_goes_on_or_begins_anew(void **state)
{
    (void)state;
    for (int anew = 0; anew < 2; anew++) {
        char *run;
        struct harness *h = with(&run);
        assert_true(until_step(h, run, 50));
        command(h, run, "rollback", NULL);
        until(h, run, "ROLLING_BACK");
        for (int i = 0; i < 300; i++)
            (void)harness_event(h);
        command(h, run, "cancel", NULL);
        until(h, run, "FAILED_TEMP");
        command(h, run, anew ? "rollback" : "retry", NULL);
        until(h, run, "ROLLED_BACK");
        assert_as_before(h, run);
        done_with(h, run);
    }
}

static void test_a_completed_upgrade_goes_back_after_a_week_as_a_mirrored_one(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(&run);
    until(h, run, "COMPLETED");
    int64_t week_ms = virtual_clock(h->time).wall_ms(h->time) + 7LL * 24 * 60 * 60 * 1000 - 60000;
    while (virtual_clock(h->time).wall_ms(h->time) < week_ms)
        assert_true(harness_event(h));
    assert_string_equal(harness_state(h, run), "COMPLETED");
    command(h, run, "rollback", NULL);
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    done_with(h, run);
}

/* ---- who wants it ----------------------------------------------------------------------------------------
 */

static void test_a_worse_target_is_left_by_itself(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.world = SMALL});
    char *run = harness_submit(h, "trial");
    assert_true(until_step(h, run, 33)); /* the dial test is behind it */
    fault(h, "target_points_worse");
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    done_with(h, run);
}

static void test_a_failed_dial_test_goes_back_before_anybody_has_moved(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(&run);
    fault(h, "dial_test_fails");
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    done_with(h, run);
}

static void test_a_run_that_holds_at_the_windows_end_goes_back_in_time(void **state)
{
    (void)state;
    char *run;
    struct harness *h = with(&run);
    assert_true(until_step(h, run, 50));
    command(h, run, "pause", NULL);
    until(h, run, "PAUSED");
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    assert_true(virtual_clock(h->time).wall_ms(h->time) < 1795381200000); /* 05:00 in Shanghai */
    done_with(h, run);
}

static void test_an_order_may_hold_instead(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.world = SMALL});
    char *run = submit_with(h, "onViolation=\"rollback\"", "onViolation=\"hold\"");
    assert_true(until_step(h, run, 33)); /* the dial test is behind it */
    fault(h, "target_points_worse");
    until(h, run, "FAILED_TEMP");
    command(h, run, "rollback", NULL);
    until(h, run, "ROLLED_BACK");
    assert_as_before(h, run);
    done_with(h, run);
}

static void test_an_approval_that_lapses_goes_back_if_the_order_says_so(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.world = SMALL});
    char *run = submit_with(h, "onTimeout=\"hold\"", "onTimeout=\"rollback\"");
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    assert_as_before(h, run);
    done_with(h, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_goes_back_from_every_step),
        cmocka_unit_test(test_it_goes_back_while_paused_and_after_crashes_on_the_way),
        cmocka_unit_test(test_a_rollback_that_was_cancelled_goes_on_or_begins_anew),
        cmocka_unit_test(test_a_completed_upgrade_goes_back_after_a_week_as_a_mirrored_one),
        cmocka_unit_test(test_a_worse_target_is_left_by_itself),
        cmocka_unit_test(test_a_failed_dial_test_goes_back_before_anybody_has_moved),
        cmocka_unit_test(test_a_run_that_holds_at_the_windows_end_goes_back_in_time),
        cmocka_unit_test(test_an_order_may_hold_instead),
        cmocka_unit_test(test_an_approval_that_lapses_goes_back_if_the_order_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
