/* SPDX-License-Identifier: Apache-2.0 */
/* The orders that are shipped, planned on the worlds that are shipped. */
#include "base/mem.h"
#include "order/read.h"
#include "plan/checker.h"
#include "plan/table.h"
#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TRIAL SOURCE_DIR "/plugins/simulator/trial/"

static char *read_all(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "re");
    char *text = fy_alloc(1 << 20);
    assert_non_null(file);
    *ret_length = fread(text, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return text;
}

static json_t *ask(struct sim_world *world, enum sim_part part, const char *verb, int64_t now_ms)
{
    struct ferry_call call = {.size = sizeof(call),
                              .run = "r1",
                              .step = 1,
                              .attempt = 1,
                              .fence = 1,
                              .key = "r1/1",
                              .scale = 1,
                              .now_ms = now_ms,
                              .args = "{}"};
    struct sim_reply reply = {0};
    sim_world_call(world, part, verb, &call, &reply);
    if (reply.status != FERRY_DONE)
        fail_msg("%s: %s", verb, reply.message);
    json_t *result = json_incref(reply.result);
    sim_reply_clear(&reply);
    return result;
}

static struct fy_plan *plan_of(const char *order_file, const char *world_file, struct fy_order **order,
                               struct fy_landscape **landscape)
{
    size_t length;
    char why[256];
    struct fy_err err = {0};
    struct fy_plan *plan = NULL;
    FY_AUTO(fy_free_ptr) char *xml = read_all(order_file, &length);
    if (!fy_order_read(xml, length, order, NULL, &err))
        fail_msg("%s", err.message);
    FY_AUTO(fy_free_ptr) char *settings = world_file ? read_all(world_file, &length) : NULL;
    struct sim_world *world = sim_world_new(settings, why, sizeof(why));
    if (!world)
        fail_msg("%s", why);
    const int64_t now = (*order)->request.window.start_ms;
    FY_AUTO(fy_json_unref) json_t *inventory = ask(world, SIM_VIM, "inventory", now);
    FY_AUTO(fy_json_unref) json_t *health = ask(world, SIM_NF, "health", now);
    if (!fy_landscape_read(inventory, health, landscape, &err) ||
        !fy_plan_make(*order, *landscape, NULL, (struct fy_rtime){now}, &plan, &err))
        fail_msg("%s", err.message);
    sim_world_free(world);
    return plan;
}

static void assert_sound(const struct fy_order *order, const struct fy_landscape *landscape,
                         const struct fy_plan *plan)
{
    struct fy_err err;
    FY_AUTO(fy_buf_free) struct fy_buf table = {0};
    fy_plan_table(plan, &table, 130);
    printf("%s", table.data);
    assert_true(plan->slice_count > 0 && plan->stage_count > 0 && plan->rest_count > 0);
    for (size_t i = 0; i < plan->slice_count; i++)
        if (!fy_check_batch(order, landscape, &plan->slice[i], &err))
            fail_msg("%s", err.message);
}

static void test_plan_of_the_shipped_amf_order(void **state)
{
    (void)state;
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = plan_of(TRIAL "amf-order.xml", NULL, &order, &landscape);
    assert_sound(order, landscape, plan);
    assert_int_equal(plan->stages[0].moves[0].batch.count, 7);
}

static void test_plan_of_the_shipped_smf_order(void **state)
{
    (void)state;
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr)
    struct fy_plan *plan = plan_of(TRIAL "smf-order.xml", TRIAL "smf-world.json", &order, &landscape);
    assert_sound(order, landscape, plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_of_the_shipped_amf_order),
        cmocka_unit_test(test_plan_of_the_shipped_smf_order),
    };
    return cmocka_run_group_tests_name("plan_trial", tests, NULL, NULL);
}
