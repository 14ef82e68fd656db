/* SPDX-License-Identifier: Apache-2.0 */
/* Test subscribers: dial tests, calls that are held for hours, and the way each took through the instances.
 */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

void sim_tests_create(struct sim_world *world)
{
    size_t count = (size_t)world->set.test_subscribers;
    world->tests = sim_alloc((count + 1) * sizeof(*world->tests));
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = sim_user_new(world, SEG_5G);
        uint32_t instance = sim_least_loaded(world, world->home, SIM_NONE);
        world->tests[i] = (struct sim_test){.user = slot, .peer = SIM_NONE};
        world->users[slot].test = (uint8_t)(i + 1);
        world->users[slot].periodic = world->now + 3600000;
        sim_user_place(world, slot, instance);
        sim_user_schedule(world, slot);
    }
}

void sim_test_hop(struct sim_world *world, uint32_t slot)
{
    const struct sim_user *user = &world->users[slot];
    struct sim_test *test = &world->tests[user->test - 1];
    if (test->hop_count == test->hop_room) {
        test->hop_room = test->hop_room ? test->hop_room * 2 : 8;
        test->hops = sim_grow(test->hops, test->hop_room, sizeof(*test->hops));
    }
    test->hops[test->hop_count++] =
        (struct sim_hop){world->now, user->instance, (uint8_t)sim_place_of(world, user)};
}

/* ---- held calls ---- */

static void end_one(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    user->call_until = 0;
    if (user->test) {
        world->tests[user->test - 1].alive = false;
        world->tests[user->test - 1].peer = SIM_NONE;
    }
}

void sim_call_ended(struct sim_world *world, uint32_t slot, bool dropped)
{
    const struct sim_user *user = &world->users[slot];
    uint32_t peer = user->test ? world->tests[user->test - 1].peer : SIM_NONE;
    bool held = user->test && world->tests[user->test - 1].alive;
    world->truth.calls_dropped += dropped;
    world->truth.held_dropped += dropped && held;
    end_one(world, slot);
    if (peer != SIM_NONE)
        end_one(world, peer);
}

static void hold(struct sim_world *world, uint32_t slot, uint32_t peer)
{
    uint32_t both[2] = {slot, peer};
    for (int i = 0; i < 2; i++) {
        struct sim_user *user = &world->users[both[i]];
        struct sim_test *test = &world->tests[user->test - 1];
        user->call_until = SIM_FOREVER;
        *test = (struct sim_test){.user = test->user,
                                  .peer = both[1 - i],
                                  .held_since = world->now,
                                  .held = true,
                                  .alive = true,
                                  .hops = test->hops,
                                  .hop_count = test->hop_count,
                                  .hop_room = test->hop_room};
    }
}

/* ---- dial tests ---- */

static uint32_t test_find(const struct sim_world *world, const json_t *name)
{
    const char *ref = json_string_value(name);
    uint32_t slot = ref ? sim_user_find(world, ref) : SIM_NONE;
    return slot != SIM_NONE && world->users[slot].test ? slot : SIM_NONE;
}

static bool steered(const json_t *subscriber)
{
    const char *steer = json_string_value(json_object_get(subscriber, "steer"));
    return steer && strcmp(steer, "target") == 0;
}

/* A designated subscriber is pinned to the target and goes there at once, unless a call cannot follow. */
static bool send_to_target(struct sim_world *world, struct sim_op *op, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    if (!world->split)
        return true;
    uint32_t to = sim_move_to(world, user, TARGET);
    if (sim_least_loaded(world, TARGET, SIM_NONE) == SIM_NONE) {
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade and join one instance first",
                      "no instance serves in the target domain that could take a test subscriber");
        return false;
    }
    bool bound = sim_in_call(world, user) && world->set.mobility != FERRY_MOBILITY_LIVE;
    if (world->fault[FAULT_dial_test_misplaced])
        return true;
    user->pinned = true;
    if (user->state == USER_ATTACHED && sim_place_of(world, user) != TARGET && !bound && to != SIM_NONE)
        sim_user_move(world, slot, to);
    return true;
}

