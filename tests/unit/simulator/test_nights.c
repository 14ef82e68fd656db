/* SPDX-License-Identifier: Apache-2.0 */
/* Whole upgrades by the engine through nights that are not quiet: what the world lived through afterwards. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SMALL "\"users\":3000,\"svc_capacity\":640,\"activity_permille\":4000"

/*
 * An operator who says yes, corrects a password, and tries again what failed. Ends where nothing more is to
 * be done tonight.
 */
static const char *through_the_night(struct harness *h, const char *run, int retries)
{
    struct fy_err err;
    for (long i = 0; i < 400000; i++) {
        const char *state = harness_state(h, run);
        if (strcmp(state, "COMPLETED") == 0 || strcmp(state, "ROLLED_BACK") == 0 ||
            strcmp(state, "FAILED") == 0)
            return state;
        bool parked = strcmp(state, "FAILED_TEMP") == 0;
        if (parked)
            (void)sim_world_clear(h->world, "password_wrong");
        if (parked && (retries-- == 0 || !harness_command(h, run, "retry", NULL, &err)))
            return state;
        json_t *view = i % 10 == 9 ? harness_view(h, run) : NULL;
        if (json_object_get(view, "approval") != NULL)
            (void)harness_command(h, run, "approve", NULL, &err);
        json_decref(view);
        if (!harness_event(h))
            return harness_state(h, run);
    }
    return "still under way";
}

static int64_t truth(const struct harness *h, const char *member)
{
    json_t *counters = sim_world_truth(h->world, "counters");
    int64_t number = json_integer_value(json_object_get(counters, member));
    json_decref(counters);
    return number;
}

static void harmed_nobody(const struct harness *h)
{
    static const char *const members[] = {"users_dropped",
                                          "instances_upgraded_under_sessions",
                                          "actives_upgraded_without_switchover",
                                          "pairs_both_down",
                                          "ticks_source_overloaded",
                                          "ticks_target_overloaded",
                                          "ticks_below_demand",
                                          "keys_repeated"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (truth(h, members[i]) != 0)
            fail_msg("%s: %lld", members[i], (long long)truth(h, members[i]));
}

/* The trial's order, which parks what fails, so that the operator of these nights has something to do; and so
 * few users give no verdict. */
static char *order_that_holds(void)
{
    static const char *const changes[][2] = {
        {"onViolation=\"rollback\"", "onViolation=\"hold\" dryRun=\"true\""},
        {"onFailure=\"rollback\"", "onFailure=\"hold\""},
        {"onWindowEnd=\"rollback\"", "onWindowEnd=\"hold\""},
    };
    char *xml = harness_order_text("trial");
    for (size_t i = 0; i < FY_COUNT(changes); i++) {
        char *at = strstr(xml, changes[i][0]);
        assert_non_null(at);
        char *changed =
            fy_format("%.*s%s%s", (int)(at - xml), xml, changes[i][1], at + strlen(changes[i][0]));
        free(xml);
        xml = changed;
    }
    return xml;
}

/* One night on a world with these settings; the end, and the world as it then is. */
static const char *night(struct harness **ret_h, const char *settings, const char *without_guard,
                         char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.world = settings});
    struct fy_err err;
    const char *run = NULL;
    bool existed;
    char *xml = order_that_holds();
    char *guard = without_guard != NULL ? strstr(xml, without_guard) : NULL;
    for (size_t i = 0; guard != NULL && i < strlen(without_guard); i++)
        guard[i] = ' ';
    if (!harness_submit_text(h, xml, &run, &existed, &err))
        fail_msg("%s", err.message);
    *ret_h = h;
    *ret_run = fy_strdup(run);
    free(xml);
    return through_the_night(h, *ret_run, 20);
}

