/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shipped orders on the shipped worlds, worked as gray_upgrade works them: what the planner says next,
 * proven by the checker on what the world shows, then done; the world counts who was dropped. The soaks feed
 * the judge.
 */
#include "base/mem.h"
#include "judge/judge.h"
#include "order/read.h"
#include "plan/checker.h"
#include "plan/table.h"
#include "tests/unit/simulator/hand.h"

#include <stdio.h>
#include <string.h>

#define TRIAL SOURCE_DIR "/plugins/simulator/trial/"

struct trial {
    struct hand hand;
    struct fy_order *order;
    struct fy_landscape *landscape;
    struct fy_plan *plan;
    struct fy_judge *judge;
    int64_t judged_ms;
    bool back;
    size_t acts;
};

static char *read_all(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "re");
    char *text = fy_alloc(1 << 20);
    assert_non_null(file);
    *ret_length = fread(text, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return text;
}

static void begin(struct trial *trial, const char *order_file, const char *world_file)
{
    size_t length;
    struct fy_err err = {0};
    *trial = (struct trial){0};
    FY_AUTO(fy_free_ptr) char *xml = read_all(order_file, &length);
    if (!fy_order_read(xml, length, &trial->order, NULL, &err))
        fail_msg("%s", err.message);
    FY_AUTO(fy_free_ptr) char *settings = world_file ? read_all(world_file, &length) : NULL;
    hand_take(&trial->hand, settings);
    trial->hand.now = trial->order->request.window.start_ms;
}

static void end(struct trial *trial)
{
    fy_plan_free(trial->plan);
    fy_landscape_free(trial->landscape);
    fy_judge_free(trial->judge);
    fy_order_free(trial->order);
    hand_drop(&trial->hand);
}

static json_t *ask(struct trial *trial, enum sim_part part, const char *verb, const char *args)
{
    struct sim_reply reply;
    if (hand_ask(&trial->hand, part, verb, "look", args, &reply) != FERRY_DONE)
        fail_msg("%s: %s", verb, reply.message);
    json_t *result = json_incref(reply.result);
    sim_reply_clear(&reply);
    return result;
}

static void look(struct trial *trial)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *inventory = ask(trial, SIM_VIM, "inventory", "{}");
    FY_AUTO(fy_json_unref) json_t *health = ask(trial, SIM_NF, "health", "{}");
    fy_landscape_free(trial->landscape);
    if (!fy_landscape_read(inventory, health, &trial->landscape, &err))
        fail_msg("%s", err.message);
}

static void plan_again(struct trial *trial, size_t stage)
{
    struct fy_err err = {0};
    const struct fy_plan_wishes wishes = {.first_stage = stage, .back = trial->back};
    fy_plan_free(trial->plan); /* it borrows from the landscape */
    trial->plan = NULL;
    look(trial);
    if (!fy_plan_make(trial->order, trial->landscape, &wishes, (struct fy_rtime){trial->hand.now},
                      &trial->plan, &err))
        fail_msg("%s", err.message);
}

static char *list_of(const struct fy_batch *batch)
{
    struct fy_buf list = {0};
    for (size_t i = 0; i < batch->count; i++)
        fy_buf_format(&list, "%c\"%s\"", i == 0 ? '[' : ',', batch->instances[i]);
    fy_buf_text(&list, "]");
    return fy_buf_take(&list);
}

static void wait_sync(struct trial *trial, const char *list)
{
    FY_AUTO(fy_free_ptr) char *args = fy_format("{\"instances\":%s}", list);
    for (int i = 0; i < 100; i++) {
        FY_AUTO(fy_json_unref) json_t *state = ask(trial, SIM_NF, "sync_state", args);
        if (fy_json_bool_or(state, "in_sync", false))
            return;
        hand_wait(&trial->hand, 5000);
    }
    fail_msg("%s are never in sync", list);
}

/* The batch's ids live in the landscape of the plan; what is proven right before it leaves is a fresh one. */
static void prove_leaving(struct trial *trial, const struct fy_batch *batch)
{
    struct fy_err err = {0};
    struct fy_landscape *planned = trial->landscape;
    trial->landscape = NULL;
    look(trial);
    if (!fy_check_leave(trial->order, trial->landscape, batch, &err))
        fail_msg("act %zu, leave: %s", trial->acts, err.message);
    fy_landscape_free(trial->landscape);
    trial->landscape = planned;
}

