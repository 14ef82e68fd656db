/* SPDX-License-Identifier: Apache-2.0 */
/* From scrapes of counters to ticks: resets, gaps, late scrapes, clocks that are off. */
#include "prometheus/map.h"
#include "prometheus/series.h"

#include "tests/unit/kpi/support.h"

#include <math.h>

#define MOST 16

/* Scrapes of one case: series are added, then the table is filled and answered. */
struct scene {
    struct kpi_ask ask;
    struct prom_series series[MOST];
    struct prom_sample samples[MOST][MOST];
    struct prom_look look;
};

static void scene_begin(struct scene *scene, int64_t now_s)
{
    *scene = (struct scene){.look = {.targets = 2, .max_gap_ms = 60000, .lag_ms = 15000}};
    ask_at(&scene->ask, now_s);
    scene->look.series = scene->series;
}

/* A counter of a target: pairs of seconds after START and values; a negative value ends them. */
static struct prom_series *add(struct scene *scene, int side, const char *counter, const char *cause,
                               size_t target, const double (*pairs)[2], size_t count)
{
    size_t n = scene->look.count++;
    scene->series[n] = (struct prom_series){.side = side,
                                            .segment = -1,
                                            .cell = {cell_of(&scene->ask, counter, cause), KPI_NONE},
                                            .target = target,
                                            .samples = scene->samples[n],
                                            .count = count};
    for (size_t i = 0; i < count; i++)
        scene->samples[n][i] = (struct prom_sample){START + llround(pairs[i][0] * 1000), pairs[i][1]};
    return &scene->series[n];
}

#define ADD(scene, side, counter, cause, target, ...)                                                        \
    do {                                                                                                     \
        const double pairs_[][2] = {__VA_ARGS__};                                                            \
        add((scene), (side), (counter), (cause), (target), pairs_, sizeof pairs_ / sizeof pairs_[0]);        \
    } while (0)

static json_t *scene_end(struct scene *scene)
{
    struct kpi_table table;
    assert_true(kpi_table_make(&table, &scene->ask, START - 60000));
    assert_true(prom_look_fill(&scene->look, &table));
    json_t *answer = answer_of(&table);
    kpi_table_done(&table);
    kpi_ask_done(&scene->ask);
    return answer;
}

static void test_what_rose_happened_in_the_tick_of_the_later_scrape(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 21);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 1000}, {4, 1100}, {9, 1150}, {14, 1150}, {21, 1300});
    ADD(&scene, 0, "MM.Paging5GSucc", NULL, 0, {-1, 900}, {4, 990}, {9, 1040}, {14, 1040}, {21, 1180});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "amf.paging", 100, 10);
    assert_row(answer, 10, "source", "amf.paging", 50, 0);
    assert_null(row_of(answer, 15, "source", "amf.paging")); /* nobody tried: no data, never 100 % */
    assert_null(row_of(answer, 5, "target", "amf.paging"));
    assert_int_equal(json_array_size(json_object_get(answer, "ticks")), 3); /* nothing lies in the fourth */
    json_decref(answer);
}

static void test_a_scrape_at_the_very_end_belongs_to_the_tick_that_ends(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 1, "MM.Paging5GReq", NULL, 0, {0, 0}, {5, 10}, {5.001, 11}, {10, 12}, {16, 12});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "target", "amf.paging", 10, 10);
    assert_row(answer, 10, "target", "amf.paging", 2, 2);
    json_decref(answer);
}

static void test_a_counter_that_was_reset_counts_from_0(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 5000}, {4, 5100}, {9, 30}, {16, 60});
    ADD(&scene, 0, "MM.Paging5GSucc", NULL, 0, {-1, 5000}, {4, 5100}, {9, 28}, {16, 58});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "amf.paging", 100, 0);
    assert_row(answer, 10, "source", "amf.paging", 30, 2);
    json_decref(answer);
}

static void test_instances_are_added_up_and_reset_alone(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 5000}, {4, 5100}, {9, 5150}, {16, 5150});
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 1, {-2, 900}, {3, 1000}, {8, 7}, {16, 7});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "amf.paging", 200, 200);
    assert_row(answer, 10, "source", "amf.paging", 57, 57);
    json_decref(answer);
}

static void test_ticks_without_a_scrape_are_no_data(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 36);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10}, {27, 60}, {36, 61});
    json_t *answer = scene_end(&scene);
    assert_int_equal(json_array_size(json_object_get(answer, "ticks")), 2);
    assert_row(answer, 5, "source", "amf.paging", 10, 10);
    assert_row(answer, 30, "source", "amf.paging", 50, 50); /* short enough: nothing is lost */
    json_decref(answer);
}

