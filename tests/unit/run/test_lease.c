/* SPDX-License-Identifier: Apache-2.0 */
/* Guard leases: renewed while they are held, run out when nobody comes back, taken again, never after
 * release. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS (60 * 60 * 1000LL)
#define HELD                                                                                                 \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n  nf:suspend 'healing' sleep '4h' nf:release_guards()\nend\nreturn wf\n"

static int64_t now_ms(const struct harness *h)
{
    struct fy_clock clock = virtual_clock(h->time);
    return clock.wall_ms(clock.self);
}

static void live_for(struct harness *h, int64_t ms)
{
    int64_t end_ms = now_ms(h) + ms;
    while (now_ms(h) < end_ms)
        assert_true(harness_event(h));
}

static bool told(struct harness *h, const char *run, const char *part)
{
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    return strstr(text, part) != NULL;
}

static int64_t count(struct harness *h, const char *run, const char *part)
{
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    int64_t found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

/* What the world knows of the guard's lease, at this time. */
static int64_t lease(struct harness *h, const char *member)
{
    struct ferry_call call = {.size = sizeof call,
                              .run = "",
                              .key = "",
                              .scale = 1,
                              .now_ms = now_ms(h),
                              .deadline_ms = INT64_MAX,
                              .args = "{\"guard\":\"healing\"}"};
    struct sim_reply reply = {0};
    sim_world_call(h->world, SIM_VIM, "guard_read", &call, &reply);
    sim_reply_clear(&reply);
    json_t *guards = sim_world_truth(h->world, "guards");
    const json_t *healing = json_object_get(guards, "healing");
    int64_t value = strcmp(member, "enabled") == 0
                        ? json_is_true(json_object_get(json_object_get(healing, "state"), member))
                        : fy_json_int_or(json_object_get(healing, "lease"), member, -1);
    json_decref(guards);
    return value;
}

static struct harness *held(const struct ferry_adapter *vim, char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.workflow = HELD, .vim = vim});
    *ret_run = harness_submit(h, "amf");
    assert_true(harness_until(h, *ret_run, "PROCESSING"));
    for (int i = 0; i < 100000; i++) {
        FY_AUTO(fy_json_unref) json_t *view = harness_view(h, *ret_run);
        if (strcmp(fy_json_string_or(json_object_get(view, "step"), "call", ""), "sleep") == 0)
            return h;
        assert_true(harness_event(h));
    }
    fail();
    return h;
}

static void assert_given_back(struct harness *h, const char *run)
{
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    const json_t *guard = json_array_get(json_object_get(view, "guards"), 0);
    assert_false(fy_json_bool_or(guard, "held", true));
    assert_true(fy_json_bool_or(guard, "as_it_was", false));
    assert_true(lease(h, "enabled"));
    assert_int_equal(lease(h, "until"), 0);
}

static void done_with(struct harness *h, char *run)
{
    free(run);
    harness_free(h);
}

static void test_a_lease_is_renewed_for_hours_while_paused_and_not_after_its_release(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = held(NULL, &run);
    assert_true(lease(h, "until") > now_ms(h));
    assert_true(harness_command(h, run, "pause", NULL, &err));
    assert_true(harness_until(h, run, "PAUSED"));
    live_for(h, 6 * HOUR_MS);
    assert_int_equal(lease(h, "expired"), 0);
    assert_false(lease(h, "enabled"));
    assert_in_range(lease(h, "renewed"), 34, 38);
    assert_false(told(h, run, "ALARM"));
    assert_true(harness_command(h, run, "resume", NULL, &err));
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_given_back(h, run);
    int64_t renewed = lease(h, "renewed"); /* each of them is on record */
    assert_int_equal(count(h, run, "guard healing: lease renewed, until "), renewed);
    live_for(h, 2 * HOUR_MS);
    assert_int_equal(lease(h, "renewed"), renewed);
    assert_given_back(h, run);
    done_with(h, run);
}

static void test_a_lease_is_renewed_in_a_parked_run_and_after_a_crash(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = held(NULL, &run);
    assert_true(harness_command(h, run, "cancel", NULL, &err));
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    for (int i = 0; i < 12; i++) {
        live_for(h, HOUR_MS / 2 - 1);
        harness_crash(h);
    }
    assert_int_equal(lease(h, "expired"), 0);
    assert_false(told(h, run, "ALARM"));
    assert_true(harness_command(h, run, "retry", NULL, &err));
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_given_back(h, run);
    done_with(h, run);
}

static void test_an_engine_that_is_away_too_long_finds_the_guard_on_and_takes_it_again(void **state)
{
    (void)state;
    char *run;
    struct harness *h = held(NULL, &run);
    harness_kill(h);
    virtual_time_pass(h->time, HOUR_MS / 4);
    assert_false(lease(h, "enabled"));
    virtual_time_pass(h->time, HOUR_MS);
    assert_true(lease(h, "enabled")); /* nobody of Ferry's was there */
    assert_int_equal(lease(h, "expired"), 1);
    harness_take_over(h);
    for (int i = 0; i < 1000 && lease(h, "enabled"); i++)
        assert_true(harness_event(h));
    assert_true(told(h, run, "its lease ran out while nobody renewed it. It is taken again"));
    assert_true(lease(h, "until") > now_ms(h));
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_given_back(h, run);
    assert_int_equal(lease(h, "expired"), 1);
    done_with(h, run);
}