static void start_dial(struct sim_world *world, struct sim_op *op)
{
    const json_t *hold_it = json_object_get(op->args, "hold");
    json_t *subscriber;
    size_t i;
    json_array_foreach(json_object_get(op->args, "subscribers"), i, subscriber)
    {
        uint32_t slot = test_find(world, json_object_get(subscriber, "ref"));
        if (slot == SIM_NONE) {
            const char *ref = json_string_value(json_object_get(subscriber, "ref"));
            sim_op_failed(op, FERRY_FAILURE_INVALID, "the world has test-1, test-2, ... (test_subscribers)",
                          "\"%s\" is not a test subscriber", ref ? ref : "");
            return;
        }
        if (json_is_false(hold_it) && world->users[slot].call_until == SIM_FOREVER)
            sim_call_ended(world, slot, false);
        if (steered(subscriber) && !send_to_target(world, op, slot))
            return;
    }
    int64_t takes =
        (world->set.dial_ms + (int64_t)i * 1000) * world->fault[FAULT_dial_test_slow_permille] / 1000;
    sim_op_due(world, op, takes, (int64_t)i);
}

static bool service_works(struct sim_world *world, const struct sim_user *user)
{
    if (user->state != USER_ATTACHED)
        return false;
    enum sim_domain domain = sim_place_of(world, user);
    if (world->fault[FAULT_dial_test_fails] && domain == TARGET)
        return false;
    uint32_t extra = sim_extra_failures(world, user->instance, -1);
    return extra == 0 || sim_random_below(&world->random, 1000000) >= extra;
}

/* The whole of one test: does the service work, and is the subscriber where it should be? */
static json_t *test_one(struct sim_world *world, const struct sim_op *op, const json_t *subscriber,
                        const char *service)
{
    uint32_t slot = test_find(world, json_object_get(subscriber, "ref"));
    uint32_t peer = test_find(world, json_object_get(subscriber, "peer"));
    const struct sim_user *user = &world->users[slot];
    const struct sim_test *test = &world->tests[user->test - 1];
    bool voice = strcmp(service, "voice") == 0, ok = service_works(world, user);
    char detail[128] = "works";
    if (voice && test->held) {
        ok = ok && test->alive;
        (void)snprintf(detail, sizeof(detail), test->alive ? "held call is up" : "held call was lost");
    } else if (voice && peer != SIM_NONE && !service_works(world, &world->users[peer])) {
        ok = false;
        (void)snprintf(detail, sizeof(detail), "the peer cannot be reached");
    } else if (!ok) {
        (void)snprintf(detail, sizeof(detail), user->state == USER_ATTACHED ? "no answer" : "not registered");
    }
    const char *there = user->state == USER_ATTACHED ? sim_domain_names[sim_place_of(world, user)] : "none";
    const char *wanted =
        json_string_value(json_object_get(json_object_get(op->args, "expect"), "located_in"));
    bool looks = !world->fault[FAULT_dial_test_misplaced]; /* otherwise it is for Ferry to see */
    if (looks && wanted && steered(subscriber) && strcmp(wanted, there) != 0) {
        ok = false;
        (void)snprintf(detail, sizeof(detail), "found in %s, not in %s", there, wanted);
    }
    return json_pack("{s:O,s:s,s:b,s:s,s:s,s:s}", "ref", json_object_get(subscriber, "ref"), "service",
                     service, "ok", ok, "located_in", there, "instance",
                     user->state == USER_ATTACHED ? world->instances[user->instance].id : "", "detail",
                     detail);
}

