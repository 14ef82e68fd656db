/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of calls: what becomes of one on its way, and that a key still takes effect once. */
#include "hand.h"

#include <stdio.h>
#include <string.h>

#define LOAD "{\"version\":\"1.3.0\"}"

static void fault(struct hand *hand, const char *name, const char *args)
{
    char why[256] = "";
    if (!sim_world_fault(hand->world, name, args, why, sizeof(why)))
        fail_msg("%s", why);
}

static void expect(struct hand *hand, enum sim_part part, const char *verb, const char *key, const char *args,
                   enum ferry_failure failure, bool lost, const char *word)
{
    struct sim_reply reply;
    assert_int_equal(hand_ask(hand, part, verb, key, args, &reply), FERRY_FAILED);
    assert_int_equal(reply.failure, failure);
    assert_int_equal(reply.lost, lost);
    if (!strstr(reply.message, word))
        fail_msg("\"%s\" does not say \"%s\"", reply.message, word);
    sim_reply_clear(&reply);
}

static void done_by(struct hand *hand, enum sim_part part, const char *verb, const char *key,
                    const char *args)
{
    struct sim_reply reply;
    while (hand_ask(hand, part, verb, key, args, &reply) == FERRY_AGAIN)
        hand->now += reply.after_ms;
    if (reply.status != FERRY_DONE)
        fail_msg("%s: %s", verb, reply.message);
    sim_reply_clear(&reply);
}

static int64_t of_key(const struct hand *hand, const char *key, const char *member)
{
    json_t *truth = sim_world_truth(hand->world, "counters");
    const json_t *op = json_object_get(json_object_get(truth, "keys"), key);
    int64_t number = op ? json_integer_value(json_object_get(op, member)) : -1;
    json_decref(truth);
    return number;
}

static void test_a_lost_reply_had_its_effect_and_asking_again_does_not_repeat_it(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    fault(&hand, "reply_lost", "{\"verb\":\"upgrade\",\"count\":2}");
    const char *upgrade =
        "{\"instances\":[\"amf-svc-02\"],\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"}";
    hand.step++;
    for (int i = 0; i < 2; i++)
        expect(&hand, SIM_VIM, "upgrade", "run/u", upgrade, FERRY_FAILURE_TRANSIENT, true,
               "connection was lost");
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 1);
    done_by(&hand, SIM_VIM, "upgrade", "run/u", upgrade);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 1);
    assert_int_equal(of_key(&hand, "run/u", "effects"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "replies_lost"), 2);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    hand_drop(&hand);
}

static void test_a_reset_call_had_no_effect(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    fault(&hand, "connection_reset", NULL);
    hand.step++;
    expect(&hand, SIM_NF, "load", "run/l", LOAD, FERRY_FAILURE_TRANSIENT, true, "reset");
    assert_int_equal(of_key(&hand, "run/l", "effects"), -1);
    done_by(&hand, SIM_NF, "load", "run/l", LOAD);
    assert_int_equal(of_key(&hand, "run/l", "effects"), 1);
    hand_drop(&hand);
}

static void test_a_part_answers_5xx_for_its_time_and_the_other_does_not(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_NF, "load", LOAD);
    fault(&hand, "http_error", "{\"part\":\"vim\",\"for\":\"1m\"}");
    for (int i = 0; i < 5; i++, hand.now += 10000)
        expect(&hand, SIM_VIM, "inventory", NULL, "{}", FERRY_FAILURE_TRANSIENT, false, "HTTP 503");
    assert_int_equal(hand_ask(&hand, SIM_NF, "health", NULL, "{}", &reply), FERRY_DONE);
    sim_reply_clear(&reply);
    hand.now += 11000;
    assert_int_equal(hand_ask(&hand, SIM_VIM, "inventory", NULL, "{}", &reply), FERRY_DONE);
    sim_reply_clear(&reply);
    fault(&hand, "http_error", "{\"value\":504}");
    expect(&hand, SIM_VIM, "inventory", NULL, "{}", FERRY_FAILURE_TIMEOUT, false, "Gateway Timeout");
    hand_drop(&hand);
}