static void test_nothing_is_said_over_a_long_gap(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 96);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10}, {80, 900}, {84, 905}, {96, 905});
    json_t *answer = scene_end(&scene);
    assert_null(row_of(answer, 80, "source", "amf.paging"));
    assert_row(answer, 85, "source", "amf.paging", 5, 5);
    json_decref(answer);
}

static void test_a_counter_that_appears_later_than_its_target_began_at_0(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 1, "RM.RegInitReq", NULL, 0, {-6, 100}, {-1, 200}, {4, 300}, {9, 400}, {16, 400});
    ADD(&scene, 1, "RM.RegInitSucc", NULL, 0, {-6, 100}, {-1, 200}, {4, 297}, {9, 397}, {16, 397});
    ADD(&scene, 1, "RM.RegInitFail", "user", 0, {4, 2}, {9, 2}, {16, 2});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "target", "amf.initial_registration", 98, 1);
    assert_row(answer, 10, "target", "amf.initial_registration", 100, 0);
    json_decref(answer);
}

static void test_a_target_that_appears_only_begins(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10}, {9, 20}, {16, 20});
    ADD(&scene, 1, "MM.Paging5GReq", NULL, 1, {4, 70000}, {9, 70003}, {16, 70003});
    json_t *answer = scene_end(&scene);
    assert_null(row_of(answer, 5, "target", "amf.paging"));
    assert_row(answer, 10, "target", "amf.paging", 3, 3);
    json_decref(answer);
}

static void test_a_rule_that_appears_is_not_taken_for_a_counter_that_began(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 16);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-6, 0}, {-1, 5}, {4, 10}, {9, 20}, {16, 20});
    ADD(&scene, 1, "MM.Paging5GReq", NULL, KPI_NONE, {4, 70000}, {9, 70003}, {16, 70003});
    json_t *answer = scene_end(&scene);
    assert_null(row_of(answer, 5, "target", "amf.paging"));
    json_decref(answer);
}

static void test_failures_of_the_user_are_in_neither_figure(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 11);
    ADD(&scene, 0, "RM.RegInitReq", NULL, 0, {-1, 0}, {4, 100}, {11, 100});
    ADD(&scene, 0, "RM.RegInitSucc", NULL, 0, {-1, 0}, {4, 90}, {11, 90});
    ADD(&scene, 0, "RM.RegInitFail", "3", 0, {-1, 0}, {4, 4}, {11, 4});
    ADD(&scene, 0, "RM.RegInitFail", "user", 0, {-1, 0}, {4, 3}, {11, 3});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "amf.initial_registration", 93, 3);
    json_decref(answer);
}

static void test_of_a_rate_of_drops_the_numerator_fails(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 11);
    ADD(&scene, 0, "C1", NULL, 0, {-1, 0}, {4, 60}, {11, 60});
    ADD(&scene, 0, "C2", NULL, 0, {-1, 0}, {4, 40}, {11, 40});
    ADD(&scene, 0, "D", NULL, 0, {-1, 0}, {4, 2}, {11, 2});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "acme.drops", 100, 2);
    json_decref(answer);
}

static void test_an_answer_in_the_next_tick_is_no_failure_for_ever(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 26);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 100}, {9, 200}, {14, 300}, {19, 400}, {26, 400});
    ADD(&scene, 0, "MM.Paging5GSucc", NULL, 0, {-1, 0}, {4, 96}, {9, 199}, {14, 296}, {19, 398}, {26, 400});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 5, "source", "amf.paging", 100, 4); /* four answers are on their way */
    assert_row(answer, 10, "source", "amf.paging", 100, 0);
    assert_row(answer, 15, "source", "amf.paging", 100, 0); /* three of them again */
    assert_row(answer, 20, "source", "amf.paging", 100, 0);
    json_decref(answer);
}

static void test_a_tick_waits_for_a_scrape_behind_it_but_not_for_ever(void **state)
{
    (void)state;
    struct scene scene;
    for (int64_t now = 6; now <= 21; now += 15) {
        scene_begin(&scene, now);
        ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10});
        json_t *answer = scene_end(&scene);
        assert_int_equal(json_array_size(json_object_get(answer, "ticks")), now == 6 ? 0 : 1);
        json_decref(answer);
    }
}

static void test_a_target_that_is_gone_does_not_hold_the_others_up(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 31);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10}, {9, 20}, {14, 30}, {19, 40}, {24, 50},
        {29, 60});
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 1, {-1, 0}, {4, 1});
    json_t *answer = scene_end(&scene);
    assert_row(answer, 25, "source", "amf.paging", 10, 10);
    assert_row(answer, 5, "source", "amf.paging", 11, 11);
    json_decref(answer);
}

