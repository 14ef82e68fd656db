/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario: everything that decides how a simulated upgrade goes. Two plays of one scenario are the same
 * bit for bit. It is drawn from a seed, can be written as a line of text and read again (scenario.def), and
 * shrunk by taking deeds away.
 */
#ifndef SIMULATION_SCENARIO_H
#define SIMULATION_SCENARIO_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define DEEDS_MAX 64

enum deed_kind {
#define FIELD(name, usual, help)
#define DEED(NAME, name, weight, help) DEED_##NAME,
#include "tests/simulation/scenario.def"
#undef FIELD
#undef DEED
    DEED_KINDS
};

extern const char *const deed_names[DEED_KINDS];

struct deed {
    enum deed_kind kind;
    int64_t at, a, b;
};

struct scenario {
#define FIELD(name, usual, help) int64_t name;
#define DEED(NAME, name, weight, help)
#include "tests/simulation/scenario.def"
#undef FIELD
#undef DEED
    struct deed deeds[DEEDS_MAX];
    size_t deed_count;
};

/* What may happen: "all", or only some of it ("calm", "crash", "people", "fault"). */
extern const char *const profiles[];
void scenario_draw(struct scenario *scenario, uint64_t seed, const char *profile);

void scenario_write(const struct scenario *scenario, struct fy_buf *buf);
bool scenario_read(struct scenario *ret, const char *text, struct fy_err *err) FY_MUST_CHECK;

/* The landscape as settings of the simulated core, and the order as TOSCA XML. The caller frees them. */
char *scenario_world(const struct scenario *scenario);
char *scenario_order(const struct scenario *scenario);

/* Its workflow is one of tests/simulation/workflows: it leaves the network function in the middle. */
static inline bool scenario_is_short(const struct scenario *scenario)
{
    return scenario->workflow == 1 || scenario->workflow >= 4;
}

#define SCENARIO_OPENS_MS 1795363200000 /* 2026-11-22T16:00:00Z: the window opens */

#endif
