/* SPDX-License-Identifier: Apache-2.0 */
/* The in-service upgrade on the simulated core: up, down, and where its conditions do not hold. */
#include "tests/support/harness.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *replaced(const char *text, const char *what, const char *with)
{
    struct fy_buf out = {0};
    for (const char *at; (at = strstr(text, what)) != NULL; text = at + strlen(what)) {
        fy_buf_put(&out, text, (size_t)(at - text));
        fy_buf_text(&out, with);
    }
    fy_buf_text(&out, text);
    return fy_buf_take(&out);
}

static char *submit_text(struct harness *h, const char *xml)
{
    const char *run;
    bool existed;
    struct fy_err err;
    if (!harness_submit_text(h, xml, &run, &existed, &err))
        fail_msg("%s", err.message);
    return fy_strdup(run);
}

/* The run comes to that state, and nobody noticed. */
static void expect_end(struct harness *h, const char *run, const char *state)
{
    const char *now = harness_state(h, run);
    while (strcmp(now, state) != 0 && strcmp(now, "FAILED_TEMP") != 0 && harness_event(h))
        now = harness_state(h, run);
    bool ok = strcmp(now, state) == 0;
    char *text = harness_transcript(h, run);
    if (!ok || getenv("SHOW") != NULL)
        puts(text);
    free(text);
    assert_true(ok);
    static const char *const never[] = {"users_dropped",
                                        "calls_dropped",
                                        "instances_upgraded_under_sessions",
                                        "actives_upgraded_without_switchover",
                                        "pairs_down",
                                        "storage_down",
                                        "ticks_source_overloaded",
                                        "ticks_target_overloaded"};
    json_t *truth = sim_world_truth(h->world, "counters");
    for (size_t i = 0; i < FY_COUNT(never); i++)
        if (json_integer_value(json_object_get(truth, never[i])) != 0)
            fail_msg("%s: %lld", never[i], (long long)json_integer_value(json_object_get(truth, never[i])));
    json_decref(truth);
    json_t *view = harness_view(h, run), *guard;
    size_t i;
    json_array_foreach(json_object_get(view, "guards"), i, guard)
    {
        assert_true(json_is_false(json_object_get(guard, "held")));
        assert_true(json_is_true(json_object_get(guard, "as_it_was")));
    }
    json_decref(view);
}

static void expect_version(struct harness *h, const char *version)
{
    json_t *truth = sim_world_truth(h->world, "users"), *instance;
    size_t i;
    json_array_foreach(json_object_get(truth, "instances"), i, instance)
        assert_string_equal(fy_json_string_or(instance, "version", ""), version);
    assert_true(i > 0);
    json_decref(truth);
}

static size_t count_lines(const char *text, const char *with)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, with)) != NULL; at++)
        count++;
    return count;
}

static void test_issu_goes_up_a_batch_at_a_time_and_nobody_notices(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){0});
    char *run = harness_submit(h, "issu");
    expect_end(h, run, "COMPLETED");
    expect_version(h, "1.3.0");
    char *text = harness_transcript(h, run);
    /* 16 instances: one, four and four while users are on them, then the others: each is drained before. */
    assert_in_range(count_lines(text, ": drain "), 4, 6);
    assert_in_range(count_lines(text, ": steer "), 3, 5);
    assert_non_null(strstr(text, "wait until config_check reads {\"same\":true}"));
    free(text);
    free(run);
    harness_free(h);
}

/* Up, committed, and down again by an order of its own. */
static void test_issu_goes_down_as_it_went_up(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){0});
    struct fy_err err;
    char *up = harness_submit(h, "issu");
    expect_end(h, up, "COMPLETED");
    assert_true(harness_command(h, up, "commit", NULL, &err));
    assert_true(harness_until(h, up, "COMMITTED"));

    char *order = harness_order_text("issu");
    static const char *const changes[][2] = {
        {"CHG-0009", "CHG-0010"},
        {">UP<", ">DOWN<"},
        {"vnfd-amf-1.2.0\" softwareVersion=\"1.2.0", "old"},
        {"vnfd-amf-1.3.0\" softwareVersion=\"1.3.0", "vnfd-amf-1.2.0\" softwareVersion=\"1.2.0"},
        {"\"old\"", "\"vnfd-amf-1.3.0\" softwareVersion=\"1.3.0\""},
        {"domain=\"source\"", "domain=\"new\""},
        {"domain=\"target\"", "domain=\"source\""},
        {"domain=\"new\"", "domain=\"target\""},
    };
    for (size_t i = 0; i < FY_COUNT(changes); i++) {
        char *changed = replaced(order, changes[i][0], changes[i][1]);
        free(order);
        order = changed;
    }
    char *run = submit_text(h, order);
    expect_end(h, run, "COMPLETED");
    expect_version(h, "1.2.0");
    free(run);
    free(order);
    free(up);
    harness_free(h);
}

static void test_issu_goes_on_after_crashes(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){0});
    char *run = harness_submit(h, "issu");
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 37; k++)
            assert_true(harness_event(h));
        harness_crash(h);
    }
    expect_end(h, run, "COMPLETED");
    expect_version(h, "1.3.0");
    free(run);
    harness_free(h);
}

/* The order says onFailure="rollback": it goes back by itself, and everything is as it was. */
static void expect_back(const char *world, const char *fault, const char *why)
{
    struct harness *h = harness_new(&(struct harness_options){.world = world});
    char none[128];
    if (fault != NULL)
        assert_true(sim_world_fault(h->world, fault, NULL, none, sizeof none));
    char *run = harness_submit(h, "issu");
    expect_end(h, run, "ROLLED_BACK");
    expect_version(h, "1.2.0");
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    if (strstr(text, why) == NULL)
        fail_msg("%s is not why", why);
    free(run);
    harness_free(h);
}

static void test_issu_moves_nothing_where_a_condition_does_not_hold(void **state)
{
    (void)state;
    expect_back("{\"issu\":0}", NULL, "cannot be upgraded while it serves");
    expect_back("{\"gray_component\":0}", NULL, "no component for a gray configuration");
}

static void test_issu_goes_back_if_the_configuration_is_not_what_was_saved(void **state)
{
    (void)state;
    expect_back(NULL, "config_lost", "not those that were saved");
}

static void test_a_verb_that_nobody_serves_is_found_before_the_start(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){0});
    FY_AUTO(fy_free_ptr) char *xml = harness_order_text("issu");
    FY_AUTO(fy_free_ptr) char *order = replaced(xml, "ferry:issu@1", "ferry:acme_gray@1");
    char *run = submit_text(h, order);
    assert_true(harness_until(h, run, "ROLLED_BACK"));
    char *text = harness_transcript(h, run);
    assert_non_null(strstr(text, "needs the verb acme.issu_check"));
    free(text);
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issu_goes_up_a_batch_at_a_time_and_nobody_notices),
        cmocka_unit_test(test_issu_goes_down_as_it_went_up),
        cmocka_unit_test(test_issu_goes_on_after_crashes),
        cmocka_unit_test(test_issu_moves_nothing_where_a_condition_does_not_hold),
        cmocka_unit_test(test_issu_goes_back_if_the_configuration_is_not_what_was_saved),
        cmocka_unit_test(test_a_verb_that_nobody_serves_is_found_before_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
