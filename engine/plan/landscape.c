/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/landscape.h"

#include "base/mem.h"

#include <string.h>

static bool read_inventory_row(const json_t *row, struct fy_instance *instance, struct fy_err *err)
{
    const char *state;
    if (!fy_json_string(row, "id", &instance->id, err) || !fy_json_string(row, "vdu", &instance->vdu, err) ||
        !fy_json_string(row, "image", &instance->image, err) || !fy_json_string(row, "state", &state, err))
        return false;
    instance->version = fy_json_string_or(row, "version", "");
    instance->host = fy_json_string_or(row, "host", "");
    instance->zone = fy_json_string_or(row, "zone", "");
    instance->running = strcmp(state, "running") == 0;
    instance->building = strcmp(state, "building") == 0;
    instance->in_sync = true;
    return true;
}

static int by_id(const void *a, const void *b)
{
    return strverscmp(((const struct fy_instance *)a)->id, ((const struct fy_instance *)b)->id);
}

static struct fy_instance *find(const struct fy_landscape *landscape, const char *id)
{
    const struct fy_instance key = {.id = id};
    if (landscape->count == 0)
        return NULL;
    return bsearch(&key, landscape->instances, landscape->count, sizeof(key), by_id);
}

static bool read_inventory(struct fy_landscape *landscape, struct fy_err *err)
{
    json_t *rows;
    if (!fy_json_array(landscape->documents[0], "instances", &rows, err))
        return false;
    landscape->instances = FY_NEW_ARRAY(struct fy_instance, json_array_size(rows) + 1);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!read_inventory_row(row, &landscape->instances[i], err))
            return fy_wrap(err, "inventory, instance %zu", i + 1);
    }
    landscape->count = json_array_size(rows);
    if (landscape->count > 0)
        qsort(landscape->instances, landscape->count, sizeof(*landscape->instances), by_id);
    for (i = 1; i < landscape->count; i++)
        if (by_id(&landscape->instances[i - 1], &landscape->instances[i]) == 0)
            return fy_fail(err, FY_ERR_INVALID, "the inventory has instance %s twice",
                           landscape->instances[i].id);
    return true;
}

/* A count that may be missing but not negative: the arithmetic of the plan rests on it. */
static bool read_count(const json_t *row, const char *member, int64_t *ret, struct fy_err *err)
{
    const int64_t value = fy_json_int_or(row, member, 0);
    if (value < 0 || value > 1000000000000)
        return fy_fail(err, FY_ERR_INVALID, "\"%s\" is %lld, which is no count", member, (long long)value);
    *ret = value;
    return true;
}

static bool read_domain(const json_t *row, enum fy_domain *ret, struct fy_err *err)
{
    const char *domain = fy_json_string_or(row, "domain", "source");
    if (strcmp(domain, "source") != 0 && strcmp(domain, "target") != 0)
        return fy_fail(err, FY_ERR_INVALID, "\"domain\" is \"%s\", not \"source\" or \"target\"", domain);
    *ret = strcmp(domain, "target") == 0 ? FY_TARGET : FY_SOURCE;
    return true;
}

static bool read_health_row(struct fy_landscape *landscape, const json_t *row, struct fy_err *err)
{
    const char *id;
    if (!fy_json_string(row, "id", &id, err))
        return false;
    struct fy_instance *instance = find(landscape, id);
    if (!instance)
        return fy_fail(err, FY_ERR_INVALID,
                       "the NF serves with instance %s, which the cloud's inventory does not have", id);
    if (!read_domain(row, &instance->domain, err) || !read_count(row, "users", &instance->users, err) ||
        !read_count(row, "sessions", &instance->sessions, err) ||
        !read_count(row, "capacity", &instance->capacity, err))
        return fy_wrap(err, "instance %s", id);
    instance->ready = fy_json_bool_or(row, "ready", false);
    instance->active = strcmp(fy_json_string_or(row, "role", ""), "active") == 0;
    instance->pair = fy_json_string_or(row, "pair", NULL);
    instance->in_sync = fy_json_bool_or(row, "in_sync", true);
    return true;
}

/* What the NF reports for a whole domain wins over the sum of its instances: a user who is attached but has
 * no session on any instance is a user of the domain all the same. */
static void add_up(struct fy_landscape *landscape, const json_t *health)
{
    static const char *const names[] = {"source", "target"};
    for (size_t i = 0; i < landscape->count; i++) {
        const struct fy_instance *instance = &landscape->instances[i];
        landscape->users[instance->domain] += instance->users;
        landscape->sessions[instance->domain] += instance->sessions;
        if (fy_in_service(instance))
            landscape->capacity[instance->domain] += instance->capacity;
    }
    const json_t *domains = json_object_get(health, "domains");
    for (int d = FY_SOURCE; d <= FY_TARGET; d++) {
        const int64_t users = fy_json_int_or(json_object_get(domains, names[d]), "users", -1);
        if (users >= 0)
            landscape->users[d] = users;
    }
}

static bool read_health(struct fy_landscape *landscape, struct fy_err *err)
{
    const json_t *health = landscape->documents[1];
    json_t *rows;
    if (!fy_json_string(health, "nf", &landscape->nf, err) ||
        !fy_json_string(health, "version", &landscape->version, err) ||
        !fy_json_array(health, "instances", &rows, err))
        return fy_wrap(err, "health");
    landscape->mobility = fy_json_string_or(health, "mobility", "live");
    landscape->split = fy_json_bool_or(health, "split", false);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!read_health_row(landscape, row, err))
            return fy_wrap(err, "health");
    }
    add_up(landscape, health);
    return true;
}

bool fy_landscape_read(json_t *inventory, json_t *health, struct fy_landscape **ret, struct fy_err *err)
{
    FY_AUTO(fy_landscape_free_ptr) struct fy_landscape *landscape = FY_NEW(struct fy_landscape);
    landscape->documents[0] = json_incref(inventory);
    landscape->documents[1] = json_incref(health);
    if (!read_inventory(landscape, err) || !read_health(landscape, err))
        return false;
    *ret = fy_steal(&landscape);
    return true;
}

void fy_landscape_free(struct fy_landscape *landscape)
{
    if (!landscape)
        return;
    json_decref(landscape->documents[0]);
    json_decref(landscape->documents[1]);
    free(landscape->instances);
    free(landscape);
}

void fy_landscape_free_ptr(struct fy_landscape **landscape)
{
    fy_landscape_free(*landscape);
}
