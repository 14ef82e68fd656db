/* SPDX-License-Identifier: Apache-2.0 */
/* Backups and what restoring them costs: images of the instances, configuration and data of the NF. */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

static void start_backup(struct sim_world *world, struct sim_op *op)
{
    if (json_object_get(op->args, "instances") && !sim_op_instances(world, op))
        return;
    sim_op_due(world, op, world->set.backup_ms, op->count ? (int64_t)op->count : 1);
}

static struct sim_backup *backup_add(struct sim_world *world, const char *kind)
{
    size_t number = 1;
    for (size_t i = 0; i < world->backup_count; i++)
        number += strncmp(world->backups[i].id, kind, strlen(kind)) == 0;
    world->backups = sim_grow(world->backups, world->backup_count + 1, sizeof(*world->backups));
    struct sim_backup *backup = &world->backups[world->backup_count++];
    *backup = (struct sim_backup){.at = world->now, .dropped = world->truth.dropped};
    (void)snprintf(backup->id, sizeof(backup->id), "%s-backup-%zu", kind, number);
    return backup;
}

static const struct sim_backup *backup_find(const struct sim_world *world, struct sim_op *op)
{
    for (size_t i = 0; i < world->backup_count; i++)
        if (strcmp(world->backups[i].id, sim_text(op->args, "id")) == 0)
            return &world->backups[i];
    sim_op_failed(op, FERRY_FAILURE_PERMANENT, NULL, "there is no backup \"%s\"", sim_text(op->args, "id"));
    return NULL;
}

static void due_backup(struct sim_world *world, struct sim_op *op)
{
    struct sim_backup *backup = backup_add(world, "image");
    backup->software = json_object();
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->state == INST_RUNNING)
            json_object_set_new(backup->software, here->id,
                                json_pack("{s:s,s:s,s:s}", "image", here->runs.image, "digest",
                                          here->runs.digest, "version", here->runs.version));
    }
    size_t items = op->count ? op->count : json_object_size(backup->software);
    sim_op_done(op, json_pack("{s:s,s:I}", "id", backup->id, "items", (json_int_t)items));
}

static bool restore_one(struct sim_world *world, const json_t *software, uint32_t index)
{
    struct sim_instance *here = &world->instances[index];
    const json_t *was = json_object_get(software, here->id);
    struct sim_software wanted = {0};
    if (!was || here->state == INST_REMOVED)
        return true;
    sim_copy(wanted.image, sizeof(wanted.image), sim_text(was, "image"));
    sim_copy(wanted.digest, sizeof(wanted.digest), sim_text(was, "digest"));
    sim_copy(wanted.version, sizeof(wanted.version), sim_text(was, "version"));
    if (sim_runs(here, &wanted))
        return true;
    if (here->state != INST_BUILDING)
        sim_build(world, index, &wanted, BUILD_RESTORE);
    return false;
}

static void poll_restore(struct sim_world *world, struct sim_op *op)
{
    const struct sim_backup *backup = backup_find(world, op);
    if (!backup)
        return;
    int64_t left = 0;
    for (uint32_t i = 0; i < world->instance_count; i++)
        left += !restore_one(world, backup->software, i);
    if (left > op->total)
        op->total = left;
    op->done = op->total - left;
    op->due = world->now + 5000;
    if (left == 0)
        sim_op_done(op, json_object());
}

static void due_config_backup(struct sim_world *world, struct sim_op *op)
{
    struct sim_backup *backup = backup_add(world, "config");
    size_t i;
    json_t *what;
    json_array_foreach(json_object_get(op->args, "what"), i, what)
    {
        backup->data |= json_is_string(what) && strcmp(json_string_value(what), "data") == 0;
    }
    sim_op_done(op, json_pack("{s:s,s:I}", "id", backup->id, "items", (json_int_t)(i ? i : 1)));
}

/* Restoring data takes the sessions away of everybody who registered after it was saved. */
static void due_config_restore(struct sim_world *world, struct sim_op *op)
{
    const struct sim_backup *backup = backup_find(world, op);
    if (!backup)
        return;
    for (uint32_t i = 0; backup->data && i < world->user_count; i++)
        if (world->users[i].state == USER_ATTACHED && world->users[i].attached > backup->at)
            sim_user_drop(world, i, DROP_RESTORE);
    sim_op_done(op, json_object());
}

const struct sim_verb sim_verbs_backup[] = {
    {"backup", SIM_VIM, NULL, start_backup, NULL, due_backup},
    {"restore", SIM_VIM, NULL, poll_restore, poll_restore, NULL},
    {"config_backup", SIM_NF, NULL, start_backup, NULL, due_config_backup},
    {"config_restore", SIM_NF, NULL, start_backup, NULL, due_config_restore},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
