/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platform's own will under an upgrade: with self-healing and elasticity left on an upgrade is undone,
 * users are dropped and instances come and go; with the guards it is not so. And who set which guard, when.
 */
#include "hand.h"

#include <stdio.h>
#include <string.h>

/* What somebody does who knows nothing of guards: when an upgrade fails it is asked for again. */
static void upgrade_stubbornly(struct hand *hand, int first, int last)
{
    char list[64];
    for (int i = first; i <= last; i++) {
        (void)hand_list("amf", i, i, list, sizeof(list));
        (void)hand_do(hand, SIM_NF, "drain", NULL, "{\"instances\":%s}", list);
        for (int tries = 0; tries < 3; tries++) {
            enum ferry_status status =
                hand_do(hand, SIM_VIM, "upgrade", NULL,
                        "{\"instances\":%s,\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"}", list);
            if (status == FERRY_DONE)
                break;
            hand_wait(hand, 5 * MINUTE); /* it comes up again, from its old image, and serves */
        }
        (void)hand_do(hand, SIM_NF, "readmit", NULL, "{\"instances\":%s}", list);
    }
    hand_wait(hand, 10 * MINUTE);
}

static int64_t of_version(const struct hand *hand, const char *version)
{
    json_t *truth = sim_world_truth(hand->world, "users"), *item;
    int64_t count = 0;
    size_t i;
    json_array_foreach(json_object_get(truth, "instances"), i, item)
    {
        count += strcmp(json_string_value(json_object_get(item, "version")), version) == 0;
    }
    json_decref(truth);
    return count;
}

static void take(struct hand *hand, bool healing, bool scaling)
{
    static const char *const words[] = {"false", "true"};
    hand_take(hand, NULL);
    hand_must(hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":%s}}",
              words[healing]);
    hand_must(hand, SIM_VIM, "guard_set", "{\"guard\":\"scaling\",\"state\":{\"enabled\":%s}}",
              words[scaling]);
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
}

static void test_healing_left_on_undoes_an_upgrade_and_its_retry_drops_users(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand, true, false);
    upgrade_stubbornly(&hand, 1, 4);
    assert_int_equal(of_version(&hand, "1.3.0"), 0);
    assert_in_range(hand_truth(&hand, "counters", "healing_interferences"), 8, 12);
    assert_in_range(hand_truth(&hand, "counters", "instances_upgraded_under_sessions"), 4, 8);
    assert_in_range(hand_truth(&hand, "counters", "users_dropped"), 1000, 20000);
    hand_drop(&hand);
}

static void test_elasticity_left_on_takes_instances_from_under_a_batch(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand, false, true);
    upgrade_stubbornly(&hand, 1, 4);
    assert_true(of_version(&hand, "1.3.0") < 4);
    assert_in_range(hand_truth(&hand, "counters", "scaling_interferences"), 2, 100);
    assert_in_range(hand_truth(&hand, "counters", "builds"), 5, 100); /* more than the four asked for */
    hand_drop(&hand);
}

static void test_the_same_upgrade_with_its_guards_harms_nobody(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand, false, false);
    upgrade_stubbornly(&hand, 1, 4);
    assert_int_equal(of_version(&hand, "1.3.0"), 4);
    assert_int_equal(hand_truth(&hand, "counters", "healing_interferences"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "scaling_interferences"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "instances_upgraded_under_sessions"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

static void test_healing_switched_on_by_another_hand_takes_what_is_being_built(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    char why[256] = "";
    take(&hand, false, false);
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    assert_true(sim_world_fault(hand.world, "build_slow_permille", "{\"value\":5000}", why, sizeof(why)));
    assert_true(sim_world_fault(hand.world, "guard_changed", "{\"after\":\"1m\"}", why, sizeof(why)));
    assert_int_equal(
        hand_do(&hand, SIM_VIM, "upgrade", &reply,
                "{\"instances\":[\"amf-svc-02\"],\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"}"),
        FERRY_FAILED);
    assert_non_null(strstr(reply.message, "self-healing"));
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_healing_that_comes_back_sees_the_dead_at_once(void **state)
{
    (void)state;
    struct hand hand;
    char why[256] = "";
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    assert_true(sim_world_fault(hand.world, "instance_dies", "{\"on\":\"amf-svc-05\"}", why, sizeof(why)));
    hand_wait(&hand, HOUR);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 0);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":true}}");
    hand_wait(&hand, MINUTE);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 1);
    hand_drop(&hand);
}

static json_t *guard_truth(const struct hand *hand, const char *guard)
{
    json_t *truth = sim_world_truth(hand->world, "guards");
    json_t *found = json_incref(json_object_get(truth, guard));
    json_decref(truth);
    return found;
}

static void test_a_guard_is_owed_what_others_than_the_run_left_it_at(void **state)
{
    (void)state;
    struct hand hand;
    char why[256] = "";
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":false}}");
    json_t *taken = guard_truth(&hand, "healing");
    assert_true(json_is_false(json_object_get(taken, "as_owed")));
    assert_int_equal(json_array_size(json_object_get(taken, "changes")), 2);
    assert_true(sim_world_fault(hand.world, "guard_changed",
                                "{\"on\":\"healing\",\"state\":{\"enabled\":true,\"detect_s\":300}}", why,
                                sizeof(why)));
    json_t *changed = guard_truth(&hand, "healing");
    assert_true(json_is_true(json_object_get(changed, "as_owed")));
    const json_t *last = json_array_get(json_object_get(changed, "changes"), 2);
    assert_string_equal(json_string_value(json_object_get(last, "by")), "another hand");
    json_decref(taken);
    json_decref(changed);
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healing_left_on_undoes_an_upgrade_and_its_retry_drops_users),
        cmocka_unit_test(test_elasticity_left_on_takes_instances_from_under_a_batch),
        cmocka_unit_test(test_the_same_upgrade_with_its_guards_harms_nobody),
        cmocka_unit_test(test_healing_switched_on_by_another_hand_takes_what_is_being_built),
        cmocka_unit_test(test_healing_that_comes_back_sees_the_dead_at_once),
        cmocka_unit_test(test_a_guard_is_owed_what_others_than_the_run_left_it_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
