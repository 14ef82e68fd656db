/* SPDX-License-Identifier: Apache-2.0 */
#include "run/leave.h"

#include "base/mem.h"
#include "plan/checker.h"

#include <string.h>

bool fy_leave_concerns(const char *call)
{
    static const char *const calls[] = {"upgrade", "replace", "remove"};
    for (size_t i = 0; i < FY_COUNT(calls); i++)
        if (strcmp(calls[i], call) == 0)
            return true;
    return false;
}

static const struct fy_instance *find(const struct fy_landscape *landscape, const char *id)
{
    for (size_t i = 0; i < landscape->count; i++)
        if (strcmp(landscape->instances[i].id, id) == 0)
            return &landscape->instances[i];
    return NULL;
}

static bool still_there(const struct fy_instance *instance, const char *image)
{
    bool renewed = image != NULL && instance->image != NULL && strcmp(instance->image, image) == 0;
    return instance->running && !renewed;
}

bool fy_leave_allowed(const struct fy_order *order, const struct fy_landscape *landscape, const json_t *args,
                      struct fy_err *err)
{
    const json_t *ids = json_object_get(args, "instances");
    const char *image = fy_json_string_or(args, "image", NULL);
    FY_AUTO(fy_free_ptr) const char **leaving = FY_NEW_ARRAY(const char *, json_array_size(ids) + 1);
    struct fy_batch batch = {.instances = leaving};
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        const struct fy_instance *instance = id != NULL ? find(landscape, id) : NULL;
        if (instance == NULL || !still_there(instance, image))
            continue;
        batch.vdu = fy_order_find_vdu(order, instance->vdu);
        leaving[batch.count++] = instance->id;
    }
    return batch.count == 0 || batch.vdu == NULL || fy_check_leave(order, landscape, &batch, err);
}
