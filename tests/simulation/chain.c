/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/chain.h"

#include <string.h>

#define DEATHS_LEAST 2
#define DEATHS_MOST  (DEEDS_MAX - 8) /* an order has a few deeds of its own */
#define DEATHS_ALONG (DEATHS_MOST - 2)
#define DEATHS_HERE  7
#define HOSTS_HERE   2

static const char *const names[] = {
#define X(name, where) #name,
#include "base/point.def"
#undef X
};

static bool is_adapter_host(int64_t point)
{
    return strncmp(names[point], "adapter_", strlen("adapter_")) == 0;
}

bool chain_is_pair(const struct chain_counts *counts, int64_t first, int64_t second)
{
    for (int order = 0; order < CHAIN_ORDERS; order++)
        if (atomic_load_explicit(&counts->passed[order][first][second], memory_order_relaxed))
            return true;
    return false;
}

static int64_t lacks(const struct chain *chain, int64_t first, int64_t second)
{
    int64_t have = atomic_load_explicit(&chain->counts->samples[first][second], memory_order_relaxed);
    return have < chain->samples ? chain->samples - have : 0;
}

/* ---- the aim --------------------------------------------------------------------------------------------
 */

/* A rest of an order that was not looked at often enough. */
static bool aim_at_rest(struct chain *chain)
{
    int64_t from = chance_of(&chain->chance, 0, CHAIN_ORDERS * FY_POINT_COUNT - 1);
    for (int64_t i = 0; i < CHAIN_ORDERS * FY_POINT_COUNT; i++) {
        int64_t at = (from + i) % (CHAIN_ORDERS * FY_POINT_COUNT);
        int64_t order = at / FY_POINT_COUNT, point = at % FY_POINT_COUNT;
        if (!atomic_load(&chain->counts->met[order][point]) ||
            atomic_load(&chain->counts->rests[order][point]) >= chain->rests)
            continue;
        chain->order = order;
        chain->first = point;
        chain->second = -1;
        return true;
    }
    return false;
}

static int64_t all_that_lack(const struct chain *chain)
{
    int64_t all = 0;
    for (int64_t first = 0; first < FY_POINT_COUNT; first++)
        for (int64_t second = 0; second < FY_POINT_COUNT; second++)
            all += chain_is_pair(chain->counts, first, second) ? lacks(chain, first, second) : 0;
    return all;
}

/* Of the orders that pass both points mostly the one that comes first: they are sorted by their length. */
static int64_t order_for(struct chain *chain, int64_t first, int64_t second)
{
    int64_t found = 0;
    bool any = false;
    for (int64_t order = 0; order < CHAIN_ORDERS; order++)
        if (atomic_load(&chain->counts->passed[order][first][second]) &&
            (!any || chance_permille(&chain->chance, 100))) {
            found = order;
            any = true;
        }
    return found;
}

static bool aim_at_pair(struct chain *chain)
{
    int64_t all = all_that_lack(chain);
    if (all == 0)
        return false;
    int64_t left = chance_of(&chain->chance, 0, all - 1);
    for (int64_t i = 0; i < (int64_t)FY_POINT_COUNT * FY_POINT_COUNT; i++) {
        int64_t first = i / FY_POINT_COUNT, second = i % FY_POINT_COUNT;
        left -= chain_is_pair(chain->counts, first, second) ? lacks(chain, first, second) : 0;
        if (left >= 0)
            continue;
        chain->first = first;
        chain->second = second;
        chain->order = order_for(chain, first, second);
        return true;
    }
    return false;
}

bool chain_aim(struct chain *chain, uint64_t number)
{
    chain->chance = (struct chance){chance_mix(number + 77)};
    bool looks = chance_permille(&chain->chance, 200);
    return looks ? aim_at_rest(chain) || aim_at_pair(chain) : aim_at_pair(chain) || aim_at_rest(chain);
}

/* ---- the run --------------------------------------------------------------------------------------------
 */

/* Mostly the next one dies soon, sometimes late, so that a state lives through deaths of all distances. */
static int64_t draw_patience(struct chance *chance)
{
    if (chance_permille(chance, 500))
        return 0;
    return chance_permille(chance, 700) ? chance_of(chance, 1, 12) : chance_of(chance, 13, 150);
}

