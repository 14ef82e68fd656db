/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users do. Each attached user has one timer: the next of its procedures (a Poisson process of all of
 * them together), or its periodic registration. Arrivals keep the number of users on the load curve.
 */
#include "sim/model.h"

#include <string.h>

#define HOUR_MS     3600000
#define PERIODIC_MS (54 * 60000) /* T3512 and T3412 */
#define RELAX_H     0.1          /* arrivals make up a distance from the curve in so many hours */
#define MILLION     1000000u
#define CALLING     60 /* of a thousand users are in a call when the clock starts */

/*
 * Users by hour of the day, in thousandths of those at midnight: the day's load falls to the night's level,
 * which is the trial's (its table rises by 2 % over the two hours).
 */
static const int curve[25] = {1000, 1017, 1023, 1023, 1015, 1010, 1080, 1400, 1900, 2250, 2400, 2450, 2500,
                              2450, 2400, 2400, 2450, 2500, 2450, 2350, 2200, 1950, 1550, 1200, 1000};

static double expected(const struct sim_world *world, enum sim_segment segment)
{
    const struct sim_settings *set = &world->set;
    int64_t share = segment == SEG_4G ? set->users_4g_permille : 1000 - set->users_4g_permille;
    double base = (double)set->users * (double)share / 1000.0;
    base *= (double)world->fault[FAULT_load_surge_permille] / 1000.0;
    if (set->curve == CURVE_FLAT)
        return base;
    int64_t since =
        set->curve == CURVE_NIGHT ? world->now - world->born : world->now + set->utc_offset_min * 60000;
    int64_t of_day = since % (24 * HOUR_MS);
    int64_t hour = of_day / HOUR_MS;
    double part = (double)(of_day % HOUR_MS) / HOUR_MS;
    return base * (curve[hour] * (1 - part) + curve[hour + 1] * part) / 1000.0;
}

static double churn(const struct sim_world *world)
{
    return (double)world->set.churn_permille / 1000.0;
}

static double activity(const struct sim_world *world)
{
    return (double)world->set.activity_permille / 1000.0;
}

/* ---- timers ---- */

void sim_user_schedule(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    int64_t at = world->now + sim_random_wait(&world->traffic, world->rate[user->segment]);
    if (at > user->periodic)
        at = user->periodic;
    sim_queue_put(&world->people, at, EV_USER, slot, ++user->timer);
}

void sim_user_retry(struct sim_world *world, uint32_t slot, int64_t least_ms, int64_t most_ms)
{
    int64_t at = world->now + sim_random_between(&world->traffic, least_ms, most_ms);
    sim_queue_put(&world->people, at, EV_USER, slot, ++world->users[slot].timer);
}

static void arrival_schedule(struct sim_world *world, enum sim_segment segment)
{
    double here = world->attached[SOURCE][segment] + world->attached[TARGET][segment];
    double wanted = expected(world, segment);
    double rate = wanted * churn(world) + (wanted - here) / RELAX_H;
    int64_t wait = sim_random_wait(&world->traffic, rate);
    bool idle = wait > 60000; /* look again: the curve may have risen */
    sim_queue_put(&world->people, world->now + (idle ? 60000 : wait), EV_ARRIVAL, (uint32_t)segment, idle);
}

/* ---- procedures ---- */

/* The faults of the new version are those of the one they name, or of any but the first. */
static bool is_worse(const struct sim_world *world, uint32_t instance)
{
    const char *version = world->instances[instance].runs.version;
    return world->worse_version[0] ? strcmp(version, world->worse_version) == 0
                                   : strcmp(version, world->set.version) != 0;
}

/* Overload of the domain, a gap in signalling, a bad version, a neighbour. */
uint32_t sim_extra_failures(const struct sim_world *world, uint32_t instance, int kpi)
{
    enum sim_domain domain = sim_domain_of(world, &world->instances[instance]);
    if (world->now < world->gap_until)
        return MILLION;
    uint32_t extra = (uint32_t)world->fault[FAULT_neighbour_storm_permyriad] * 100;
    int64_t users = world->attached[domain][SEG_5G] + world->attached[domain][SEG_4G];
    int64_t capacity = world->capacity[domain];
    if (users > capacity)
        extra += (uint32_t)((users - capacity) * MILLION / users);
    int64_t worse = kpi >= 0 ? world->worse_kpi[kpi] : world->worse_all;
    if (worse > 0 && is_worse(world, instance))
        extra += (uint32_t)worse;
    return extra < MILLION ? extra : MILLION;
}

/* One procedure on an instance: counted, unless the user itself made it fail. True if it worked. */
bool sim_attempt(struct sim_world *world, struct sim_user *user, uint32_t instance, int kpi)
{
    const struct sim_kpi *row = &world->kpi[kpi];
    enum sim_domain domain = sim_domain_of(world, &world->instances[instance]);
    if (sim_random_below(&world->traffic, MILLION) < row->user_fails) {
        sim_attempted(world, domain, kpi, false, true);
        return false;
    }
    if (world->fault[FAULT_target_refuses_uncounted] && is_worse(world, instance))
        return false;
    bool failed = sim_random_below(&world->traffic, MILLION) < row->fails;
    uint32_t extra = sim_extra_failures(world, instance, kpi);
    if (!failed && extra > 0)
        failed = sim_random_below(&world->traffic, MILLION) < extra;
    sim_count(world, user, domain, kpi, failed);
    sim_attempted(world, domain, kpi, failed, false);
    return !failed;
}

