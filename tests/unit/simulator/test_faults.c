/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of builds, instances, the new version and the users around it: what each does to the world. */
#include "hand.h"

#include <stdio.h>
#include <string.h>

#define SVC_13 "\"image\":\"amf-svc:1.3.0\",\"digest\":\"sha256:a8d7\",\"version\":\"1.3.0\""

static void fault(struct hand *hand, const char *name, const char *args)
{
    char why[256] = "";
    if (!sim_world_fault(hand->world, name, args, why, sizeof(why)))
        fail_msg("%s", why);
}

/* A world whose platform keeps still, with some service instances empty. */
static void take_drained(struct hand *hand, const char *list)
{
    hand_take(hand, NULL);
    hand_guards(hand, false);
    hand_must(hand, SIM_NF, "drain", "{\"instances\":%s}", list);
}

static void expect_failed(struct hand *hand, const char *verb, const char *list, const char *word)
{
    struct sim_reply reply;
    assert_int_equal(hand_do(hand, SIM_VIM, verb, &reply, "{\"instances\":%s,%s}", list, SVC_13),
                     FERRY_FAILED);
    assert_int_equal(reply.failure, FERRY_FAILURE_PERMANENT);
    if (!strstr(reply.message, word))
        fail_msg("\"%s\" does not say \"%s\"", reply.message, word);
    sim_reply_clear(&reply);
}

static json_t *instance_of(struct hand *hand, enum sim_part part, const char *id)
{
    struct sim_reply reply;
    struct hand other = *hand;
    json_t *item, *found = NULL;
    size_t i;
    assert_int_equal(hand_do(&other, part, part == SIM_VIM ? "inventory" : "health", &reply, "{}"),
                     FERRY_DONE);
    json_array_foreach(json_object_get(reply.result, "instances"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "id")), id) == 0)
            found = json_deep_copy(item);
    }
    sim_reply_clear(&reply);
    assert_non_null(found);
    return found;
}

static bool is_ready(struct hand *hand, const char *id)
{
    json_t *instance = instance_of(hand, SIM_NF, id);
    bool ready = json_is_true(json_object_get(instance, "ready"));
    json_decref(instance);
    return ready;
}

/* ---- builds ---- */

