/* SPDX-License-Identifier: Apache-2.0 */
/* The landscape: which instances there are, on which hosts, and which of them replicate. */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

uint32_t sim_instance_find(const struct sim_world *world, const char *id)
{
    for (uint32_t i = 0; id && i < world->instance_count; i++)
        if (world->instances[i].state != INST_REMOVED && strcmp(world->instances[i].id, id) == 0)
            return i;
    return SIM_NONE;
}

/* The host that has the fewest instances of this VDU, then the fewest at all: anti-affinity. */
static uint32_t choose_host(const struct sim_world *world, uint8_t vdu, uint32_t except)
{
    uint32_t best = SIM_NONE;
    int64_t best_load = INT64_MAX;
    for (uint32_t host = 0; host < world->set.hosts; host++) {
        int64_t load = 0;
        for (uint32_t i = 0; i < world->instance_count; i++)
            if (world->instances[i].host == host && world->instances[i].state != INST_REMOVED)
                load += world->instances[i].vdu == vdu ? 1000000 : 1;
        if (host != except && load < best_load) {
            best = host;
            best_load = load;
        }
    }
    return best;
}

uint32_t sim_other_host(struct sim_world *world, uint32_t instance)
{
    return choose_host(world, world->instances[instance].vdu, world->instances[instance].host);
}

static void name_instance(const struct sim_world *world, struct sim_instance *instance, uint32_t serial)
{
    static const char *const words[VDUS] = {"omu", "lb", "sdb", "svc"};
    const char *nf = world->set.shape == SHAPE_AMF ? "amf" : "smf";
    int digits = instance->vdu == VDU_SVC ? 2 : 1;
    char id[48];
    (void)snprintf(id, sizeof(id), "%s-%s-%0*u", nf, words[instance->vdu], digits, serial);
    sim_copy(instance->id, sizeof(instance->id), id);
}

uint32_t sim_instance_add(struct sim_world *world, enum sim_vdu_kind vdu)
{
    if (world->instance_count == world->instance_room) {
        world->instance_room = world->instance_room ? world->instance_room * 2 : 32;
        world->instances = sim_grow(world->instances, world->instance_room, sizeof(*world->instances));
    }
    uint32_t index = world->instance_count, serial = 1;
    for (uint32_t i = 0; i < index; i++)
        serial += world->instances[i].vdu == vdu;
    struct sim_instance *instance = &world->instances[index];
    *instance = (struct sim_instance){.vdu = (uint8_t)vdu, .mate = SIM_NONE, .head = SIM_NONE};
    instance->runs = world->blueprint[vdu];
    instance->admitted = true;
    instance->host = world->set.svc > 200 ? index % (uint32_t)world->set.hosts
                                          : choose_host(world, instance->vdu, SIM_NONE);
    name_instance(world, instance, serial);
    world->instance_count++;
    return index;
}

static void add_pair(struct sim_world *world, enum sim_vdu_kind vdu, int64_t number)
{
    uint32_t first = sim_instance_add(world, vdu), second = sim_instance_add(world, vdu);
    char pair[32];
    (void)snprintf(pair, sizeof(pair), "%s-%lld", sim_vdu_names[vdu], (long long)number);
    for (uint32_t i = first; i <= second; i++)
        sim_copy(world->instances[i].pair, sizeof(world->instances[i].pair), pair);
    world->instances[first].mate = second;
    world->instances[second].mate = first;
    world->instances[first].active = true;
}

void sim_landscape(struct sim_world *world)
{
    const struct sim_settings *set = &world->set;
    for (int vdu = 0; vdu < VDUS; vdu++) {
        struct sim_software *software = &world->blueprint[vdu];
        sim_copy(software->image, sizeof(software->image), set->image[vdu].ref);
        sim_copy(software->digest, sizeof(software->digest), set->image[vdu].digest);
        sim_copy(software->version, sizeof(software->version), set->version);
        json_object_set_new(world->staged, software->image, json_string(software->digest));
    }
    for (int64_t i = 0; i < set->omu / 2; i++)
        add_pair(world, VDU_OMU, i + 1);
    for (int64_t i = 0; i < set->lb / 2; i++)
        add_pair(world, VDU_LB, i + 1);
    for (int64_t i = 0; i < set->sdb; i++)
        (void)sim_instance_add(world, VDU_SDB);
    for (int64_t i = 0; i < set->svc; i++)
        (void)sim_instance_add(world, VDU_SVC);
}

bool sim_replicates(const struct sim_instance *instance)
{
    return instance->vdu == VDU_SDB || instance->mate != SIM_NONE;
}

int64_t sim_lag(const struct sim_world *world, const struct sim_instance *instance)
{
    if (!sim_replicates(instance))
        return 0;
    if (instance->state == INST_BUILDING)
        return instance->built_at - world->now + world->set.sync_ms;
    if (instance->state != INST_RUNNING)
        return world->set.sync_ms;
    if (instance->sick || sim_sync_held(world, instance))
        return world->set.sync_ms + 1;
    return instance->synced_at > world->now ? instance->synced_at - world->now : 0;
}

bool sim_in_sync(const struct sim_world *world, const struct sim_instance *instance)
{
    return instance->state == INST_RUNNING && sim_lag(world, instance) == 0;
}

uint32_t sim_storage_in_sync(const struct sim_world *world)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->instance_count; i++)
        count += world->instances[i].vdu == VDU_SDB && sim_in_sync(world, &world->instances[i]);
    return count;
}

bool sim_pair_down(const struct sim_world *world, enum sim_vdu_kind vdu)
{
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->vdu == vdu && here->mate != SIM_NONE && here->state != INST_RUNNING &&
            world->instances[here->mate].state != INST_RUNNING)
            return true;
    }
    return false;
}
