/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random orders in random worlds, walked to the end as a workflow would: take the first thing of the plan,
 * have the checker prove it, do it, plan again. FERRY_SEED=N repeats one world.
 */
#include "base/mem.h"
#include "plan/checker.h"
#include "tests/unit/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORLDS 1000

struct walk {
    struct scene scene;
    uint64_t seed, luck;
    size_t instances, done; /* acts so far */
    int64_t drift;          /* the users vary by so many permille between acts */
    bool back;              /* towards the source */
};

static int64_t pick(struct walk *walk, int64_t least, int64_t most)
{
    uint64_t z = (walk->luck += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return least + (int64_t)((z ^ (z >> 31)) % (uint64_t)(most - least + 1));
}

static void make_stages(struct walk *walk)
{
    int64_t ratio = 0;
    size_t count = 0;
    while (ratio < 1000) {
        ratio = count == 3 ? 1000 : pick(walk, ratio + 1, 1000);
        walk->scene.stages[count++] = (struct fy_order_stage){.ratio_permille = ratio, .soak_ms = MINUTE};
    }
    walk->scene.order.gray.stage_count = count;
}

static void make_service(struct walk *walk, const char *id)
{
    struct scene *scene = &walk->scene;
    struct fy_order_vdu *vdu = scene_vdu(scene, id, FY_ROLE_LOAD_SHARING, pick(walk, 0, 9) > 0);
    const int64_t count = pick(walk, 2, 40), capacity = pick(walk, 10, 7000);
    scene_add(scene, vdu, (size_t)count, capacity);
    if (pick(walk, 0, 3) == 0)
        for (size_t i = scene->count - (size_t)count; i < scene->count; i++)
            scene->things[i].capacity = pick(walk, capacity / 2, capacity * 2);
    vdu->step = pick(walk, 0, 2) == 0 ? pick(walk, 1, 12) : 0;
    vdu->min_preserved = pick(walk, 0, 1) ? pick(walk, 0, count - 1) : FY_ABSENT;
    scene_spread(scene, id, count * capacity * pick(walk, 0, 85) / 100, 0);
}

static void make_world(struct walk *walk)
{
    struct scene *scene = &walk->scene;
    walk->luck = walk->seed * 7919;
    scene_begin(scene);
    scene->order.limits.min_headroom_permille = pick(walk, 0, 4) * 100;
    scene->order.request.window.end_ms = scene->order.request.window.latest_rollback_end_ms =
        START + 2000 * HOUR;
    make_stages(walk);
    scene_add(scene, scene_vdu(scene, "OMU", FY_ROLE_OAM, pick(walk, 0, 1)), 2, 0);
    scene_add(scene, scene_vdu(scene, "LB", FY_ROLE_ACTIVE_STANDBY, pick(walk, 0, 1)),
              2 * (size_t)pick(walk, 1, 4), 0);
    struct fy_order_vdu *sdb = scene_vdu(scene, "SDB", FY_ROLE_DATA_STORAGE, pick(walk, 0, 1));
    const int64_t stores = pick(walk, 2, 9);
    sdb->min_preserved = pick(walk, 0, 1) ? pick(walk, 0, stores - 1) : FY_ABSENT;
    scene_add(scene, sdb, (size_t)stores, 0);
    make_service(walk, "SVC");
    if (pick(walk, 0, 3) == 0)
        make_service(walk, "SIG");
    for (size_t i = 0; i < scene->count; i++) /* whichever half is active */
        if (*scene->things[i].pair != '\0' && i % 2 == 0 && pick(walk, 0, 1)) {
            scene->things[i].active = false;
            scene->things[i + 1].active = true;
        }
    walk->instances = scene->count;
}

static void must(const struct walk *walk, bool ok, const struct fy_err *err, const char *what)
{
    if (!ok)
        fail_msg("seed %llu, act %zu, %s: %s", (unsigned long long)walk->seed, walk->done, what,
                 err->message);
}

/* No instance has more users than it can carry (but for rounding when they are spread), and one half of each
 * pair is active and there. */
static void look_around(const struct walk *walk)
{
    for (size_t i = 0; i < walk->scene.count; i++) {
        const struct thing *thing = &walk->scene.things[i];
        if (thing->users > thing->capacity + 1)
            fail_msg("seed %llu, act %zu: %s has %lld users, carries %lld", (unsigned long long)walk->seed,
                     walk->done, thing->id, (long long)thing->users, (long long)thing->capacity);
        if (*thing->pair != '\0' && i + 1 < walk->scene.count && strcmp(thing->pair, thing[1].pair) == 0)
            assert_true((thing->active && !thing->leaving) || (thing[1].active && !thing[1].leaving));
    }
}

static void change_users(struct walk *walk)
{
    if (walk->drift == 0)
        return;
    for (size_t i = 0; i < walk->scene.count; i++) {
        struct thing *thing = &walk->scene.things[i];
        thing->users = thing->users * (1000 - pick(walk, 0, walk->drift)) / 1000;
    }
}

static void act(struct walk *walk, const struct fy_batch *batch)
{
    struct fy_err err;
    walk->done++;
    if (batch->count == 0)
        return;
    scene_drain(&walk->scene, batch);
    look_around(walk);
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(&walk->scene);
    must(walk, fy_check_leave(&walk->scene.order, landscape, batch, &err), &err, "leave");
    scene_upgrade(&walk->scene, batch);
    look_around(walk);
    change_users(walk);
}

/* The first move of a stage, or NULL when it is reached. */
static const struct fy_move *first_move(const struct fy_plan *plan, size_t stage)
{
    for (size_t i = 0; i < plan->stage_count; i++)
        if (plan->stages[i].index == stage && plan->stages[i].count > 0)
            return &plan->stages[i].moves[0];
    return NULL;
}

/* One round: plan, take what comes first, check, act. False: nothing is left of this part. */
static bool round_of(struct walk *walk, size_t *stage)
{
    struct fy_err err;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = NULL;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(&walk->scene);
    const struct fy_order *order = &walk->scene.order;
    const struct fy_plan_wishes wishes = {.first_stage = *stage, .back = walk->back};
    must(walk, scene_plan(&walk->scene, landscape, &wishes, &plan, &err), &err, "plan again");
    const struct fy_batch *batch = plan->slice_count > 0 ? plan->slice : NULL;
    if (!batch && *stage < (walk->back ? 1 : order->gray.stage_count)) {
        const struct fy_move *move = first_move(plan, *stage);
        if (!move)
            return ++*stage;
        must(walk, fy_check_move(order, landscape, move, &err), &err, "move");
        scene_steer(&walk->scene, move->permille);
        look_around(walk);
        act(walk, &move->batch);
        return true;
    }
    if (!batch && plan->rest_count == 0)
        return false;
    batch = batch ? batch : plan->rest;
    must(walk, fy_check_batch(order, landscape, batch, &err), &err, "batch");
    act(walk, batch);
    return true;
}

static bool starts(struct walk *walk)
{
    struct fy_err err;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = NULL;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = scene_look(&walk->scene);
    const bool ok = scene_plan(&walk->scene, landscape, NULL, &plan, &err);
    assert_true(ok || (err.kind == FY_ERR_REFUSED && err.hint[0] != '\0'));
    return ok;
}

/* To the end, or until so many acts were done. */
static void walk_on(struct walk *walk, size_t acts)
{
    size_t stage = 0;
    walk->done = 0;
    while (walk->done < acts && round_of(walk, &stage))
        if (walk->done > 3 * walk->instances + 20)
            fail_msg("seed %llu: still not done after %zu acts", (unsigned long long)walk->seed, walk->done);
}

static void all_run(const struct walk *walk, const char *image)
{
    for (size_t i = 0; i < walk->scene.count; i++) {
        const struct thing *thing = &walk->scene.things[i];
        if (!fy_order_vdu_unchanged(fy_order_find_vdu(&walk->scene.order, thing->vdu)))
            assert_string_equal(thing->image, image);
    }
}

enum way { THERE, THERE_WITH_DRIFT, AND_BACK };

static bool walk_one(uint64_t seed, enum way way)
{
    struct walk walk = {.seed = seed, .drift = way == THERE_WITH_DRIFT ? 10 : 0};
    make_world(&walk);
    const bool started = starts(&walk);
    if (started && way == AND_BACK) {
        walk_on(&walk, (size_t)pick(&walk, 1, 25)); /* often to the end */
        walk.back = true;
        walk_on(&walk, SIZE_MAX);
        all_run(&walk, "nf:1.2.0");
    } else if (started) {
        walk_on(&walk, SIZE_MAX);
        all_run(&walk, "nf:1.3.0");
    }
    scene_free(&walk.scene);
    return started;
}

static void walk_many(enum way way)
{
    const char *seed = getenv("FERRY_SEED");
    const uint64_t from = seed ? strtoull(seed, NULL, 10) : 1;
    size_t walked = 0;
    for (uint64_t i = from; i < from + (seed ? 1 : WORLDS); i++)
        walked += walk_one(i, way);
    printf("seeds %llu and on: %zu worlds walked to the end, the others refused before the start\n",
           (unsigned long long)from, walked);
    assert_true(seed || walked > WORLDS / 3);
}

static void test_walk_ends_and_every_batch_passes_the_checker(void **state)
{
    (void)state;
    walk_many(THERE);
}

static void test_walk_ends_while_users_leave(void **state)
{
    (void)state;
    walk_many(THERE_WITH_DRIFT);
}

static void test_walk_goes_back_from_wherever_it_stands(void **state)
{
    (void)state;
    walk_many(AND_BACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_ends_and_every_batch_passes_the_checker),
        cmocka_unit_test(test_walk_ends_while_users_leave),
        cmocka_unit_test(test_walk_goes_back_from_wherever_it_stands),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
