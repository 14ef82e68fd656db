/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations: an idempotency key is remembered for ever with what came of it, so that asking again finds
 * out and changes nothing. The fence of a run only rises: an engine that was taken over is refused.
 */
#include "sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_op_failed(struct sim_op *op, enum ferry_failure failure, const char *hint, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(op->message, sizeof(op->message), format, list);
    va_end(list);
    sim_copy(op->hint, sizeof(op->hint), hint ? hint : "");
    op->failure = failure;
    op->state = OP_FAILED;
}

void sim_op_done(struct sim_op *op, json_t *result)
{
    json_decref(op->result);
    op->result = result;
    op->state = OP_DONE;
}

void sim_op_due(struct sim_world *world, struct sim_op *op, int64_t after_ms, int64_t total)
{
    op->due = world->now + after_ms;
    op->total = total;
    sim_queue_put(&world->things, op->due, EV_OP, op->index, op->attempt);
}

void sim_op_event(struct sim_world *world, uint32_t index)
{
    struct sim_op *op = world->ops[index];
    if (op->state == OP_RUNNING && op->verb->due)
        op->verb->due(world, op);
}

void sim_refuse(struct sim_reply *reply, enum ferry_failure failure, const char *hint, const char *format,
                ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(reply->message, sizeof(reply->message), format, list);
    va_end(list);
    sim_copy(reply->hint, sizeof(reply->hint), hint ? hint : "");
    reply->failure = failure;
    reply->status = FERRY_FAILED;
}

void sim_answer(struct sim_reply *reply, json_t *result)
{
    reply->status = FERRY_DONE;
    reply->result = result;
}

void sim_reply_clear(struct sim_reply *reply)
{
    json_decref(reply->result);
    *reply = (struct sim_reply){0};
}

/* The instances an operation names, as indices; removed or unknown ones fail it. */
bool sim_op_instances(struct sim_world *world, struct sim_op *op)
{
    const json_t *list = json_object_get(op->args, "instances");
    free(op->instances);
    op->instances = sim_grow(NULL, json_array_size(list), sizeof(*op->instances));
    op->count = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        uint32_t found = sim_instance_find(world, json_string_value(item));
        if (found == SIM_NONE) {
            sim_op_failed(op, FERRY_FAILURE_PERMANENT, "look at the inventory again",
                          "there is no instance \"%s\"",
                          json_is_string(item) ? json_string_value(item) : "?");
            return false;
        }
        op->instances[op->count++] = found;
    }
    return true;
}

const char *sim_text(const json_t *args, const char *member)
{
    const char *value = json_string_value(json_object_get(args, member));
    return value ? value : "";
}

/* ---- keys ---- */

static uint32_t bucket_of(const char *key)
{
    uint64_t hash = 14695981039346656037U;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211U;
    return (uint32_t)(sim_mix(hash) % 256);
}

static struct sim_op *op_find(const struct sim_world *world, const char *key)
{
    struct sim_op *op = world->bucket[bucket_of(key)];
    while (op && strcmp(op->key, key) != 0)
        op = op->next;
    return op;
}

bool sim_op_known(const struct sim_world *world, const char *key)
{
    return op_find(world, key) != NULL;
}

static struct sim_op *op_add(struct sim_world *world, const struct sim_verb *verb,
                             const struct ferry_call *call)
{
    struct sim_op *op = sim_alloc(sizeof(*op));
    op->key = sim_strdup(call->key);
    op->run = sim_strdup(call->run ? call->run : "");
    op->verb = verb;
    op->attempt = call->attempt;
    op->index = world->op_count;
    if (world->op_count == world->op_room) {
        world->op_room = world->op_room ? world->op_room * 2 : 64;
        world->ops = sim_grow(world->ops, world->op_room, sizeof(struct sim_op *));
    }
    world->ops[world->op_count++] = op;
    struct sim_op **bucket = &world->bucket[bucket_of(op->key)];
    op->next = *bucket;
    *bucket = op;
    return op;
}

/* ---- fences ---- */

bool sim_fence_holds(struct sim_world *world, const struct ferry_call *call, struct sim_reply *reply)
{
    if (!call->run || !call->run[0])
        return true;
    struct sim_fence *seen = NULL;
    for (size_t i = 0; i < world->fence_count && !seen; i++)
        if (strcmp(world->fences[i].run, call->run) == 0)
            seen = &world->fences[i];
    if (!seen) {
        world->fences = sim_grow(world->fences, world->fence_count + 1, sizeof(*world->fences));
        seen = &world->fences[world->fence_count++];
        *seen = (struct sim_fence){.run = sim_strdup(call->run)};
    }
    if (call->fence < seen->fence || (call->fence == seen->fence && call->step < seen->step)) {
        world->truth.refused_fences++;
        sim_refuse(reply, FERRY_FAILURE_REFUSED, "this engine no longer owns the run",
                   "run %s was seen at epoch %llu, step %llu; this call is of epoch %llu, step %llu",
                   call->run, (unsigned long long)seen->fence, (unsigned long long)seen->step,
                   (unsigned long long)call->fence, (unsigned long long)call->step);
        return false;
    }
    seen->fence = call->fence;
    seen->step = call->step;
    return true;
}

