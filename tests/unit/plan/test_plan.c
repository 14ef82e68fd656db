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
    assert_string_equal(fy_json_string_or(json_object_get(batch, "image"), "ref", ""), "nf:1.3.0");
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

static void test_plan_refuses_a_window_that_is_too_short(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene.order.request.window.end_ms = START + HOUR;
    assert_refused(
        &scene,
        "the window is too short: the plan needs 1 h 10 min from 2025-11-22 16:00Z and the window ends at "
        "2025-11-22 17:00Z, 10 min too early");
    scene.order.request.window.end_ms = START + 2 * HOUR;
    scene.order.request.window.latest_rollback_end_ms = START + 80 * MINUTE;
    assert_refused(&scene, "the window leaves no way back: the plan ends at");
    scene_free(&scene);
}

static void test_plan_refuses_what_is_over_a_limit(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene.order.limits.max_duration_ms = HOUR;
    assert_refused(&scene, "the plan takes 1 h 10 min and the order allows 1 h 00 min");
    scene.order.limits.max_duration_ms = FY_ABSENT;
    scene.vdus[0].max_simplex_ms = 30 * MINUTE;
    assert_refused(
        &scene, "a pair of VDU OMU would stand without its mate for 1 h 05 min, and the order allows 30 min");
    scene_free(&scene);
}

static void test_plan_follows_the_mobility(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene.mobility = "reattach";
    assert_refused(&scene, "because the NF moves them by \"reattach\", and the order allows 0");
    scene.order.limits.max_users_at_risk = 100000;
    scene.mobility = "new-only";
    assert_refused(&scene, "the plan takes");
    scene.mobility = "on-idle";
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_true(plan->duration_ms > 95 * MINUTE);
    scene_free(&scene);
}

static void test_plan_refuses_when_the_others_cannot_carry(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 78000);
    assert_refused(
        &scene,
        "amf-SVC-01 cannot leave: the other instances of VDU SVC would run at 83 % with 78000 users, and the "
        "order allows 80 %");
    scene_free(&scene);
    scene_trial(&scene, 31000);
    scene.vdus[3].min_preserved = 16;
    assert_refused(&scene, "no instance of VDU SVC may leave: 16 are in service and 16 must be preserved");
    scene_free(&scene);
}

static void test_plan_refuses_a_foreign_image(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene_find(&scene, "amf-SVC-04")->image = "nf:1.1.0";
    assert_refused(
        &scene,
        "amf-SVC-04 runs nf:1.1.0, which is neither the source image nf:1.2.0 of VDU SVC nor its target");
    scene_free(&scene);
}

static void test_plan_of_a_busy_day_goes_in_more_batches(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 60000);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    const struct fy_plan_stage *half = &plan->stages[0], *all = &plan->stages[1];
    assert_int_equal(half->moves[0].permille, 83);
    assert_int_equal(half->moves[0].batch.count, 3); /* 12 stay for 55,020 users at 80 % */
    assert_int_equal(half->moves[1].permille, 333);
    assert_int_equal(half->moves[half->count - 1].permille, 500);
    assert_true(all->count > 1 && all->moves[0].permille < 1000);
    scene_free(&scene);
}

static void test_plan_leaves_nobody_behind_within_a_tolerance(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    for (int i = 1; i <= 12; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "amf-SVC-%02d", i);
        scene_find(&scene, id)->target = true;
        scene_find(&scene, id)->image = "nf:1.3.0";
    }
    scene.order.gray.tolerance_bp = 50;
    scene_spread(&scene, "SVC", 31000, 998);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->stage_count, 1);
    assert_int_equal(plan->stages[0].permille, 1000);
    assert_int_equal(plan->stages[0].moves[0].permille, 1000);
    scene_free(&scene);
}

static void test_plan_takes_the_operators_step(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene.vdus[3].step = 2;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->step, 2);
    assert_int_equal(plan->stages[0].moves[0].batch.count, 2);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *again = NULL;
    const struct fy_plan_wishes wishes = {.step = 5};
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *faster = plan_of(&scene, &again, &wishes);
    assert_int_equal(faster->step, 5);
    assert_true(faster->duration_ms < plan->duration_ms);
    scene_free(&scene);
}

