/* SPDX-License-Identifier: Apache-2.0 */
/* The cloud's acting verbs: images, and instances that are rebuilt, created and removed. */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

/* ---- images ---- */

/* An image is what its digest says; the registry has one digest for a reference. */
static bool digest_agrees(const struct sim_world *world, struct sim_op *op, const char *ref,
                          const char *digest)
{
    const char *known = json_string_value(json_object_get(world->staged, ref));
    if (!known || !digest[0] || strcmp(known, digest) == 0)
        return true;
    sim_op_failed(op, FERRY_FAILURE_PERMANENT, "correct the order, or the registry",
                  "image %s is %s in the registry, not %s", ref, known, digest);
    return false;
}

static void start_stage(struct sim_world *world, struct sim_op *op)
{
    json_t *image;
    size_t i;
    bool missing = false;
    json_array_foreach(json_object_get(op->args, "images"), i, image)
    {
        if (!digest_agrees(world, op, sim_text(image, "ref"), sim_text(image, "digest")))
            return;
        missing |= !json_object_get(world->staged, sim_text(image, "ref"));
    }
    sim_op_due(world, op, missing ? world->set.stage_ms : 1, (int64_t)i);
}

static void due_stage(struct sim_world *world, struct sim_op *op)
{
    json_t *image;
    size_t i;
    json_array_foreach(json_object_get(op->args, "images"), i, image)
    {
        json_object_set_new(world->staged, sim_text(image, "ref"), json_string(sim_text(image, "digest")));
    }
    sim_op_done(op, json_object());
}

/* ---- rebuilding ---- */

bool sim_runs(const struct sim_instance *here, const struct sim_software *software)
{
    return here->state == INST_RUNNING && strcmp(here->runs.image, software->image) == 0 &&
           (software->digest[0] == '\0' || strcmp(here->runs.digest, software->digest) == 0) &&
           strcmp(here->runs.version, software->version) == 0;
}

static bool being_built(const struct sim_instance *here, const struct sim_software *software)
{
    return here->state == INST_BUILDING && strcmp(here->next.image, software->image) == 0 &&
           strcmp(here->next.version, software->version) == 0;
}

static struct sim_software wanted_software(const struct sim_op *op)
{
    struct sim_software software = {0};
    sim_copy(software.image, sizeof(software.image), sim_text(op->args, "image"));
    sim_copy(software.digest, sizeof(software.digest), sim_text(op->args, "digest"));
    sim_copy(software.version, sizeof(software.version), sim_text(op->args, "version"));
    return software;
}

/* Begin every build that can begin: one that another operation is building waits its turn. */
static void build_waiting(struct sim_world *world, struct sim_op *op, enum sim_build_why why)
{
    struct sim_software software = wanted_software(op);
    for (size_t i = 0; i < op->count; i++) {
        uint32_t index = op->instances[i];
        struct sim_instance *here = &world->instances[index];
        bool again =
            here->state == INST_BUILDING || (here->state == INST_ERROR && here->failed && op->begun > 0);
        if (sim_runs(here, &software) || again || here->healed)
            continue;
        if (why == BUILD_REPLACE)
            here->host = sim_other_host(world, index);
        sim_build(world, index, &software, why);
    }
}

static void poll_upgrade(struct sim_world *world, struct sim_op *op)
{
    struct sim_software software = wanted_software(op);
    op->done = 0;
    op->due = 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct sim_instance *here = &world->instances[op->instances[i]];
        if (here->healed) {
            sim_op_failed(op, FERRY_FAILURE_PERMANENT, "switch the guard healing off, then retry",
                          "%s was rebuilt from %s by self-healing while it was being upgraded", here->id,
                          here->before.image);
            return;
        }
        if (here->state == INST_REMOVED || here->failed) {
            sim_op_failed(op, FERRY_FAILURE_PERMANENT, "retry, or replace it on another host", "%s %s",
                          here->id,
                          here->died     ? "crashed while it was being upgraded"
                          : here->failed ? "did not come up from its new image"
                                         : "was removed meanwhile");
            return;
        }
        op->done += sim_runs(here, &software);
        if (here->state == INST_BUILDING && here->built_at > op->due)
            op->due = here->built_at;
    }
    if (op->done == op->total)
        sim_op_done(op, json_pack("{s:I}", "upgraded", (json_int_t)op->total));
    else
        build_waiting(world, op, strcmp(op->verb->name, "replace") == 0 ? BUILD_REPLACE : BUILD_UPGRADE);
}

/* A new attempt neither waits for a build that hangs nor keeps what did not get ready; a replacement waits
 * for no build at all. */
static void give_up_build(struct sim_world *world, uint32_t index)
{
    struct sim_instance *here = &world->instances[index];
    here->state = INST_ERROR;
    here->hung = false;
    here->build++; /* its end is no news any more */
}

static void start_upgrade(struct sim_world *world, struct sim_op *op)
{
    struct sim_software software = wanted_software(op);
    if (!sim_op_instances(world, op) || !digest_agrees(world, op, software.image, software.digest))
        return;
    if (!software.image[0] || !software.version[0]) {
        sim_op_failed(op, FERRY_FAILURE_INVALID, NULL, "%s needs image and version", op->verb->name);
        return;
    }
    op->total = (int64_t)op->count;
    for (size_t i = 0; i < op->count; i++) {
        struct sim_instance *here = &world->instances[op->instances[i]];
        bool replace = strcmp(op->verb->name, "replace") == 0;
        if (here->sick || (here->state == INST_BUILDING && (here->hung || replace)))
            give_up_build(world, op->instances[i]);
        if (here->state == INST_BUILDING && !being_built(here, &software))
            continue; /* another operation's, or self-healing's: wait for its end */
        here->healed = here->failed = false;
    }
    build_waiting(world, op, strcmp(op->verb->name, "replace") == 0 ? BUILD_REPLACE : BUILD_UPGRADE);
    poll_upgrade(world, op);
}

