/* SPDX-License-Identifier: Apache-2.0 */
/* Rehearsals in processes of their own, a few at a time: one that dies is an outcome, not the end of all. */
#ifndef FY_REHEARSE_POOL_H
#define FY_REHEARSE_POOL_H

#include "rehearse/table.h"

/* Fills the outcome of every case. told is called after each (done of count). */
void fy_pool_run(const struct fy_score *score, struct fy_programme *programme, int jobs,
                 void (*told)(size_t done, size_t count));

#endif
