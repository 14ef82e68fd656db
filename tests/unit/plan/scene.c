/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/plan/scene.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static char source_image[] = "nf:1.2.0", target_image[] = "nf:1.3.0";

void scene_begin(struct scene *scene)
{
    static char id[] = "CHG-0007", nf[] = "amf-east-1", from[] = "1.2.0", to[] = "1.3.0",
                zone[] = "Asia/Shanghai";
    *scene = (struct scene){.mobility = "live"};
    scene->stages[0] =
        (struct fy_order_stage){.ratio_permille = 500, .soak_ms = 15 * MINUTE, .max_move_rate = 200};
    scene->stages[1] =
        (struct fy_order_stage){.ratio_permille = 1000, .soak_ms = 15 * MINUTE, .max_move_rate = 200};
    struct fy_order *order = &scene->order;
    order->request.id = id;
    order->request.vnf_instance = nf;
    order->request.source.version = from;
    order->request.target.version = to;
    order->request.window = (struct fy_order_window){.start_ms = START,
                                                     .end_ms = START + 48 * HOUR,
                                                     .latest_rollback_end_ms = START + 48 * HOUR,
                                                     .zone = zone};
    order->vdus = scene->vdus;
    order->gray.basis = FY_BASIS_USERS;
    order->gray.tolerance_bp = 50;
    order->gray.stages = scene->stages;
    order->gray.stage_count = 2;
    order->limits = (struct fy_order_limits){.max_users_at_risk = 0,
                                             .max_simplex_ms = FY_ABSENT,
                                             .min_headroom_permille = 200,
                                             .max_duration_ms = FY_ABSENT};
    order->rollback.move_rate = 500;
}

struct fy_order_vdu *scene_vdu(struct scene *scene, const char *id, int role, bool changed)
{
    struct fy_order_vdu *vdu = &scene->vdus[scene->order.vdu_count++];
    *vdu = (struct fy_order_vdu){.vdu_id = fy_strdup(id),
                                 .role = role,
                                 .min_preserved = FY_ABSENT,
                                 .max_simplex_ms = FY_ABSENT,
                                 .source = {source_image, NULL},
                                 .target = {changed ? target_image : source_image, NULL}};
    return vdu;
}

void scene_add(struct scene *scene, const struct fy_order_vdu *vdu, size_t count, int64_t capacity)
{
    const bool pairs = vdu->role == FY_ROLE_OAM || vdu->role == FY_ROLE_ACTIVE_STANDBY;
    scene->things = fy_realloc(scene->things, (scene->count + count) * sizeof(*scene->things));
    for (size_t i = 0; i < count; i++) {
        struct thing *thing = &scene->things[scene->count++];
        *thing = (struct thing){.vdu = vdu->vdu_id,
                                .image = source_image,
                                .running = true,
                                .ready = true,
                                .in_sync = true,
                                .active = pairs && i % 2 == 0,
                                .capacity = capacity};
        snprintf(thing->id, sizeof(thing->id), "amf-%s-%02zu", vdu->vdu_id, i + 1);
        snprintf(thing->host, sizeof(thing->host), "host-%zu", i);
        if (pairs)
            snprintf(thing->pair, sizeof(thing->pair), "%.8s-%zu", vdu->vdu_id, i / 2 + 1);
    }
}

/* Evenly over the domain's instances, in proportion to their capacity. */
static void fill(struct scene *scene, const char *vdu, bool target, int64_t users)
{
    int64_t capacity = 0, before = 0;
    for (size_t i = 0; i < scene->count; i++) {
        const struct thing *thing = &scene->things[i];
        capacity += strcmp(thing->vdu, vdu) == 0 && thing->target == target ? thing->capacity : 0;
    }
    for (size_t i = 0; i < scene->count; i++) {
        struct thing *thing = &scene->things[i];
        if (strcmp(thing->vdu, vdu) != 0 || thing->target != target)
            continue;
        thing->users =
            capacity > 0 ? users * (before + thing->capacity) / capacity - users * before / capacity : 0;
        before += thing->capacity;
    }
}

