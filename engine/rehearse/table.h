/* SPDX-License-Identifier: Apache-2.0 */
/* All rehearsals of an order, and what is printed of them: a row for each step, a column for each trouble. */
#ifndef FY_REHEARSE_TABLE_H
#define FY_REHEARSE_TABLE_H

#include "rehearse/rehearsal.h"

struct fy_case {
    const struct fy_acting *acting; /* NULL: the undisturbed one */
    enum fy_trouble trouble;
    struct fy_outcome outcome;
};

struct fy_programme {
    struct fy_actings actings;
    struct fy_outcome undisturbed;
    bool wanted[FY_TROUBLES];
    struct fy_case *cases;
    size_t count;
};

size_t fy_programme_failures(const struct fy_programme *programme);
void fy_table_print(const struct fy_programme *programme, const struct fy_score *score);
void fy_table_json(const struct fy_programme *programme, const struct fy_score *score);

#endif
