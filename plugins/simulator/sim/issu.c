/* SPDX-License-Identifier: Apache-2.0 */
/* What an in-service upgrade asks of an NF: whether its services are made for it, before, and whether
 * configuration and data are what was saved, after. */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

/* The load balancers steer by version: they are what makes a gray configuration. */
static const char *gray_component(const struct sim_world *world)
{
    return world->set.gray_component ? sim_vdu_names[VDU_LB] : NULL;
}

static void look_support(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    json_t *services = json_array();
    const bool able = world->set.issu != 0;
    (void)args;
    for (int i = 0; i < VDUS; i++)
        json_array_append_new(services,
                              json_pack("{s:s,s:b,s:s}", "name", sim_vdu_names[i], "supported", able, "why",
                                        able ? ""
                                             : "its sessions do not survive a change of "
                                               "version"));
    json_t *answer = json_pack("{s:o}", "services", services);
    if (gray_component(world))
        json_object_set_new(answer, "gray_component", json_string(gray_component(world)));
    sim_answer(reply, answer);
}

static void add_difference(json_t *list, const char *what, const char *text)
{
    json_array_append_new(list, json_pack("{s:s,s:s}", "what", what, "text", text));
}

/* Data are the sessions: whoever was dropped since the backup has lost what was saved for him. */
static void look_config(struct sim_world *world, const json_t *args, struct sim_reply *reply)
{
    const struct sim_backup *saved = NULL;
    json_t *list = json_array();
    char text[96];
    for (size_t i = 0; i < world->backup_count; i++)
        if (strcmp(world->backups[i].id, sim_text(args, "id")) == 0)
            saved = &world->backups[i];
    if (!saved) {
        json_decref(list);
        sim_refuse(reply, FERRY_FAILURE_PERMANENT, NULL, "there is no backup \"%s\"", sim_text(args, "id"));
        return;
    }
    if (world->fault[FAULT_config_lost] && strcmp(world->versions[world->home], world->set.version) != 0)
        add_difference(list, "config", "the settings of the new version are not those that were saved");
    if (saved->data && world->truth.dropped > saved->dropped) {
        (void)snprintf(text, sizeof(text), "%lld sessions that were saved are gone",
                       (long long)(world->truth.dropped - saved->dropped));
        add_difference(list, "data", text);
    }
    sim_answer(reply, json_pack("{s:b,s:o}", "same", json_array_size(list) == 0, "differences", list));
}

static void start_check(struct sim_world *world, struct sim_op *op)
{
    sim_op_due(world, op, world->set.nf_ms, 1);
}

/* A vendor's own check, all in one: plugins/simulator/sim_acme.c. */
static void due_check(struct sim_world *world, struct sim_op *op)
{
    if (!world->set.issu)
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "upgrade it in a maintenance window, out of service",
                      "the services of %s do not support an upgrade in service", world->set.nf);
    else if (!gray_component(world))
        sim_op_failed(op, FERRY_FAILURE_REFUSED, "install one first",
                      "%s has no component for a gray configuration", world->set.nf);
    else
        sim_op_done(op, json_pack("{s:b,s:s}", "ready", true, "gray_component", gray_component(world)));
}

const struct sim_verb sim_verbs_issu[] = {
    {"issu_support", SIM_NF, look_support, NULL, NULL, NULL},
    {"config_check", SIM_NF, look_config, NULL, NULL, NULL},
    {"issu_check", SIM_NF, NULL, start_check, NULL, due_check},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
