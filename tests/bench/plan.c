/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a plan of 10,000 instances takes: the trial's order, widened, on a simulated world of that size.
 * Reading the landscape from the adapters' answers, the plan, and the checker on its first move are told
 * apart.
 */
#include "figures.h"

#include "base/mem.h"
#include "order/read.h"
#include "plan/checker.h"
#include "plan/plan.h"
#include "sim/world.h"

#include <string.h>

#define ORDER_FILE SOURCE_DIR "/plugins/simulator/trial/amf-order.xml"

/* With the pairs and stores of the trial 10,000 instances, half used. */
static const char world_settings[] = "{\"svc\":9992,\"svc_min\":9992,\"svc_max\":12000,\"svc_capacity\":100,"
                                     "\"users\":500000,\"hosts\":4000}";

static char *widened_order(size_t *ret_length)
{
    static const char narrow[] = "minInstances=\"16\" maxInstances=\"24\"";
    static const char wide[] = "minInstances=\"9992\" maxInstances=\"12000\"";
    FY_AUTO(fy_free_ptr) char *text = fy_alloc(1u << 16);
    FILE *file = fopen(ORDER_FILE, "re");
    if (file == NULL)
        give_up("cannot read " ORDER_FILE);
    size_t length = fread(text, 1, (1u << 16) - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    char *at = strstr(text, narrow);
    if (at == NULL)
        give_up("the trial's order has other instance limits than this program knows");
    *at = '\0';
    char *order = fy_format("%s%s%s", text, wide, at + strlen(narrow));
    *ret_length = strlen(order);
    return order;
}

static json_t *ask(struct sim_world *world, enum sim_part part, const char *verb, int64_t now_ms)
{
    struct ferry_call call = {.size = sizeof call,
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
        give_up(reply.message);
    json_t *result = json_incref(reply.result);
    sim_reply_clear(&reply);
    return result;
}

static void measure(const struct fy_order *order, json_t *inventory, json_t *health)
{
    struct fy_err err = {0};
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = NULL;
    FY_AUTO(fy_plan_free_ptr) struct fy_plan *plan = NULL;
    struct fy_rtime now = {order->request.window.start_ms};
    double begin = seconds();
    bool good = fy_landscape_read(inventory, health, &landscape, &err);
    double read = seconds();
    good = good && fy_plan_make(order, landscape, NULL, now, &plan, &err);
    double made = seconds();
    good = good && fy_check_move(order, landscape, &plan->stages[0].moves[0], &err);
    double checked = seconds();
    if (!good)
        give_up(err.message);
    figure("plan of 10,000 instances: landscape", (read - begin) * 1e3, "ms");
    figure("plan of 10,000 instances: plan", (made - read) * 1e3, "ms");
    figure("plan of 10,000 instances: check of a move", (checked - made) * 1e3, "ms");
    figure("plan of 10,000 instances", (checked - begin) * 1e3, "ms");
}

int main(void)
{
    char why[256];
    size_t length;
    struct fy_err err = {0};
    FY_AUTO(fy_order_unref) struct fy_order *order = NULL;
    FY_AUTO(fy_free_ptr) char *xml = widened_order(&length);
    if (!fy_order_read(xml, length, &order, NULL, &err))
        give_up(err.message);
    struct sim_world *world = sim_world_new(world_settings, why, sizeof why);
    if (world == NULL)
        give_up(why);
    FY_AUTO(fy_json_unref)
    json_t *inventory = ask(world, SIM_VIM, "inventory", order->request.window.start_ms);
    FY_AUTO(fy_json_unref) json_t *health = ask(world, SIM_NF, "health", order->request.window.start_ms);
    measure(order, inventory, health);
    sim_world_free(world);
    return 0;
}
