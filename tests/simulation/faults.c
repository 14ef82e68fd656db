/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/faults.h"

#include "base/mem.h"
#include "tests/simulation/chance.h"

#include <string.h>

enum { NOBODY, USERS };
enum shape { LEVEL, CALLS, BUILDS, MOMENT };
enum on { NONE, KPI, PLACE, VICTIM, GUARD };

static const struct {
    const char *name;
    enum shape shape;
    enum on on;
    int64_t otherwise, usual, least, most;
    int harms;
} faults[] = {
#define FAULT(name, shape, on, otherwise, usual, least, most, harms, help)                                   \
    {#name, shape, on, otherwise, usual, least, most, harms},
#include "sim/fault.def"
#undef FAULT
};

int fault_count(void)
{
    return (int)FY_COUNT(faults);
}

const char *fault_name(int64_t number)
{
    return faults[number].name;
}

bool fault_takes_users(int64_t number)
{
    return faults[number].harms == USERS;
}

/* About the usual one, sometimes twice or half of it. */
static int64_t value_of(int64_t number, struct chance *chance)
{
    int64_t value = faults[number].usual;
    if (chance_permille(chance, 400))
        value = chance_permille(chance, 500) ? 2 * value : value / 2;
    value = value > faults[number].most ? faults[number].most : value;
    return value < faults[number].least ? faults[number].least : value;
}

static void put_reach(int64_t number, struct chance *chance, struct fy_buf *args)
{
    static const char *const places[] = {"SVC", "SDB", "OMU", "host-01", "host-03"};
    enum shape shape = faults[number].shape;
    if (shape == CALLS || shape == BUILDS) {
        if (chance_permille(chance, 600))
            fy_buf_member_int(args, "count", chance_of(chance, 1, 6));
        else
            fy_buf_member_int(args, "permille", chance_of(chance, 50, 1000));
    }
    if (faults[number].on == PLACE && chance_permille(chance, 400))
        fy_buf_member(args, "on", places[chance_of(chance, 0, 4)]);
    if (faults[number].on == VICTIM && chance_permille(chance, 600))
        fy_buf_member(args, "on", chance_permille(chance, 500) ? "batch" : "any");
    if (strcmp(faults[number].name, "late_effect") == 0)
        fy_buf_member(args, "answer", chance_permille(chance, 500) ? "again" : "timeout");
}

void fault_begin(struct sim_world *world, int64_t number, uint64_t draw, struct fy_buf *said)
{
    struct chance chance = {draw};
    char why[256] = "";
    fy_buf_open(said, '{');
    if (faults[number].shape == LEVEL || faults[number].shape == CALLS)
        fy_buf_member_int(said, "value", value_of(number, &chance));
    put_reach(number, &chance, said);
    fy_buf_close(said, '}');
    if (!sim_world_fault(world, faults[number].name, said->data, why, sizeof why))
        fy_buf_format(said, " (the world has none: %s)", why);
}

void fault_end(struct sim_world *world, int64_t number)
{
    (void)sim_world_clear(world, faults[number].name);
}

void faults_end_all(struct sim_world *world)
{
    (void)sim_world_clear(world, NULL);
}
