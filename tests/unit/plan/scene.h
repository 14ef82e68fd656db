/* SPDX-License-Identifier: Apache-2.0 */
/* Orders and a small world to plan in: what the planner says is done to it, and it says what stands there. */
#ifndef TEST_SCENE_H
#define TEST_SCENE_H

#include "plan/plan.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)
#define START  1763827200000 /* 2025-11-22T16:00:00Z: the window opens */

struct thing {
    char id[64], pair[64], host[64];
    const char *vdu, *image;
    bool target, running, ready, active, in_sync, leaving;
    int64_t users, capacity;
};

struct scene {
    struct fy_order order;
    struct fy_order_vdu vdus[8];
    struct fy_order_stage stages[4];
    struct fy_order_affinity apart;
    struct fy_order_approval approval;
    struct thing *things;
    size_t count;
    const char *mobility;
    int64_t
        steered; /* the NF's word for its domains; only orders without a changed load-sharing VDU go by it */
};

/* The trial: 2 OMU, 2 LB with equal images, 4 SDB, 16 SVC of 6,250; 50 %, then 100 %; users are spread
 * evenly. */
void scene_trial(struct scene *scene, int64_t users);
void scene_begin(struct scene *scene); /* an order without VDUs, 50 % and 100 %, limits out of the way */
struct fy_order_vdu *scene_vdu(struct scene *scene, const char *id, int role, bool changed);
void scene_add(struct scene *scene, const struct fy_order_vdu *vdu, size_t count, int64_t capacity);
void scene_spread(struct scene *scene, const char *vdu, int64_t users, int64_t target_permille);
struct thing *scene_find(struct scene *scene, const char *id);
void scene_free(struct scene *scene);

struct fy_landscape *scene_look(const struct scene *scene);
bool scene_plan(const struct scene *scene, const struct fy_landscape *landscape,
                const struct fy_plan_wishes *wishes, struct fy_plan **ret, struct fy_err *err) FY_MUST_CHECK;

/* Do to the world what a workflow does for a move or a batch: steer, then drain and switch, then upgrade. */
void scene_steer(struct scene *scene, int64_t permille);
void scene_drain(struct scene *scene, const struct fy_batch *batch);
void scene_upgrade(struct scene *scene, const struct fy_batch *batch);

#endif
