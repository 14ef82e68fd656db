/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crash points of this program (base/point.h, in place of base/point.c): the play decides who dies. Those
 * of ferry-host have no process of their own here; the play reaches them where a host would.
 */
#include "base/point.h"
#include "tests/simulation/play.h"

#include <string.h>

struct play *points_play;
bool (*points_reaper)(int64_t point);

static bool deed_is_due(struct play *play, int64_t point)
{
    if (play->die_count == 0 || play->die_at[0].point != point || --play->die_at[0].after > 0)
        return false;
    play->die_count--;
    memmove(&play->die_at[0], &play->die_at[1], play->die_count * sizeof play->die_at[0]);
    return true;
}

/* True: this is where somebody dies. */
static bool reach(struct play *play, int64_t point)
{
    play->reached[point]++;
    if (!(points_reaper != NULL ? points_reaper(point) : deed_is_due(play, point)))
        return false;
    seen_number(play->seen, SEEN_POINT, point);
    play->died_at++;
    return true;
}

void fy_point_reached(enum fy_point point)
{
    struct play *play = points_play;
    if (play != NULL && !play->dying && reach(play, point))
        play->dying = true;
}

bool points_host_dies(struct play *play, const char *point)
{
    const char *name;
    if (play->dying)
        return false;
    for (size_t i = 0; (name = seen_name(SEEN_POINT, i)) != NULL; i++)
        if (strcmp(name, point) == 0)
            return reach(play, (int64_t)i);
    return false;
}
