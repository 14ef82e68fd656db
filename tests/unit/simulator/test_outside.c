/* SPDX-License-Identifier: Apache-2.0 */
/* The NF half on instances that are somebody else's. */
#include "hand.h"

#include <stdio.h>
#include <string.h>

/* Two of each pair, three replicas, four services; the fourth service as the test says. */
#define OTHERS                                                                                               \
    "{\"id\":\"omu-0\",\"vdu\":\"OMU\",\"image\":\"omu:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"}" \
    ","                                                                                                      \
    "{\"id\":\"omu-1\",\"vdu\":\"OMU\",\"image\":\"omu:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"}" \
    ","                                                                                                      \
    "{\"id\":\"lb-0\",\"vdu\":\"LB\",\"image\":\"lb:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"},"   \
    "{\"id\":\"lb-1\",\"vdu\":\"LB\",\"image\":\"lb:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"},"   \
    "{\"id\":\"sdb-0\",\"vdu\":\"SDB\",\"image\":\"sdb:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"}" \
    ","                                                                                                      \
    "{\"id\":\"svc-0\",\"vdu\":\"SVC\",\"image\":\"svc:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"}" \
    ","                                                                                                      \
    "{\"id\":\"svc-1\",\"vdu\":\"SVC\",\"image\":\"svc:1.2.0\",\"version\":\"1.2.0\",\"state\":\"running\"}"
#define SERVICE(build, version, state)                                                                       \
    ",{\"id\":\"svc-2\",\"vdu\":\"SVC\",\"image\":\"svc:" version "\",\"version\":\"" version                \
    "\",\"build\":\"" build "\",\"state\":\"" state "\"}"

static void take(struct hand *hand)
{
    hand_take(hand, "{\"users\":3000,\"instances\":[" OTHERS SERVICE("uid-1", "1.2.0", "running") "]}");
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}"); /* the clock has started */
}

static bool tell(struct hand *hand, const char *service)
{
    char text[4096], why[256];
    (void)snprintf(text, sizeof(text), "[" OTHERS "%s]", service);
    json_t *list = json_loads(text, 0, NULL);
    bool ok = sim_world_instances(hand->world, list, hand->now, why, sizeof(why));
    json_decref(list);
    return ok;
}

static int64_t users_on(struct hand *hand, const char *id)
{
    struct sim_reply reply;
    int64_t users = -1;
    size_t i;
    json_t *item;
    assert_int_equal(hand_do(hand, SIM_NF, "health", &reply, "{}"), FERRY_DONE);
    json_array_foreach(json_object_get(reply.result, "instances"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "id")), id) == 0)
            users = json_integer_value(json_object_get(item, "users"));
    }
    sim_reply_clear(&reply);
    return users;
}

static void test_users_stand_on_the_instances_it_was_told_of(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    take(&hand);
    assert_in_range(users_on(&hand, "svc-2"), 800, 1200);
    assert_int_equal(users_on(&hand, "amf-svc-01"), -1);
    assert_int_equal(hand_do(&hand, SIM_VIM, "inventory", &reply, "{}"), FERRY_FAILED);
    assert_non_null(strstr(reply.message, "no cloud"));
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_an_instance_stopped_under_sessions_drops_them(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand);
    int64_t there = users_on(&hand, "svc-2");
    assert_true(tell(&hand, SERVICE("uid-1", "1.2.0", "stopping")));
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), there);
    assert_int_equal(hand_truth(&hand, "counters", "instances_upgraded_under_sessions"), 1);
    hand_drop(&hand);
}

static void test_an_instance_that_is_gone_from_the_list_drops_them_too(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand);
    assert_true(tell(&hand, ""));
    assert_int_not_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    assert_int_equal(users_on(&hand, "svc-2"), -1);
    hand_drop(&hand);
}

static void test_a_drained_instance_may_be_rebuilt_and_joins_when_it_is_there(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply = {0};
    take(&hand);
    hand_must(&hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"svc-2\"]}");
    assert_true(tell(&hand, SERVICE("uid-1", "1.2.0", "stopping")));
    assert_int_equal(
        hand_ask(&hand, SIM_NF, "join", "run/j", "{\"instances\":[\"svc-2\"],\"domain\":\"target\"}", &reply),
        FERRY_AGAIN); /* it has not registered yet */
    sim_reply_clear(&reply);
    assert_true(tell(&hand, SERVICE("uid-2", "1.3.0", "building")));
    assert_true(tell(&hand, SERVICE("uid-2", "1.3.0", "running")));
    hand_must(&hand, SIM_NF, "join", "{\"instances\":[\"svc-2\"],\"domain\":\"target\"}");
    hand_steer(&hand, 300, 500);
    assert_in_range(users_on(&hand, "svc-2"), 700, 1100);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

static void test_what_crashes_and_comes_back_serves_again_by_itself(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand);
    assert_true(tell(&hand, SERVICE("uid-1", "1.2.0", "error")));
    assert_int_equal(hand_truth(&hand, "counters", "instances_died"), 1);
    assert_true(tell(&hand, SERVICE("uid-1", "1.2.0", "running")));
    hand_wait(&hand, 10 * MINUTE);
    assert_true(users_on(&hand, "svc-2") > 0);
    hand_drop(&hand);
}

static void test_a_list_that_makes_no_sense_changes_nothing(void **state)
{
    (void)state;
    struct hand hand;
    take(&hand);
    assert_false(tell(
        &hand, ",{\"id\":\"x\",\"vdu\":\"XYZ\",\"image\":\"a\",\"version\":\"1\",\"state\":\"running\"}"));
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users_stand_on_the_instances_it_was_told_of),
        cmocka_unit_test(test_an_instance_stopped_under_sessions_drops_them),
        cmocka_unit_test(test_an_instance_that_is_gone_from_the_list_drops_them_too),
        cmocka_unit_test(test_a_drained_instance_may_be_rebuilt_and_joins_when_it_is_there),
        cmocka_unit_test(test_what_crashes_and_comes_back_serves_again_by_itself),
        cmocka_unit_test(test_a_list_that_makes_no_sense_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
