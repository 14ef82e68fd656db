/* SPDX-License-Identifier: Apache-2.0 */
#include "script/pool.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE        4096u
#define REGION      ((size_t)1 << 20)
#define GRAIN       8u
#define SIZES       (FY_POOL_MAX / GRAIN + 1)
#define BLOCKS_FROM sizeof(struct page)

#if defined(__SANITIZE_ADDRESS__)
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED FY_POOL_MAX
#endif

/* At the beginning of a page; its blocks follow. */
struct page {
    struct page *next, **link; /* among the pages of its size that have room */
    void *given_back;          /* the first of a list of blocks, each with a pointer to the next */
    uint16_t size, used;
    uint16_t fresh; /* where the blocks begin that were never used */
};

struct fy_pool {
    struct page *room[SIZES]; /* pages with room, by size in grains */
    struct page *empty;
    char **bare; /* empty pages that were given back to the system, which keeps their place */
    size_t bare_count, bare_room;
    char **region;
    size_t region_count, region_used; /* of the last region: bytes */
};

struct fy_pool *fy_pool_new(void)
{
    struct fy_pool *pool = FY_NEW(struct fy_pool);
    pool->region_used = REGION;
    return pool;
}

void fy_pool_free(struct fy_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->region_count; i++)
        (void)munmap(pool->region[i], REGION);
    free(pool->region);
    free(pool->bare);
    free(pool);
}

static char *place_for_page(struct fy_pool *pool)
{
    if (pool->bare_count > 0)
        return pool->bare[--pool->bare_count];
    if (pool->region_used == REGION) {
        void *region = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (region == MAP_FAILED)
            abort();
        pool->region = fy_realloc(pool->region, (pool->region_count + 1) * sizeof *pool->region);
        pool->region[pool->region_count++] = region;
        pool->region_used = 0;
    }
    pool->region_used += PAGE;
    return pool->region[pool->region_count - 1] + pool->region_used - PAGE;
}

static void link_page(struct fy_pool *pool, struct page *page)
{
    struct page **list = &pool->room[page->size / GRAIN];
    page->next = *list;
    page->link = list;
    if (page->next != NULL)
        page->next->link = &page->next;
    *list = page;
}

static void unlink_page(struct page *page)
{
    *page->link = page->next;
    if (page->next != NULL)
        page->next->link = page->link;
}

static bool has_room(const struct page *page)
{
    return page->given_back != NULL || page->fresh + page->size <= (int)PAGE;
}

static struct page *page_with_room(struct fy_pool *pool, size_t size)
{
    struct page *page = pool->room[size / GRAIN];
    if (page != NULL)
        return page;
    page = pool->empty;
    if (page != NULL)
        pool->empty = page->next;
    else
        page = (struct page *)(void *)place_for_page(pool);
    *page = (struct page){.size = (uint16_t)size, .fresh = BLOCKS_FROM};
    link_page(pool, page);
    return page;
}

static void *take(struct fy_pool *pool, size_t size)
{
    struct page *page = page_with_room(pool, size);
    void *block = page->given_back;
    if (block != NULL) {
        memcpy(&page->given_back, block, sizeof page->given_back);
    } else {
        block = (char *)page + page->fresh;
        page->fresh = (uint16_t)(page->fresh + size);
    }
    page->used++;
    if (!has_room(page))
        unlink_page(page);
    return block;
}

static void set_free(struct fy_pool *pool, struct page *page)
{
    unlink_page(page);
    page->next = pool->empty;
    pool->empty = page;
}

static void give_back(struct fy_pool *pool, void *block)
{
    struct page *page = (struct page *)((uintptr_t)block & ~(uintptr_t)(PAGE - 1));
    bool was_full = !has_room(page);
    memcpy(block, &page->given_back, sizeof page->given_back);
    page->given_back = block;
    if (was_full)
        link_page(pool, page);
    bool only_one = page->next == NULL && page->link == &pool->room[page->size / GRAIN];
    if (--page->used == 0 && !only_one) /* the only one is likely to be wanted again at once */
        set_free(pool, page);
}

static size_t rounded(size_t size)
{
    return (size + GRAIN - 1) & ~(size_t)(GRAIN - 1);
}

void *fy_pool_resize(struct fy_pool *pool, void *old, size_t old_size, size_t size)
{
    bool small_old = old_size > 0 && old_size <= POOLED, small = size > 0 && size <= POOLED;
    if (!small_old && !small) {
        if (size > 0)
            return fy_realloc(old, size);
        free(old);
        return NULL;
    }
    if (small_old && small && rounded(old_size) == rounded(size))
        return old;
    void *block = small ? take(pool, rounded(size)) : size > 0 ? fy_alloc(size) : NULL;
    if (block != NULL && old_size > 0)
        memcpy(block, old, old_size < size ? old_size : size);
    if (small_old)
        give_back(pool, old);
    else
        free(old);
    return block;
}

void fy_pool_trim(struct fy_pool *pool)
{
    for (size_t i = 0; i < SIZES; i++)
        for (struct page *page = pool->room[i], *next; page != NULL; page = next) {
            next = page->next;
            if (page->used == 0)
                set_free(pool, page);
        }
    while (pool->empty != NULL) {
        struct page *page = pool->empty;
        pool->empty = page->next;
        if (pool->bare_count == pool->bare_room) {
            pool->bare_room = pool->bare_room == 0 ? 64 : 2 * pool->bare_room;
            pool->bare = fy_realloc(pool->bare, pool->bare_room * sizeof *pool->bare);
        }
        pool->bare[pool->bare_count++] = (char *)page;
        (void)madvise(page, PAGE, MADV_DONTNEED);
    }
}
