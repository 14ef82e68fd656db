/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in memory (store/store.h), for the simulation: a commit is whole or not there, and what it holds
 * survives the engine that wrote it, as a disk would. tests/unit/store runs the conformance suite on it.
 */
#ifndef TESTS_MEMORY_STORE_H
#define TESTS_MEMORY_STORE_H

#include "store/store.h"

struct fy_store *memory_store_new(void); /* epoch 1; the caller raises it where an engine takes over */

/* The rows of a run, borrowed until the next commit. */
const struct fy_row *memory_store_rows(const struct fy_store *store, const char *run, size_t *ret_count);

/*
 * Asked in the middle of a commit, when the rows are there and the transaction is open: false takes all of it
 * back, as the death of the process would. NULL: nobody asks.
 */
void memory_store_ask(struct fy_store *store, bool (*may_commit)(void *context), void *context);

#endif
