/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform does by itself, pairs, storage, keys and fences. */
#include "hand.h"

#include <stdlib.h>
#include <string.h>

#define UPGRADE_02                                                                                           \
    "{\"instances\":[\"amf-svc-02\"],\"image\":\"amf-svc:1.3.0\",\"digest\":\"sha256:a8d7\",\"version\":"    \
    "\"1.3.0\"}"
#define UPGRADE_OMU                                                                                          \
    "{\"instances\":[\"amf-omu-%d\"],\"image\":\"amf-omu:1.3.0\",\"digest\":\"sha256:7c42\",\"version\":"    \
    "\"1.3.0\"}"

static const char *image_of(const struct hand *hand, const char *id, char image[64])
{
    struct hand other = *hand;
    struct sim_reply reply;
    size_t i;
    json_t *item;
    assert_int_equal(hand_do(&other, SIM_VIM, "inventory", &reply, "{}"), FERRY_DONE);
    image[0] = '\0';
    json_array_foreach(json_object_get(reply.result, "instances"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "id")), id) == 0)
            strncat(image, json_string_value(json_object_get(item, "image")), 63);
    }
    sim_reply_clear(&reply);
    return image;
}

static void test_self_healing_left_on_undoes_an_upgrade(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    char image[64];
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"scaling\",\"state\":{\"enabled\":false}}");
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    assert_int_equal(hand_do(&hand, SIM_VIM, "upgrade", &reply, UPGRADE_02), FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_PERMANENT);
    assert_non_null(strstr(reply.message, "self-healing"));
    sim_reply_clear(&reply);
    hand_wait(&hand, 5 * MINUTE);
    assert_string_equal(image_of(&hand, "amf-svc-02", image), "amf-svc:1.2.0");
    assert_int_equal(hand_truth(&hand, "counters", "healing_interferences"), 1);
    hand_drop(&hand);
}

static void test_elasticity_left_on_replaces_what_is_upgraded(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":false}}");
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    hand_must(&hand, SIM_VIM, "upgrade", UPGRADE_02);
    hand_wait(&hand, 10 * MINUTE);
    assert_in_range(hand_truth(&hand, "counters", "scaling_interferences"), 1, 20);
    hand_drop(&hand);
}

static void test_a_guard_reads_back_as_it_was_set(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    assert_int_equal(hand_do(&hand, SIM_VIM, "guard_read", &reply, "{\"guard\":\"healing\"}"), FERRY_DONE);
    json_t *prior = json_incref(json_object_get(reply.result, "state"));
    char *text = json_dumps(prior, 0);
    sim_reply_clear(&reply);
    hand_must(&hand, SIM_VIM, "guard_set",
              "{\"guard\":\"healing\",\"state\":{\"enabled\":false},\"prior\":%s}", text);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"healing\",\"state\":%s,\"prior\":null}", text);
    assert_int_equal(hand_do(&hand, SIM_VIM, "guard_read", &reply, "{\"guard\":\"healing\"}"), FERRY_DONE);
    assert_true(json_equal(prior, json_object_get(reply.result, "state")));
    sim_reply_clear(&reply);
    json_decref(prior);
    free(text);
    hand_drop(&hand);
}

static void test_a_leased_guard_comes_back_by_itself(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_NF, "guard_set",
              "{\"guard\":\"config-freeze\",\"state\":{\"frozen\":true},\"prior\":{\"frozen\":false},\"lease_"
              "ms\":60000}");
    hand_wait(&hand, 61000);
    assert_int_equal(hand_do(&hand, SIM_NF, "guard_read", &reply, "{\"guard\":\"config-freeze\"}"),
                     FERRY_DONE);
    assert_true(json_is_false(json_object_get(json_object_get(reply.result, "state"), "frozen")));
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_a_pair_is_upgraded_half_by_half_with_a_switchover(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_VIM, "upgrade", UPGRADE_OMU, 2);
    assert_int_equal(
        hand_do(&hand, SIM_NF, "switchover", &reply, "{\"pair\":\"OMU-1\",\"active\":\"amf-omu-2\"}"),
        FERRY_FAILED); /* not in sync yet */
    assert_non_null(strstr(reply.message, "in sync"));
    sim_reply_clear(&reply);
    hand_wait(&hand, 2 * MINUTE);
    hand_must(&hand, SIM_NF, "switchover", "{\"pair\":\"OMU-1\",\"active\":\"amf-omu-2\"}");
    hand_must(&hand, SIM_VIM, "upgrade", UPGRADE_OMU, 1);
    assert_int_equal(hand_truth(&hand, "counters", "actives_upgraded_without_switchover"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "pairs_down"), 0);
    hand_drop(&hand);
}

static void test_both_load_balancers_down_drop_everybody(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_VIM, "upgrade",
              "{\"instances\":[\"amf-lb-1\",\"amf-lb-2\"],\"image\":\"amf-lb:1.3.0\",\"version\":\"1.3.0\"}");
    assert_in_range(hand_truth(&hand, "counters", "pairs_down"), 1, 2);
    assert_in_range(hand_truth(&hand, "counters", "users_dropped"), 30000, 32000);
    hand_drop(&hand);
}