static void test_users_are_the_last_figure_before_the_end(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, 11);
    ADD(&scene, 0, "MM.Paging5GReq", NULL, 0, {-1, 0}, {4, 10}, {11, 20});
    for (int segment = 0; segment < KPI_SEGMENTS; segment++) {
        const double pairs[][2] = {{-1, 100}, {4, 110 + segment}, {11, 500}};
        struct prom_series *series = add(&scene, 0, "D", NULL, 0, pairs, 3);
        series->segment = segment;
    }
    json_t *answer = scene_end(&scene);
    const json_t *tick = json_array_get(json_object_get(answer, "ticks"), 0);
    const json_t *users = json_object_get(json_object_get(tick, "source"), "users");
    assert_int_equal(json_integer_value(json_object_get(users, "5g")), 110);
    assert_int_equal(json_integer_value(json_object_get(users, "4g")), 111);
    json_decref(answer);
}

static void test_a_clock_that_is_off_is_corrected_both_ways_and_does_not_tremble(void **state)
{
    (void)state;
    assert_int_equal(prom_skew_ms(0, 120), 0);
    assert_int_equal(prom_skew_ms(0, -1400), 0);
    assert_int_equal(prom_skew_ms(0, 7300), 7000);
    assert_int_equal(prom_skew_ms(0, -7600), -8000);
    assert_int_equal(prom_skew_ms(7000, 7900), 7000);
    assert_int_equal(prom_skew_ms(7000, 100), 0);
}

static void test_the_exporters_clock_is_that_of_its_own_scrape(void **state)
{
    (void)state;
    static const struct prom_clock clock[] = {{1000, 50000}, {2000, 110000}, {3000, 170000}};
    assert_int_equal(prom_clock_read(clock, 3, 2000), 110000);
    assert_int_equal(prom_clock_read(clock, 3, 3000), 170000);
    assert_int_equal(prom_clock_read(clock, 3, 2001), -1);
    assert_int_equal(prom_clock_read(clock, 0, 1000), -1);
}

static void test_names_follow_the_rule_or_the_map(void **state)
{
    (void)state;
    char name[PROM_NAME_MAX], why[200];
    json_t *exceptions = json_pack("{s:s,s:s}", "MM.Paging5GReq", "paging_total{type=\"5g\",way=\"out\"}",
                                   "A.B", "(sum by (version) (x))");
    struct prom_map map = {"fivegs_amffunction_", "", exceptions};
    assert_true(prom_map_check(exceptions, why, sizeof why));
    prom_map_name(&map, "RM.RegInitReq", name);
    assert_string_equal(name, "fivegs_amffunction_rm_reginitreq");
    prom_map_name(&map, "MM.Paging5GReq", name);
    assert_string_equal(name, "paging_total");
    prom_map_name(&map, "A.B", name);
    assert_string_equal(name, "");
    assert_string_equal(prom_map_expression(&map, "A.B"), "(sum by (version) (x))");
    json_t *labels = json_pack("{s:s,s:s,s:s}", "type", "5g", "way", "out", "job", "amf");
    assert_true(prom_map_fits(&map, "MM.Paging5GReq", labels));
    (void)json_object_set_new(labels, "way", json_string("in"));
    assert_false(prom_map_fits(&map, "MM.Paging5GReq", labels));
    (void)json_object_set_new(exceptions, "C.D", json_string("rate(x[5m])"));
    assert_false(prom_map_check(exceptions, why, sizeof why));
    assert_non_null(strstr(why, "C.D"));
    json_decref(labels);
    json_decref(exceptions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_rose_happened_in_the_tick_of_the_later_scrape),
        cmocka_unit_test(test_a_scrape_at_the_very_end_belongs_to_the_tick_that_ends),
        cmocka_unit_test(test_a_counter_that_was_reset_counts_from_0),
        cmocka_unit_test(test_instances_are_added_up_and_reset_alone),
        cmocka_unit_test(test_ticks_without_a_scrape_are_no_data),
        cmocka_unit_test(test_nothing_is_said_over_a_long_gap),
        cmocka_unit_test(test_a_counter_that_appears_later_than_its_target_began_at_0),
        cmocka_unit_test(test_a_target_that_appears_only_begins),
        cmocka_unit_test(test_a_rule_that_appears_is_not_taken_for_a_counter_that_began),
        cmocka_unit_test(test_failures_of_the_user_are_in_neither_figure),
        cmocka_unit_test(test_of_a_rate_of_drops_the_numerator_fails),
        cmocka_unit_test(test_an_answer_in_the_next_tick_is_no_failure_for_ever),
        cmocka_unit_test(test_a_tick_waits_for_a_scrape_behind_it_but_not_for_ever),
        cmocka_unit_test(test_a_target_that_is_gone_does_not_hold_the_others_up),
        cmocka_unit_test(test_users_are_the_last_figure_before_the_end),
        cmocka_unit_test(test_a_clock_that_is_off_is_corrected_both_ways_and_does_not_tremble),
        cmocka_unit_test(test_the_exporters_clock_is_that_of_its_own_scrape),
        cmocka_unit_test(test_names_follow_the_rule_or_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
