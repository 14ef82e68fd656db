/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that begin, bite and end. fault.def is the table of what there is; fault_args.c reads what is asked.
 */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

const struct sim_fault_row sim_fault_rows[FAULTS] = {
#define NOBODY false
#define USERS  true
#define FAULT(name, shape, on, otherwise, usual, least, most, harms, help)                                   \
    {#name, FAULT_IS_##shape, ON_##on, otherwise, usual, least, most, harms, help},
#include "sim/fault.def"
#undef FAULT
#undef NOBODY
#undef USERS
};

static bool is_active(const struct sim_world *world, const struct sim_trouble *trouble)
{
    int64_t now = world->begun ? world->now : 0;
    return !trouble->over && trouble->at <= now && (trouble->until == 0 || now < trouble->until);
}

/* ---- levels ---- */

static int64_t in_a_million(const struct sim_trouble *trouble)
{
    return trouble->fault == FAULT_target_points_worse ? trouble->value * 10000 : trouble->value * 100;
}

static void worsen(struct sim_world *world, const struct sim_trouble *trouble)
{
    sim_copy(world->worse_version, sizeof(world->worse_version), trouble->version);
    if (!trouble->on[0])
        world->worse_all = in_a_million(trouble);
    for (size_t i = 0; i < world->kpi_count; i++)
        if (!trouble->on[0] || strcmp(trouble->on, world->kpi[i].name) == 0)
            world->worse_kpi[i] = in_a_million(trouble);
}

/* What each level is now: that of the last one that began. */
static void refresh(struct sim_world *world)
{
    for (int i = 0; i < FAULTS; i++)
        world->fault[i] = sim_fault_rows[i].otherwise;
    memset(world->worse_kpi, 0, sizeof(world->worse_kpi));
    world->worse_all = 0;
    for (uint32_t i = 0; i < world->trouble_count; i++) {
        struct sim_trouble *trouble = &world->troubles[i];
        if (sim_fault_rows[trouble->fault].shape != FAULT_IS_LEVEL || !is_active(world, trouble))
            continue;
        world->fault[trouble->fault] = trouble->value;
        if (sim_fault_rows[trouble->fault].on == ON_KPI)
            worsen(world, trouble);
    }
}

/* ---- moments ---- */

static void kill_any(struct sim_world *world)
{
    uint32_t count = 0, chosen = SIM_NONE;
    for (uint32_t i = 0; i < world->instance_count; i++)
        if (sim_serves(&world->instances[i]) && sim_random_below(&world->chance, ++count) == 0)
            chosen = i;
    if (chosen != SIM_NONE)
        sim_instance_dies(world, chosen);
}

static void instance_dies(struct sim_world *world, struct sim_trouble *trouble)
{
    uint32_t named = sim_instance_find(world, trouble->on);
    if (named != SIM_NONE)
        sim_instance_dies(world, named);
    else if (!trouble->on[0] || strcmp(trouble->on, "any") == 0)
        kill_any(world);
}

static void target_dead(struct sim_world *world, struct sim_trouble *trouble)
{
    (void)trouble;
    for (uint32_t i = 0; world->split && i < world->instance_count; i++) {
        const struct sim_instance *here = &world->instances[i];
        if (here->vdu != VDU_SVC || here->state != INST_RUNNING || sim_domain_of(world, here) != TARGET)
            continue;
        world->truth.target_deaths++;
        sim_instance_dies(world, i);
    }
}

static void guard_changed(struct sim_world *world, struct sim_trouble *trouble)
{
    int guard = sim_guard_find(trouble->on[0] ? trouble->on : "healing");
    json_t *state = trouble->state ? json_incref(trouble->state) : json_pack("{s:b}", "enabled", true);
    sim_guard_change(world, (enum sim_guard)guard, state, "another hand");
    world->guard[guard].lease_until = 0; /* theirs now */
    json_decref(state);
}

static void moment(struct sim_world *world, struct sim_trouble *trouble)
{
    trouble->over = true;
    trouble->hits++;
    if (trouble->fault == FAULT_instance_dies)
        instance_dies(world, trouble);
    else if (trouble->fault == FAULT_target_dead)
        target_dead(world, trouble);
    else
        guard_changed(world, trouble);
}

/* ---- beginning and ending ---- */

/* It waits for a build to happen to. */
static bool waits(const struct sim_trouble *trouble)
{
    return trouble->fault == FAULT_instance_dies && strcmp(trouble->on, "batch") == 0;
}

void sim_fault_event(struct sim_world *world, uint32_t index, bool ends)
{
    struct sim_trouble *trouble = &world->troubles[index];
    enum sim_fault_shape shape = sim_fault_rows[trouble->fault].shape;
    if (trouble->over)
        return;
    if (shape == FAULT_IS_MOMENT && !waits(trouble))
        moment(world, trouble);
    trouble->over |= ends;
    if (shape == FAULT_IS_LEVEL) {
        trouble->hits += !ends;
        refresh(world);
    }
}

static void schedule(struct sim_world *world, uint32_t index)
{
    const struct sim_trouble *trouble = &world->troubles[index];
    int64_t until = trouble->until;
    if (trouble->at <= world->now)
        sim_fault_event(world, index, false);
    else
        sim_queue_put(&world->things, trouble->at, EV_FAULT, index, false);
    if (until > 0)
        sim_queue_put(&world->things, until, EV_FAULT, index, true);
}

void sim_faults_begin(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->trouble_count; i++) {
        struct sim_trouble *trouble = &world->troubles[i];
        trouble->at += world->born;
        trouble->until += trouble->until > 0 ? world->born : 0;
        schedule(world, i);
    }
    refresh(world);
}

