/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/estimate.h"

#include "base/mem.h"

#include <string.h>

int64_t fy_model_load(const struct fy_model *model, const struct fy_instance *instance)
{
    return model->order->gray.basis == FY_BASIS_SESSIONS ? instance->sessions : instance->users;
}

static bool runs(const struct fy_instance *instance, const struct fy_order_image *image)
{
    return strcmp(instance->image, image->ref) == 0;
}

/* In the domain that is planned towards. An NF that is not split has one domain, whose name may be left over
 * from its last upgrade: what an instance runs says where it is. */
static bool is_there(const struct fy_model *model, const struct fy_order_vdu *vdu,
                     const struct fy_instance *instance)
{
    if (!model->landscape->split)
        return runs(instance, fy_model_image(model, vdu));
    return instance->domain == (model->back ? FY_SOURCE : FY_TARGET);
}

/*
 * Done: it runs the target and, where users are on it, serves them in the target domain. One that was
 * upgraded but not joined, or drained and then left where it was, is still to do; upgrading it again changes
 * nothing and the join follows. On the way back nothing that is out of service is done, whatever it is said
 * to run: it may have been left in the middle of being built for the target.
 */
static bool is_done(const struct fy_model *model, const struct fy_order_vdu *vdu,
                    const struct fy_instance *instance)
{
    const bool carries = vdu->role == FY_ROLE_LOAD_SHARING;
    return runs(instance, fy_model_image(model, vdu)) && (!carries || is_there(model, vdu, instance)) &&
           ((!carries && !model->back) || fy_in_service(instance));
}

/* On a former target, where the users of the target are: it serves them until it is due. */
static bool is_again(const struct fy_model *model, const struct fy_order_vdu *vdu,
                     const struct fy_instance *instance)
{
    return instance->former && !model->back && vdu->role == FY_ROLE_LOAD_SHARING && model->landscape->split &&
           (instance->domain == FY_TARGET || !fy_in_service(instance));
}

static bool sort_in(struct fy_model *model, struct fy_model_vdu *vdu, const struct fy_instance *instance,
                    struct fy_err *err)
{
    const bool done = is_done(model, vdu->vdu, instance);
    const bool again = is_again(model, vdu->vdu, instance);
    if (!done && !instance->former && !runs(instance, &vdu->vdu->source) &&
        !runs(instance, &vdu->vdu->target)) {
        fy_fail(err, FY_ERR_REFUSED,
                "%s runs %s, which is neither the source image %s of VDU %s nor its target image %s",
                instance->id, instance->image, vdu->vdu->source.ref, vdu->vdu->vdu_id, vdu->vdu->target.ref);
        return fy_hint(err,
                       "correct Source and Image in the order, or bring the instance to the source version");
    }
    if (done)
        vdu->done[vdu->done_count++] = instance;
    else if (again)
        vdu->again[vdu->again_count++] = instance;
    else
        vdu->todo[vdu->todo_count++] = instance;
    vdu->total++;
    vdu->load += fy_model_load(model, instance);
    vdu->on_target += is_there(model, vdu->vdu, instance) ? fy_model_load(model, instance) : 0;
    vdu->counts |= instance->capacity > 0;
    if (fy_in_service(instance)) {
        vdu->in_service++;
        vdu->capacity[done || again ? FY_TARGET : FY_SOURCE] += instance->capacity;
    }
    model->began |= model->back || instance->former || runs(instance, &vdu->vdu->target);
    return true;
}

/* Emptier instances first, in whole multiples of the mean so that ordinary noise keeps the order of the ids;
 * what is not in service has nothing to give and goes last. */
struct leaving {
    const struct fy_instance *instance;
    int64_t weight;
};

static int by_weight(const void *a, const void *b)
{
    const struct leaving *left = a, *right = b;
    if (left->weight != right->weight)
        return left->weight < right->weight ? -1 : 1;
    return left->instance < right->instance ? -1 : left->instance > right->instance;
}

