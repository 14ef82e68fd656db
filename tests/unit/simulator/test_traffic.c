/* SPDX-License-Identifier: Apache-2.0 */
/* Users: the ratio, the rate, the four mobilities, the counters, and chance that repeats itself. */
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- steering ---- */

static void expect_share(const struct hand *hand, const char *segment, int64_t basis_points,
                         int64_t tolerance)
{
    int64_t target = hand_users(hand, "target", segment), all = target + hand_users(hand, "source", segment);
    int64_t share = target * 10000 / all;
    if (share < basis_points - tolerance || share > basis_points + tolerance)
        fail_msg("%s: %lld of %lld, wanted %lld basis points", segment, (long long)target, (long long)all,
                 (long long)basis_points);
}

static void test_each_segment_gets_the_ratio_on_every_seed(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 20; seed++) {
        struct hand hand;
        char settings[64];
        (void)snprintf(settings, sizeof(settings), "{\"seed\":%d}", seed);
        hand_take(&hand, settings);
        hand_split(&hand, "amf");
        hand_upgrade(&hand, "amf", 2, 8, true);
        hand_steer(&hand, 500, 200);
        expect_share(&hand, "5g", 5000, 50);
        expect_share(&hand, "4g", 5000, 170); /* 3,300 users: two standard errors */
        hand_wait(&hand, 15 * MINUTE);
        expect_share(&hand, "5g", 5000, 50);
        expect_share(&hand, "4g", 5000, 170);
        hand_drop(&hand);
    }
}

static void test_steering_obeys_its_rate(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_upgrade(&hand, "amf", 2, 8, true);
    hand_wait(&hand, 5 * MINUTE); /* everything else has come to rest */
    int64_t before = hand_truth(&hand, "counters", "users_moved"), began = hand.now;
    hand.step++;
    assert_int_equal(hand_ask(&hand, SIM_NF, "steer", "run/s", "{\"permille\":500,\"rate\":100}", &reply),
                     FERRY_AGAIN);
    hand_wait(&hand, 10000);
    assert_in_range(hand_truth(&hand, "counters", "users_moved") - before, 900, 1050);
    while (hand_ask(&hand, SIM_NF, "steer", "run/s", "{\"permille\":500,\"rate\":100}", &reply) ==
           FERRY_AGAIN)
        hand.now += reply.after_ms;
    assert_int_equal(reply.status, FERRY_DONE);
    sim_reply_clear(&reply);
    assert_in_range(hand.now - began, 150000, 175000); /* 15,400 users at 100 a second */
    hand_drop(&hand);
}

static void test_designated_subscribers_go_first_and_alone(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_must(&hand, SIM_NF, "steer", "{\"subscribers\":[\"test-1\",\"test-2\"]}");
    assert_int_equal(hand_users(&hand, "target", "5g") + hand_users(&hand, "target", "4g"), 2);
    json_t *trace = sim_world_trace(hand.world, "test-1");
    assert_string_equal(json_string_value(json_object_get(trace, "domain")), "target");
    json_decref(trace);
    hand_drop(&hand);
}

static void test_selectors_say_who_goes_first(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand_upgrade(&hand, "amf", 2, 8, true);
    hand_must(&hand, SIM_NF, "steer",
              "{\"permille\":30,\"rate\":500,\"selectors\":[{\"use\":\"first\",\"slices\":[{\"sst\":1,\"sd\":"
              "\"00ff01\"}]}]}");
    expect_share(&hand, "5g", 300, 30);
    hand_must(&hand, SIM_NF, "steer",
              "{\"permille\":1000,\"rate\":500,\"selectors\":[{\"use\":\"never\",\"slices\":[{\"sst\":1,"
              "\"sd\":\"00ff01\"}]}]}");
    expect_share(&hand, "5g", 9500, 60); /* a twentieth is in that slice */
    assert_int_equal(
        hand_do(&hand, SIM_NF, "steer", NULL, "{\"permille\":10,\"selectors\":[{\"use\":\"maybe\"}]}"),
        FERRY_FAILED);
    hand_drop(&hand);
}

