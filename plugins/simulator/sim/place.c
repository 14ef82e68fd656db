/* SPDX-License-Identifier: Apache-2.0 */
/* Which domain a user belongs to, and which instance takes it: the load balancers' part. */
#include "sim/model.h"

#include <string.h>

enum sim_domain sim_domain_of(const struct sim_world *world, const struct sim_instance *instance)
{
    if (!world->split)
        return world->home;
    return strcmp(instance->runs.version, world->versions[SOURCE]) == 0 ? SOURCE : TARGET;
}

enum sim_domain sim_place_of(const struct sim_world *world, const struct sim_user *user)
{
    return sim_domain_of(world, &world->instances[user->instance]);
}

static int64_t domain_weight(const struct sim_world *world, enum sim_domain domain)
{
    return world->set.shape == SHAPE_SMF ? world->sessions[domain]
                                         : world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
}

/* With new-only mobility nobody is moved, so arrivals make up what is missing of the ratio. */
static enum sim_domain of_arrival(const struct sim_world *world)
{
    int64_t target = domain_weight(world, TARGET), all = target + domain_weight(world, SOURCE);
    return target * 1000 < world->permille * (all + 1) ? TARGET : SOURCE;
}

enum sim_domain sim_wanted(const struct sim_world *world, const struct sim_user *user)
{
    if (!world->split)
        return world->home;
    if (user->pinned)
        return TARGET;
    if (user->class != CLASS_NEVER && world->set.mobility == FERRY_MOBILITY_NEW_ONLY)
        return user->state == USER_ATTACHED ? sim_place_of(world, user) : of_arrival(world);
    return user->rank < world->threshold[user->segment][user->class] ? TARGET : SOURCE;
}

bool sim_serves(const struct sim_instance *instance)
{
    return instance->vdu == VDU_SVC && instance->state == INST_RUNNING && instance->admitted &&
           !instance->draining && !instance->sick;
}

static uint32_t least_loaded(const struct sim_world *world, enum sim_domain domain, uint32_t except,
                             uint32_t except_too)
{
    uint32_t best = SIM_NONE;
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (i == except || i == except_too || !sim_serves(here) || sim_domain_of(world, here) != domain)
            continue;
        if (best == SIM_NONE || here->users < world->instances[best].users)
            best = i;
    }
    return best;
}

uint32_t sim_least_loaded(const struct sim_world *world, enum sim_domain domain, uint32_t except)
{
    return least_loaded(world, domain, except, SIM_NONE);
}

/* A user that was moved does not come back to where it registered while another instance can take it. */
uint32_t sim_move_to(const struct sim_world *world, const struct sim_user *user, enum sim_domain domain)
{
    uint32_t found = least_loaded(world, domain, user->instance, user->home);
    return found != SIM_NONE ? found : least_loaded(world, domain, user->instance, SIM_NONE);
}

/* Where the ratio is not all or nothing, users stay in the domain it gives them. */
static bool may_go_across(const struct sim_world *world)
{
    return world->split && (world->permille == 0 || world->permille == 1000);
}

uint32_t sim_any_instance(const struct sim_world *world, enum sim_domain preferred, uint32_t except)
{
    uint32_t found = sim_least_loaded(world, preferred, except);
    if (found != SIM_NONE || !may_go_across(world))
        return found;
    return sim_least_loaded(world, preferred == SOURCE ? TARGET : SOURCE, except);
}

uint32_t sim_move_away(const struct sim_world *world, const struct sim_user *user)
{
    enum sim_domain wanted = sim_wanted(world, user);
    uint32_t found = sim_move_to(world, user, wanted);
    if (found != SIM_NONE || !may_go_across(world))
        return found;
    return sim_move_to(world, user, wanted == SOURCE ? TARGET : SOURCE);
}

/* What each domain can carry and, after a change of versions or of the split, whom it has. */
void sim_capacity_changed(struct sim_world *world)
{
    memset(world->capacity, 0, sizeof(world->capacity));
    memset(world->attached, 0, sizeof(world->attached));
    memset(world->sessions, 0, sizeof(world->sessions));
    for (uint32_t i = 0; i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        enum sim_domain domain = sim_domain_of(world, here);
        bool carries = sim_serves(here) || (here->draining && here->state == INST_RUNNING);
        if (carries) /* one that is being drained still carries whom it has */
            world->capacity[domain] += world->set.svc_capacity;
        for (uint32_t slot = here->head; slot != SIM_NONE; slot = world->users[slot].next) {
            world->attached[domain][world->users[slot].segment]++;
            world->sessions[domain] += world->users[slot].sessions;
        }
    }
    sim_watch_pairs(world);
}
