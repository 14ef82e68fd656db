/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "plan/table.h"
#include "tests/unit/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct fy_plan *plan_of(struct scene *scene, struct fy_landscape **ret_landscape,
                               const struct fy_plan_wishes *wishes)
{
    struct fy_err err = {0};
    struct fy_plan *plan = NULL;
    *ret_landscape = scene_look(scene);
    assert_non_null(*ret_landscape);
    if (!scene_plan(scene, *ret_landscape, wishes, &plan, &err))
        fail_msg("%s", err.message);
    return plan;
}

static void assert_refused(struct scene *scene, const char *sentence)
{
    struct fy_err err = {0};
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = NULL;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(scene);
    assert_non_null(landscape);
    assert_false(scene_plan(scene, landscape, NULL, &plan, &err));
    if (!strstr(err.message, sentence))
        fail_msg("refused with \"%s\"", err.message);
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_int_not_equal(err.hint[0], 0);
}

static void test_plan_of_the_trial_is_the_papers(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    FY_AUTO(fy_buf_free) struct fy_buf table = {0};
    fy_plan_table(plan, &table, 140);
    printf("%s", table.data);
    assert_int_equal(plan->slice_count, 3);
    assert_string_equal(plan->slice[0].instances[0], "amf-OMU-02");
    assert_int_equal(plan->slice[0].switch_count, 0);
    assert_int_equal(plan->slice[1].count, 2);
    assert_int_equal(plan->slice[2].count, 1);
    assert_int_equal(plan->stage_count, 2);
    assert_int_equal(plan->stages[0].count, 2);
    assert_int_equal(plan->stages[0].moves[0].permille, 161);
    assert_int_equal(plan->stages[0].moves[0].batch.count, 7);
    assert_int_equal(plan->stages[0].moves[1].permille, 500);
    assert_int_equal(plan->stages[0].moves[1].batch.count, 0);
    assert_true(plan->stages[1].ask_before);
    assert_int_equal(plan->stages[1].count, 1);
    assert_int_equal(plan->stages[1].moves[0].permille, 1000);
    assert_int_equal(plan->stages[1].moves[0].batch.count, 4);
    assert_int_equal(plan->rest_count, 3);
    assert_int_equal(plan->rest[0].count, 4);
    assert_string_equal(plan->rest[2].switch_to, "amf-OMU-02");
    assert_int_equal(plan->skipped_count, 1);
    assert_string_equal(plan->skipped[0]->vdu_id, "LB");
    assert_int_equal(plan->users_at_risk, 0);
    scene_free(&scene);
}

static void test_plan_json_reads_back(void **state)
{
    (void)state;
    struct scene scene;
    struct fy_err err;
    scene_trial(&scene, 31000);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_plan_json(plan, &buf);
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(buf.data, buf.length, "plan", &err);
    assert_non_null(doc);
    const json_t *move =
        json_array_get(json_object_get(json_array_get(json_object_get(doc, "stages"), 0), "moves"), 0);
    const json_t *batch = json_object_get(move, "batch");
    assert_int_equal(json_array_size(json_object_get(batch, "instances")), 7);
    assert_string_equal(fy_json_string_or(batch, "image", ""), "nf:1.3.0");
    assert_string_equal(fy_json_string_or(batch, "version", ""), "1.3.0");
    scene_free(&scene);
}

static void test_plan_of_ten_thousand_instances_is_quick(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    scene_add(&scene, scene_vdu(&scene, "LB", FY_ROLE_ACTIVE_STANDBY, true), 1000, 0);
    scene_add(&scene, scene_vdu(&scene, "SDB", FY_ROLE_DATA_STORAGE, true), 1000, 0);
    scene_add(&scene, scene_vdu(&scene, "SVC", FY_ROLE_LOAD_SHARING, true), 8000, 6250);
    scene_spread(&scene, "SVC", 25000000, 0);
    scene.stages[0].max_move_rate = scene.stages[1].max_move_rate = 20000;
    scene.order.rollback.move_rate = 20000;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(&scene);
    struct timespec from, to;
    struct fy_err err;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = NULL;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    if (!scene_plan(&scene, landscape, NULL, &plan, &err))
        fail_msg("%s", err.message);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    const double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    printf("10,000 instances planned in %.1f ms\n", ms);
    scene_free(&scene);
}

static void test_plan_refuses_what_is_not_well_before_the_start(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene_find(&scene, "amf-SVC-03")->running = false;
    assert_refused(&scene,
                   "amf-SVC-03 of VDU SVC is not running (building, stopped or in error) before the start");
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_of_the_trial_is_the_papers),
        cmocka_unit_test(test_plan_json_reads_back),
        cmocka_unit_test(test_plan_of_ten_thousand_instances_is_quick),
        cmocka_unit_test(test_plan_refuses_what_is_not_well_before_the_start),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
