/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that stand in the way of an order, and those that leave their network function dirty. */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SMALL_WORLD "{\"users\":300}"
#define MANY        100000
#define HALF_DONE                                                                                            \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n"                                                                        \
    "  nf:suspend 'healing' nf:backup { 'config' }\n"                                                        \
    "  nf:load() nf:split() sleep '1h'\nend\nreturn wf\n"
#define WAITS                                                                                                \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n  sleep '1h'\nend\nreturn wf\n"

static void command(struct harness *h, const char *run, const char *verb, const char *args)
{
    struct fy_err err = {0};
    if (!harness_command(h, run, verb, args, &err))
        fail_msg("%s: %s (%s)", verb, err.message, err.hint);
}

static void until_step(struct harness *h, const char *run, const char *call)
{
    for (int i = 0; i < MANY; i++) {
        if (harness_state(h, run)[0] != '\0') {
            FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
            if (strcmp(fy_json_string_or(json_object_get(view, "step"), "call", ""), call) == 0)
                return;
        }
        assert_true(harness_event(h));
    }
    fail();
}

static bool transcript_has(struct harness *h, const char *run, const char *part)
{
    if (harness_state(h, run)[0] == '\0') /* nothing of it is durable yet */
        return false;
    FY_AUTO(fy_free_ptr) char *text = harness_transcript(h, run);
    return strstr(text, part) != NULL;
}

static void until_text(struct harness *h, const char *run, const char *part)
{
    for (int i = 0; i < MANY && !transcript_has(h, run, part); i++)
        assert_true(harness_event(h));
    if (!transcript_has(h, run, part))
        fail_msg("%s", part);
}

/* The order with another request, network function and group: "-" leaves one as it is. */
static char *another(const char *request, const char *nf, const char *group, const char *mate)
{
    char *xml = harness_order_text("amf");
    const char *const changes[][2] = {{"requestId=\"CHG-0007\"", request},
                                      {"<f:VnfInstanceId>amf-east-1", nf},
                                      {"exclusionGroup=\"amf-set-1\"", group},
                                      {"vnfInstanceId=\"amf-east-2\"", mate}};
    for (size_t i = 0; i < FY_COUNT(changes); i++) {
        char *at = strstr(xml, changes[i][0]);
        assert_non_null(at);
        if (strcmp(changes[i][1], "-") == 0)
            continue;
        char *with = fy_format("%.*s%s%s", (int)(at - xml), xml, changes[i][1], at + strlen(changes[i][0]));
        free(xml);
        xml = with;
    }
    return xml;
}

static char *submit(struct harness *h, const char *xml)
{
    const char *run;
    bool existed;
    struct fy_err err = {0};
    if (!harness_submit_text(h, xml, &run, &existed, &err))
        fail_msg("%s (%s)", err.message, err.hint);
    return fy_strdup(run);
}

