/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call on its way: to the site and into the peer, and its reply on the way back. What the wire does to it
 * is the same for the process and for a program that links the world.
 */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct passing { /* a call */
    enum sim_part part;
    const struct sim_verb *verb;
    const struct ferry_call *call;
    const json_t *args;
};

static const char *peer_name(enum sim_part part)
{
    return part == SIM_VIM ? "the simulated cloud" : "the NF's manager";
}

static void lose(struct sim_reply *reply, const char *peer, const char *how)
{
    sim_reply_clear(reply);
    sim_refuse(reply, FERRY_FAILURE_TRANSIENT, "is the site reachable?", "%s: %s", peer, how);
    reply->lost = true;
}

static const char *http_words(int64_t status)
{
    static const char *const words[] = {"Internal Server Error", "Not Implemented", "Bad Gateway",
                                        "Service Unavailable", "Gateway Timeout"};
    return status >= 500 && status <= 504 ? words[status - 500] : "Server Error";
}

/* ---- there ---- */

/* False if the call does not get there, or is turned away at the door. */
static bool gets_there(struct sim_world *world, const struct passing *passing, struct sim_reply *reply)
{
    const char *verb = passing->verb->name, *peer = peer_name(passing->part);
    struct sim_trouble *trouble;
    if (world->fault[FAULT_site_cut]) {
        lose(reply, peer, "cannot be reached, the site is cut off");
        return false;
    }
    if (sim_call_fault(world, FAULT_connection_reset, passing->part, verb)) {
        lose(reply, peer, "the connection was reset");
        return false;
    }
    if ((trouble = sim_call_fault(world, FAULT_http_error, passing->part, verb))) {
        sim_refuse(reply, trouble->value == 504 ? FERRY_FAILURE_TIMEOUT : FERRY_FAILURE_TRANSIENT, NULL,
                   "%s answered HTTP %lld %s", peer, (long long)trouble->value, http_words(trouble->value));
        return false;
    }
    if ((trouble = sim_call_fault(world, FAULT_password_wrong, passing->part, verb))) {
        sim_refuse(reply, FERRY_FAILURE_REFUSED, "correct the connection's secret, then retry",
                   "%s answered HTTP %lld: the password of the connection is not accepted", peer,
                   (long long)trouble->value);
        return false;
    }
    return true;
}

/* ---- late ---- */

static struct sim_late *underway(struct sim_world *world, const char *key)
{
    for (uint32_t i = 0; i < world->late_count; i++)
        if (!world->late[i].over && world->late[i].again && strcmp(world->late[i].key, key) == 0)
            return &world->late[i];
    return NULL;
}

static void wait_for(const struct sim_world *world, const struct sim_late *late, struct sim_reply *reply)
{
    int64_t left = late->at - world->now;
    reply->status = FERRY_AGAIN;
    reply->after_ms = left < 1 ? 1 : left < 10000 ? left : 10000;
    (void)snprintf(reply->text, sizeof(reply->text), "accepted, and not begun yet");
}

static void put_off(struct sim_world *world, const struct passing *passing, const struct sim_trouble *trouble)
{
    const struct ferry_call *call = passing->call;
    world->late = sim_grow(world->late, world->late_count + 1, sizeof(*world->late));
    world->late[world->late_count] = (struct sim_late){.verb = passing->verb,
                                                       .part = passing->part,
                                                       .attempt = call->attempt,
                                                       .step = call->step,
                                                       .fence = call->fence,
                                                       .run = sim_strdup(call->run ? call->run : ""),
                                                       .key = sim_strdup(call->key),
                                                       .args = json_deep_copy(passing->args),
                                                       .at = world->now + trouble->value,
                                                       .again = trouble->again};
    sim_queue_put(&world->things, world->now + trouble->value, EV_LATE, world->late_count++, 0);
}

/* True if the call is answered here, and takes effect later. Only what has not begun can be late. */
static bool is_late(struct sim_world *world, const struct passing *passing, struct sim_reply *reply)
{
    const struct ferry_call *call = passing->call;
    if (passing->verb->look || !call->key || !call->key[0])
        return false;
    struct sim_late *late = underway(world, call->key);
    struct sim_trouble *trouble = NULL;
    if (!late && !sim_op_known(world, call->key))
        trouble = sim_call_fault(world, FAULT_late_effect, passing->part, passing->verb->name);
    if (!late && !trouble)
        return false;
    if (!sim_fence_holds(world, call, reply))
        return true;
    if (trouble)
        put_off(world, passing, trouble);
    if (late || trouble->again)
        wait_for(world, late ? late : &world->late[world->late_count - 1], reply);
    else
        sim_refuse(reply, FERRY_FAILURE_TIMEOUT, "it may take effect yet",
                   "%s did not answer within its time", peer_name(passing->part));
    return true;
}

/* It arrives like any other call: behind a newer one of its run it is refused, a second time it asks. */
void sim_late_event(struct sim_world *world, uint32_t index)
{
    struct sim_late late = world->late[index];
    struct sim_reply reply = {0};
    struct ferry_call call = {.size = sizeof(call),
                              .attempt = late.attempt,
                              .run = late.run,
                              .step = late.step,
                              .fence = late.fence,
                              .key = late.key};
    world->late[index].over = true;
    bool known = sim_op_known(world, late.key);
    if (late.part == SIM_NF && sim_pair_down(world, VDU_OMU))
        return;
    sim_ensure(world, late.verb, &call, late.args, &reply);
    bool refused = reply.status == FERRY_FAILED && reply.failure == FERRY_FAILURE_REFUSED;
    world->truth.late_refused += refused && !sim_op_known(world, late.key);
    world->truth.late_landed += !known && sim_op_known(world, late.key);
    sim_reply_clear(&reply);
}

/* ---- the whole way ---- */

static void perform(struct sim_world *world, const struct passing *passing, struct sim_reply *reply)
{
    if (passing->part == SIM_NF && sim_pair_down(world, VDU_OMU))
        sim_refuse(reply, FERRY_FAILURE_TRANSIENT, "wait for an operation and maintenance unit to come back",
                   "%s cannot be managed: both of a pair of OMUs are down", world->set.nf);
    else if (passing->part == SIM_VIM && world->set.instances)
        sim_refuse(reply, FERRY_FAILURE_PERMANENT, "give the order the connection of the real cloud",
                   "this world has no cloud: its instances are somebody else's");
    else if (passing->verb->look)
        passing->verb->look(world, passing->args, reply);
    else
        sim_ensure(world, passing->verb, passing->call, passing->args, reply);
}

void sim_wire(struct sim_world *world, enum sim_part part, const struct sim_verb *verb,
              const struct ferry_call *call, const json_t *args, struct sim_reply *reply)
{
    struct passing passing = {part, verb, call, args};
    if (!gets_there(world, &passing, reply) || is_late(world, &passing, reply))
        return;
    perform(world, &passing, reply);
    if (!verb->look && sim_call_fault(world, FAULT_reply_lost, part, verb->name))
        lose(reply, peer_name(part), "the connection was lost");
}