static void test_slow_builds_take_their_multiple(void **state)
{
    (void)state;
    struct hand hand;
    take_drained(&hand, "[\"amf-svc-02\"]");
    fault(&hand, "build_slow_permille", "{\"value\":10000}");
    int64_t begin = hand.now;
    hand_must(&hand, SIM_VIM, "upgrade", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    assert_in_range(hand.now - begin, 10 * MINUTE, 30 * MINUTE);
    hand_drop(&hand);
}

static void test_a_build_that_fails_once_works_the_second_time(void **state)
{
    (void)state;
    struct hand hand;
    take_drained(&hand, "[\"amf-svc-02\"]");
    fault(&hand, "build_fails", NULL);
    expect_failed(&hand, "upgrade", "[\"amf-svc-02\"]", "did not come up");
    hand_must(&hand, SIM_VIM, "upgrade", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    assert_int_equal(hand_truth(&hand, "counters", "builds_failed"), 1);
    hand_drop(&hand);
}

static void test_a_bad_host_is_escaped_by_replacing_elsewhere(void **state)
{
    (void)state;
    struct hand hand;
    char args[64];
    take_drained(&hand, "[\"amf-svc-02\"]");
    json_t *before = instance_of(&hand, SIM_VIM, "amf-svc-02");
    const char *host = json_string_value(json_object_get(before, "host"));
    (void)snprintf(args, sizeof(args), "{\"on\":\"%s\"}", host);
    fault(&hand, "build_fails", args);
    expect_failed(&hand, "upgrade", "[\"amf-svc-02\"]", "did not come up");
    expect_failed(&hand, "upgrade", "[\"amf-svc-02\"]", "did not come up");
    hand_must(&hand, SIM_VIM, "replace", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    json_t *after = instance_of(&hand, SIM_VIM, "amf-svc-02");
    assert_string_not_equal(json_string_value(json_object_get(after, "host")), host);
    json_decref(before);
    json_decref(after);
    hand_drop(&hand);
}

static void test_a_build_that_hangs_ends_with_the_next_attempt(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    take_drained(&hand, "[\"amf-svc-02\"]");
    fault(&hand, "build_never_ends", NULL);
    assert_int_equal(
        hand_do(&hand, SIM_VIM, "upgrade", &reply, "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13),
        FERRY_AGAIN); /* patience has ended */
    sim_reply_clear(&reply);
    hand_must(&hand, SIM_VIM, "replace", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    hand_must(&hand, SIM_NF, "readmit", "{\"instances\":[\"amf-svc-02\"]}");
    assert_true(is_ready(&hand, "amf-svc-02"));
    hand_drop(&hand);
}

static void test_an_instance_that_never_gets_ready_serves_nobody(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    take_drained(&hand, "[\"amf-svc-02\"]");
    fault(&hand, "never_ready", NULL);
    hand_must(&hand, SIM_VIM, "upgrade", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    assert_int_equal(hand_do(&hand, SIM_NF, "readmit", &reply, "{\"instances\":[\"amf-svc-02\"]}"),
                     FERRY_AGAIN);
    sim_reply_clear(&reply);
    assert_false(is_ready(&hand, "amf-svc-02"));
    hand_must(&hand, SIM_VIM, "replace", "{\"instances\":[\"amf-svc-02\"],%s}", SVC_13);
    hand_must(&hand, SIM_NF, "readmit", "{\"instances\":[\"amf-svc-02\"]}");
    assert_true(is_ready(&hand, "amf-svc-02"));
    hand_drop(&hand);
}

static bool in_sync(struct hand *hand)
{
    struct sim_reply reply;
    assert_int_equal(hand_do(hand, SIM_NF, "sync_state", &reply, "{}"), FERRY_DONE);
    bool is = json_is_true(json_object_get(reply.result, "in_sync"));
    sim_reply_clear(&reply);
    return is;
}

static void test_sync_never_completes_until_it_is_cleared(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    fault(&hand, "sync_never", "{\"on\":\"SDB\"}");
    assert_true(in_sync(&hand)); /* what is in sync stays so */
    hand_must(&hand, SIM_VIM, "upgrade",
              "{\"instances\":[\"amf-sdb-1\"],\"image\":\"amf-sdb:1.3.0\",\"version\":\"1.3.0\"}");
    hand_wait(&hand, HOUR);
    assert_false(in_sync(&hand));
    assert_true(sim_world_clear(hand.world, "sync_never"));
    assert_true(in_sync(&hand));
    hand_drop(&hand);
}

/* ---- instances ---- */

static void test_a_dead_instance_drops_its_users_and_healing_brings_it_back_as_it_was(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_VIM, "guard_set", "{\"guard\":\"scaling\",\"state\":{\"enabled\":false}}");
    fault(&hand, "instance_dies", "{\"on\":\"amf-svc-05\",\"after\":\"1m\"}");
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_wait(&hand, 2 * MINUTE);
    json_t *counters = sim_world_truth(hand.world, "counters");
    const json_t *whys = json_object_get(counters, "dropped_by_why");
    assert_in_range(json_integer_value(json_object_get(whys, "instance crashed")), 1500, 2500);
    json_decref(counters);
    hand_wait(&hand, 10 * MINUTE);
    assert_true(is_ready(&hand, "amf-svc-05"));
    assert_int_equal(hand_truth(&hand, "counters", "instances_died"), 1);
    hand_drop(&hand);
}

static void test_the_next_instance_of_a_batch_dies_half_way(void **state)
{
    (void)state;
    struct hand hand;
    take_drained(&hand, "[\"amf-svc-02\",\"amf-svc-03\"]");
    fault(&hand, "instance_dies", "{\"on\":\"batch\"}");
    hand_wait(&hand, 5 * MINUTE);
    assert_int_equal(hand_truth(&hand, "counters", "instances_died"), 0);
    expect_failed(&hand, "upgrade", "[\"amf-svc-02\",\"amf-svc-03\"]", "crashed while it was being upgraded");
    hand_must(&hand, SIM_VIM, "upgrade", "{\"instances\":[\"amf-svc-02\",\"amf-svc-03\"],%s}", SVC_13);
    assert_int_equal(hand_truth(&hand, "counters", "instances_died"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    hand_drop(&hand);
}

static void test_users_of_a_dead_target_come_back_when_they_are_steered_back(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_upgrade(&hand, "amf", 2, 8, true);
    hand_steer(&hand, 300, 500);
    int64_t there = hand_users(&hand, "target", "5g") + hand_users(&hand, "target", "4g");
    fault(&hand, "target_dead", NULL);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), there);
    assert_int_equal(hand_truth(&hand, "counters", "instances_died"), 8);
    hand_wait(&hand, MINUTE);
    assert_in_range(hand_truth(&hand, "users", "registering"), there / 2, there * 2);
    hand_steer(&hand, 0, 500);
    hand_wait(&hand, 2 * MINUTE);
    assert_in_range(hand_users(&hand, "source", "5g"), 27000, 29000);
    assert_in_range(hand_truth(&hand, "users", "registering"), 0, 300);
    hand_drop(&hand);
}

static void test_both_of_a_pair_down_together_are_told(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    fault(&hand, "instance_dies", "{\"on\":\"amf-lb-2\"}");
    assert_int_equal(hand_truth(&hand, "counters", "pairs_both_down"), 0);
    fault(&hand, "instance_dies", "{\"on\":\"amf-lb-1\"}");
    hand_wait(&hand, MINUTE);
    assert_int_equal(hand_truth(&hand, "counters", "pairs_both_down"), 1);
    hand_drop(&hand);
}

/* ---- the new version ---- */

static int64_t failures_of(struct hand *hand, const char *domain, const char *kpi)
{
    struct sim_reply reply;
    json_t *tick;
    size_t i;
    int64_t tried = 0, failed = 0;
    assert_int_equal(
        hand_do(hand, SIM_NF, "counters", &reply, "{\"after\":%lld}", (long long)(hand->now - 8 * MINUTE)),
        FERRY_DONE);
    json_array_foreach(json_object_get(reply.result, "ticks"), i, tick)
    {
        const json_t *count = json_object_get(json_object_get(json_object_get(tick, domain), "kpis"), kpi);
        tried += json_integer_value(json_array_get(count, 0));
        failed += json_integer_value(json_array_get(count, 1));
    }
    sim_reply_clear(&reply);
    return tried > 0 ? failed * 10000 / tried : -1;
}

static void take_half(struct hand *hand)
{
    hand_take(hand, "{\"activity_permille\":4000}");
    hand_split(hand, "amf");
    hand_upgrade(hand, "amf", 2, 8, true);
    hand_steer(hand, 500, 500);
}

static void test_a_target_can_be_worse_in_one_kpi_only(void **state)
{
    (void)state;
    struct hand hand;
    take_half(&hand);
    fault(&hand, "target_points_worse", "{\"value\":10,\"on\":\"amf.paging\"}");
    hand_wait(&hand, 10 * MINUTE);
    assert_in_range(failures_of(&hand, "target", "amf.paging"), 850, 1300);
    assert_in_range(failures_of(&hand, "source", "amf.paging"), 0, 150);
    assert_in_range(failures_of(&hand, "target", "amf.pdu_session_establishment"), 0, 50);
    hand_drop(&hand);
}

static void test_a_fixed_version_takes_the_place_of_a_worse_one_half_way(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    take_half(&hand);
    fault(&hand, "target_points_worse", "{\"value\":10,\"version\":\"1.3.0\"}");
    hand_wait(&hand, 10 * MINUTE);
    assert_in_range(failures_of(&hand, "target", "amf.pdu_session_establishment"), 800, 1200);
    assert_int_equal(hand_do(&hand, SIM_NF, "split", &reply, "{\"version\":\"1.4.0\"}"), FERRY_FAILED);
    sim_reply_clear(&reply); /* not loaded */
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.4.0\"}");
    hand_must(&hand, SIM_NF, "split", "{\"version\":\"1.4.0\"}");
    char list[256];
    for (int first = 1; first <= 8; first += 4) {
        hand_list("amf", first, first + 3, list, sizeof(list));
        hand_must(&hand, SIM_NF, "drain", "{\"instances\":%s}", list);
        hand_must(&hand, SIM_VIM, "upgrade",
                  "{\"instances\":%s,\"image\":\"amf-svc:1.4.0\",\"version\":\"1.4.0\"}", list);
        hand_must(&hand, SIM_NF, "join", "{\"instances\":%s,\"domain\":\"target\"}", list);
    }
    hand_wait(&hand, 10 * MINUTE);
    assert_in_range(failures_of(&hand, "target", "amf.pdu_session_establishment"), 0, 50);
    assert_int_equal(hand_truth(&hand, "counters", "users_dropped"), 0);
    assert_in_range(hand_users(&hand, "target", "5g"), 13000, 15000);
    hand_drop(&hand);
}

static void test_a_neighbour_storm_hits_both_domains(void **state)
{
    (void)state;
    struct hand hand;
    take_half(&hand);
    fault(&hand, "neighbour_storm_permyriad", "{\"value\":1000}");
    hand_wait(&hand, 10 * MINUTE);
    assert_in_range(failures_of(&hand, "target", "amf.pdu_session_establishment"), 800, 1200);
    assert_in_range(failures_of(&hand, "source", "amf.pdu_session_establishment"), 800, 1200);
    hand_drop(&hand);
}

#define DIAL                                                                                                 \
    "{\"subscribers\":[{\"ref\":\"test-1\",\"steer\":\"target\",\"services\":[\"data\"]}],"                  \
    "\"expect\":{\"located_in\":\"target\"}}"

static void test_a_misplaced_subscriber_is_found_on_the_source_by_a_test_that_passed(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    fault(&hand, "dial_test_misplaced", NULL);
    assert_int_equal(hand_do(&hand, SIM_NF, "dial_test", &reply, DIAL), FERRY_DONE);
    const json_t *test = json_array_get(json_object_get(reply.result, "tests"), 0);
    assert_true(json_is_true(json_object_get(test, "ok")));
    assert_string_equal(json_string_value(json_object_get(test, "located_in")), "source");
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_a_dial_test_can_be_slow(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    fault(&hand, "dial_test_slow_permille", "{\"value\":60000}");
    int64_t begin = hand.now;
    hand_must(&hand, SIM_NF, "dial_test", DIAL);
    assert_in_range(hand.now - begin, 8 * MINUTE, 12 * MINUTE);
    hand_drop(&hand);
}

/* ---- users ---- */

static void test_steering_stalls_and_goes_on(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    fault(&hand, "steer_stalls", "{\"for\":\"20m\"}");
    hand_wait(&hand, 5 * MINUTE); /* the drained ones have found their places */
    int64_t moved = hand_truth(&hand, "counters", "users_moved");
    hand.step++;
    for (int i = 0; i < 10; i++, hand.now += MINUTE) {
        assert_int_equal(hand_ask(&hand, SIM_NF, "steer", "run/s", "{\"permille\":100}", &reply),
                         FERRY_AGAIN);
        assert_int_equal(hand_truth(&hand, "counters", "users_moved"), moved);
    }
    hand_wait(&hand, 15 * MINUTE);
    assert_int_equal(hand_ask(&hand, SIM_NF, "steer", "run/s", "{\"permille\":100}", &reply), FERRY_DONE);
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_steering_can_be_slow(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    fault(&hand, "steer_slow_permille", "{\"value\":100}");
    int64_t begin = hand.now;
    hand_steer(&hand, 100, 100); /* 3,000 users at 10 a second */
    assert_in_range(hand.now - begin, 4 * MINUTE, 8 * MINUTE);
    hand_drop(&hand);
}

static void test_a_load_surge_brings_users_and_goes(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, "{\"curve\":\"flat\"}");
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    fault(&hand, "load_surge_permille", "{\"value\":1500,\"for\":\"1h\"}");
    hand_wait(&hand, 50 * MINUTE);
    assert_in_range(hand_users(&hand, "source", "5g"), 38000, 42000);
    hand_wait(&hand, 4 * (int64_t)HOUR);
    assert_in_range(hand_users(&hand, "source", "5g"), 26500, 29000);
    hand_drop(&hand);
}

/* ---- asking ---- */

static void test_nonsense_is_refused_in_a_sentence(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"nothing", NULL},
                                           {"site_cut", "{\"for\":\"soon\"}"},
                                           {"site_cut", "{\"on\":\"amf-svc-01\"}"},
                                           {"build_fails", "{\"on\":\"host-99\"}"},
                                           {"build_fails", "{\"verb\":\"upgrade\"}"},
                                           {"instance_dies", "{\"on\":\"amf-svc-99\"}"},
                                           {"target_points_worse", "{\"value\":101}"},
                                           {"target_points_worse", "{\"on\":\"smf.paging\"}"},
                                           {"site_cut", "{\"version\":\"1.3.0\"}"},
                                           {"http_error", "{\"value\":200}"},
                                           {"http_error", "{\"part\":\"both\"}"},
                                           {"reply_lost", "{\"count\":0}"},
                                           {"guard_changed", "{\"on\":\"luck\"}"},
                                           {"guard_changed", "{\"state\":\"{\"}"},
                                           {"site_cut", "[]"}};
    struct hand hand;
    hand_take(&hand, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char why[256] = "";
        assert_false(sim_world_fault(hand.world, wrong[i][0], wrong[i][1], why, sizeof(why)));
        assert_true(strlen(why) > 10);
    }
    assert_false(sim_world_clear(hand.world, "nothing"));
    hand_drop(&hand);
}

static void test_a_world_file_has_faults_to_come(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, "{\"faults\":[{\"fault\":\"site_cut\",\"after\":\"10m\",\"for\":\"5m\"},"
                     "{\"fault\":\"site_cut\",\"after\":\"30m\"}]}");
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    struct sim_reply reply;
    static const struct {
        int minute;
        enum ferry_status status;
    } looks[] = {
        {9, FERRY_DONE}, {11, FERRY_FAILED}, {16, FERRY_DONE}, {31, FERRY_FAILED}, {90, FERRY_FAILED}};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        hand.now = MIDNIGHT + looks[i].minute * (int64_t)MINUTE;
        assert_int_equal(hand_ask(&hand, SIM_NF, "health", NULL, "{}", &reply), looks[i].status);
        sim_reply_clear(&reply);
    }
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_builds_take_their_multiple),
        cmocka_unit_test(test_a_build_that_fails_once_works_the_second_time),
        cmocka_unit_test(test_a_bad_host_is_escaped_by_replacing_elsewhere),
        cmocka_unit_test(test_a_build_that_hangs_ends_with_the_next_attempt),
        cmocka_unit_test(test_an_instance_that_never_gets_ready_serves_nobody),
        cmocka_unit_test(test_sync_never_completes_until_it_is_cleared),
        cmocka_unit_test(test_a_dead_instance_drops_its_users_and_healing_brings_it_back_as_it_was),
        cmocka_unit_test(test_the_next_instance_of_a_batch_dies_half_way),
        cmocka_unit_test(test_users_of_a_dead_target_come_back_when_they_are_steered_back),
        cmocka_unit_test(test_both_of_a_pair_down_together_are_told),
        cmocka_unit_test(test_a_target_can_be_worse_in_one_kpi_only),
        cmocka_unit_test(test_a_fixed_version_takes_the_place_of_a_worse_one_half_way),
        cmocka_unit_test(test_a_neighbour_storm_hits_both_domains),
        cmocka_unit_test(test_a_misplaced_subscriber_is_found_on_the_source_by_a_test_that_passed),
        cmocka_unit_test(test_a_dial_test_can_be_slow),
        cmocka_unit_test(test_steering_stalls_and_goes_on),
        cmocka_unit_test(test_steering_can_be_slow),
        cmocka_unit_test(test_a_load_surge_brings_users_and_goes),
        cmocka_unit_test(test_nonsense_is_refused_in_a_sentence),
        cmocka_unit_test(test_a_world_file_has_faults_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