static void test_a_steering_gives_way_to_a_later_one(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    hand.step++;
    assert_int_equal(hand_ask(&hand, SIM_NF, "steer", "run/first", "{\"permille\":100,\"rate\":10}", &reply),
                     FERRY_AGAIN);
    hand_steer(&hand, 0, 500);
    assert_int_equal(hand_users(&hand, "target", "5g"), 0);
    assert_int_equal(hand_ask(&hand, SIM_NF, "steer", "run/first", "{\"permille\":100,\"rate\":10}", &reply),
                     FERRY_FAILED);
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_one_domain_is_where_it_is(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_steer(&hand, 0, 500); /* so already: the first step of a way back from before the split */
    assert_int_equal(hand_do(&hand, SIM_NF, "steer", NULL, "{\"permille\":500}"), FERRY_FAILED);
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(&hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    assert_int_equal(hand_do(&hand, SIM_NF, "steer", NULL, "{\"permille\":500}"),
                     FERRY_FAILED); /* empty target */
    hand_steer(&hand, 0, 500);
    hand_must(&hand, SIM_NF, "join", "{\"all\":true}");
    hand_drop(&hand);
}

/* ---- mobility ---- */

static void on_a_small_world(struct hand *hand, const char *mobility)
{
    char settings[128];
    (void)snprintf(settings, sizeof(settings), "{\"mobility\":\"%s\",\"users\":5000,\"curve\":\"flat\"}",
                   mobility);
    hand_take(hand, settings);
    hand_guards(hand, false);
    hand_must(hand, SIM_NF, "dial_test",
              "{\"subscribers\":[{\"ref\":\"test-3\",\"steer\":\"none\",\"peer\":\"test-4\",\"services\":["
              "\"voice\"]},"
              "{\"ref\":\"test-4\",\"steer\":\"none\",\"peer\":\"test-3\",\"services\":[\"voice\"]}],"
              "\"hold\":true}");
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_VIM, "create", "{\"vdu\":\"SVC\",\"count\":4}");
    hand_must(hand, SIM_VIM, "upgrade",
              "{\"instances\":[\"amf-svc-17\",\"amf-svc-18\",\"amf-svc-19\",\"amf-svc-20\"],\"image\":\"amf-"
              "svc:1.3.0\","
              "\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "join",
              "{\"instances\":[\"amf-svc-17\",\"amf-svc-18\",\"amf-svc-19\",\"amf-svc-20\"],\"domain\":"
              "\"target\"}");
}

static void test_live_mobility_moves_at_once_and_keeps_calls(void **state)
{
    (void)state;
    struct hand hand;
    on_a_small_world(&hand, "live");
    int64_t began = hand.now;
    hand_steer(&hand, 1000, 500);
    assert_in_range(hand.now - began, 1, 15000);
    assert_int_equal(hand_users(&hand, "source", "5g"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_alive"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "users_disturbed"), 0);
    hand_drop(&hand);
}

static void test_on_idle_mobility_waits_for_calls(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    on_a_small_world(&hand, "on-idle");
    int64_t began = hand.now;
    assert_int_equal(hand_do(&hand, SIM_NF, "steer", &reply, "{\"permille\":1000,\"rate\":500}"), FERRY_DONE);
    assert_in_range(json_integer_value(json_object_get(reply.result, "waiting")), 2,
                    600); /* in their calls */
    sim_reply_clear(&reply);
    assert_in_range(hand.now - began, 30000, HOUR);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_alive"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "calls_dropped"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "users_disturbed"), 0);
    hand_drop(&hand);
}

static void test_new_only_mobility_moves_nobody(void **state)
{
    (void)state;
    struct hand hand;
    on_a_small_world(&hand, "new-only");
    int64_t moved = hand_truth(&hand, "counters", "users_moved"), began = hand.now;
    hand_steer(&hand, 200, 500);
    assert_in_range(hand.now - began, 10 * MINUTE, HOUR); /* as many as arrive: 60 % an hour */
    assert_int_equal(hand_truth(&hand, "counters", "users_moved"), moved);
    assert_int_equal(hand_truth(&hand, "counters", "users_disturbed"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_alive"), 1);
    hand_drop(&hand);
}

static void test_reattach_mobility_disturbs_each_and_ends_calls(void **state)
{
    (void)state;
    struct hand hand;
    on_a_small_world(&hand, "reattach");
    hand_steer(&hand, 1000, 500);
    assert_in_range(hand_truth(&hand, "counters", "users_disturbed"), 4800, 5300);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_alive"), 0);
    assert_int_equal(hand_truth(&hand, "counters", "held_calls_dropped"), 1);
    hand_wait(&hand, MINUTE);
    assert_in_range(hand_users(&hand, "target", "5g"), 4200, 4800); /* and they are all back */
    hand_drop(&hand);
}

/* ---- counters ---- */

static void test_counters_come_in_whole_ticks(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_wait(&hand, 20 * MINUTE + 1234);
    assert_int_equal(hand_do(&hand, SIM_NF, "counters", &reply, "{\"after\":%lld,\"period_ms\":5000}",
                             (long long)(hand.now - MINUTE)),
                     FERRY_DONE);
    const json_t *ticks = json_object_get(reply.result, "ticks"), *tick = NULL;
    assert_int_equal(json_array_size(ticks), 12);
    int64_t last = 0;
    for (size_t i = 0; i < 12; i++) {
        tick = json_array_get(ticks, i);
        int64_t end = json_integer_value(json_object_get(tick, "end"));
        assert_int_equal(end % 5000, 0);
        assert_true(end <= hand.now && (last == 0 || end == last + 5000));
        last = end;
    }
    const json_t *source = json_object_get(json_object_get(tick, "source"), "kpis");
    assert_int_equal(json_object_size(json_object_get(json_object_get(tick, "target"), "kpis")), 0);
    assert_non_null(json_object_get(source, "amf.paging"));
    sim_reply_clear(&reply);
    assert_int_equal(hand_do(&hand, SIM_NF, "counters", &reply, "{\"after\":0}"), FERRY_DONE);
    assert_int_equal(json_array_size(json_object_get(reply.result, "ticks")), 120);
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_ticks_count_distinct_users(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    /* so busy that everybody is paged many times in a tick */
    hand_take(&hand, "{\"users\":200,\"activity_permille\":100000,\"tick_ms\":60000}");
    hand_guards(&hand, false);
    hand_wait(&hand, 10 * MINUTE);
    assert_int_equal(hand_do(&hand, SIM_NF, "counters", &reply, "{\"after\":0,\"period_ms\":60000}"),
                     FERRY_DONE);
    size_t i;
    json_t *tick;
    json_array_foreach(json_object_get(reply.result, "ticks"), i, tick)
    {
        const json_t *pair =
            json_object_get(json_object_get(json_object_get(tick, "source"), "kpis"), "amf.paging");
        assert_in_range(json_integer_value(json_array_get(pair, 0)), 100, 230);
        assert_true(json_integer_value(json_array_get(pair, 1)) <=
                    json_integer_value(json_array_get(pair, 0)));
    }
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

/* Tries and failures of one KPI in one domain, over whatever is kept. */
static void sum_up(struct hand *hand, const char *domain, const char *kpi, int64_t *tried, int64_t *failed)
{
    int64_t after = 0;
    size_t count = 1;
    for (*tried = *failed = 0; count > 0;) {
        struct sim_reply reply;
        size_t i;
        json_t *tick;
        assert_int_equal(hand_do(hand, SIM_NF, "counters", &reply, "{\"after\":%lld}", (long long)after),
                         FERRY_DONE);
        count = json_array_size(json_object_get(reply.result, "ticks"));
        json_array_foreach(json_object_get(reply.result, "ticks"), i, tick)
        {
            const json_t *pair = json_object_get(json_object_get(json_object_get(tick, domain), "kpis"), kpi);
            *tried += json_integer_value(json_array_get(pair, 0));
            *failed += json_integer_value(json_array_get(pair, 1));
            after = json_integer_value(json_object_get(tick, "end"));
        }
        sim_reply_clear(&reply);
    }
}

static void test_success_rates_are_those_of_table_1(void **state)
{
    (void)state;
    static const struct {
        const char *kpi;
        int64_t least, most; /* success in basis points */
    } rows[] = {{"amf.initial_registration", 9990, 10000},
                {"amf.pdu_session_establishment", 9990, 10000},
                {"amf.paging", 9920, 9945},
                {"amf.handover_5g_to_4g", 9150, 9290},
                {"amf.handover_4g_to_5g", 9990, 10000},
                {"mme.attach", 9930, 9990},
                {"mme.tracking_area_update", 9985, 10000},
                {"mme.pdn_connectivity", 9925, 9980}};
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_wait(&hand, 2 * HOUR + 30 * MINUTE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t tried = 0, failed = 0;
        sum_up(&hand, "source", rows[i].kpi, &tried, &failed);
        assert_true(tried > 1000);
        int64_t success = (tried - failed) * 10000 / tried;
        if (success < rows[i].least || success > rows[i].most)
            fail_msg("%s: %lld of %lld failed", rows[i].kpi, (long long)failed, (long long)tried);
    }
    assert_in_range(hand_users(&hand, "source", "5g"), 27700, 28300); /* risen by 2 % as the table has it */
    hand_drop(&hand);
}

static void test_a_bad_target_version_shows_in_its_domain_only(void **state)
{
    (void)state;
    struct hand hand;
    int64_t tried = 0, failed = 0;
    hand_take(&hand, "{\"faults\":{\"target_failure_permyriad\":500}}");
    hand_split(&hand, "amf");
    hand_upgrade(&hand, "amf", 2, 8, true);
    hand_steer(&hand, 500, 500);
    hand_wait(&hand, 15 * MINUTE);
    sum_up(&hand, "target", "amf.pdu_session_establishment", &tried, &failed);
    assert_true(tried > 1000);
    assert_in_range(failed * 1000, 40 * tried, 60 * tried);
    sum_up(&hand, "source", "amf.pdu_session_establishment", &tried, &failed);
    assert_true(tried > 1000);
    assert_in_range(failed * 1000, 0, 2 * tried);
    hand_drop(&hand);
}

static void test_a_failing_dial_test_says_so(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, "{\"faults\":{\"dial_test_fails\":1}}");
    hand_split(&hand, "amf");
    assert_int_equal(
        hand_do(&hand, SIM_NF, "dial_test", &reply,
                "{\"subscribers\":[{\"ref\":\"test-1\",\"steer\":\"target\",\"services\":[\"data\"]}]}"),
        FERRY_DONE);
    const json_t *test = json_array_get(json_object_get(reply.result, "tests"), 0);
    assert_true(json_is_false(json_object_get(test, "ok")));
    assert_string_equal(json_string_value(json_object_get(test, "located_in")), "target");
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

/* ---- chance ---- */

static char *course_of(int seed, int64_t pause)
{
    struct hand hand;
    struct sim_reply reply;
    char settings[64];
    (void)snprintf(settings, sizeof(settings), "{\"users\":8000,\"seed\":%d}", seed);
    hand_take(&hand, settings);
    hand_split(&hand, "amf");
    hand_steer(&hand, 300, 200);
    for (int64_t waited = 0; waited < 10 * MINUTE; waited += pause)
        hand_wait(&hand, pause);
    hand.step++;
    assert_int_equal(hand_ask(&hand, SIM_NF, "counters", "", "{\"after\":0}", &reply), FERRY_DONE);
    json_t *all = json_pack("[O,o,o]", reply.result, sim_world_truth(hand.world, "users"),
                            sim_world_truth(hand.world, "counters"));
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    sim_reply_clear(&reply);
    hand_drop(&hand);
    return text;
}

static void test_the_same_seed_and_calls_give_the_same_world(void **state)
{
    (void)state;
    char *one = course_of(7, MINUTE), *two = course_of(7, MINUTE), *other = course_of(8, MINUTE);
    char *finer = course_of(7, 1000); /* looking at the clock more often changes nothing either */
    assert_string_equal(one, two);
    assert_string_equal(one, finer);
    assert_string_not_equal(one, other);
    free(one);
    free(two);
    free(other);
    free(finer);
}

static void test_a_week_passes_quickly(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_wait(&hand, 7 * 24 * (int64_t)HOUR);
    assert_in_range(hand_users(&hand, "source", "5g"), 20000, 80000);
    assert_int_equal(sim_world_now(hand.world), hand.now);
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_segment_gets_the_ratio_on_every_seed),
        cmocka_unit_test(test_steering_obeys_its_rate),
        cmocka_unit_test(test_designated_subscribers_go_first_and_alone),
        cmocka_unit_test(test_selectors_say_who_goes_first),
        cmocka_unit_test(test_a_steering_gives_way_to_a_later_one),
        cmocka_unit_test(test_one_domain_is_where_it_is),
        cmocka_unit_test(test_live_mobility_moves_at_once_and_keeps_calls),
        cmocka_unit_test(test_on_idle_mobility_waits_for_calls),
        cmocka_unit_test(test_new_only_mobility_moves_nobody),
        cmocka_unit_test(test_reattach_mobility_disturbs_each_and_ends_calls),
        cmocka_unit_test(test_counters_come_in_whole_ticks),
        cmocka_unit_test(test_ticks_count_distinct_users),
        cmocka_unit_test(test_success_rates_are_those_of_table_1),
        cmocka_unit_test(test_a_bad_target_version_shows_in_its_domain_only),
        cmocka_unit_test(test_a_failing_dial_test_says_so),
        cmocka_unit_test(test_the_same_seed_and_calls_give_the_same_world),
        cmocka_unit_test(test_a_week_passes_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
