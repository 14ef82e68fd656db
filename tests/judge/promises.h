/* SPDX-License-Identifier: Apache-2.0 */
/* K1 to K7: each a line with its number, ok or NOT. */
#ifndef TESTS_JUDGE_PROMISES_H
#define TESTS_JUDGE_PROMISES_H

#include <stdbool.h>

/* How many of each are played. */
struct amounts {
    long table_soaks, null_soaks, effect_soaks, days, strange_feeds, replays, upgrades;
};

bool promises(const struct amounts *amounts);

#endif