void scene_spread(struct scene *scene, const char *vdu, int64_t users, int64_t target_permille)
{
    fill(scene, vdu, true, users * target_permille / 1000);
    fill(scene, vdu, false, users - users * target_permille / 1000);
}

struct thing *scene_find(struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->count; i++)
        if (strcmp(scene->things[i].id, id) == 0)
            return &scene->things[i];
    return NULL;
}

void scene_trial(struct scene *scene, int64_t users)
{
    scene_begin(scene);
    scene->apart.scope = FY_SCOPE_HOST;
    struct fy_order_vdu *omu = scene_vdu(scene, "OMU", FY_ROLE_OAM, true);
    struct fy_order_vdu *lb = scene_vdu(scene, "LB", FY_ROLE_ACTIVE_STANDBY, false);
    struct fy_order_vdu *sdb = scene_vdu(scene, "SDB", FY_ROLE_DATA_STORAGE, true);
    struct fy_order_vdu *svc = scene_vdu(scene, "SVC", FY_ROLE_LOAD_SHARING, true);
    omu->anti_affinity = sdb->anti_affinity = &scene->apart;
    omu->anti_affinity_count = sdb->anti_affinity_count = 1;
    sdb->min_preserved = 2;
    svc->min_preserved = 6;
    scene->order.limits.max_simplex_ms = 4 * HOUR;
    scene->order.limits.max_duration_ms = 4 * HOUR;
    scene->order.request.window.end_ms = START + 5 * HOUR;
    scene->order.request.window.latest_rollback_end_ms = START + 5 * HOUR;
    scene->approval = (struct fy_order_approval){.before_permille = 1000, .after_permille = FY_ABSENT};
    scene->order.gray.approvals = &scene->approval;
    scene->order.gray.approval_count = 1;
    scene_add(scene, omu, 2, 0);
    scene_add(scene, lb, 2, 0);
    scene_add(scene, sdb, 4, 0);
    scene_add(scene, svc, 16, 6250);
    scene_spread(scene, "SVC", users, 0);
}

void scene_free(struct scene *scene)
{
    for (size_t i = 0; i < scene->order.vdu_count; i++)
        free(scene->vdus[i].vdu_id);
    free(scene->things);
}

static json_t *inventory_of(const struct scene *scene)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < scene->count; i++) {
        const struct thing *t = &scene->things[i];
        json_array_append_new(rows, json_pack("{ss ss ss ss ss ss}", "id", t->id, "vdu", t->vdu, "image",
                                              t->image, "version", "x", "host", t->host, "state",
                                              t->running ? "running" : "building"));
    }
    return json_pack("{so}", "instances", rows);
}

static json_t *health_of(const struct scene *scene)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < scene->count; i++) {
        const struct thing *t = &scene->things[i];
        json_t *row = json_pack("{ss ss sb sI sI sI sb}", "id", t->id, "domain",
                                t->target ? "target" : "source", "ready", (int)t->ready, "users",
                                (json_int_t)t->users, "sessions", (json_int_t)t->users * 2, "capacity",
                                (json_int_t)t->capacity, "in_sync", (int)t->in_sync);
        if (*t->pair != '\0') {
            json_object_set_new(row, "pair", json_string(t->pair));
            json_object_set_new(row, "role", json_string(t->active ? "active" : "standby"));
        }
        json_array_append_new(rows, row);
    }
    const json_int_t users = 100000, target = users * scene->steered / 1000;
    return json_pack("{ss ss ss sb s{s{sI}s{sI}} so}", "nf", "amf-east-1", "version", "1.2.0", "mobility",
                     scene->mobility, "split", 1, "domains", "source", "users", users - target, "target",
                     "users", target, "instances", rows);
}