static void test_plan_straight_to_all_is_an_issu(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene.stages[0] = scene.stages[1];
    scene.order.gray.stage_count = 1;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->stage_count, 1);
    assert_int_equal(plan->stages[0].count, 2);
    assert_int_equal(plan->stages[0].moves[0].batch.count, 8); /* 7 stay: they can take everybody back */
    assert_int_equal(plan->stages[0].moves[1].permille, 1000);
    scene_free(&scene);
}

static void test_plan_counts_sessions_when_the_order_does(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 15000);
    scene.order.gray.basis = FY_BASIS_SESSIONS; /* the scene has two a user */
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->users, 30000);
    assert_int_equal(plan->stages[0].moves[0].permille, 166);
    scene_free(&scene);
}

static void test_plan_of_odd_stores_keeps_the_quorum(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    scene_add(&scene, scene_vdu(&scene, "SDB", FY_ROLE_DATA_STORAGE, true), 5, 0);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->slice_count, 1);
    assert_int_equal(plan->slice[0].count, 2);
    assert_int_equal(plan->slice[0].in_service, 3);
    assert_int_equal(plan->rest_count, 2);
    assert_int_equal(plan->rest[0].count, 2);
    assert_int_equal(plan->rest[1].count, 1);
    scene_free(&scene);
}

static void test_plan_of_several_pairs_goes_by_halves(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene);
    scene_add(&scene, scene_vdu(&scene, "LB", FY_ROLE_ACTIVE_STANDBY, true), 6, 0);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->slice_count, 1);
    assert_int_equal(plan->slice[0].count, 3);
    assert_int_equal(plan->rest_count, 1);
    assert_int_equal(plan->rest[0].switch_count, 3);
    assert_string_equal(plan->rest[0].switches[2].active, "amf-LB-06");
    assert_null(plan->rest[0].switch_to);
    scene_free(&scene);
}

static void test_plan_refuses_a_pair_it_cannot_judge(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    scene_find(&scene, "amf-OMU-02")->active = true;
    assert_refused(&scene, "amf-OMU-01 and amf-OMU-02 of pair OMU-1 both say that they are active");
    (void)strcpy(scene_find(&scene, "amf-OMU-02")->pair, "OMU-2");
    assert_refused(&scene, "pair OMU-1 of VDU OMU has only one instance");
    *scene_find(&scene, "amf-OMU-02")->pair = '\0';
    assert_refused(&scene, "the NF names no pair for amf-OMU-02 of VDU OMU");
    scene_free(&scene);
}

/* Half of a batch was done and one more was upgraded but not joined when the engine died. */
static void test_plan_made_in_the_middle_is_the_remainder(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    const char *const upgraded[] = {"amf-OMU-02", "amf-SDB-01", "amf-SDB-02",
                                    "amf-SVC-01", "amf-SVC-02", "amf-SVC-03"};
    for (size_t i = 0; i < FY_COUNT(upgraded); i++) {
        scene_find(&scene, upgraded[i])->image = "nf:1.3.0";
        scene_find(&scene, upgraded[i])->target = i < 5;
    }
    scene_find(&scene, "amf-SVC-09")->ready = false; /* no longer a reason to refuse */
    scene_spread(&scene, "SVC", 31000, 161);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_true(plan->began);
    assert_int_equal(plan->slice_count, 0);
    assert_int_equal(plan->stages[0].moves[0].permille, 322);
    assert_int_equal(plan->stages[0].moves[0].batch.count, 6);
    assert_string_equal(plan->stages[0].moves[0].batch.instances[0], "amf-SVC-03");
    scene_free(&scene);
}

static void test_plan_after_the_last_stage_is_the_rest(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    for (size_t i = 0; i < scene.count; i++)
        if (strcmp(scene.things[i].vdu, "SVC") == 0 && strcmp(scene.things[i].id, "amf-SVC-13") < 0) {
            scene.things[i].image = "nf:1.3.0";
            scene.things[i].target = true;
        }
    scene_find(&scene, "amf-OMU-02")->image = "nf:1.3.0";
    scene_find(&scene, "amf-SDB-01")->image = scene_find(&scene, "amf-SDB-02")->image = "nf:1.3.0";
    scene_spread(&scene, "SVC", 31000, 1000);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, NULL);
    assert_int_equal(plan->stage_count, 0);
    assert_int_equal(plan->rest_count, 3);
    assert_int_equal(plan->rest[0].count, 4);
    scene_free(&scene);
}

/* All is upgraded and the order is taken back: capacity on the source comes first, then users, then the rest.
 */
