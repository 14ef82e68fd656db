/* SPDX-License-Identifier: Apache-2.0 */
/* The crash points of this program (base/point.h, in place of base/point.c): the play decides who dies. */
#include "base/point.h"
#include "tests/simulation/play.h"

struct play *points_play;

void fy_point_reached(enum fy_point point)
{
    struct play *play = points_play;
    if (play == NULL || play->dying || play->die_at != (int64_t)point || --play->die_after > 0)
        return;
    play->dying = true;
    play->die_at = -1;
    seen_number(play->seen, SEEN_POINT, point);
}