static void swap(struct trial *trial, const struct fy_batch *batch)
{
    const bool half = batch->vdu->role == FY_ROLE_OAM || batch->vdu->role == FY_ROLE_ACTIVE_STANDBY;
    FY_AUTO(fy_free_ptr) char *list = list_of(batch);
    struct hand *hand = &trial->hand;
    for (size_t i = 0; i < batch->switch_count; i++)
        hand_must(hand, SIM_NF, "switchover", "{\"pair\":\"%s\",\"active\":\"%s\"}", batch->switches[i].pair,
                  batch->switches[i].active);
    if (!half)
        hand_must(hand, SIM_NF, "drain", "{\"instances\":%s}", list);
    prove_leaving(trial, batch);
    hand_must(hand, SIM_VIM, "upgrade",
              "{\"instances\":%s,\"image\":\"%s\",\"digest\":\"%s\",\"version\":\"%s\"}", list,
              batch->image->ref, batch->image->digest, batch->version);
    if (!half)
        hand_must(hand, SIM_NF, "readmit", "{\"instances\":%s}", list);
    if (batch->vdu->role != FY_ROLE_LOAD_SHARING)
        wait_sync(trial, list);
    trial->acts++;
}

static void prove_and_swap(struct trial *trial, const struct fy_batch *batch)
{
    struct fy_err err = {0};
    if (!fy_check_batch(trial->order, trial->landscape, batch, &err))
        fail_msg("act %zu: %s", trial->acts, err.message);
    swap(trial, batch);
}

static void do_move(struct trial *trial, const struct fy_move *move)
{
    struct fy_err err = {0};
    if (!fy_check_move(trial->order, trial->landscape, move, &err))
        fail_msg("act %zu: %s", trial->acts, err.message);
    hand_must(&trial->hand, SIM_NF, "steer", "{\"permille\":%d,\"basis\":\"%s\",\"rate\":%d}",
              (int)move->permille, fy_order_basis_name(trial->order->gray.basis), (int)move->rate);
    trial->acts++;
    if (move->batch.count > 0)
        swap(trial, &move->batch);
}

static void work_stage(struct trial *trial, size_t index)
{
    for (plan_again(trial, index); trial->plan->stage_count > 0 && trial->plan->stages[0].index == index;
         plan_again(trial, index)) {
        assert_true(trial->acts < 60);
        do_move(trial, &trial->plan->stages[0].moves[0]);
    }
}

static void new_judge(struct trial *trial)
{
    struct fy_gate gates[16];
    const struct fy_order_gate *ordered = &trial->order->gate;
    for (size_t i = 0; i < ordered->kpi_count; i++)
        gates[i] = (struct fy_gate){.kpi = fy_kpi_find(ordered->kpis[i].name),
                                    .margin = ordered->kpis[i].margin_bp,
                                    .critical = ordered->kpis[i].critical};
    struct fy_judge *former = trial->judge;
    trial->judge = fy_judge_new(gates, ordered->kpi_count, ordered->period_ms, NULL);
    fy_judge_follow(trial->judge, former);
    fy_judge_free(former);
    trial->judged_ms = trial->hand.now;
}

static void feed(struct trial *trial, const json_t *tick)
{
    const struct fy_order_gate *ordered = &trial->order->gate;
    struct fy_count counts[16][2] = {{{0}}};
    struct fy_err err;
    for (size_t i = 0; i < ordered->kpi_count; i++)
        for (int d = 0; d < 2; d++) {
            const json_t *kpis = json_object_get(json_object_get(tick, d ? "target" : "source"), "kpis");
            const json_t *row = json_object_get(kpis, ordered->kpis[i].name);
            counts[i][d].users = json_integer_value(json_array_get(row, 0));
            counts[i][d].failed = json_integer_value(json_array_get(row, 1));
        }
    trial->judged_ms = fy_json_int_or(tick, "end", 0);
    assert_true(
        fy_judge_tick(trial->judge, &(struct fy_tick){.end_ms = trial->judged_ms, .counts = counts}, &err));
}

