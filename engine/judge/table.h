/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick as a two by two table, and what is known of it once its margins are: given how many users tried on
 * each side and how many failed in all, the failures on the target follow Fisher's non-central hypergeometric
 * law with the odds ratio psi. Private to engine/judge.
 */
#ifndef FY_JUDGE_TABLE_H
#define FY_JUDGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tried and failed, source and target. */
struct fy_table {
    int64_t n0, k0, n1, k1;
};

/* Does it say anything about the odds? Not if a side has no users, nobody failed or everybody did. */
bool fy_table_speaks(const struct fy_table *table);

/* Fewest and most failures the target can have, given the margins. */
int64_t fy_table_least(const struct fy_table *table);
int64_t fy_table_most(const struct fy_table *table);

/*
 * log of M(psi) = sum_j h(j) psi^j, with h(j) = C(n1,j) C(n0,F-j) / C(n0+n1,F) the central law, for each of
 * the values in psi, which must rise. Small tables in one pass, large ones by walking from mode to mode: no
 * table is too large and none needs memory.
 */
void fy_table_log_masses(const struct fy_table *table, const double *psi, size_t count, double *ret);

/*
 * The central law h(least..most) itself, as probabilities, into ret; at most room of them. Returns how many,
 * 0 if there is no room for all.
 */
size_t fy_table_central(const struct fy_table *table, double *ret, size_t room);

#endif