static void test_a_wrong_password_is_refused_until_it_is_cleared(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_NF, "load", LOAD);
    fault(&hand, "password_wrong", "{\"part\":\"nf\"}");
    hand.step++;
    expect(&hand, SIM_NF, "split", "run/s", LOAD, FERRY_FAILURE_REFUSED, false, "401");
    expect(&hand, SIM_NF, "split", "run/s", LOAD, FERRY_FAILURE_REFUSED, false, "401");
    assert_true(sim_world_clear(hand.world, "password_wrong"));
    done_by(&hand, SIM_NF, "split", "run/s", LOAD);
    hand_drop(&hand);
}

static void test_a_cut_site_is_out_of_reach_while_its_world_goes_on(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_NF, "load", LOAD);
    int64_t ticks = hand_truth(&hand, "counters", "ticks");
    fault(&hand, "site_cut", "{\"after\":\"1m\",\"for\":\"10m\"}");
    hand_must(&hand, SIM_NF, "split", LOAD);
    hand.now += 2 * MINUTE;
    expect(&hand, SIM_NF, "health", NULL, "{}", FERRY_FAILURE_TRANSIENT, true, "cut off");
    expect(&hand, SIM_VIM, "inventory", NULL, "{}", FERRY_FAILURE_TRANSIENT, true, "cut off");
    hand.now += 10 * MINUTE;
    hand_must(&hand, SIM_NF, "load", "{\"version\":\"1.4.0\"}");
    assert_in_range(hand_truth(&hand, "counters", "ticks") - ticks, 130, 160);
    hand_drop(&hand);
}

static void test_a_late_effect_comes_once_whoever_is_first(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand_must(&hand, SIM_VIM, "guard_read", "{\"guard\":\"healing\"}");
    fault(&hand, "late_effect", "{\"value\":4000}");
    hand.step++;
    expect(&hand, SIM_NF, "load", "run/l", LOAD, FERRY_FAILURE_TIMEOUT, false, "within its time");
    assert_int_equal(of_key(&hand, "run/l", "effects"), -1);
    hand_wait(&hand, 10000);
    assert_int_equal(of_key(&hand, "run/l", "effects"), 1); /* nobody asked again */
    assert_int_equal(hand_truth(&hand, "counters", "effects_late"), 1);

    fault(&hand, "late_effect", "{\"value\":4000}");
    hand.step++;
    expect(&hand, SIM_NF, "split", "run/s", LOAD, FERRY_FAILURE_TIMEOUT, false, "within its time");
    done_by(&hand, SIM_NF, "split", "run/s", LOAD); /* asked again before the first one arrives */
    hand_wait(&hand, MINUTE);
    assert_int_equal(of_key(&hand, "run/s", "effects"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "effects_late"), 1);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    hand_drop(&hand);
}

static void test_an_accepted_call_is_under_way_until_its_late_effect(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    fault(&hand, "late_effect", "{\"value\":30000,\"answer\":\"again\"}");
    hand.step++;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hand_ask(&hand, SIM_NF, "load", "run/l", LOAD, &reply), FERRY_AGAIN);
        assert_int_equal(of_key(&hand, "run/l", "effects"), -1);
        hand.now += reply.after_ms;
    }
    done_by(&hand, SIM_NF, "load", "run/l", LOAD);
    assert_int_equal(of_key(&hand, "run/l", "effects"), 1);
    hand_drop(&hand);
}

static void test_a_late_effect_behind_a_newer_step_is_refused(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    fault(&hand, "late_effect", "{\"value\":60000,\"verb\":\"guard_set\"}");
    hand.step++;
    expect(&hand, SIM_VIM, "guard_set", "run/g", "{\"guard\":\"healing\",\"state\":{\"enabled\":false}}",
           FERRY_FAILURE_TIMEOUT, false, "within its time");
    hand_must(&hand, SIM_NF, "load", LOAD); /* the run went on without it */
    hand_wait(&hand, 2 * MINUTE);
    assert_int_equal(of_key(&hand, "run/g", "effects"), -1);
    assert_int_equal(hand_truth(&hand, "counters", "effects_late_refused"), 1);
    hand_drop(&hand);
}

static void test_a_lower_fence_is_refused_by_name(void **state)
{
    (void)state;
    struct hand hand;
    hand_take(&hand, NULL);
    hand.fence = 7;
    hand_must(&hand, SIM_NF, "load", LOAD);
    hand.fence = 6;
    hand.step++;
    expect(&hand, SIM_NF, "split", "run/old", LOAD, FERRY_FAILURE_REFUSED, false, "epoch 6");
    assert_int_equal(of_key(&hand, "run/old", "effects"), -1);
    hand_drop(&hand);
}