static void test_a_guard_somebody_else_changed_is_not_renewed(void **state)
{
    (void)state;
    char *run;
    struct harness *h = held(NULL, &run);
    struct ferry_call call = {.size = sizeof call,
                              .run = "somebody",
                              .step = 1,
                              .fence = 99,
                              .key = "somebody/1",
                              .scale = 1,
                              .now_ms = now_ms(h),
                              .deadline_ms = INT64_MAX,
                              .args = "{\"guard\":\"healing\",\"state\":{\"enabled\":true,\"detect_s\":5}}"};
    struct sim_reply reply = {0};
    sim_world_call(h->world, SIM_VIM, "guard_set", &call, &reply);
    sim_reply_clear(&reply);
    live_for(h, HOUR_MS / 2);
    assert_true(told(h, run, "somebody else has changed it. It is left as it is"));
    harness_crash(h);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(lease(h, "enabled"));
    assert_int_equal(lease(h, "renewed"), 0);
    done_with(h, run);
}

/* ---- an adapter of the test's own ---------------------------------------------------------------------- */

static const struct ferry_host *host;
static bool fails;
static struct ferry_verb verbs[64];
static void (*guard_set)(void *connection, const struct ferry_call *call, struct ferry_reply *reply);

static void *keep_host(const struct ferry_host *given, const char *settings, char *why, size_t why_size)
{
    host = given;
    return sim_linked_vim.open(given, settings, why, why_size);
}

static void may_fail(void *connection, const struct ferry_call *call, struct ferry_reply *reply)
{
    if (fails)
        host->failed(reply, FERRY_FAILURE_TRANSIENT, "500 Internal Server Error", NULL);
    else
        guard_set(connection, call, reply);
}

static struct ferry_adapter own_vim(const char *schema)
{
    struct ferry_adapter vim = sim_linked_vim;
    for (size_t i = 0; vim.verbs[i].name != NULL; i++) {
        assert_true(i + 1 < FY_COUNT(verbs));
        verbs[i] = vim.verbs[i];
        if (strcmp(verbs[i].name, "guard_set") != 0)
            continue;
        guard_set = verbs[i].call;
        verbs[i].call = may_fail;
        if (schema != NULL)
            verbs[i].schema = schema;
    }
    vim.verbs = verbs;
    vim.open = keep_host;
    fails = false;
    return vim;
}

static void test_an_adapter_without_leases_is_given_none(void **state)
{
    (void)state;
    char *run;
    struct ferry_adapter vim = own_vim("{\"type\":\"object\",\"required\":[\"guard\",\"state\"],"
                                       "\"additionalProperties\":false,\"properties\":{"
                                       "\"guard\":{\"type\":\"string\"},\"state\":{},\"prior\":{}}}");
    struct harness *h = held(&vim, &run);
    assert_int_equal(lease(h, "until"), 0);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_int_equal(lease(h, "renewed"), 0);
    assert_given_back(h, run);
    done_with(h, run);
}

static void test_a_lease_is_no_longer_than_the_adapter_allows(void **state)
{
    (void)state;
    char *run;
    struct ferry_adapter vim =
        own_vim("{\"type\":\"object\",\"required\":[\"guard\",\"state\"],\"properties\":{"
                "\"lease_ms\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":300000}}}");
    struct harness *h = held(&vim, &run);
    assert_in_range(lease(h, "until") - now_ms(h), 1, 300000);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_true(lease(h, "renewed") > 30);
    assert_int_equal(lease(h, "expired"), 0);
    done_with(h, run);
}

static void test_a_lease_that_cannot_be_renewed_is_one_alarm_and_tried_again(void **state)
{
    (void)state;
    char *run;
    struct ferry_adapter vim = own_vim(NULL);
    struct harness *h = held(&vim, &run);
    fails = true;
    live_for(h, HOUR_MS / 3);
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    const char *alarm = strstr(text, "ALARM: the lease of guard healing on sim-cloud could not be renewed");
    assert_non_null(alarm);
    assert_non_null(strstr(alarm, "500 Internal Server Error"));
    assert_null(strstr(alarm + 1, "ALARM"));
    fails = false;
    live_for(h, HOUR_MS / 3);
    assert_int_equal(lease(h, "expired"), 0);
    assert_true(harness_until(h, run, "COMPLETED"));
    assert_given_back(h, run);
    done_with(h, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lease_is_renewed_for_hours_while_paused_and_not_after_its_release),
        cmocka_unit_test(test_a_lease_is_renewed_in_a_parked_run_and_after_a_crash),
        cmocka_unit_test(test_an_engine_that_is_away_too_long_finds_the_guard_on_and_takes_it_again),
        cmocka_unit_test(test_a_guard_somebody_else_changed_is_not_renewed),
        cmocka_unit_test(test_an_adapter_without_leases_is_given_none),
        cmocka_unit_test(test_a_lease_is_no_longer_than_the_adapter_allows),
        cmocka_unit_test(test_a_lease_that_cannot_be_renewed_is_one_alarm_and_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