/* Undesignated pairs hold their call; if everybody is designated, they do. */
static void hold_calls(struct sim_world *world, const json_t *subscribers)
{
    bool undesignated = false;
    json_t *subscriber;
    size_t i;
    json_array_foreach(subscribers, i, subscriber)
    {
        undesignated |= !steered(subscriber);
    }
    json_array_foreach(subscribers, i, subscriber)
    {
        uint32_t slot = test_find(world, json_object_get(subscriber, "ref"));
        uint32_t peer = test_find(world, json_object_get(subscriber, "peer"));
        if (peer == SIM_NONE || peer == slot || (undesignated && steered(subscriber)))
            continue;
        bool free_now =
            world->users[slot].call_until != SIM_FOREVER && world->users[peer].call_until != SIM_FOREVER;
        if (free_now && service_works(world, &world->users[slot]) &&
            service_works(world, &world->users[peer]))
            hold(world, slot, peer);
    }
}

static void due_dial(struct sim_world *world, struct sim_op *op)
{
    json_t *tests = json_array(), *subscriber, *service;
    const json_t *subscribers = json_object_get(op->args, "subscribers");
    size_t i, j;
    if (json_is_true(json_object_get(op->args, "hold")))
        hold_calls(world, subscribers);
    json_array_foreach(subscribers, i, subscriber)
    {
        json_array_foreach(json_object_get(subscriber, "services"), j, service)
        {
            json_array_append_new(tests, test_one(world, op, subscriber, json_string_value(service)));
        }
    }
    sim_op_done(op, json_pack("{s:o}", "tests", tests));
}

/* ---- trace ---- */

static json_t *path_json(const struct sim_world *world, const struct sim_user *user)
{
    json_t *path = json_array();
    const struct sim_test *test = user->test ? &world->tests[user->test - 1] : NULL;
    for (size_t i = 0; test && i < test->hop_count; i++)
        json_array_append_new(path, json_pack("{s:I,s:s,s:s}", "at", (json_int_t)test->hops[i].at, "instance",
                                              world->instances[test->hops[i].instance].id, "domain",
                                              sim_domain_names[test->hops[i].domain]));
    if (!test && user->state == USER_ATTACHED)
        json_array_append_new(path, json_pack("{s:I,s:s,s:s}", "at", (json_int_t)user->since, "instance",
                                              world->instances[user->instance].id, "domain",
                                              sim_domain_names[sim_place_of(world, user)]));
    return path;
}

json_t *sim_world_trace(const struct sim_world *world, const char *subscriber)
{
    uint32_t slot = sim_user_find(world, subscriber);
    if (slot == SIM_NONE)
        return NULL;
    const struct sim_user *user = &world->users[slot];
    bool attached = user->state == USER_ATTACHED;
    json_t *trace =
        json_pack("{s:s,s:b,s:s,s:s,s:I}", "subscriber", subscriber, "attached", attached, "domain",
                  attached ? sim_domain_names[sim_place_of(world, user)] : "none", "instance",
                  attached ? world->instances[user->instance].id : "", "since", (json_int_t)user->since);
    const struct sim_test *test = user->test ? &world->tests[user->test - 1] : NULL;
    if (test && test->held) {
        char peer[16] = "";
        if (test->peer != SIM_NONE)
            (void)snprintf(peer, sizeof(peer), "test-%u", world->users[test->peer].test);
        json_object_set_new(trace, "held_call",
                            json_pack("{s:I,s:s,s:b}", "since", (json_int_t)test->held_since, "peer", peer,
                                      "alive", test->alive));
    }
    json_object_set_new(trace, "path", path_json(world, user));
    return trace;
}

static void look_trace(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    const char *subscriber = json_string_value(json_object_get(args, "subscriber"));
    json_t *trace = subscriber ? sim_world_trace(world, subscriber) : NULL;
    if (trace)
        sim_answer(reply, trace);
    else
        sim_refuse(reply, FERRY_FAILURE_PERMANENT, "test-1 ... or a SUPI that is attached",
                   "no subscriber \"%s\"", subscriber ? subscriber : "");
}

const struct sim_verb sim_verbs_dial[] = {
    {"dial_test", SIM_NF, NULL, start_dial, NULL, due_dial},
    {"trace", SIM_NF, look_trace, NULL, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