static void nights_of(const char *profile, int first, int last)
{
    for (int seed = first; seed <= last; seed++) {
        char settings[256], *run;
        struct harness *h;
        (void)snprintf(settings, sizeof settings,
                       "{" SMALL ",\"seed\":%d,\"chance\":{\"seed\":%d,\"profile\":\"%s\"}}", seed, seed,
                       profile);
        const char *end = night(&h, settings, NULL, &run);
        print_message(
            "%s %d: %s, %lld replies lost, %lld calls reset, %lld effects late, %lld builds failed\n",
            profile, seed, end, (long long)truth(h, "replies_lost"), (long long)truth(h, "calls_reset"),
            (long long)truth(h, "effects_late"), (long long)truth(h, "builds_failed"));
        if (strcmp(profile, "wire") == 0)
            assert_string_equal(end, "COMPLETED");
        harmed_nobody(h);
        free(run);
        harness_free(h);
    }
}

static void test_nights_of_bad_wires_complete_and_harm_nobody(void **state)
{
    (void)state;
    nights_of("wire", 1, 6);
}

static void test_nights_of_harmless_faults_harm_nobody_however_they_end(void **state)
{
    (void)state;
    nights_of("harmless", 1, 6);
}

static void test_a_run_without_its_guard_is_undone_by_self_healing(void **state)
{
    (void)state;
    struct harness *h;
    char *run;
    assert_string_equal(night(&h, "{" SMALL "}", "healing ", &run), "FAILED_TEMP");
    json_t *view = harness_view(h, run);
    const char *why = fy_json_string_or(json_object_get(view, "error"), "message", "");
    assert_non_null(strstr(why, "self-healing"));
    assert_true(truth(h, "healing_interferences") > 0);
    json_decref(view);
    free(run);
    harness_free(h);
}

static void test_the_same_run_with_its_guard_is_not(void **state)
{
    (void)state;
    struct harness *h;
    char *run;
    assert_string_equal(night(&h, "{" SMALL "}", NULL, &run), "COMPLETED");
    assert_int_equal(truth(h, "healing_interferences"), 0);
    assert_int_equal(truth(h, "scaling_interferences"), 0);
    harmed_nobody(h);
    free(run);
    harness_free(h);
}

static void test_a_guard_another_hand_changed_is_left_as_it_left_it(void **state)
{
    (void)state;
    struct harness *h;
    char *run;
    const char *settings =
        "{" SMALL ",\"faults\":{\"guard_changed\":{\"on\":\"config-freeze\",\"after\":\"30m\","
        "\"state\":{\"frozen\":false,\"until\":\"Monday\"}}}}";
    assert_string_equal(night(&h, settings, NULL, &run), "COMPLETED");
    json_t *guards = sim_world_truth(h->world, "guards"), *view = harness_view(h, run), *guard;
    const json_t *freeze = json_object_get(guards, "config-freeze");
    const json_t *changes = json_object_get(freeze, "changes");
    const json_t *last = json_array_get(changes, json_array_size(changes) - 1);
    assert_true(json_is_true(json_object_get(freeze, "as_owed")));
    assert_string_equal(fy_json_string_or(last, "by", ""), "another hand");
    size_t i;
    json_array_foreach(json_object_get(view, "guards"), i, guard)
    {
        bool changed = strcmp(fy_json_string_or(guard, "guard", ""), "config-freeze") == 0;
        assert_false(fy_json_bool_or(guard, "held", true));
        assert_int_equal(fy_json_bool_or(guard, "as_it_was", changed), !changed);
    }
    json_decref(guards);
    json_decref(view);
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nights_of_bad_wires_complete_and_harm_nobody),
        cmocka_unit_test(test_nights_of_harmless_faults_harm_nobody_however_they_end),
        cmocka_unit_test(test_a_run_without_its_guard_is_undone_by_self_healing),
        cmocka_unit_test(test_the_same_run_with_its_guard_is_not),
        cmocka_unit_test(test_a_guard_another_hand_changed_is_left_as_it_left_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