void sim_trouble_add(struct sim_world *world, const struct sim_trouble *trouble)
{
    world->troubles = sim_grow(world->troubles, world->trouble_count + 1, sizeof(*world->troubles));
    world->troubles[world->trouble_count++] = *trouble;
    if (world->begun)
        schedule(world, world->trouble_count - 1);
    else
        refresh(world);
}

bool sim_world_fault(struct sim_world *world, const char *name, const char *args, char *why, size_t why_size)
{
    struct sim_trouble trouble;
    json_t *given = json_loads(args ? args : "{}", JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_object(given);
    if (!ok)
        (void)snprintf(why, why_size, "the arguments of %s are not a JSON object", name);
    ok = ok && sim_trouble_read(world, name, given, &trouble, why, why_size);
    if (ok)
        sim_trouble_add(world, &trouble);
    json_decref(given);
    return ok;
}

bool sim_world_clear(struct sim_world *world, const char *name)
{
    bool known = !name;
    for (int i = 0; name && i < FAULTS; i++)
        known |= strcmp(name, sim_fault_rows[i].name) == 0;
    for (uint32_t i = 0; i < world->trouble_count; i++)
        if (!name || strcmp(name, sim_fault_rows[world->troubles[i].fault].name) == 0)
            world->troubles[i].over = true;
    refresh(world);
    return known;
}

/* ---- biting ---- */

static bool bites(struct sim_world *world, struct sim_trouble *trouble)
{
    if (trouble->permille < 1000 && sim_random_below(&world->chance, 1000) >= trouble->permille)
        return false;
    trouble->hits++;
    if (trouble->left > 0)
        trouble->over = --trouble->left == 0;
    return true;
}

struct sim_trouble *sim_call_fault(struct sim_world *world, enum sim_fault fault, enum sim_part part,
                                   const char *verb)
{
    for (uint32_t i = 0; i < world->trouble_count; i++) {
        struct sim_trouble *trouble = &world->troubles[i];
        if (trouble->fault == fault && is_active(world, trouble) && (trouble->parts & (uint32_t)part) &&
            (!trouble->verb[0] || strcmp(trouble->verb, verb) == 0) && bites(world, trouble))
            return trouble;
    }
    return NULL;
}

static bool is_there(const struct sim_instance *instance, const char *on)
{
    char host[16];
    sim_host_name(instance->host, host);
    return !on[0] || strcmp(on, instance->id) == 0 || strcmp(on, host) == 0 ||
           strcmp(on, sim_vdu_names[instance->vdu]) == 0;
}

struct sim_trouble *sim_build_fault(struct sim_world *world, enum sim_fault fault, uint32_t instance)
{
    for (uint32_t i = 0; i < world->trouble_count; i++) {
        struct sim_trouble *trouble = &world->troubles[i];
        if (trouble->fault != fault || !is_active(world, trouble))
            continue;
        if ((waits(trouble) || is_there(&world->instances[instance], trouble->on)) && bites(world, trouble)) {
            trouble->over |= waits(trouble);
            return trouble;
        }
    }
    return NULL;
}

bool sim_sync_held(const struct sim_world *world, const struct sim_instance *instance)
{
    for (uint32_t i = 0; world->fault[FAULT_sync_never] && i < world->trouble_count; i++) {
        const struct sim_trouble *trouble = &world->troubles[i];
        if (trouble->fault == FAULT_sync_never && is_active(world, trouble) && trouble->value &&
            instance->synced_at > trouble->at && is_there(instance, trouble->on))
            return true;
    }
    return false;
}
