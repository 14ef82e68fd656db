/* SPDX-License-Identifier: Apache-2.0 */
#include "script/pool.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 20000
#define ROUNDS 400000

struct block {
    unsigned char *at;
    size_t size;
    unsigned char mark;
};

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % sides;
}

static void check(const struct block *block)
{
    for (size_t i = 0; block->at != NULL && i < block->size; i++)
        if (block->at[i] != block->mark)
            fail_msg("byte %zu of a block of %zu was changed by somebody else", i, block->size);
}

/* Mostly small, some around the limit, some large; none is a block, too. */
static size_t some_size(uint32_t *seed)
{
    static const uint32_t most[] = {40, 40, 40, 200, FY_POOL_MAX + 40, 5000, 1};
    return dice(seed, most[dice(seed, FY_COUNT(most))]);
}

static void resize(struct fy_pool *pool, struct block *block, size_t size, unsigned char mark)
{
    size_t kept = block->size < size ? block->size : size;
    unsigned char *at = fy_pool_resize(pool, block->at, block->size, size);
    struct block now = {at, kept, block->mark};
    *block = (struct block){at, size, mark};
    if (at == NULL) {
        assert_int_equal(size, 0);
        return;
    }
    assert_int_equal((uintptr_t)at % 8, 0);
    check(&now);
    memset(at, mark, size);
}

static void test_pool_keeps_every_block_apart(void **state)
{
    (void)state;
    uint32_t seed = 7;
    struct fy_pool *pool = fy_pool_new();
    struct block *blocks = FY_NEW_ARRAY(struct block, BLOCKS);
    for (int i = 0; i < ROUNDS; i++) {
        resize(pool, &blocks[dice(&seed, BLOCKS)], some_size(&seed), (unsigned char)dice(&seed, 256));
        if (dice(&seed, 50000) == 0) { /* a quiet time: half of it goes, and the empty pages with it */
            for (size_t j = 0; j < BLOCKS; j += 1 + dice(&seed, 2))
                resize(pool, &blocks[j], 0, 0);
            fy_pool_trim(pool);
        }
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        check(&blocks[i]);
        resize(pool, &blocks[i], 0, 0);
    }
    fy_pool_trim(pool);
    free(blocks);
    fy_pool_free(pool);
}

static void test_pool_goes_on_after_a_trim(void **state)
{
    (void)state;
    struct fy_pool *pool = fy_pool_new();
    void *first = fy_pool_resize(pool, NULL, 0, 24), *second = fy_pool_resize(pool, NULL, 0, 24);
    assert_ptr_not_equal(first, second);
    first = fy_pool_resize(pool, first, 24, 20);
    assert_null(fy_pool_resize(pool, second, 24, 0));
    assert_null(fy_pool_resize(pool, first, 20, 0));
    fy_pool_trim(pool);
    unsigned char *third = fy_pool_resize(pool, NULL, 0, 500);
    memset(third, 1, 500);
    assert_null(fy_pool_resize(pool, third, 500, 0));
    fy_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_keeps_every_block_apart),
        cmocka_unit_test(test_pool_goes_on_after_a_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
