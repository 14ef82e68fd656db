/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's plan of the trial's order, every batch of it checked, carried out on the world: nobody is
 * dropped, each domain always carries its users, and the ratio is reached, on many seeds.
 */
#include "hand.h"

#include "base/mem.h"
#include "order/read.h"
#include "plan/checker.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 20

struct trial {
    struct hand hand;
    struct fy_order *order;
    struct fy_landscape *landscape;
    struct fy_plan *plan;
    size_t stage; /* stages before it are behind us */
    int seed;
};

static void read_order(struct trial *trial, const char *name)
{
    char path[512];
    struct fy_err err;
    (void)snprintf(path, sizeof(path), SOURCE_DIR "/plugins/simulator/trial/%s", name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t got = file ? getdelim(&text, &room, '\0', file) : -1;
    assert_true(got > 0);
    (void)fclose(file);
    if (!fy_order_read(text, (size_t)got, &trial->order, NULL, &err))
        fail_msg("%s: %s", name, err.message);
    free(text);
}

static void forget_plan(struct trial *trial)
{
    fy_plan_free(trial->plan);
    fy_landscape_free(trial->landscape);
    trial->plan = NULL;
    trial->landscape = NULL;
}

static json_t *look(struct trial *trial, enum sim_part part, const char *verb)
{
    struct sim_reply reply;
    assert_int_equal(hand_do(&trial->hand, part, verb, &reply, "{}"), FERRY_DONE);
    json_t *result = json_incref(reply.result);
    sim_reply_clear(&reply);
    return result;
}

static void plan_again(struct trial *trial)
{
    struct fy_err err;
    struct fy_plan_wishes wishes = {.first_stage = trial->stage};
    forget_plan(trial);
    json_t *inventory = look(trial, SIM_VIM, "inventory"), *health = look(trial, SIM_NF, "health");
    if (!fy_landscape_read(inventory, health, &trial->landscape, &err) ||
        !fy_plan_make(trial->order, trial->landscape, &wishes, (struct fy_rtime){trial->hand.now},
                      &trial->plan, &err))
        fail_msg("seed %d: %s", trial->seed, err.message);
    json_decref(inventory);
    json_decref(health);
}

static void wait_sync(struct trial *trial)
{
    for (int tries = 0; tries < 100; tries++) {
        json_t *state = look(trial, SIM_NF, "sync_state");
        bool in_sync = json_is_true(json_object_get(state, "in_sync"));
        json_decref(state);
        if (in_sync)
            return;
        hand_wait(&trial->hand, 5000);
    }
    fail_msg("seed %d: never in sync", trial->seed);
}

static void swap(struct trial *trial, const struct fy_batch *batch)
{
    char list[2048] = "";
    size_t used = 0;
    const struct fy_order_vdu *vdu = batch->vdu;
    if (batch->count == 0)
        return;
    for (size_t i = 0; i < batch->count; i++)
        used +=
            (size_t)snprintf(list + used, sizeof(list) - used, "%s\"%s\"", i ? "," : "", batch->instances[i]);
    for (size_t i = 0; i < batch->switch_count; i++)
        hand_must(&trial->hand, SIM_NF, "switchover", "{\"pair\":\"%s\",\"active\":\"%s\"}",
                  batch->switches[i].pair, batch->switches[i].active);
    hand_must(&trial->hand, SIM_NF, "drain", "{\"instances\":[%s]}", list);
    hand_must(&trial->hand, SIM_VIM, "upgrade",
              "{\"instances\":[%s],\"image\":\"%s\",\"digest\":\"%s\",\"version\":\"%s\"}", list,
              vdu->target.ref, vdu->target.digest, trial->order->request.target.version);
    hand_must(&trial->hand, SIM_NF, "join", "{\"instances\":[%s],\"domain\":\"target\"}", list);
    wait_sync(trial);
}

static void do_batch(struct trial *trial, const struct fy_batch *batch)
{
    struct fy_err err;
    if (!fy_check_batch(trial->order, trial->landscape, batch, &err))
        fail_msg("seed %d: %s", trial->seed, err.message);
    swap(trial, batch);
}

/* Users first, then the instances they left; checked as one. */
static void do_move(struct trial *trial, const struct fy_move *move)
{
    struct fy_err err;
    if (!fy_check_move(trial->order, trial->landscape, move, &err))
        fail_msg("seed %d: %s", trial->seed, err.message);
    hand_steer(&trial->hand, (int)move->permille, (int)move->rate);
    swap(trial, &move->batch);
}

static bool next_move(struct trial *trial)
{
    plan_again(trial);
    for (size_t i = 0; i < trial->plan->stage_count; i++) {
        if (trial->plan->stages[i].index != trial->stage || trial->plan->stages[i].count == 0)
            continue;
        do_move(trial, &trial->plan->stages[i].moves[0]);
        return true;
    }
    return false;
}

static void expect_ratio(const struct trial *trial, const char *segment, int64_t permille, int64_t tolerance)
{
    int64_t target = hand_users(&trial->hand, "target", segment);
    int64_t all = target + hand_users(&trial->hand, "source", segment);
    int64_t off = target * 10000 - permille * 10 * all;
    if ((off < 0 ? -off : off) > tolerance * all)
        fail_msg("seed %d, %s: %lld of %lld are no %lld permille", trial->seed, segment, (long long)target,
                 (long long)all, (long long)permille);
}

static void expect_sessions(struct trial *trial, int64_t permille)
{
    json_t *health = look(trial, SIM_NF, "health");
    json_int_t source = 0, target = 0;
    assert_int_equal(json_unpack(health, "{s:{s:{s:I},s:{s:I}}}", "domains", "source", "sessions", &source,
                                 "target", "sessions", &target),
                     0);
    json_decref(health);
    int64_t off = target * 1000 - permille * (source + target);
    if ((off < 0 ? -off : off) > 5 * (source + target)) /* half a point of some 24,000 */
        fail_msg("seed %d: %lld of %lld sessions are no %lld permille", trial->seed, (long long)target,
                 (long long)(source + target), (long long)permille);
}

static void do_stages(struct trial *trial)
{
    for (trial->stage = 0; trial->stage < trial->order->gray.stage_count; trial->stage++) {
        int moves = 0;
        while (next_move(trial))
            if (++moves > 50)
                fail_msg("seed %d: stage %zu never ends", trial->seed, trial->stage);
        hand_wait(&trial->hand, 15 * MINUTE);
        int64_t ratio = trial->order->gray.stages[trial->stage].ratio_permille;
        if (trial->order->gray.basis == FY_BASIS_SESSIONS) {
            expect_sessions(trial, ratio);
            continue;
        }
        expect_ratio(trial, "5g", ratio, 50);
        expect_ratio(trial, "4g", ratio, 170); /* 3,300 users: two standard errors */
    }
}

static void carry_out(struct trial *trial)
{
    struct hand *hand = &trial->hand;
    hand_guards(hand, false);
    for (size_t i = 0; i < trial->order->vdu_count; i++)
        hand_must(hand, SIM_VIM, "stage_image",
                  "{\"images\":[{\"vdu\":\"%s\",\"ref\":\"%s\",\"digest\":\"%s\"}]}",
                  trial->order->vdus[i].vdu_id, trial->order->vdus[i].target.ref,
                  trial->order->vdus[i].target.digest);
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    for (plan_again(trial); trial->plan->slice_count > 0; plan_again(trial))
        do_batch(trial, &trial->plan->slice[0]);
    hand_must(hand, SIM_NF, "dial_test",
              "{\"subscribers\":[{\"ref\":\"test-3\",\"steer\":\"none\",\"peer\":\"test-4\",\"services\":["
              "\"voice\"]},"
              "{\"ref\":\"test-4\",\"steer\":\"none\",\"peer\":\"test-3\",\"services\":[\"voice\"]}],"
              "\"hold\":true}");
    do_stages(trial);
    for (plan_again(trial); trial->plan->rest_count > 0; plan_again(trial))
        do_batch(trial, &trial->plan->rest[0]);
    hand_must(hand, SIM_NF, "join", "{\"all\":true}");
    hand_wait(hand, 5 * MINUTE);
}

static void expect_unharmed(const struct trial *trial)
{
    static const char *const none[] = {"users_dropped",
                                       "calls_dropped",
                                       "users_disturbed",
                                       "instances_upgraded_under_sessions",
                                       "actives_upgraded_without_switchover",
                                       "pairs_down",
                                       "storage_down",
                                       "ticks_source_overloaded",
                                       "ticks_target_overloaded",
                                       "healing_interferences",
                                       "scaling_interferences",
                                       "keys_repeated"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (hand_truth(&trial->hand, "counters", none[i]) != 0)
            fail_msg("seed %d: %s is %lld", trial->seed, none[i],
                     (long long)hand_truth(&trial->hand, "counters", none[i]));
    assert_int_equal(hand_truth(&trial->hand, "counters", "held_calls_alive"), 1);
    for (int i = 3; i <= 4; i++) { /* the held call went from one instance to another */
        char name[32];
        (void)snprintf(name, sizeof(name), "test-%d", i);
        json_t *trace = sim_world_trace(trial->hand.world, name);
        const json_t *first = json_array_get(json_object_get(trace, "path"), 0);
        assert_string_not_equal(json_string_value(json_object_get(first, "instance")),
                                json_string_value(json_object_get(trace, "instance")));
        json_decref(trace);
    }
    assert_int_equal(hand_users(&trial->hand, "source", "5g"), 0);
}

static void run_trial(const char *order, const char *more, int seed)
{
    struct trial trial = {.seed = seed};
    char settings[256];
    (void)snprintf(settings, sizeof(settings), "{\"seed\":%d%s}", seed, more);
    hand_take(&trial.hand, settings);
    read_order(&trial, order);
    carry_out(&trial);
    expect_unharmed(&trial);
    forget_plan(&trial);
    fy_order_free(trial.order);
    hand_drop(&trial.hand);
}

static void test_the_planned_trial_harms_nobody_on_any_seed(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++)
        run_trial("amf-order.xml", "", seed);
}

static void test_the_planned_smf_upgrade_harms_nobody(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 5; seed++)
        run_trial("smf-order.xml", ",\"shape\":\"SMF\",\"users\":12000", seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_planned_trial_harms_nobody_on_any_seed),
        cmocka_unit_test(test_the_planned_smf_upgrade_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