static void order_leaving(const struct fy_model *model, struct fy_model_vdu *vdu)
{
    FY_AUTO(fy_free_ptr) struct leaving *queue = FY_NEW_ARRAY(struct leaving, vdu->todo_count + 1);
    int64_t sum = 0;
    for (size_t i = 0; i < vdu->todo_count; i++)
        sum += fy_model_load(model, vdu->todo[i]);
    const int64_t mean = vdu->todo_count ? sum / (int64_t)vdu->todo_count + 1 : 1;
    for (size_t i = 0; i < vdu->todo_count; i++) {
        queue[i].instance = vdu->todo[i];
        queue[i].weight = fy_in_service(vdu->todo[i])
                              ? (2 * fy_model_load(model, vdu->todo[i]) + mean) / (2 * mean)
                              : INT64_MAX;
    }
    qsort(queue, vdu->todo_count, sizeof(*queue), by_weight);
    for (size_t i = 0; i < vdu->todo_count; i++)
        vdu->todo[i] = queue[i].instance;
}

/* Its users, if any are left, are the VDU's all the same; the other half of its pair serves on. */
static bool leave_out(struct fy_model *model, struct fy_model_vdu *vdu, const struct fy_instance *instance)
{
    if (!instance->left_out)
        return false;
    vdu->left_out++;
    vdu->load += fy_model_load(model, instance);
    vdu->on_target += is_there(model, vdu->vdu, instance) ? fy_model_load(model, instance) : 0;
    model->began = true;
    return true;
}

/* A replica that is away already goes first: nothing is lost by it. So do those on a former target: the other
 * half is still on the source. */
static void order_stores(struct fy_model_vdu *vdu)
{
    size_t front = 0;
    for (size_t i = 0; i < vdu->todo_count; i++) {
        const struct fy_instance *instance = vdu->todo[i];
        if (fy_in_service(instance) && !instance->former)
            continue;
        for (size_t k = i; k > front; k--)
            vdu->todo[k] = vdu->todo[k - 1];
        vdu->todo[front++] = instance;
    }
}

static bool sort_vdu(struct fy_model *model, struct fy_model_vdu *vdu, struct fy_err *err)
{
    const struct fy_landscape *landscape = model->landscape;
    vdu->todo = FY_NEW_ARRAY(const struct fy_instance *, landscape->count + 1);
    vdu->mates = FY_NEW_ARRAY(const struct fy_instance *, landscape->count + 1);
    vdu->done = FY_NEW_ARRAY(const struct fy_instance *, landscape->count + 1);
    vdu->again = FY_NEW_ARRAY(const struct fy_instance *, landscape->count + 1);
    for (size_t i = 0; i < landscape->count; i++)
        if (strcmp(landscape->instances[i].vdu, vdu->vdu->vdu_id) == 0 &&
            !leave_out(model, vdu, &landscape->instances[i]) &&
            !sort_in(model, vdu, &landscape->instances[i], err))
            return false;
    if (vdu->total == 0 && vdu->left_out == 0) {
        fy_fail(err, FY_ERR_REFUSED, "no instance of VDU %s is in the inventory", vdu->vdu->vdu_id);
        return fy_hint(err, "check the VDU's Locator and the vim connection of the order");
    }
    fy_model_order_again(vdu);
    if (vdu->vdu->role == FY_ROLE_LOAD_SHARING)
        order_leaving(model, vdu);
    else if (vdu->vdu->role == FY_ROLE_DATA_STORAGE)
        order_stores(vdu);
    return true;
}

/*
 * Who is where: as the instances of the load-sharing VDU with the most users say. Where no such VDU changes,
 * both domains share its instances, and only the NF knows: what it reports for the domains counts.
 */
static void find_load(struct fy_model *model)
{
    const struct fy_landscape *landscape = model->landscape;
    const struct fy_model_vdu *most = NULL;
    for (size_t i = 0; i < model->count; i++)
        if (model->vdus[i].vdu->role == FY_ROLE_LOAD_SHARING && (!most || model->vdus[i].load > most->load))
            most = &model->vdus[i];
    if (most) {
        model->load = most->load;
        model->on_target = most->on_target;
    } else {
        const int64_t *load =
            model->order->gray.basis == FY_BASIS_SESSIONS ? landscape->sessions : landscape->users;
        model->load = load[FY_SOURCE] + load[FY_TARGET];
        const struct fy_order_request *request = &model->order->request;
        const char *towards = model->back ? request->source.version : request->target.version;
        if (landscape->split)
            model->on_target = load[model->back ? FY_SOURCE : FY_TARGET];
        else
            model->on_target = strcmp(landscape->version, towards) == 0 ? model->load : 0;
    }
    model->permille = model->load > 0 ? model->on_target * 1000 / model->load : 0;
}

