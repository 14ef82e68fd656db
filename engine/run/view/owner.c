/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a run is: for rights, and cheaper than its view. */
#include "run/engine.h"

#include "base/mem.h"
#include "run/live.h"

static void set(char **place, const char *text)
{
    *place = text != NULL ? fy_strdup(text) : NULL;
}

/* Its first record has the order. */
static bool read_first(void *context, const struct fy_row *row)
{
    struct fy_owner *owner = context;
    struct fy_err ignored;
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_json_parse(row->body, row->body_length, "order accepted", &ignored);
    const json_t *order = json_object_get(doc, "order");
    const json_t *request = json_object_get(order, "request");
    set(&owner->tenant, fy_json_string_or(request, "tenant", NULL));
    set(&owner->function, fy_json_string_or(request, "vnf_instance", NULL));
    set(&owner->group, fy_json_string_or(json_object_get(order, "vnf"), "exclusion_group", NULL));
    return false;
}

bool fy_engine_owner(struct fy_engine *engine, const char *run, struct fy_owner *ret, struct fy_err *err)
{
    const struct fy_live *live = fy_live_find(engine, run);
    *ret = (struct fy_owner){0};
    if (live != NULL && live->line_tenant != NULL) {
        set(&ret->tenant, live->line_tenant);
        set(&ret->group, live->line_group);
        set(&ret->function, live->line_nf);
        return true;
    }
    return engine->world.store->read(engine->world.store, run, 0, read_first, ret, err);
}

void fy_owner_free(struct fy_owner *owner)
{
    free(owner->tenant);
    free(owner->group);
    free(owner->function);
}
