/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults by seed. Each kind of fault is a Poisson process with a stream of numbers of its own, so that
 * another rate of one does not change when the others happen. chance.def has the rates.
 */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000
#define HOURS   12   /* over which faults are drawn, unless told otherwise */
#define MOST    2000 /* faults from one seed */

static const struct {
    int64_t rate; /* in 100 hours */
    int64_t least, most, lasts_least, lasts_most;
} chances[FAULTS] = {
#define CHANCE(name, rate, least, most, lasts_least, lasts_most)                                             \
    [FAULT_##name] = {rate, least, most, lasts_least, lasts_most},
#include "sim/chance.def"
#undef CHANCE
};

struct profile {
    const char *name;
    double factor; /* of the rates */
    bool (*has)(const struct sim_fault_row *row);
};

static bool has_all(const struct sim_fault_row *row)
{
    (void)row;
    return true;
}

static bool has_calls(const struct sim_fault_row *row)
{
    return row->shape == FAULT_IS_CALLS || strcmp(row->name, "site_cut") == 0;
}

static bool has_harmless(const struct sim_fault_row *row)
{
    return !row->harms;
}

static const struct profile profiles[] = {
    {"calm", 0.2, has_all}, {"rough", 1, has_all},           {"wild", 5, has_all},
    {"wire", 4, has_calls}, {"harmless", 1.5, has_harmless},
};

/* ---- one fault ---- */

static void choose_place(struct sim_random *random, struct sim_trouble *trouble)
{
    const struct sim_fault_row *row = &sim_fault_rows[trouble->fault];
    if (row->on == ON_VICTIM)
        sim_copy(trouble->on, sizeof(trouble->on), sim_random_below(random, 2) ? "batch" : "any");
    if (row->shape == FAULT_IS_CALLS && sim_random_below(random, 2))
        trouble->parts = sim_random_below(random, 2) ? SIM_VIM : SIM_NF;
    trouble->again = trouble->fault == FAULT_late_effect && sim_random_below(random, 2);
}

static void draw(struct sim_world *world, struct sim_random *random, enum sim_fault fault, int64_t at)
{
    const struct sim_fault_row *row = &sim_fault_rows[fault];
    int64_t lasts = sim_random_between(random, chances[fault].lasts_least, chances[fault].lasts_most) * 1000;
    struct sim_trouble trouble = {
        .fault = fault,
        .value = sim_random_between(random, chances[fault].least, chances[fault].most),
        .permille = 1000,
        .left = -1,
        .at = at,
        .until = lasts > 0 ? at + lasts : 0,
        .parts = SIM_VIM | SIM_NF,
        .drawn = true,
    };
    int64_t times = 1 + sim_random_below(random, 3);
    if (lasts == 0 && (row->shape == FAULT_IS_CALLS || row->shape == FAULT_IS_BUILDS))
        trouble.left = times;
    choose_place(random, &trouble);
    sim_trouble_add(world, &trouble);
}

/* ---- a course of them ---- */

static const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

static bool rates_known(const json_t *rates, char *why, size_t why_size)
{
    const char *name;
    json_t *rate;
    json_object_foreach((json_t *)(uintptr_t)rates, name, rate)
    {
        int i = 0;
        while (i < FAULTS && strcmp(sim_fault_rows[i].name, name) != 0)
            i++;
        if (i == FAULTS || !json_is_number(rate) || json_number_value(rate) < 0) {
            (void)snprintf(why, why_size, "rates: %s is not a fault with a number an hour", name);
            return false;
        }
    }
    return true;
}

bool sim_chance_read(struct sim_world *world, uint64_t seed, const json_t *given, char *why, size_t why_size)
{
    const char *name = json_is_string(given) ? json_string_value(given) : sim_text(given, "profile");
    const json_t *rates = json_object_get(given, "rates"), *hours = json_object_get(given, "hours");
    const struct profile *profile = profile_find(name[0] ? name : "rough");
    if (!profile || (hours && !json_is_number(hours))) {
        (void)snprintf(why, why_size, "a profile is calm, rough, wild, wire or harmless, its hours a number");
        return false;
    }
    if (!rates_known(rates, why, why_size))
        return false;
    int64_t start = world->begun ? world->now : 0;
    int64_t end = start + (int64_t)((hours ? json_number_value(hours) : HOURS) * HOUR_MS);
    world->chance.state = sim_mix(seed + 77);
    for (int i = 0; i < FAULTS; i++) {
        struct sim_random random = {sim_mix(sim_mix(seed + 1) + (uint64_t)i)};
        const json_t *own = json_object_get(rates, sim_fault_rows[i].name);
        double rate = profile->has(&sim_fault_rows[i]) ? (double)chances[i].rate / 100 * profile->factor : 0;
        rate = own ? json_number_value(own) : rate;
        int64_t at = start;
        while (rate > 0 && (at += sim_random_wait(&random, rate)) < end && world->trouble_count < MOST)
            draw(world, &random, (enum sim_fault)i, at);
    }
    return true;
}

bool sim_world_fault_seed(struct sim_world *world, uint64_t seed, const char *profile, char *why,
                          size_t why_size)
{
    json_t *given = profile && profile[0] == '{' ? json_loads(profile, 0, NULL)
                                                 : json_string(profile ? profile : "rough");
    bool ok = given != NULL;
    if (!ok)
        (void)snprintf(why, why_size, "the profile is neither a name nor a JSON object");
    ok = ok && sim_chance_read(world, seed, given, why, why_size);
    json_decref(given);
    return ok;
}