/* Before anything was done every instance must be well: an upgrade is no way to find out what is broken. */
static bool all_well(const struct fy_model *model, struct fy_err *err)
{
    for (size_t i = 0; i < model->landscape->count; i++) {
        const struct fy_instance *instance = &model->landscape->instances[i];
        if (!fy_order_find_vdu(model->order, instance->vdu) || fy_in_service(instance))
            continue;
        fy_fail(err, FY_ERR_REFUSED, "%s of VDU %s is %s before the start", instance->id, instance->vdu,
                instance->running ? "running but not ready in the NF"
                                  : "not running (building, stopped or in error)");
        return fy_hint(err, "repair or remove the instance, then submit the order again");
    }
    return true;
}

bool fy_model_make(const struct fy_order *order, const struct fy_landscape *landscape,
                   const struct fy_plan_wishes *wishes, struct fy_model *ret, struct fy_err *err)
{
    const int64_t headroom = order->limits.min_headroom_permille;
    struct fy_model model = {
        .order = order,
        .landscape = landscape,
        .allowed = 1000 - (headroom == FY_ABSENT ? 0 : headroom),
        .wished_step = wishes ? wishes->step : 0,
        .back = wishes && wishes->back,
        .all_back = {.ratio_permille = 1000, .max_move_rate = order->rollback.move_rate},
    };
    model.vdus = FY_NEW_ARRAY(struct fy_model_vdu, order->vdu_count + 1);
    bool ok = true;
    for (size_t i = 0; i < order->vdu_count && ok; i++) {
        if (fy_order_vdu_unchanged(&order->vdus[i]))
            continue;
        model.vdus[model.count].vdu = &order->vdus[i];
        ok = sort_vdu(&model, &model.vdus[model.count++], err);
    }
    find_load(&model);
    if (!ok || (!model.began && !all_well(&model, err))) {
        fy_model_free(&model);
        return false;
    }
    if (wishes && wishes->ratio_set && wishes->first_stage < order->gray.stage_count) {
        model.is_adjusted = true;
        model.adjusted_index = wishes->first_stage;
        model.adjusted = order->gray.stages[wishes->first_stage];
        model.adjusted.ratio_permille = wishes->ratio_permille;
    }
    *ret = model;
    return true;
}

void fy_model_free(struct fy_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        free((void *)model->vdus[i].todo);
        free((void *)model->vdus[i].mates);
        free((void *)model->vdus[i].done);
        free((void *)model->vdus[i].again);
    }
    free(model->vdus);
}

size_t fy_model_may_leave(const struct fy_model_vdu *vdu, size_t limit)
{
    const int64_t preserved = vdu->vdu->min_preserved == FY_ABSENT ? 0 : vdu->vdu->min_preserved;
    int64_t spare = (int64_t)vdu->in_service - preserved;
    size_t count = 0;
    for (; count < limit && count < fy_model_left(vdu); count++)
        if (fy_in_service(vdu->todo[vdu->gone + count]) && spare-- <= 0)
            break;
    return count;
}

int64_t fy_model_step(const struct fy_model *model, const struct fy_model_vdu *vdu)
{
    return model->wished_step > 0 ? model->wished_step : vdu->vdu->step;
}

void fy_model_upgrade(struct fy_model_vdu *vdu, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct fy_instance *instance = vdu->todo[vdu->gone++];
        if (fy_in_service(instance))
            vdu->capacity[FY_SOURCE] -= instance->capacity;
        else
            vdu->in_service++; /* the upgrade brings it back */
        vdu->capacity[FY_TARGET] += instance->capacity;
    }
}
