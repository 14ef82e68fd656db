/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from names to pointers. Keys are borrowed: let them live in what they lead to. */
#ifndef FY_BASE_MAP_H
#define FY_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct fy_map_slot {
    const char *key; /* NULL: free */
    uint64_t hash;
    void *value;
};

/* Zeroed is empty. To walk it look at each of the room slots; nothing may be put or removed meanwhile. */
struct fy_map {
    struct fy_map_slot *slots;
    size_t room, count;
};

void *fy_map_get(const struct fy_map *map, const char *key); /* NULL if it is not there */
void fy_map_put(struct fy_map *map, const char *key, void *value);
void *fy_map_remove(struct fy_map *map, const char *key); /* what was there */
void fy_map_free(struct fy_map *map);                     /* the slots; not what they lead to */

#endif
