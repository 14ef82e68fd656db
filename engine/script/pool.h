/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for many small Lua states of one thread. Lua says the size when it gives a block back, so small
 * blocks need no header: they stand side by side in pages of their size, whichever state they belong to. What
 * is larger than FY_POOL_MAX is malloc's. Running out aborts.
 *
 * Under AddressSanitizer everything is malloc's, so that it sees each block.
 */
#ifndef FY_SCRIPT_POOL_H
#define FY_SCRIPT_POOL_H

#include <stddef.h>

#define FY_POOL_MAX 512

struct fy_pool;

struct fy_pool *fy_pool_new(void);
void fy_pool_free(struct fy_pool *pool); /* with all its blocks */

/* As realloc, with the size the block has: old_size 0 makes one, size 0 frees it. Aligned to 8. */
void *fy_pool_resize(struct fy_pool *pool, void *old, size_t old_size, size_t size);

/* Give the pages that are empty back to the system. */
void fy_pool_trim(struct fy_pool *pool);

#endif
