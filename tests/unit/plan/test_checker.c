/* SPDX-License-Identifier: Apache-2.0 */
/* Broken batches and moves, each refused with its own sentence. The planner is not asked: these are by hand.
 */
#include "plan/checker.h"

#include "base/mem.h"
#include "tests/unit/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef bool check(const struct fy_order *order, const struct fy_landscape *landscape,
                   const struct fy_batch *batch, struct fy_err *err);

static int set_up(void **state)
{
    struct scene *scene = FY_NEW(struct scene);
    scene_trial(scene, 31000);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    scene_free(*state);
    free(*state);
    return 0;
}

static struct fy_batch batch_of(struct scene *scene, const char *vdu, const char **ids, size_t count)
{
    const struct fy_order_vdu *of = fy_order_find_vdu(&scene->order, vdu);
    return (struct fy_batch){.vdu = of, .image = &of->target, .instances = ids, .count = count};
}

static void assert_passes(struct scene *scene, check *prove, const struct fy_batch *batch)
{
    struct fy_err err = {0};
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(scene);
    if (!prove(&scene->order, landscape, batch, &err))
        fail_msg("refused: %s", err.message);
}

static void assert_refuses(struct scene *scene, check *prove, const struct fy_batch *batch,
                           const char *sentence)
{
    struct fy_err err = {0};
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(scene);
    assert_false(prove(&scene->order, landscape, batch, &err));
    assert_int_equal(err.kind, FY_ERR_REFUSED);
    assert_int_not_equal(err.hint[0], 0);
    assert_string_equal(err.message, sentence);
}

static void test_checker_lets_a_sound_batch_pass(void **state)
{
    struct scene *scene = *state;
    const char *omu[] = {"amf-OMU-02"}, *sdb[] = {"amf-SDB-01", "amf-SDB-02"}, *svc[] = {"amf-SVC-01"};
    const struct fy_batch batches[] = {batch_of(scene, "OMU", omu, 1), batch_of(scene, "SDB", sdb, 2),
                                       batch_of(scene, "SVC", svc, 1)};
    for (size_t i = 0; i < FY_COUNT(batches); i++)
        assert_passes(scene, fy_check_batch, &batches[i]);
}

static void test_checker_refuses_both_halves_of_a_pair(void **state)
{
    const char *ids[] = {"amf-OMU-01", "amf-OMU-02"};
    const struct fy_batch batch = batch_of(*state, "OMU", ids, 2);
    assert_refuses(*state, fy_check_batch, &batch,
                   "amf-OMU-01 and amf-OMU-02 are both halves of pair OMU-1: one of them must stay");
}

static void test_checker_refuses_an_active_half_without_a_switch(void **state)
{
    const char *ids[] = {"amf-OMU-01"};
    struct fy_batch batch = batch_of(*state, "OMU", ids, 1);
    assert_refuses(*state, fy_check_batch, &batch,
                   "amf-OMU-01 is the active half of pair OMU-1 and the batch does not switch to amf-OMU-02");
    struct fy_switch to = {"OMU-1", "amf-OMU-02"};
    batch.switches = &to;
    batch.switch_count = 1;
    assert_passes(*state, fy_check_batch, &batch);
    assert_refuses(*state, fy_check_leave, &batch, "amf-OMU-01 is still the active half of pair OMU-1");
    scene_find(*state, "amf-OMU-02")->in_sync = false;
    assert_refuses(*state, fy_check_batch, &batch,
                   "amf-OMU-01 cannot leave: its mate amf-OMU-02 of pair OMU-1 is not in sync");
}

static void test_checker_refuses_a_half_whose_mate_is_gone(void **state)
{
    const char *ids[] = {"amf-OMU-02"};
    const struct fy_batch batch = batch_of(*state, "OMU", ids, 1);
    scene_find(*state, "amf-OMU-01")->ready = false;
    assert_refuses(*state, fy_check_batch, &batch,
                   "amf-OMU-02 cannot leave: its mate amf-OMU-01 of pair OMU-1 is not in service");
}

static void test_checker_refuses_halves_on_one_host(void **state)
{
    const char *ids[] = {"amf-OMU-02"};
    const struct fy_batch batch = batch_of(*state, "OMU", ids, 1);
    (void)strcpy(scene_find(*state, "amf-OMU-02")->host, "host-0");
    assert_refuses(
        *state, fy_check_batch, &batch,
        "amf-OMU-01 and amf-OMU-02 of VDU OMU are both on host host-0, and the order wants them apart");
}

static void test_checker_refuses_stores_below_the_quorum(void **state)
{
    struct scene *scene = *state;
    const char *ids[] = {"amf-SDB-01", "amf-SDB-02", "amf-SDB-03"};
    const struct fy_batch batch = batch_of(scene, "SDB", ids, 3);
    assert_refuses(scene, fy_check_batch, &batch,
                   "1 instances of VDU SDB would stay in service of 4, and 2 must be preserved");
    scene->vdus[2].min_preserved = 0;
    assert_refuses(scene, fy_check_batch, &batch,
                   "1 of 4 stores of VDU SDB would stay in service, and the quorum is 2");
}

static void test_checker_refuses_stores_while_another_one_is_behind(void **state)
{
    const char *ids[] = {"amf-SDB-01", "amf-SDB-02"};
    const struct fy_batch batch = batch_of(*state, "SDB", ids, 2);
    scene_find(*state, "amf-SDB-04")->in_sync = false;
    assert_refuses(*state, fy_check_batch, &batch, "amf-SDB-04, a store that would stay, is not in sync");
}