/* A step whose deadline passed is retried while the peer still works on the first attempt. */
static void test_another_attempt_goes_on_with_what_is_under_way(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_split(&hand, "amf");
    static const struct {
        enum sim_part part;
        const char *verb, *args;
    } calls[] = {{SIM_NF, "steer", "{\"permille\":100}"},
                 {SIM_VIM, "create", "{\"vdu\":\"SVC\",\"count\":2}"},
                 {SIM_NF, "drain", "{\"instances\":[\"amf-svc-03\"]}"},
                 {SIM_NF, "load", "{\"version\":\"1.4.0\"}"}};
    int64_t builds = hand_truth(&hand, "counters", "builds");
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "run/%zu", 100 + i);
        struct ferry_call call = {.size = sizeof(call),
                                  .attempt = 1,
                                  .run = "run",
                                  .step = 100 + i,
                                  .fence = 1,
                                  .key = key,
                                  .args = calls[i].args,
                                  .scale = 60};
        for (enum ferry_status status = FERRY_AGAIN; status == FERRY_AGAIN; hand.now += 1000) {
            call.now_ms = hand.now;
            reply = (struct sim_reply){0};
            sim_world_call(hand.world, calls[i].part, calls[i].verb, &call, &reply);
            status = reply.status;
            call.attempt = 2;
            if (status == FERRY_FAILED)
                fail_msg("%s: %s", calls[i].verb, reply.message);
            sim_reply_clear(&reply);
        }
    }
    assert_int_equal(hand_truth(&hand, "counters", "builds"), builds + 2);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    hand_drop(&hand);
}

static void test_another_attempt_is_not_a_repeated_effect(void **state)
{
    (void)state;
    struct hand hand;
    struct sim_reply reply;
    hand_take(&hand, NULL);
    hand_guards(&hand, false);
    hand_must(&hand, SIM_NF, "drain", "{\"instances\":[\"amf-svc-02\"]}");
    fault(&hand, "build_fails", NULL);
    const char *upgrade =
        "{\"instances\":[\"amf-svc-02\"],\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"}";
    hand.step++;
    while (hand_ask(&hand, SIM_VIM, "upgrade", "run/u", upgrade, &reply) == FERRY_AGAIN)
        hand.now += reply.after_ms;
    assert_int_equal(reply.status, FERRY_FAILED);
    sim_reply_clear(&reply);
    struct ferry_call retry = {.size = sizeof(retry),
                               .attempt = 2,
                               .run = "run",
                               .step = hand.step,
                               .fence = 1,
                               .key = "run/u",
                               .args = upgrade,
                               .scale = 60};
    do {
        sim_reply_clear(&reply);
        hand.now += 1000;
        retry.now_ms = hand.now;
        sim_world_call(hand.world, SIM_VIM, "upgrade", &retry, &reply);
    } while (reply.status == FERRY_AGAIN);
    assert_int_equal(reply.status, FERRY_DONE);
    sim_reply_clear(&reply);
    assert_int_equal(of_key(&hand, "run/u", "attempt"), 2);
    assert_int_equal(hand_truth(&hand, "counters", "builds"), 2);
    assert_int_equal(hand_truth(&hand, "counters", "keys_repeated"), 0);
    hand_drop(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_reply_had_its_effect_and_asking_again_does_not_repeat_it),
        cmocka_unit_test(test_a_reset_call_had_no_effect),
        cmocka_unit_test(test_a_part_answers_5xx_for_its_time_and_the_other_does_not),
        cmocka_unit_test(test_a_wrong_password_is_refused_until_it_is_cleared),
        cmocka_unit_test(test_a_cut_site_is_out_of_reach_while_its_world_goes_on),
        cmocka_unit_test(test_a_late_effect_comes_once_whoever_is_first),
        cmocka_unit_test(test_an_accepted_call_is_under_way_until_its_late_effect),
        cmocka_unit_test(test_a_late_effect_behind_a_newer_step_is_refused),
        cmocka_unit_test(test_a_lower_fence_is_refused_by_name),
        cmocka_unit_test(test_another_attempt_goes_on_with_what_is_under_way),
        cmocka_unit_test(test_another_attempt_is_not_a_repeated_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