static void refused(struct harness *h, const char *xml, const char *says, const char *hint)
{
    const char *run;
    bool existed;
    struct fy_err err = {0};
    assert_false(harness_submit_text(h, xml, &run, &existed, &err));
    assert_int_equal(err.kind, FY_ERR_CONFLICT);
    if (strstr(err.message, says) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("%s (%s)", err.message, err.hint);
}

static struct harness *half_done(char **ret_run)
{
    struct harness *h = harness_new(&(struct harness_options){.workflow = HALF_DONE, .world = SMALL_WORLD});
    *ret_run = harness_submit(h, "amf");
    until_step(h, *ret_run, "sleep");
    command(h, *ret_run, "cancel", NULL);
    assert_true(harness_until(h, *ret_run, "FAILED_TEMP"));
    command(h, *ret_run, "fail", "{\"to\":\"the vendor\",\"why\":\"no luck\"}");
    assert_true(harness_until(h, *ret_run, "FAILED"));
    return h;
}

#define NEXT_ORDER another("requestId=\"CHG-0008\"", "-", "-", "-")

/* ---- exclusion -------------------------------------------------------------------------------------- */

static void test_a_conflict_names_the_run_its_state_and_what_frees_the_function(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = WAITS, .world = SMALL_WORLD});
    FY_AUTO(fy_free_ptr) char *run = harness_submit(h, "amf");
    FY_AUTO(fy_free_ptr) char *same = NEXT_ORDER;
    FY_AUTO(fy_free_ptr)
    char *group =
        another("requestId=\"CHG-0009\"", "<f:VnfInstanceId>amf-east-9", "-", "vnfInstanceId=\"amf-east-8\"");
    refused(h, same, "amf-east-1 is being upgraded by run CHG-0007 (SCHEDULED", "ferry cancel CHG-0007");
    refused(h, group, "exclusion group amf-set-1 is busy: run CHG-0007 upgrades amf-east-1 (SCHEDULED",
            "ferry cancel");
    until_step(h, run, "sleep");
    refused(h, same, "PROCESSING", "wait until that run is over");
    command(h, run, "cancel", NULL);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    refused(h, same, "FAILED_TEMP", "ferry show CHG-0007");
    command(h, run, "retry", NULL);
    assert_true(harness_until(h, run, "COMPLETED"));
    refused(h, same, "COMPLETED", "--commit CHG-0007");
    harness_free(h);
}

static void test_a_mate_is_not_changed_while_it_carries_the_others_users(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = WAITS, .world = SMALL_WORLD});
    FY_AUTO(fy_free_ptr) char *run = harness_submit(h, "amf");
    until_step(h, run, "sleep");
    /* the mate of what is being upgraded, and somebody whose mate that is */
    FY_AUTO(fy_free_ptr)
    char *mate = another("requestId=\"CHG-0008\"", "<f:VnfInstanceId>amf-east-2", "exclusionGroup=\"other\"",
                         "vnfInstanceId=\"amf-east-7\"");
    FY_AUTO(fy_free_ptr)
    char *third = another("requestId=\"CHG-0009\"", "<f:VnfInstanceId>amf-east-3", "exclusionGroup=\"other\"",
                          "vnfInstanceId=\"amf-east-1\"");
    refused(h, mate, "carry each other's users, and run CHG-0007 changes amf-east-1", "wait until");
    refused(h, third, "carry each other's users, and run CHG-0007 changes amf-east-1", "wait until");
    assert_true(harness_until(h, run, "COMPLETED"));
    free(submit(h, mate)); /* it serves as before */
    harness_free(h);
}

static void test_a_mate_that_a_connection_serves_is_asked(void **state)
{
    (void)state;
    static const char *const mates[] = {"amf-east-2", NULL};
    struct harness *h = harness_new(&(struct harness_options){.workflow = WAITS,
                                                              .world = "{\"users\":300,\"svc_capacity\":25}",
                                                              .start_ms = 1795363200000 - 7200000});
    fy_local_serve(h->local, "sim-amf", mates);
    FY_AUTO(fy_free_ptr) char *run = harness_submit(h, "amf");
    until_text(h, run, "mates_ready (mate amf-east-2 has");
    harness_free(h);
}

/* ---- fail ------------------------------------------------------------------------------------------- */

static void test_a_failed_run_leaves_a_list_for_whoever_takes_over(void **state)
{
    (void)state;
    char *run;
    struct harness *h = half_done(&run);
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, run);
    const json_t *list = json_object_get(view, "hand_over");
    assert_string_equal(fy_json_string_or(list, "to", ""), "the vendor");
    assert_string_equal(fy_json_string_or(list, "by", ""), "uid:1001 (otto)");
    assert_true(fy_json_bool_or(list, "split", false));
    assert_int_equal(json_array_size(json_object_get(list, "versions")), 1);
    assert_int_equal(json_array_size(json_object_get(list, "backups")), 1);
    assert_int_equal(json_array_size(json_object_get(list, "guards")), 0);
    assert_string_equal(fy_json_string_or(json_object_get(list, "step"), "call", ""), "sleep");
    assert_non_null(strstr(json_string_value(json_array_get(json_object_get(list, "owed"), 1)), "join"));
    assert_true(fy_json_bool_or(view, "dirty", false));
    assert_non_null(strstr(fy_json_string_or(view, "waiting", ""), "ferry adopt CHG-0007"));
    free(run);
    harness_free(h);
}