static const char *services[] = {"amf-SVC-01", "amf-SVC-02", "amf-SVC-03", "amf-SVC-04",
                                 "amf-SVC-05", "amf-SVC-06", "amf-SVC-07", "amf-SVC-08",
                                 "amf-SVC-09", "amf-SVC-10", "amf-SVC-11"};

static void test_checker_refuses_too_many_at_once(void **state)
{
    struct scene *scene = *state;
    const struct fy_batch batch = batch_of(scene, "SVC", services, 10),
                          eleven = batch_of(scene, "SVC", services, 11);
    assert_refuses(scene, fy_check_batch, &batch,
                   "the source domain of VDU SVC would have 31000 users on 6 instances that carry 30000 at "
                   "80 % utilisation");
    assert_refuses(scene, fy_check_batch, &eleven,
                   "5 instances of VDU SVC would stay in service of 16, and 6 must be preserved");
}

static void test_checker_lets_the_last_empty_one_leave_whatever_the_other_domain_carries(void **state)
{
    struct scene *scene = *state;
    const struct fy_batch batch = batch_of(scene, "SVC", services, 1);
    for (size_t i = 0; i < scene->count; i++) {
        struct thing *thing = &scene->things[i];
        if (strcmp(thing->vdu, "SVC") != 0 || strcmp(thing->id, services[0]) == 0)
            continue;
        thing->target = true;
        thing->users = 5002; /* of 6,250, and 80 % are allowed */
    }
    scene_find(scene, services[0])->users = 0;
    assert_passes(scene, fy_check_batch, &batch);
}

static void test_checker_refuses_what_still_serves(void **state)
{
    struct scene *scene = *state;
    const struct fy_batch batch = batch_of(scene, "SVC", services, 1);
    assert_refuses(scene, fy_check_leave, &batch, "amf-SVC-01 still serves 1937 users with 3874 sessions");
    scene_drain(scene, &batch);
    assert_passes(scene, fy_check_leave, &batch);
}

static void test_checker_refuses_what_does_not_belong(void **state)
{
    struct scene *scene = *state;
    const char *unknown[] = {"amf-SVC-99"}, *twice[] = {"amf-SVC-01", "amf-SVC-01"}, *lb[] = {"amf-LB-01"};
    const struct fy_batch batches[] = {batch_of(scene, "SVC", unknown, 1), batch_of(scene, "SVC", twice, 2),
                                       batch_of(scene, "SVC", lb, 1), batch_of(scene, "LB", lb, 1),
                                       batch_of(scene, "SVC", lb, 0)};
    assert_refuses(scene, fy_check_batch, &batches[0], "amf-SVC-99 is not in the inventory");
    assert_refuses(scene, fy_check_batch, &batches[1], "amf-SVC-01 is in the batch twice");
    assert_refuses(scene, fy_check_batch, &batches[2],
                   "amf-LB-01 belongs to VDU LB, not to VDU SVC of the batch");
    assert_refuses(scene, fy_check_batch, &batches[3], "source and target image of VDU LB are the same");
    assert_refuses(scene, fy_check_batch, &batches[4], "the batch is empty");
}

static void assert_move_refused(struct scene *scene, const struct fy_move *move, const char *sentence)
{
    struct fy_err err = {0};
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(scene);
    assert_false(fy_check_move(&scene->order, landscape, move, &err));
    assert_string_equal(err.message, sentence);
}

static void test_checker_refuses_a_share_that_does_not_fit(void **state)
{
    struct scene *scene = *state;
    struct fy_err err = {0};
    assert_move_refused(
        scene, &(struct fy_move){.permille = 100},
        "3100 users would be in the target domain of VDU SVC with no instance there to serve them");
    const struct fy_batch first = batch_of(scene, "SVC", services, 1),
                          more = batch_of(scene, "SVC", services + 1, 10);
    scene_drain(scene, &first);
    scene_upgrade(scene, &first);
    assert_move_refused(scene, &(struct fy_move){.permille = 162},
                        "the target domain of VDU SVC would have 5022 users on 1 instances that carry 5000 "
                        "at 80 % utilisation");
    assert_move_refused(scene, &(struct fy_move){.permille = 161, .batch = more},
                        "the source domain of VDU SVC would have 26009 users on 5 instances that carry 25000 "
                        "at 80 % utilisation");
    assert_move_refused(scene, &(struct fy_move){.permille = 1001}, "a share of 1001 permille is no share");
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(scene);
    assert_true(fy_check_move(&scene->order, landscape, &(struct fy_move){.permille = 161}, &err));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_checker_lets_a_sound_batch_pass),
        CASE(test_checker_refuses_both_halves_of_a_pair),
        CASE(test_checker_refuses_an_active_half_without_a_switch),
        CASE(test_checker_refuses_a_half_whose_mate_is_gone),
        CASE(test_checker_refuses_halves_on_one_host),
        CASE(test_checker_refuses_stores_below_the_quorum),
        CASE(test_checker_refuses_stores_while_another_one_is_behind),
        CASE(test_checker_refuses_too_many_at_once),
        CASE(test_checker_lets_the_last_empty_one_leave_whatever_the_other_domain_carries),
        CASE(test_checker_refuses_what_still_serves),
        CASE(test_checker_refuses_what_does_not_belong),
        CASE(test_checker_refuses_a_share_that_does_not_fit),
    };
    return cmocka_run_group_tests_name("checker", tests, NULL, NULL);
}