/* ---- create, remove, collect ---- */

static enum sim_vdu_kind vdu_find(const char *name)
{
    int vdu = 0;
    while (vdu < VDUS && strcmp(sim_vdu_names[vdu], name) != 0)
        vdu++;
    return (enum sim_vdu_kind)vdu;
}

/* Of a former attempt, and still coming up: another attempt waits for them and creates no more. */
static bool are_coming(const struct sim_world *world, const struct sim_op *op)
{
    bool coming = op->count > 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct sim_instance *here = &world->instances[op->instances[i]];
        coming = coming && (here->state == INST_RUNNING || (here->state == INST_BUILDING && !here->hung));
    }
    return coming;
}

static void start_create(struct sim_world *world, struct sim_op *op)
{
    if (are_coming(world, op)) {
        op->total = (int64_t)op->count;
        return;
    }
    enum sim_vdu_kind vdu = vdu_find(sim_text(op->args, "vdu"));
    int64_t count = json_integer_value(json_object_get(op->args, "count"));
    if (vdu != VDU_SVC || count < 1 || count > 1000) {
        sim_op_failed(op, FERRY_FAILURE_INVALID, "vdu SVC, count of 1 to 1000",
                      "this cloud creates service instances only, not %lld of \"%s\"", (long long)count,
                      sim_text(op->args, "vdu"));
        return;
    }
    struct sim_software software = world->blueprint[vdu];
    if (sim_text(op->args, "image")[0])
        sim_copy(software.image, sizeof(software.image), sim_text(op->args, "image"));
    op->instances = sim_grow(op->instances, (size_t)count, sizeof(*op->instances));
    for (op->count = 0; op->count < (size_t)count; op->count++) {
        uint32_t index = sim_instance_add(world, vdu);
        world->instances[index].admitted = false;
        sim_build(world, index, &software, BUILD_CREATE);
        op->instances[op->count] = index;
    }
    op->total = count;
    op->due = world->now + world->set.build_max_ms;
}

static json_t *names(const struct sim_world *world, const struct sim_op *op)
{
    json_t *list = json_array();
    for (size_t i = 0; i < op->count; i++)
        json_array_append_new(list, json_string(world->instances[op->instances[i]].id));
    return list;
}

static void poll_create(struct sim_world *world, struct sim_op *op)
{
    op->done = 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct sim_instance *here = &world->instances[op->instances[i]];
        op->done += here->state == INST_RUNNING;
        if (here->state == INST_REMOVED || here->state == INST_ERROR) {
            sim_op_failed(op, FERRY_FAILURE_PERMANENT, "switch the guard scaling off, then retry", "%s %s",
                          here->id,
                          here->failed ? "did not come up" : "was removed as soon as it had been created");
            return;
        }
    }
    if (op->done == op->total)
        sim_op_done(op, json_pack("{s:o}", "instances", names(world, op)));
}

/* Removing what was removed is done already. */
static void start_remove(struct sim_world *world, struct sim_op *op)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(op->args, "instances"), i, item)
    {
        uint32_t index = sim_instance_find(world, json_string_value(item));
        if (index != SIM_NONE)
            sim_instance_remove(world, index, DROP_REMOVE);
    }
    sim_op_due(world, op, world->set.nf_ms, (int64_t)i);
}

static void due_remove(struct sim_world *world, struct sim_op *op)
{
    (void)world;
    json_t *gone = json_object_get(op->args, "instances");
    sim_op_done(op, json_pack("{s:o}", "instances", json_deep_copy(gone)));
}

static void start_collect(struct sim_world *world, struct sim_op *op)
{
    if (!json_object_get(op->args, "instances")) {
        json_t *item = json_pack("{s:s,s:s,s:s}", "instance", world->set.nf, "name", "status", "text",
                                 world->split ? "split in two domains" : "one domain");
        sim_op_done(op, json_pack("{s:[o]}", "items", item));
        return;
    }
    if (!sim_op_instances(world, op))
        return;
    json_t *items = json_array();
    for (size_t i = 0; i < op->count; i++) {
        const struct sim_instance *here = &world->instances[op->instances[i]];
        char line[256];
        (void)snprintf(line, sizeof(line), "%s runs %s (%s) with %u users", here->id, here->runs.image,
                       here->runs.version, here->users);
        json_array_append_new(
            items, json_pack("{s:s,s:s,s:s}", "instance", here->id, "name", "console", "text", line));
    }
    sim_op_done(op, json_pack("{s:o}", "items", items));
}

const struct sim_verb sim_verbs_vim[] = {
    {"stage_image", SIM_VIM, NULL, start_stage, NULL, due_stage},
    {"upgrade", SIM_VIM, NULL, start_upgrade, poll_upgrade, NULL},
    {"replace", SIM_VIM, NULL, start_upgrade, poll_upgrade, NULL},
    {"create", SIM_VIM, NULL, start_create, poll_create, NULL},
    {"remove", SIM_VIM, NULL, start_remove, NULL, due_remove},
    {"collect", SIM_VIM | SIM_NF, NULL, start_collect, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