/* A soak as the engine holds it: until the judge passes, at most the order's longest. */
static void soak(struct trial *trial, const struct fy_order_stage *stage)
{
    struct fy_verdict verdict;
    do {
        hand_wait(&trial->hand, MINUTE);
        FY_AUTO(fy_free_ptr)
        char *args = fy_format("{\"after\":%lld,\"period_ms\":5000}", (long long)trial->judged_ms);
        FY_AUTO(fy_json_unref) json_t *counters = ask(trial, SIM_NF, "counters", args);
        size_t i;
        json_t *tick;
        json_array_foreach(json_object_get(counters, "ticks"), i, tick) feed(trial, tick);
        verdict = fy_judge_look(trial->judge, fy_judge_covered_ms(trial->judge) >= stage->soak_ms, NULL);
        if (verdict.kind == FY_VERDICT_ROLLBACK || verdict.kind == FY_VERDICT_HOLD)
            fail_msg("%s", verdict.sentence);
    } while (verdict.kind != FY_VERDICT_PASS && fy_judge_covered_ms(trial->judge) < stage->max_soak_ms);
    printf("%lld %%: %s\n", (long long)stage->ratio_permille / 10, verdict.sentence);
    assert_int_equal(verdict.kind, FY_VERDICT_PASS);
}

static void work_slice(struct trial *trial)
{
    for (plan_again(trial, 0); trial->plan->slice_count > 0; plan_again(trial, 0))
        prove_and_swap(trial, &trial->plan->slice[0]);
}

static void work_rest(struct trial *trial)
{
    const size_t stages = trial->order->gray.stage_count;
    for (plan_again(trial, stages); trial->plan->rest_count > 0; plan_again(trial, stages))
        prove_and_swap(trial, &trial->plan->rest[0]);
}

static void upgrade(struct trial *trial)
{
    FY_AUTO(fy_buf_free) struct fy_buf table = {0};
    struct hand *hand = &trial->hand;
    plan_again(trial, 0);
    fy_plan_table(trial->plan, &table, 130);
    printf("%s", table.data);
    hand_guards(hand, false);
    hand_must(hand, SIM_NF, "load", "{\"version\":\"1.3.0\"}");
    hand_must(hand, SIM_NF, "split", "{\"version\":\"1.3.0\"}");
    work_slice(trial);
    for (size_t i = 0; i < trial->order->gray.stage_count; i++) {
        new_judge(trial);
        work_stage(trial, i);
        soak(trial, &trial->order->gray.stages[i]);
    }
    work_rest(trial);
}

static void nobody_was_dropped(const struct trial *trial)
{
    static const char *const counters[] = {"users_dropped", "calls_dropped",
                                           "instances_upgraded_under_sessions", "ticks_source_overloaded",
                                           "ticks_target_overloaded"};
    for (size_t i = 0; i < FY_COUNT(counters); i++)
        assert_int_equal(hand_truth(&trial->hand, "counters", counters[i]), 0);
}

static void test_trial_of_the_amf_drops_nobody(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, TRIAL "amf-order.xml", NULL);
    upgrade(&trial);
    nobody_was_dropped(&trial);
    end(&trial);
}

static void test_trial_of_the_smf_drops_nobody(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, TRIAL "smf-order.xml", TRIAL "smf-world.json");
    upgrade(&trial);
    nobody_was_dropped(&trial);
    end(&trial);
}

static void test_trial_taken_back_from_the_end_drops_nobody(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, TRIAL "amf-order.xml", NULL);
    upgrade(&trial);
    trial.back = true;
    trial.acts = 0;
    work_slice(&trial);
    work_stage(&trial, 0);
    work_rest(&trial);
    nobody_was_dropped(&trial);
    assert_int_equal(hand_users(&trial.hand, "target", "5g"), 0);
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial_of_the_amf_drops_nobody),
        cmocka_unit_test(test_trial_of_the_smf_drops_nobody),
        cmocka_unit_test(test_trial_taken_back_from_the_end_drops_nobody),
    };
    return cmocka_run_group_tests_name("plan_trial", tests, NULL, NULL);
}
