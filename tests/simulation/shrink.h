/* SPDX-License-Identifier: Apache-2.0 */
/* From a scenario that breaks a rule to the smallest one found that still breaks it. */
#ifndef SIMULATION_SHRINK_H
#define SIMULATION_SHRINK_H

#include "tests/simulation/play.h"

#include <stdio.h>

/*
 * Play in a process of its own, which may die or hang: that is a broken rule, too. The story goes to out
 * (NULL: nowhere).
 */
void play_apart(const struct scenario *scenario, struct verdict *verdict, FILE *out);

/* Takes away deeds and makes what is left usual, as long as the same rule is broken. */
struct scenario shrink(const struct scenario *scenario, const struct verdict *broken);

#endif
