/* SPDX-License-Identifier: Apache-2.0 */
/* Faults by seed: the same seed draws the same ones, and a profile says which and how many. */
#include "hand.h"

#include <stdlib.h>
#include <string.h>

/* What was drawn, as text. */
static char *drawn(uint64_t seed, const char *profile, size_t *ret_count, int64_t *ret_harmful)
{
    struct hand hand;
    char why[256] = "";
    hand_take(&hand, "{\"users\":100}");
    if (!sim_world_fault_seed(hand.world, seed, profile, why, sizeof(why)))
        fail_msg("%s", why);
    json_t *truth = sim_world_truth(hand.world, "faults"), *item, *row;
    const json_t *set = json_object_get(truth, "set");
    char *text = json_dumps(set, JSON_COMPACT);
    size_t i, j;
    *ret_count = json_array_size(set);
    *ret_harmful = 0;
    json_array_foreach(set, i, item)
    {
        json_array_foreach(json_object_get(truth, "table"), j, row)
        {
            if (json_equal(json_object_get(row, "name"), json_object_get(item, "fault")))
                *ret_harmful += json_is_true(json_object_get(row, "harms"));
        }
    }
    json_decref(truth);
    hand_drop(&hand);
    return text;
}

static void test_the_same_seed_draws_the_same_faults(void **state)
{
    (void)state;
    size_t count, other;
    int64_t harmful;
    char *first = drawn(7, "rough", &count, &harmful), *again = drawn(7, NULL, &other, &harmful);
    char *another = drawn(8, "rough", &other, &harmful);
    assert_string_equal(first, again);
    assert_string_not_equal(first, another);
    assert_in_range(count, 20, 120); /* 4.2 an hour for 12 hours */
    free(first);
    free(again);
    free(another);
}

static void test_profiles_differ_in_what_they_draw(void **state)
{
    (void)state;
    size_t calm, wild, harmless, wire;
    int64_t harmful;
    free(drawn(3, "calm", &calm, &harmful));
    free(drawn(3, "wild", &wild, &harmful));
    assert_true(harmful > 0);
    free(drawn(3, "harmless", &harmless, &harmful));
    assert_int_equal(harmful, 0);
    free(drawn(3, "wire", &wire, &harmful));
    assert_int_equal(harmful, 0);
    assert_true(calm * 5 < wild && harmless > 20 && wire > 20);
}

static void test_a_profile_can_be_written_out(void **state)
{
    (void)state;
    size_t count;
    int64_t harmful;
    char *text =
        drawn(5, "{\"profile\":\"calm\",\"hours\":2,\"rates\":{\"target_dead\":30}}", &count, &harmful);
    assert_in_range(harmful, 40, 80);
    free(text);
}

static void test_another_rate_of_one_fault_moves_no_other(void **state)
{
    (void)state;
    size_t count, other;
    int64_t harmful;
    char *without = drawn(9, "{\"profile\":\"harmless\",\"rates\":{\"site_cut\":0}}", &count, &harmful);
    char *with = drawn(9, "{\"profile\":\"harmless\",\"rates\":{\"site_cut\":3}}", &other, &harmful);
    const char *reset = strstr(without, "{\"fault\":\"reply_lost\"");
    assert_non_null(reset);
    const char *end = strchr(reset, '}');
    char *one = strndup(reset, (size_t)(end - reset));
    assert_non_null(one);
    assert_non_null(strstr(with, one));
    assert_true(other > count);
    free(one);
    free(without);
    free(with);
}

static void test_a_wrong_profile_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "lucky", "{\"profile\":\"lucky\"}",     "{\"hours\":\"two\"}",
        "{",     "{\"rates\":{\"nothing\":1}}", "{\"rates\":{\"site_cut\":-1}}"};
    struct hand hand;
    hand_take(&hand, "{\"users\":100}");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char why[256] = "";
        assert_false(sim_world_fault_seed(hand.world, 1, wrong[i], why, sizeof(why)));
        assert_true(strlen(why) > 10);
    }
    hand_drop(&hand);
}

/* The drawn faults happen: hours of them over a world at work, and its users are still all accounted for. */
static void test_a_wild_night_is_lived_through(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 6; seed++) {
        struct hand hand;
        char why[256] = "";
        hand_take(&hand, "{\"users\":2000,\"svc_capacity\":400}");
        assert_true(sim_world_fault_seed(hand.world, (uint64_t)seed, "wild", why, sizeof(why)));
        hand.step++;
        for (int minute = 0; minute < 12 * 60; minute++) {
            struct sim_reply reply;
            (void)hand_ask(&hand, SIM_NF, "health", NULL, "{}", &reply);
            sim_reply_clear(&reply);
            hand.now += MINUTE;
        }
        json_t *users = sim_world_truth(hand.world, "users"), *item;
        int64_t on_instances = 0, in_domains = 0;
        size_t i;
        const char *domain;
        json_array_foreach(json_object_get(users, "instances"), i, item)
        {
            on_instances += json_integer_value(json_object_get(item, "users"));
        }
        json_object_foreach(json_object_get(users, "domains"), domain, item)
        {
            in_domains += json_integer_value(json_object_get(item, "5g")) +
                          json_integer_value(json_object_get(item, "4g"));
        }
        assert_int_equal(on_instances, in_domains);
        json_decref(users);
        hand_drop(&hand);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_seed_draws_the_same_faults),
        cmocka_unit_test(test_profiles_differ_in_what_they_draw),
        cmocka_unit_test(test_a_profile_can_be_written_out),
        cmocka_unit_test(test_another_rate_of_one_fault_moves_no_other),
        cmocka_unit_test(test_a_wrong_profile_is_refused),
        cmocka_unit_test(test_a_wild_night_is_lived_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
