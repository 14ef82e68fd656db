/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the double deaths have counted so far, as a file that a later run adds to. It is of one build: what
 * another one did proves nothing about this one.
 *
 *     build 75d9b1e...
 *     played 1234 violations 0
 *     pair journal_before_commit run_durable 5000 37      (samples; so many were the last deaths of their
 * run) rest 0 run_durable 100                              (order, point, undisturbed rests) passed 0
 * journal_before_commit run_durable
 */
#ifndef SIMULATION_TOTALS_H
#define SIMULATION_TOTALS_H

#include "base/err.h"
#include "tests/simulation/chain.h"

struct totals {
    struct chain_counts *counts;
    const char *build;
    int64_t played, violations;
};

/* No file yet is a beginning. Refuses one of another build. */
bool totals_read(const char *path, struct totals *totals, struct fy_err *err) FY_MUST_CHECK;
/* Replaces the file as a whole. */
bool totals_write(const char *path, const struct totals *totals, struct fy_err *err) FY_MUST_CHECK;

#endif