struct fy_landscape *scene_look(const struct scene *scene)
{
    struct fy_err err;
    struct fy_landscape *landscape = NULL;
    json_t *inventory = inventory_of(scene), *health = health_of(scene);
    if (!fy_landscape_read(inventory, health, &landscape, &err))
        fprintf(stderr, "landscape: %s\n", err.message);
    json_decref(inventory);
    json_decref(health);
    return landscape;
}

bool scene_plan(const struct scene *scene, const struct fy_landscape *landscape,
                const struct fy_plan_wishes *wishes, struct fy_plan **ret, struct fy_err *err)
{
    return fy_plan_make(&scene->order, landscape, wishes, (struct fy_rtime){START}, ret, err);
}

static int64_t users_of(const struct scene *scene, const char *vdu, int64_t *ret_target)
{
    int64_t all = 0, target = 0;
    for (size_t i = 0; i < scene->count; i++)
        if (strcmp(scene->things[i].vdu, vdu) == 0) {
            all += scene->things[i].users;
            target += scene->things[i].target ? scene->things[i].users : 0;
        }
    *ret_target = target;
    return all;
}

/* Their users go to the others of the domain, or to the other domain if they were its last; mates become
 * active. */
static void switch_over(struct scene *scene, const struct fy_batch *batch)
{
    for (size_t i = 0; i < batch->switch_count; i++) {
        for (size_t k = 0; k < scene->count; k++)
            if (strcmp(scene->things[k].pair, batch->switches[i].pair) == 0)
                scene->things[k].active = false;
        scene_find(scene, batch->switches[i].active)->active = true;
    }
}

static bool stays(const struct thing *thing, const char *vdu, bool target)
{
    return strcmp(thing->vdu, vdu) == 0 && thing->target == target && !thing->leaving;
}

void scene_drain(struct scene *scene, const struct fy_batch *batch)
{
    const char *vdu = batch->vdu->vdu_id;
    const bool from = scene_find(scene, batch->instances[0])->target;
    int64_t away = 0, others = 0, given = 0;
    switch_over(scene, batch);
    for (size_t i = 0; i < batch->count; i++) {
        struct thing *thing = scene_find(scene, batch->instances[i]);
        away += thing->users;
        thing->users = 0;
        thing->leaving = true;
    }
    for (size_t i = 0; i < scene->count; i++)
        others += stays(&scene->things[i], vdu, from) ? scene->things[i].capacity : 0;
    int64_t target;
    if (others == 0 && away > 0) {
        const int64_t all = users_of(scene, vdu, &target);
        fill(scene, vdu, !from, (from ? all - target : target) + away);
    }
    for (size_t i = 0; i < scene->count && others > 0; i++) {
        struct thing *thing = &scene->things[i];
        if (!stays(thing, vdu, from))
            continue;
        thing->users += away * (given + thing->capacity) / others - away * given / others;
        given += thing->capacity;
    }
}

void scene_upgrade(struct scene *scene, const struct fy_batch *batch)
{
    int64_t target;
    for (size_t i = 0; i < batch->count; i++) {
        struct thing *thing = scene_find(scene, batch->instances[i]);
        thing->image = batch->image->ref;
        thing->target = strcmp(thing->image, target_image) == 0;
        thing->active = thing->leaving = false;
    }
    if (batch->vdu->role != FY_ROLE_LOAD_SHARING)
        return;
    const int64_t all = users_of(scene, batch->vdu->vdu_id, &target);
    fill(scene, batch->vdu->vdu_id, true, target);
    fill(scene, batch->vdu->vdu_id, false, all - target);
}

void scene_steer(struct scene *scene, int64_t permille)
{
    scene->steered = permille;
    for (size_t i = 0; i < scene->order.vdu_count; i++) {
        int64_t target;
        if (scene->vdus[i].role == FY_ROLE_LOAD_SHARING && !fy_order_vdu_unchanged(&scene->vdus[i]))
            scene_spread(scene, scene->vdus[i].vdu_id, users_of(scene, scene->vdus[i].vdu_id, &target),
                         permille);
    }
}
