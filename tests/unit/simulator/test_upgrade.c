/* SPDX-License-Identifier: Apache-2.0 */
/* Whole upgrades by hand: who keeps service, and who does not when a step is left out. */
#include "hand.h"

#include <stdlib.h>
#include <string.h>

static const char *dial_everybody =
    "{\"subscribers\":["
    "{\"ref\":\"test-1\",\"steer\":\"target\",\"peer\":\"test-2\",\"services\":[\"voice\",\"data\"]},"
    "{\"ref\":\"test-2\",\"steer\":\"target\",\"peer\":\"test-1\",\"services\":[\"voice\",\"data\"]},"
    "{\"ref\":\"test-3\",\"steer\":\"none\",\"peer\":\"test-4\",\"services\":[\"voice\"]},"
    "{\"ref\":\"test-4\",\"steer\":\"none\",\"peer\":\"test-3\",\"services\":[\"voice\"]}],"
    "\"expect\":{\"located_in\":\"target\"},\"hold\":true}";

static void whole_trial(struct hand *hand, const char *nf)
{
    hand_split(hand, nf);
    hand_must(hand, SIM_NF, "dial_test", "%s", dial_everybody);
    hand_steer(hand, 100, 200);
    hand_upgrade(hand, nf, 2, 8, true);
    hand_steer(hand, 500, 200);
    hand_wait(hand, 15 * MINUTE);
    hand_upgrade(hand, nf, 9, 12, true);
    hand_steer(hand, 1000, 200);
    hand_upgrade(hand, nf, 13, 16, true);
    hand_must(hand, SIM_NF, "join", "{\"all\":true}");
    hand_wait(hand, 15 * MINUTE);
}

static void test_a_correct_upgrade_drops_nobody(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    whole_trial(&hand, "amf");
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "calls_dropped"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_alive"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "instances_upgraded_under_sessions"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "ticks_source_overloaded"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "ticks_target_overloaded"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    assert_int_equal(hand_users(&hand, "source", "5g"), 0);
    assert_in_range(hand_users(&hand, "target", "5g"), 27000, 28500);
    assert_in_range(hand_users(&hand, "target", "4g"), 3100, 3500);
    hand_drop(&hand);
}

static void test_the_held_call_is_alive_on_another_instance(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    whole_trial(&hand, "amf");
    json_t *trace = sim_world_trace(hand.world, "test-3");
    const json_t *path = json_object_get(trace, "path");
    assert_true(json_is_true(json_object_get(json_object_get(trace, "held_call"), "alive")));
    assert_string_equal(json_string_value(json_object_get(trace, "domain")), "target");
    assert_in_range(json_array_size(path), 2, 20);
    json_decref(trace);
    hand_drop(&hand);
}

static void test_an_upgrade_without_draining_drops_its_users(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_upgrade(&hand, "amf", 2, 2, false);
    assert_in_range(hand_truth(&hand, "counters", "users_dropped"), 1500, 2500);
    assert_in_range(hand_truth(&hand, "counters", "calls_dropped"), 1, 600);
    assert_int_equal(hand_truth(&hand, "counters", "instances_upgraded_under_sessions"), 1);
    hand_wait(&hand, 5 * MINUTE); /* the dropped ones register again on the others */
    assert_in_range(hand_users(&hand, "source", "5g"), 27000, 28500);
    hand_drop(&hand);
}

static void test_removing_a_serving_instance_drops_its_users(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_VIM, "remove", "{\"instances\":[\"amf-svc-03\"]}");
    assert_in_range(hand_truth(&hand, "counters", "users_dropped"), 1500, 2500);
    hand_drop(&hand);
}

static void test_steering_beyond_capacity_overloads_the_target(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_steer(&hand, 500, 1000); /* 15,000 users on one instance that carries 6,250 */
    hand_wait(&hand, MINUTE);
    assert_in_range(hand_truth(&hand, "counters", "ticks_target_overloaded"), 10, 100);
    assert_int_equal(hand_do(&hand, SIM_NF, "alarms", &reply, "{}"), FERRY_DONE);
    const json_t *first = json_array_get(json_object_get(reply.result, "alarms"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), "overload-target");
    assert_string_equal(json_string_value(json_object_get(first, "severity")), "critical");
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_going_back_brings_everybody_to_the_source(void **state)
{
    (void)state;
    struct hand hand;
    char list[1024];
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_must(&hand, SIM_NF, "dial_test", "%s", dial_everybody);
    hand_upgrade(&hand, "amf", 2, 6, true);
    hand_steer(&hand, 300, 200);
    hand_steer(&hand, 0, 500);
    assert_int_equal(hand_users(&hand, "target", "5g"), 0);
    hand_list("amf", 1, 6, list, sizeof(list));
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":%s}", list);
    hand_must(
        &hand, SIM_VIM, "upgrade",
        "{\"instances\":%s,\"image\":\"amf-svc:1.2.0\",\"digest\":\"sha256:5e61\",\"version\":\"1.2.0\"}",
        list);
    hand_must(&hand, SIM_NF, "readmit", "{\"instances\":%s}", list);
    hand_must(&hand, SIM_NF, "join", "{\"all\":true}");
    hand_wait(&hand, 10 * MINUTE);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    assert_in_range(hand_users(&hand, "source", "5g"), 27000, 28500);
    hand_drop(&hand);
}

static void test_an_smf_upgrade_steers_by_sessions(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, "{\"shape\":\"SMF\",\"users\":12000}");
    hand_split(&hand, "smf");
    hand_upgrade(&hand, "smf", 2, 8, true);
    assert_int_equal(
        hand_do(&hand, SIM_NF, "steer", &reply, "{\"permille\":500,\"basis\":\"sessions\",\"rate\":200}"),
        FERRY_DONE);
    json_int_t source = 0, target = 0;
    assert_int_equal(json_unpack(reply.result, "{s:{s:{s:I,s:I}}}", "measured", "sessions", "source", &source,
                                 "target", &target),
                     0);
    assert_in_range(source + target, 20000, 30000);
    assert_in_range(target * 10000 / (source + target), 4950, 5050);
    sim_reply_clear(&reply);
    hand_upgrade(&hand, "smf", 9, 15, true);
    hand_steer(&hand, 1000, 200);
    hand_upgrade(&hand, "smf", 16, 16, true);
    hand_must(&hand, SIM_NF, "join", "{\"all\":true}");
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_correct_upgrade_drops_nobody),
        cmocka_unit_test(test_the_held_call_is_alive_on_another_instance),
        cmocka_unit_test(test_an_upgrade_without_draining_drops_its_users),
        cmocka_unit_test(test_removing_a_serving_instance_drops_its_users),
        cmocka_unit_test(test_steering_beyond_capacity_overloads_the_target),
        cmocka_unit_test(test_going_back_brings_everybody_to_the_source),
        cmocka_unit_test(test_an_smf_upgrade_steers_by_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