void chain_begin(struct chain *chain, struct scenario *scenario, int64_t usually)
{
    chain->scenario = scenario;
    chain->stage = CHAIN_BEFORE;
    chain->last = chain->previous = -1;
    for (int64_t i = 0; i < FY_POINT_COUNT; i++)
        chain->passed[i] = 0;
    chain->before = chance_permille(&chain->chance, 300) ? 0 : chance_of(&chain->chance, 1, usually) - 1;
    chain->let_go = chance_permille(&chain->chance, 500) ? 0 : chance_of(&chain->chance, 0, 200);
    chain->deaths = chain->settled = chain->deaths_here = chain->hosts_here = 0;
    chain->most = chance_of(&chain->chance, DEATHS_LEAST, DEATHS_ALONG);
}

/* One that may come along: it lacks samples, itself or with whatever follows it. */
static bool comes_along(struct chain *chain, int64_t point)
{
    if (chain->let_go > 0 || chain->deaths >= chain->most || chain->deaths_here > DEATHS_HERE - 3 ||
        (is_adapter_host(point) && chain->hosts_here > HOSTS_HERE - 2))
        return false; /* what is aimed at keeps room */
    if (chain->last >= 0)
        return lacks(chain, chain->last, point) > 0;
    return true;
}

static bool is_too_much(const struct chain *chain, int64_t point)
{
    return chain->deaths == DEATHS_MOST || chain->deaths_here >= DEATHS_HERE ||
           (is_adapter_host(point) && chain->hosts_here >= HOSTS_HERE);
}

static bool wanted(struct chain *chain, int64_t point)
{
    if (is_too_much(chain, point))
        return false;
    if (chain->stage == CHAIN_AIMS)
        return point == chain->second;
    if (chain->stage == CHAIN_BEFORE && point == chain->first && chain->before-- <= 0)
        return true;
    return comes_along(chain, point);
}

static void note_passed(struct chain *chain, int64_t point)
{
    struct chain_counts *counts = chain->counts;
    if (!atomic_load_explicit(&counts->met[chain->order][point], memory_order_relaxed))
        atomic_store(&counts->met[chain->order][point], true);
    if (chain->last >= 0 &&
        !atomic_load_explicit(&counts->passed[chain->order][chain->last][point], memory_order_relaxed))
        atomic_store(&counts->passed[chain->order][chain->last][point], true);
}

static void note_death(struct chain *chain, int64_t point)
{
    if (chain->last >= 0)
        atomic_fetch_add(&chain->counts->samples[chain->last][point], 1);
    chain->scenario->deeds[chain->scenario->deed_count++] =
        (struct deed){.kind = DEED_DIE_AT, .a = point, .b = chain->passed[point]};
    chain->previous = chain->last;
    chain->last = point;
    chain->deaths++;
    chain->deaths_here++;
    chain->hosts_here += is_adapter_host(point);
    for (int64_t i = 0; i < FY_POINT_COUNT; i++)
        chain->passed[i] = 0;
    chain->let_go = draw_patience(&chain->chance);
}

bool chain_dies(struct chain *chain, int64_t point, int64_t settled)
{
    if (settled != chain->settled)
        chain->deaths_here = chain->hosts_here = 0;
    chain->settled = settled;
    chain->passed[point]++;
    note_passed(chain, point);
    bool before = chain->stage == CHAIN_BEFORE, is_first = point == chain->first && chain->before <= 0;
    if (!wanted(chain, point)) {
        chain->let_go -= chain->let_go > 0;
        return false;
    }
    if (before && is_first)
        chain->stage = CHAIN_AIMS;
    else if (chain->stage == CHAIN_AIMS)
        chain->stage = CHAIN_AFTER;
    note_death(chain, point);
    return true;
}

void chain_end(struct chain *chain)
{
    if (chain->last < 0)
        return;
    atomic_fetch_add(&chain->counts->rests[chain->order][chain->last], 1);
    if (chain->previous >= 0)
        atomic_fetch_add(&chain->counts->ended[chain->previous][chain->last], 1);
}