int sim_arrival_kpi(const struct sim_world *world, enum sim_segment segment)
{
    for (size_t i = 0; i < world->kpi_count; i++)
        if (world->kpi[i].kind == KPI_ARRIVAL && world->kpi[i].segment == segment)
            return (int)i;
    return 0;
}

static int periodic_kpi(const struct sim_world *world, enum sim_segment segment)
{
    for (size_t i = 0; i < world->kpi_count; i++)
        if (world->kpi[i].kind == KPI_PERIODIC && world->kpi[i].segment == segment)
            return (int)i;
    return -1; /* the 5G periodic registration has no KPI of its own in table 1 */
}

/* Registration, attach or first session: the user gets an instance, or tries again. */
static void attach(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    uint32_t instance = sim_any_instance(world, sim_wanted(world, user), SIM_NONE);
    bool works = false;
    if (instance != SIM_NONE)
        works = sim_attempt(world, user, instance, sim_arrival_kpi(world, (enum sim_segment)user->segment));
    if (!works) {
        bool gives_up = ++user->retries > 20 && !user->test;
        if (gives_up)
            sim_user_gone(world, slot);
        else
            sim_user_retry(world, slot, 8000, 15000);
        return;
    }
    user->periodic = world->now + PERIODIC_MS;
    sim_user_place(world, slot, instance);
    sim_user_schedule(world, slot);
}

/* Some sessions are calls; a few are held for hours. */
static void maybe_call(struct sim_world *world, struct sim_user *user)
{
    uint32_t dice = sim_random_below(&world->traffic, 1000);
    if (sim_in_call(world, user) || dice >= 200)
        return;
    int64_t most = dice == 0 ? 3 * HOUR_MS : 5 * 60000;
    user->call_until = world->now + sim_random_between(&world->traffic, 20000, most);
}

static void procedure(struct sim_world *world, uint32_t slot, int kpi)
{
    struct sim_user *user = &world->users[slot];
    bool works = sim_attempt(world, user, user->instance, kpi);
    if (works && world->kpi[kpi].kind == KPI_TO_OTHER && !user->test)
        sim_user_switch_segment(world, slot);
    else if (works && world->kpi[kpi].kind == KPI_PROCEDURE && !user->test)
        maybe_call(world, user);
}

/* Which of its procedures it was, by their rates; a departure otherwise. */
static void choose(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    double dice = world->rate[user->segment] * (double)sim_random_below(&world->traffic, MILLION) / MILLION;
    for (size_t i = 0; i < world->kpi_count; i++) {
        if (world->kpi[i].segment != user->segment)
            continue;
        dice -= world->kpi[i].rate;
        if (dice < 0) {
            procedure(world, slot, (int)i);
            return;
        }
    }
    if (!user->test && !sim_in_call(world, user))
        sim_user_gone(world, slot);
}

void sim_user_event(struct sim_world *world, uint32_t slot)
{
    struct sim_user *user = &world->users[slot];
    if (user->state == USER_ATTACHING) {
        attach(world, slot);
        return;
    }
    if (world->now >= user->periodic) {
        int kpi = periodic_kpi(world, (enum sim_segment)user->segment);
        user->periodic = world->now + PERIODIC_MS;
        if (kpi >= 0)
            procedure(world, slot, kpi);
    } else {
        choose(world, slot);
    }
    if (user->state == USER_ATTACHED)
        sim_user_schedule(world, slot);
}

void sim_arrival_event(struct sim_world *world, enum sim_segment segment, bool only_look)
{
    if (!only_look)
        attach(world, sim_user_new(world, segment));
    arrival_schedule(world, segment);
}

/* ---- the first moment ---- */

static void read_kpis(struct sim_world *world)
{
    static const struct {
        enum sim_shape shape;
        struct sim_kpi kpi;
    } table[] = {
#define KPI(shape, segment, name, kind, rate, fails, user_fails, attempts, successes, failures)              \
    {SHAPE_##shape,                                                                                          \
     {name, SEG_##segment, KPI_##kind, rate, fails, user_fails, {attempts, successes, failures}}},
#include "sim/kpi.def"
#undef KPI
    };
    for (int segment = 0; segment < SEGMENTS; segment++)
        world->rate[segment] = churn(world);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].shape != world->set.shape)
            continue;
        struct sim_kpi *kpi = &world->kpi[world->kpi_count++];
        *kpi = table[i].kpi;
        kpi->rate *= activity(world);
        world->rate[kpi->segment] += kpi->rate;
    }
}

void sim_populate(struct sim_world *world)
{
    read_kpis(world);
    for (int segment = 0; segment < SEGMENTS; segment++) {
        int64_t count = (int64_t)expected(world, (enum sim_segment)segment);
        for (int64_t i = 0; i < count; i++) {
            uint32_t slot = sim_user_new(world, (enum sim_segment)segment);
            uint32_t instance = sim_least_loaded(world, world->home, SIM_NONE);
            if (instance == SIM_NONE)
                return;
            world->users[slot].periodic = world->now + sim_random_between(&world->traffic, 1, PERIODIC_MS);
            sim_user_place(world, slot, instance);
            sim_user_schedule(world, slot);
            if (sim_random_below(&world->traffic, 1000) < CALLING)
                world->users[slot].call_until =
                    world->now + sim_random_between(&world->traffic, 1, 5 * 60000);
        }
        arrival_schedule(world, (enum sim_segment)segment);
    }
}