static void test_a_dirty_function_takes_no_order_not_even_after_a_crash(void **state)
{
    (void)state;
    char *run;
    struct harness *h = half_done(&run);
    FY_AUTO(fy_free_ptr) char *next = NEXT_ORDER;
    refused(h, next, "amf-east-1 is dirty: run CHG-0007 (FAILED) was given over to the vendor",
            "ferry clean");
    harness_crash(h);
    refused(h, next, "is dirty", "ferry adopt CHG-0007");
    free(run);
    harness_free(h);
}

static void test_clean_is_refused_by_what_it_finds_and_says_all_of_it(void **state)
{
    (void)state;
    char *run;
    struct harness *h = half_done(&run);
    FY_AUTO(fy_free_ptr) char *next = NEXT_ORDER;
    command(h, run, "clean", NULL);
    until_text(h, run, "checked (clean): 4 of 5 passed; failed: not_split");
    refused(h, next, "is dirty", "ferry clean");
    free(run);
    harness_free(h);
}

static void test_a_function_proven_clean_takes_orders_again(void **state)
{
    (void)state;
    struct harness *h = harness_new(&(struct harness_options){.workflow = WAITS, .world = SMALL_WORLD});
    FY_AUTO(fy_free_ptr) char *run = harness_submit(h, "amf");
    FY_AUTO(fy_free_ptr) char *next = NEXT_ORDER;
    until_step(h, run, "sleep");
    command(h, run, "cancel", NULL);
    assert_true(harness_until(h, run, "FAILED_TEMP"));
    command(h, run, "fail", NULL);
    assert_true(harness_until(h, run, "FAILED"));
    command(h, run, "clean", NULL);
    fy_journal_turn(h->journal);
    harness_crash(h); /* what was promised is done by the next engine */
    until_text(h, run, "free for the next order: proven clean");
    FY_AUTO(fy_free_ptr) char *second = submit(h, next);
    assert_true(harness_until(h, second, "COMPLETED"));
    struct fy_err err = {0};
    assert_false(harness_command(h, run, "clean", NULL, &err)); /* over for good */
    harness_free(h);
}

static void test_an_adopted_function_takes_orders_and_they_know_of_it(void **state)
{
    (void)state;
    char *run;
    struct fy_err err = {0};
    struct harness *h = half_done(&run);
    FY_AUTO(fy_free_ptr) char *next = NEXT_ORDER;
    assert_false(harness_command(h, run, "adopt", NULL, &err));
    assert_non_null(strstr(err.message, "needs a reason"));
    command(h, run, "adopt", "{\"why\":\"the vendor says so\"}");
    until_text(h, run, "adopted as it stands by uid:1001 (otto): the vendor says so");
    harness_crash(h);
    FY_AUTO(fy_free_ptr) char *second = submit(h, next);
    while (harness_state(h, second)[0] == '\0')
        assert_true(harness_event(h));
    FY_AUTO(fy_json_unref) json_t *view = harness_view(h, second);
    assert_string_equal(fy_json_string_or(json_object_get(view, "known"), "run", ""), run);
    free(run);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_conflict_names_the_run_its_state_and_what_frees_the_function),
        cmocka_unit_test(test_a_mate_is_not_changed_while_it_carries_the_others_users),
        cmocka_unit_test(test_a_mate_that_a_connection_serves_is_asked),
        cmocka_unit_test(test_a_failed_run_leaves_a_list_for_whoever_takes_over),
        cmocka_unit_test(test_a_dirty_function_takes_no_order_not_even_after_a_crash),
        cmocka_unit_test(test_clean_is_refused_by_what_it_finds_and_says_all_of_it),
        cmocka_unit_test(test_a_function_proven_clean_takes_orders_again),
        cmocka_unit_test(test_an_adopted_function_takes_orders_and_they_know_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