/* ---- calls ---- */

static const struct sim_verb *verb_find(enum sim_part part, const char *name)
{
    static const struct sim_verb *const tables[] = {sim_verbs_look,   sim_verbs_vim,  sim_verbs_nf,
                                                    sim_verbs_guard,  sim_verbs_dial, sim_verbs_steer,
                                                    sim_verbs_backup, sim_verbs_issu};
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct sim_verb *verb = tables[t]; verb->name; verb++)
            if ((verb->parts & (uint32_t)part) && strcmp(verb->name, name) == 0)
                return verb;
    return NULL;
}

static void again(struct sim_world *world, struct sim_op *op, struct sim_reply *reply)
{
    int64_t after = op->due > world->now ? op->due - world->now : 1000;
    reply->status = FERRY_AGAIN;
    reply->after_ms = after < 10000 ? after : 10000;
    reply->done = op->done;
    reply->total = op->total;
    (void)snprintf(reply->text, sizeof(reply->text), "under way"); /* done and total say how far */
}

static void report(struct sim_world *world, struct sim_op *op, struct sim_reply *reply)
{
    if (op->state == OP_DONE) {
        sim_answer(reply, json_deep_copy(op->result));
    } else if (op->state == OP_FAILED) {
        sim_refuse(reply, op->failure, op->hint, "%s", op->message);
        if (op->failure == FERRY_FAILURE_TRANSIENT)
            op->state = OP_NEW; /* asked again it is tried again */
    } else {
        again(world, op, reply);
    }
}

static void begin(struct sim_world *world, struct sim_op *op, const struct ferry_call *call,
                  const json_t *args)
{
    json_decref(op->args);
    op->args = json_deep_copy(args);
    if (call->attempt != op->attempt)
        op->begun = 0;
    op->attempt = call->attempt;
    op->started = world->now;
    op->done = op->total = op->moved = op->due = 0;
    op->state = OP_RUNNING;
    op->verb->start(world, op);
    if (op->state == OP_RUNNING || op->state == OP_DONE)
        op->begun++;
    if (op->begun > op->effects)
        op->effects = op->begun;
}

void sim_ensure(struct sim_world *world, const struct sim_verb *verb, const struct ferry_call *call,
                const json_t *args, struct sim_reply *reply)
{
    if (!sim_fence_holds(world, call, reply))
        return;
    if (!call->key || !call->key[0]) {
        sim_refuse(reply, FERRY_FAILURE_INVALID, NULL, "%s acts, and came without a key", verb->name);
        return;
    }
    struct sim_op *op = op_find(world, call->key);
    if (op && op->verb != verb) {
        sim_refuse(reply, FERRY_FAILURE_INVALID, NULL, "key %s was used for %s before", call->key,
                   op->verb->name);
        return;
    }
    if (!op)
        op = op_add(world, verb, call);
    bool anew = op->state != OP_DONE && call->attempt > op->attempt;
    if (op->state == OP_NEW || anew)
        begin(world, op, call, args);
    else if (op->state == OP_RUNNING && verb->poll)
        verb->poll(world, op);
    report(world, op, reply);
}

/* An observation that belongs to no run neither starts the clock nor argues about its scale. */
static bool take_time(struct sim_world *world, const struct sim_verb *verb, const struct ferry_call *call,
                      struct sim_reply *reply)
{
    uint32_t scale = call->scale ? call->scale : 1;
    bool owned = verb->start || (call->run && call->run[0]);
    bool same = world->scale == scale;
    if (!owned) {
        if (same)
            sim_world_advance(world, call->now_ms);
        return true;
    }
    if (world->scale != 0 && !same) {
        sim_refuse(reply, FERRY_FAILURE_REFUSED,
                   "give the order the scale that this ferry-sim runs at, or start a new ferry-sim",
                   "a new ferry-sim is needed: this one runs at scale %u, the order at scale %u",
                   world->scale, scale);
        return false;
    }
    world->scale = scale;
    sim_world_advance(world, call->now_ms);
    return true;
}

void sim_world_call(struct sim_world *world, enum sim_part part, const char *name,
                    const struct ferry_call *call, struct sim_reply *reply)
{
    const struct sim_verb *verb = verb_find(part, name);
    if (!verb) {
        sim_refuse(reply, FERRY_FAILURE_INVALID, NULL, "the simulated %s has no verb \"%s\"",
                   part == SIM_VIM ? "cloud" : "NF", name);
        return;
    }
    json_error_t error;
    json_t *args = json_loads(call->args ? call->args : "{}", JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(args))
        sim_refuse(reply, FERRY_FAILURE_INVALID, NULL, "arguments of %s are not a JSON object: %s", name,
                   error.text);
    else if (!take_time(world, verb, call, reply))
        ;
    else
        sim_wire(world, part, verb, call, args, reply);
    json_decref(args);
}
