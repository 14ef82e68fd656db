/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/mem.h"

#include <string.h>

/* FNV-1a: keys are names we made or bounded ourselves. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 14695981039346656037U;
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211U;
    return hash;
}

/* The slot that holds key, or the free one where it would go. */
static size_t find(const struct fy_map *map, const char *key, uint64_t hash)
{
    size_t at = hash & (map->room - 1);
    while (map->slots[at].key != NULL &&
           (map->slots[at].hash != hash || strcmp(map->slots[at].key, key) != 0))
        at = (at + 1) & (map->room - 1);
    return at;
}

void *fy_map_get(const struct fy_map *map, const char *key)
{
    return map->count == 0 ? NULL : map->slots[find(map, key, hash_of(key))].value;
}

static void grow(struct fy_map *map)
{
    struct fy_map bigger = {.room = map->room == 0 ? 16 : 2 * map->room, .count = map->count};
    bigger.slots = FY_NEW_ARRAY(struct fy_map_slot, bigger.room);
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].key != NULL)
            bigger.slots[find(&bigger, map->slots[i].key, map->slots[i].hash)] = map->slots[i];
    free(map->slots);
    *map = bigger;
}

void fy_map_put(struct fy_map *map, const char *key, void *value)
{
    if (2 * (map->count + 1) > map->room)
        grow(map);
    uint64_t hash = hash_of(key);
    size_t at = find(map, key, hash);
    if (map->slots[at].key == NULL)
        map->count++;
    map->slots[at] = (struct fy_map_slot){key, hash, value};
}

void *fy_map_remove(struct fy_map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    size_t hole = find(map, key, hash_of(key));
    void *value = map->slots[hole].value;
    if (map->slots[hole].key == NULL)
        return NULL;
    map->count--;
    /* Whatever probed past the hole moves into it. */
    for (size_t at = (hole + 1) & (map->room - 1); map->slots[at].key != NULL;
         at = (at + 1) & (map->room - 1)) {
        size_t home = map->slots[at].hash & (map->room - 1);
        if (((at - home) & (map->room - 1)) >= ((at - hole) & (map->room - 1))) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct fy_map_slot){0};
    return value;
}

void fy_map_free(struct fy_map *map)
{
    free(map->slots);
    *map = (struct fy_map){0};
}