static void test_a_rebuilt_replica_needs_time_to_be_in_sync(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(
        &hand, SIM_VIM, "upgrade",
        "{\"instances\":[\"amf-sdb-1\",\"amf-sdb-2\"],\"image\":\"amf-sdb:1.3.0\",\"version\":\"1.3.0\"}");
    assert_int_equal(hand_do(&hand, SIM_NF, "sync_state", &reply, "{}"), FERRY_DONE);
    assert_true(json_is_false(json_object_get(reply.result, "in_sync")));
    assert_in_range(json_integer_value(json_object_get(reply.result, "lag_ms")), 1, 60000);
    sim_reply_clear(&reply);
    hand_wait(&hand, MINUTE);
    assert_int_equal(hand_do(&hand, SIM_NF, "sync_state", &reply, "{}"), FERRY_DONE);
    assert_true(json_is_true(json_object_get(reply.result, "in_sync")));
    sim_reply_clear(&reply);
    assert_int_equal(hand_truth(&hand, "counters", "storage_least_in_sync"), 2);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

/* ---- keys and fences ---- */

static void test_a_key_takes_effect_once(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    hand.step++;
    while (hand_ask(&hand, SIM_VIM, "upgrade", "run/u", UPGRADE_02, &reply) == FERRY_AGAIN)
        hand.now += 1000; /* asked far more often than needed */
    assert_int_equal(reply.status, FERRY_DONE);
    sim_reply_clear(&reply);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 1);
    assert_int_equal(hand_ask(&hand, SIM_VIM, "upgrade", "run/u", UPGRADE_02, &reply), FERRY_DONE);
    sim_reply_clear(&reply);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    assert_int_equal(hand_ask(&hand, SIM_NF, "load", "run/u", "{\"version\":\"1.3.0\"}", &reply),
                     FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_INVALID); /* a key is one step's */
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_a_lower_fence_is_refused(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand.fence = 7;
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand.fence = 6;
    assert_int_equal(hand_do(&hand, SIM_NF, "split", &reply, "{\"version\":\"1.3.0\"}"), FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_REFUSED);
    sim_reply_clear(&reply);
    hand.fence = 7;
    hand_must(&hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    hand.step = 0; /* an older step of the same engine */
    assert_int_equal(hand_ask(&hand, SIM_NF, "join", "run/0", "{\"all\":true}", &reply), FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_REFUSED);
    sim_reply_clear(&reply);
    assert_int_equal(hand_truth(&hand, "counters", "fences_refused"), 2);
    hand_drop(&hand);
}

static void test_a_second_scale_is_refused_and_a_look_starts_no_clock(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply = {0};
    struct ferry_call look = {.run = "", .now_ms = MIDNIGHT + 9 * (int64_t)HOUR, .scale = 1, .args = "{}"};
    hand_take(&hand, NULL);
    sim_world_call(hand.world, SIM_NF, "health", &look, &reply);
    assert_int_equal(reply.status, FERRY_DONE);
    sim_reply_clear(&reply);
    assert_int_equal(sim_world_now(hand.world), 0);
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    assert_in_range(sim_world_now(hand.world), MIDNIGHT, MIDNIGHT + MINUTE);
    look.run = "another";
    sim_world_call(hand.world, SIM_NF, "health", &look, &reply);
    assert_int_equal(reply.failure, FERRY_FAILURE_REFUSED);
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_a_broken_image_reference_is_refused(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    assert_int_equal(
        hand_do(&hand, SIM_VIM, "upgrade", &reply,
                "{\"instances\":[\"amf-svc-02\"],\"image\":\"amf-svc:1.2.0\",\"digest\":\"sha256:bad\","
                "\"version\":\"1.3.0\"}"),
        FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_PERMANENT);
    sim_reply_clear(&reply);
    assert_int_equal(hand_do(&hand, SIM_VIM, "upgrade", &reply,
                             "{\"instances\":[\"nobody\"],\"image\":\"x\",\"version\":\"1.3.0\"}"),
                     FERRY_FAILED);
    sim_reply_clear(&reply);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 0);
    hand_drop(&hand);
}

static void test_a_wrong_world_file_is_refused_in_a_sentence(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[]",
                                        "{\"userz\":1}",
                                        "{\"users\":-1}",
                                        "{\"mobility\":\"dead\"}",
                                        "{\"omu\":3}",
                                        "{\"faults\":{\"x\":1}}",
                                        "{"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char why[256] = "";
        assert_null(sim_world_new(wrong[i], why, sizeof(why)));
        assert_true(strlen(why) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_healing_left_on_undoes_an_upgrade),
        cmocka_unit_test(test_elasticity_left_on_replaces_what_is_upgraded),
        cmocka_unit_test(test_a_guard_reads_back_as_it_was_set),
        cmocka_unit_test(test_a_leased_guard_comes_back_by_itself),
        cmocka_unit_test(test_a_pair_is_upgraded_half_by_half_with_a_switchover),
        cmocka_unit_test(test_both_load_balancers_down_drop_everybody),
        cmocka_unit_test(test_a_rebuilt_replica_needs_time_to_be_in_sync),
        cmocka_unit_test(test_a_key_takes_effect_once),
        cmocka_unit_test(test_a_lower_fence_is_refused),
        cmocka_unit_test(test_a_second_scale_is_refused_and_a_look_starts_no_clock),
        cmocka_unit_test(test_a_broken_image_reference_is_refused),
        cmocka_unit_test(test_a_wrong_world_file_is_refused_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
