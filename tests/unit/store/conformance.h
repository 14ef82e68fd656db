/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every store does, whatever stands behind the vtable. A database's own test opens its store and runs
 * the list; reopen() closes the store as a dying engine would and opens it again.
 */
#ifndef TESTS_STORE_CONFORMANCE_H
#define TESTS_STORE_CONFORMANCE_H

#include "store/store.h"

/* Runs every test on fresh(), which gives an empty store each time. Returns how many failed. */
int conformance_run(const char *name, struct fy_store *(*fresh)(void),
                    struct fy_store *(*reopen)(struct fy_store *old));

#endif