static void test_plan_back_moves_users_as_capacity_returns(void **state)
{
    (void)state;
    struct scene scene;
    scene_trial(&scene, 31000);
    for (size_t i = 0; i < scene.count; i++)
        if (strcmp(scene.things[i].vdu, "LB") != 0) {
            scene.things[i].image = "nf:1.3.0";
            scene.things[i].target = true;
        }
    scene_spread(&scene, "SVC", 31000, 1000);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    const struct fy_plan_wishes wishes = {.back = true};
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(&scene, &landscape, &wishes);
    assert_int_equal(plan->slice_count, 0);
    assert_int_equal(plan->stage_count, 1);
    assert_int_equal(plan->stages[0].permille, 0);
    assert_string_equal(plan->stages[0].moves[0].batch.image->ref, "nf:1.2.0");
    assert_string_equal(plan->stages[0].moves[0].batch.version, "1.2.0");
    assert_int_equal(plan->stages[0].moves[0].batch.domain, FY_SOURCE);
    assert_int_equal(plan->stages[0].moves[0].permille, 1000); /* nothing serves there yet */
    assert_true(plan->stages[0].moves[1].permille < 1000);
    assert_int_equal(plan->stages[0].moves[plan->stages[0].count - 1].permille, 0);
    scene_free(&scene);
}

static void test_landscape_refuses_contradictions(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"{\"instances\":[]}", "{\"nf\":\"a\",\"version\":\"1\",\"instances\":[{\"id\":\"svc-1\"}]}",
         "health: the NF serves with instance svc-1, which the cloud's inventory does not have"},
        {"{\"instances\":[{\"id\":\"a\",\"vdu\":\"V\",\"image\":\"i\",\"state\":\"running\"},"
         "{\"id\":\"a\",\"vdu\":\"V\",\"image\":\"i\",\"state\":\"running\"}]}",
         "{\"nf\":\"a\",\"version\":\"1\",\"instances\":[]}", "the inventory has instance a twice"},
        {"{\"instances\":[{\"id\":\"a\",\"vdu\":\"V\",\"image\":\"i\",\"state\":\"running\"}]}",
         "{\"nf\":\"a\",\"version\":\"1\",\"instances\":[{\"id\":\"a\",\"users\":-3}]}",
         "health: instance a: \"users\" is -3, which is no count"},
    };
    for (size_t i = 0; i < FY_COUNT(rows); i++) {
        struct fy_err err;
        struct fy_landscape *landscape = NULL;
        FY_AUTO(fy_json_unref)
        json_t *inventory = fy_json_parse(rows[i][0], strlen(rows[i][0]), "inventory", &err);
        FY_AUTO(fy_json_unref) json_t *health = fy_json_parse(rows[i][1], strlen(rows[i][1]), "health", &err);
        assert_false(fy_landscape_read(inventory, health, &landscape, &err));
        assert_string_equal(err.message, rows[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_of_the_trial_is_the_papers),
        cmocka_unit_test(test_plan_json_reads_back),
        cmocka_unit_test(test_plan_of_ten_thousand_instances_is_quick),
        cmocka_unit_test(test_plan_refuses_what_is_not_well_before_the_start),
        cmocka_unit_test(test_plan_refuses_a_window_that_is_too_short),
        cmocka_unit_test(test_plan_refuses_what_is_over_a_limit),
        cmocka_unit_test(test_plan_follows_the_mobility),
        cmocka_unit_test(test_plan_refuses_when_the_others_cannot_carry),
        cmocka_unit_test(test_plan_refuses_a_foreign_image),
        cmocka_unit_test(test_plan_of_a_busy_day_goes_in_more_batches),
        cmocka_unit_test(test_plan_leaves_nobody_behind_within_a_tolerance),
        cmocka_unit_test(test_plan_takes_the_operators_step),
        cmocka_unit_test(test_plan_straight_to_all_is_an_issu),
        cmocka_unit_test(test_plan_counts_sessions_when_the_order_does),
        cmocka_unit_test(test_plan_of_odd_stores_keeps_the_quorum),
        cmocka_unit_test(test_plan_of_several_pairs_goes_by_halves),
        cmocka_unit_test(test_plan_refuses_a_pair_it_cannot_judge),
        cmocka_unit_test(test_plan_made_in_the_middle_is_the_remainder),
        cmocka_unit_test(test_plan_after_the_last_stage_is_the_rest),
        cmocka_unit_test(test_plan_back_moves_users_as_capacity_returns),
        cmocka_unit_test(test_landscape_refuses_contradictions),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
