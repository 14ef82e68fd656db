/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Works from the landscape and the batch alone: nothing of the planner's model is used here, on purpose.
 * To add an invariant: a function that takes a scene and refuses in one sentence, and its row in batch_rules.
 */
#include "plan/checker.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOBODY (-1)

/* What is looked at: the landscape with the batch marked in it. */
struct scene {
    const struct fy_order *order;
    const struct fy_landscape *landscape;
    const struct fy_batch *batch;
    const struct fy_order_vdu *vdu;
    bool *away;            /* per instance of the landscape */
    int64_t share[2];      /* users per domain in permille, when a move is judged; NOBODY: as they are now */
    bool leaving;          /* they go this instant */
    bool back;             /* towards the source: headroom is there for that */
    enum fy_domain domain; /* that the batch leaves */
};

static void scene_free(struct scene *scene)
{
    free(scene->away);
}

static bool refuse(struct fy_err *err, const char *hint, const char *format, ...) FY_PRINTF(3, 4);

static bool refuse(struct fy_err *err, const char *hint, const char *format, ...)
{
    char sentence[sizeof(((struct fy_err *)NULL)->message)];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    fy_fail(err, FY_ERR_REFUSED, "%s", sentence);
    return fy_hint(err, "%s", hint);
}

static int64_t load_of(const struct scene *scene, const struct fy_instance *instance)
{
    return scene->order->gray.basis == FY_BASIS_SESSIONS ? instance->sessions : instance->users;
}

static int64_t allowed(const struct scene *scene)
{
    const int64_t headroom = scene->order->limits.min_headroom_permille;
    return scene->leaving || scene->back || headroom == FY_ABSENT ? 1000 : 1000 - headroom;
}

static int compare_ids(const void *key, const void *instance)
{
    return strverscmp(key, ((const struct fy_instance *)instance)->id);
}

static bool mark(struct scene *scene, const char *id, struct fy_err *err)
{
    const struct fy_landscape *landscape = scene->landscape;
    const struct fy_instance *found =
        landscape->count ? bsearch(id, landscape->instances, landscape->count, sizeof(*found), compare_ids)
                         : NULL;
    if (!found)
        return refuse(err, "plan again: the landscape has changed", "%s is not in the inventory", id);
    bool *away = &scene->away[found - landscape->instances];
    if (*away)
        return refuse(err, "report this as a fault of Ferry", "%s is in the batch twice", id);
    if (strcmp(found->vdu, scene->vdu->vdu_id) != 0)
        return refuse(err, "report this as a fault of Ferry",
                      "%s belongs to VDU %s, not to VDU %s of the batch", id, found->vdu, scene->vdu->vdu_id);
    *away = true;
    scene->domain = found->domain;
    return true;
}

static bool set_scene(struct scene *scene, struct fy_err *err)
{
    const struct fy_batch *batch = scene->batch;
    scene->away = FY_NEW_ARRAY(bool, scene->landscape->count + 1);
    scene->share[FY_SOURCE] = scene->share[FY_TARGET] = NOBODY;
    if (!batch || batch->count == 0)
        return true;
    scene->vdu = fy_order_find_vdu(scene->order, batch->vdu->vdu_id);
    if (!scene->vdu)
        return refuse(err, "plan again", "VDU %s is not in the order", batch->vdu->vdu_id);
    if (fy_order_vdu_unchanged(scene->vdu))
        return refuse(err, "a VDU without a change is skipped",
                      "source and target image of VDU %s are the same", scene->vdu->vdu_id);
    scene->back = batch->version && strcmp(batch->version, scene->order->request.source.version) == 0;
    for (size_t i = 0; i < batch->count; i++)
        if (!mark(scene, batch->instances[i], err))
            return false;
    return true;
}

static bool is_role(const struct scene *scene, int role)
{
    return scene->vdu->role == role;
}

static bool is_paired(const struct scene *scene)
{
    return is_role(scene, FY_ROLE_OAM) || is_role(scene, FY_ROLE_ACTIVE_STANDBY);
}

/* The VDU's instances, sorted; NULL-terminated. */
static const struct fy_instance **members(const struct scene *scene, int (*order)(const void *, const void *))
{
    const struct fy_instance **list = FY_NEW_ARRAY(const struct fy_instance *, scene->landscape->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < scene->landscape->count; i++)
        if (strcmp(scene->landscape->instances[i].vdu, scene->vdu->vdu_id) == 0)
            list[count++] = &scene->landscape->instances[i];
    if (count > 0)
        qsort((void *)list, count, sizeof(const struct fy_instance *),
              order); // NOLINT(bugprone-sizeof-expression): pointers are sorted
    return list;
}

static int by_pair(const void *a, const void *b)
{
    const struct fy_instance *const *left = a, *const *right = b;
    return strcmp((*left)->pair ? (*left)->pair : "", (*right)->pair ? (*right)->pair : "");
}

/* By place, then by pair: those that must not share a place stand next to each other. */
static int by_host(const void *a, const void *b)
{
    const struct fy_instance *const *left = a, *const *right = b;
    const int order = strcmp((*left)->host, (*right)->host);
    return order != 0 ? order : by_pair(a, b);
}

static int by_zone(const void *a, const void *b)
{
    const struct fy_instance *const *left = a, *const *right = b;
    const int order = strcmp((*left)->zone, (*right)->zone);
    return order != 0 ? order : by_pair(a, b);
}

static bool is_away(const struct scene *scene, const struct fy_instance *instance)
{
    return scene->away[instance - scene->landscape->instances];
}

static bool switched_to(const struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->batch->switch_count; i++)
        if (strcmp(scene->batch->switches[i].active, id) == 0)
            return true;
    return false;
}

/* One of a pair leaves: its mate is there, and serves or will. */
static bool mate_carries(const struct scene *scene, const struct fy_instance *goes,
                         const struct fy_instance *stays, struct fy_err *err)
{
    if (!stays || !stays->pair || strcmp(stays->pair, goes->pair) != 0)
        return refuse(err, "repair the pair first", "%s cannot leave: it is alone in pair %s", goes->id,
                      goes->pair);
    if (is_away(scene, stays))
        return refuse(err, "one half of a pair stays",
                      "%s and %s are both halves of pair %s: one of them must stay", goes->id, stays->id,
                      goes->pair);
    if (!fy_in_service(stays))
        return refuse(err, "repair the mate first",
                      "%s cannot leave: its mate %s of pair %s is not in service", goes->id, stays->id,
                      goes->pair);
    if (goes->active && !stays->active && scene->leaving)
        return refuse(err, "switch over first", "%s is still the active half of pair %s", goes->id,
                      goes->pair);
    if (goes->active && !stays->active && !switched_to(scene, stays->id))
        return refuse(err, "switch over first",
                      "%s is the active half of pair %s and the batch does not switch to %s", goes->id,
                      goes->pair, stays->id);
    if (goes->active && !stays->in_sync)
        return refuse(err, "wait until it is in sync",
                      "%s cannot leave: its mate %s of pair %s is not in sync", goes->id, stays->id,
                      goes->pair);
    return true;
}

static bool keeps_pairs(const struct scene *scene, struct fy_err *err)
{
    bool ok = true;
    if (!is_paired(scene))
        return true;
    FY_AUTO(fy_free_ptr) const struct fy_instance **list = members(scene, by_pair);
    for (size_t i = 0; list[i] && ok; i++) {
        if (!is_away(scene, list[i]))
            continue;
        if (!list[i]->pair)
            return refuse(err, "the NF adapter must name pairs", "the NF names no pair for %s", list[i]->id);
        const bool after = i > 0 && list[i - 1]->pair && strcmp(list[i - 1]->pair, list[i]->pair) == 0;
        ok = mate_carries(scene, list[i], after ? list[i - 1] : list[i + 1], err);
    }
    return ok;
}

struct census {
    int64_t total, serving, staying;
};

static struct census count_members(const struct scene *scene)
{
    struct census census = {0};
    for (size_t i = 0; i < scene->landscape->count; i++) {
        const struct fy_instance *instance = &scene->landscape->instances[i];
        if (strcmp(instance->vdu, scene->vdu->vdu_id) != 0)
            continue;
        census.total++;
        census.serving += fy_in_service(instance);
        census.staying += fy_in_service(instance) && !scene->away[i];
    }
    return census;
}

static bool keeps_preserved(const struct scene *scene, struct fy_err *err)
{
    const struct census census = count_members(scene);
    if (scene->vdu->min_preserved == FY_ABSENT || census.staying >= scene->vdu->min_preserved ||
        census.staying == census.serving)
        return true;
    return refuse(err, "take a smaller batch, or lower minPreserved",
                  "%lld instances of VDU %s would stay in service of %lld, and %lld must be preserved",
                  (long long)census.staying, scene->vdu->vdu_id, (long long)census.serving,
                  (long long)scene->vdu->min_preserved);
}

/* Half of the stores answer for all data: at least the larger half stays, and each that stays is in sync. */
static bool keeps_quorum(const struct scene *scene, struct fy_err *err)
{
    if (!is_role(scene, FY_ROLE_DATA_STORAGE))
        return true;
    const struct census census = count_members(scene);
    const int64_t quorum = census.total - census.total / 2;
    if (census.staying < quorum)
        return refuse(err, "take a smaller batch",
                      "%lld of %lld stores of VDU %s would stay in service, and the quorum is %lld",
                      (long long)census.staying, (long long)census.total, scene->vdu->vdu_id,
                      (long long)quorum);
    for (size_t i = 0; i < scene->landscape->count; i++) {
        const struct fy_instance *instance = &scene->landscape->instances[i];
        if (strcmp(instance->vdu, scene->vdu->vdu_id) == 0 && !scene->away[i] && fy_in_service(instance) &&
            !instance->in_sync)
            return refuse(err, "wait until it is in sync", "%s, a store that would stay, is not in sync",
                          instance->id);
    }
    return true;
}

static bool apart(const struct scene *scene, int scope, struct fy_err *err)
{
    const bool host = scope == FY_SCOPE_HOST;
    FY_AUTO(fy_free_ptr) const struct fy_instance **list = members(scene, host ? by_host : by_zone);
    for (size_t i = 1; list[0] && list[i]; i++) {
        const struct fy_instance *one = list[i - 1], *other = list[i];
        const char *here = host ? one->host : one->zone, *there = host ? other->host : other->zone;
        if (*here == '\0' || strcmp(here, there) != 0 || (is_paired(scene) && by_pair(&one, &other) != 0))
            continue;
        return refuse(err, "move one of them away, then plan again",
                      "%s and %s of VDU %s are both on %s %s, and the order wants them apart", one->id,
                      other->id, scene->vdu->vdu_id, host ? "host" : "zone", here);
    }
    return true;
}

static bool keeps_apart(const struct scene *scene, struct fy_err *err)
{
    if (is_role(scene, FY_ROLE_LOAD_SHARING))
        return true;
    for (size_t i = 0; i < scene->vdu->anti_affinity_count; i++)
        if (!apart(scene, scene->vdu->anti_affinity[i].scope, err))
            return false;
    return true;
}

/* Users, capacity and instances of a load-sharing VDU per domain with the batch away. */
struct room {
    int64_t users[2], capacity[2], serving[2];
    bool counts; /* its instances report a capacity */
};

static struct room measure(const struct scene *scene, const struct fy_order_vdu *vdu)
{
    struct room room = {0};
    for (size_t i = 0; i < scene->landscape->count; i++) {
        const struct fy_instance *instance = &scene->landscape->instances[i];
        if (strcmp(instance->vdu, vdu->vdu_id) != 0)
            continue;
        room.users[instance->domain] += load_of(scene, instance);
        room.counts |= instance->capacity > 0;
        if (scene->away[i] || !fy_in_service(instance))
            continue;
        room.capacity[instance->domain] += instance->capacity;
        room.serving[instance->domain]++;
    }
    const int64_t all = room.users[FY_SOURCE] + room.users[FY_TARGET];
    for (int d = FY_SOURCE; d <= FY_TARGET; d++)
        if (scene->share[d] != NOBODY)
            room.users[d] = (all * scene->share[d] + 999) / 1000;
    return room;
}

static bool domain_fits(const struct scene *scene, const struct fy_order_vdu *vdu, const struct room *room,
                        enum fy_domain domain, struct fy_err *err)
{
    const char *name = fy_order_domain_name((int)domain);
    const int64_t users = room->users[domain], carries = room->capacity[domain] * allowed(scene) / 1000;
    if (users == 0)
        return true;
    if (room->serving[domain] == 0)
        return refuse(err, "move them first",
                      "%lld users would be in the %s domain of VDU %s with no instance there to serve them",
                      (long long)users, name, vdu->vdu_id);
    if (!room->counts || users <= carries)
        return true;
    return refuse(err, "take a smaller batch, move fewer users, or wait for a quieter hour",
                  "the %s domain of VDU %s would have %lld users on %lld instances that carry %lld at %lld "
                  "%% utilisation",
                  name, vdu->vdu_id, (long long)users, (long long)room->serving[domain], (long long)carries,
                  (long long)allowed(scene) / 10);
}

/* Nothing is taken away by instances that are out of service already. */
static bool takes_nothing(const struct scene *scene)
{
    const struct census census = count_members(scene);
    return census.staying == census.serving;
}

static bool keeps_capacity(const struct scene *scene, struct fy_err *err)
{
    if (!is_role(scene, FY_ROLE_LOAD_SHARING) || takes_nothing(scene))
        return true;
    struct room room = measure(scene, scene->vdu);
    const enum fy_domain other = scene->domain == FY_SOURCE ? FY_TARGET : FY_SOURCE;
    /* A domain that neither loses an instance nor gains a user is not made worse, however full it is. */
    bool gains = scene->share[other] != NOBODY;
    /* The last ones of a domain leave: the few users that are still on them go to the other domain. */
    if (room.serving[scene->domain] == 0 && !scene->leaving) {
        gains |= room.users[scene->domain] > 0;
        room.users[other] += room.users[scene->domain];
        room.users[scene->domain] = 0;
    }
    return domain_fits(scene, scene->vdu, &room, scene->domain, err) &&
           (!gains || domain_fits(scene, scene->vdu, &room, other, err));
}

/* Nobody's instance leaves while it serves. */
static bool is_empty(const struct scene *scene, struct fy_err *err)
{
    if (!is_role(scene, FY_ROLE_LOAD_SHARING))
        return true;
    for (size_t i = 0; i < scene->landscape->count; i++) {
        const struct fy_instance *instance = &scene->landscape->instances[i];
        if (scene->away[i] && (instance->users > 0 || instance->sessions > 0))
            return refuse(err, "drain it first", "%s still serves %lld users with %lld sessions",
                          instance->id, (long long)instance->users, (long long)instance->sessions);
    }
    return true;
}

typedef bool rule(const struct scene *scene, struct fy_err *err);

static rule *const batch_rules[] = {keeps_pairs, keeps_preserved, keeps_quorum, keeps_apart, keeps_capacity};

static bool obeys(const struct scene *scene, struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(batch_rules); i++)
        if (!batch_rules[i](scene, err))
            return false;
    return true;
}

bool fy_check_batch(const struct fy_order *order, const struct fy_landscape *landscape,
                    const struct fy_batch *batch, struct fy_err *err)
{
    FY_AUTO(scene_free) struct scene scene = {.order = order, .landscape = landscape, .batch = batch};
    if (batch->count == 0)
        return refuse(err, "plan again", "the batch is empty");
    return set_scene(&scene, err) && obeys(&scene, err);
}

bool fy_check_leave(const struct fy_order *order, const struct fy_landscape *landscape,
                    const struct fy_batch *batch, struct fy_err *err)
{
    FY_AUTO(scene_free)
    struct scene scene = {.order = order, .landscape = landscape, .batch = batch, .leaving = true};
    if (batch->count == 0)
        return refuse(err, "plan again", "the batch is empty");
    return set_scene(&scene, err) && is_empty(&scene, err) && obeys(&scene, err);
}

static bool is_less_than_now(const struct scene *scene, int64_t permille)
{
    const int64_t *users =
        scene->order->gray.basis == FY_BASIS_SESSIONS ? scene->landscape->sessions : scene->landscape->users;
    return users[FY_TARGET] * 1000 > permille * (users[FY_SOURCE] + users[FY_TARGET]);
}

bool fy_check_move(const struct fy_order *order, const struct fy_landscape *landscape,
                   const struct fy_move *move, struct fy_err *err)
{
    FY_AUTO(scene_free) struct scene scene = {.order = order, .landscape = landscape, .batch = &move->batch};
    if (move->permille < 0 || move->permille > 1000)
        return refuse(err, "report this as a fault of Ferry", "a share of %lld permille is no share",
                      (long long)move->permille);
    if (!set_scene(&scene, err))
        return false;
    scene.back |= is_less_than_now(&scene, move->permille);
    scene.share[FY_TARGET] = move->permille;
    scene.share[FY_SOURCE] = 1000 - move->permille;
    for (size_t i = 0; i < order->vdu_count; i++) {
        const struct fy_order_vdu *vdu = &order->vdus[i];
        if (vdu->role != FY_ROLE_LOAD_SHARING || fy_order_vdu_unchanged(vdu))
            continue;
        const struct room room = measure(&scene, vdu);
        if (!domain_fits(&scene, vdu, &room, FY_SOURCE, err) ||
            !domain_fits(&scene, vdu, &room, FY_TARGET, err))
            return false;
    }
    return move->batch.count == 0 || obeys(&scene, err);
}

/* ---- going on without some ---- */

static bool aside_is_empty(const struct scene *scene, struct fy_err *err)
{
    for (size_t i = 0; i < scene->landscape->count; i++) {
        const struct fy_instance *instance = &scene->landscape->instances[i];
        if (scene->away[i] && (instance->users > 0 || instance->sessions > 0))
            return refuse(err, "drain it first, or let it serve on until it is replaced",
                          "%s still serves %lld users with %lld sessions", instance->id,
                          (long long)instance->users, (long long)instance->sessions);
    }
    return true;
}

static bool aside_keeps_preserved(const struct scene *scene, struct fy_err *err)
{
    const struct census census = count_members(scene);
    const int64_t preserved = scene->vdu->min_preserved == FY_ABSENT ? 1 : scene->vdu->min_preserved;
    return census.staying >= preserved ||
           refuse(err, "replace it, or have it repaired",
                  "%lld instances of VDU %s would be left in service, and %lld must be preserved",
                  (long long)census.staying, scene->vdu->vdu_id, (long long)preserved);
}

static bool aside_keeps_pairs(const struct scene *scene, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) const struct fy_instance **list = members(scene, by_pair);
    for (size_t i = 0; is_paired(scene) && list[i]; i++) {
        if (!is_away(scene, list[i]))
            continue;
        const bool after = i > 0 && by_pair(&list[i - 1], &list[i]) == 0;
        const struct fy_instance *mate = after ? list[i - 1] : list[i + 1];
        if (!mate || by_pair(&mate, &list[i]) != 0 || is_away(scene, mate) || !fy_in_service(mate) ||
            !mate->active)
            return refuse(err, "repair or switch over the pair first",
                          "without %s nobody would be active in pair %s", list[i]->id,
                          list[i]->pair ? list[i]->pair : "?");
    }
    return true;
}

bool fy_check_aside(const struct fy_order *order, const struct fy_landscape *landscape, struct fy_err *err)
{
    static rule *const rules[] = {aside_keeps_preserved, aside_keeps_pairs, keeps_quorum};
    FY_AUTO(scene_free)
    struct scene scene = {.order = order, .landscape = landscape, .leaving = true};
    if (!set_scene(&scene, err))
        return false;
    for (size_t i = 0; i < landscape->count; i++)
        scene.away[i] = landscape->instances[i].aside;
    bool ok = aside_is_empty(&scene, err);
    for (size_t v = 0; ok && v < order->vdu_count; v++) {
        scene.vdu = &order->vdus[v];
        bool concerned = false;
        for (size_t i = 0; i < landscape->count; i++)
            concerned |= scene.away[i] && strcmp(landscape->instances[i].vdu, scene.vdu->vdu_id) == 0;
        for (size_t r = 0; ok && concerned && r < FY_COUNT(rules); r++)
            ok = rules[r](&scene, err);
        if (ok && concerned && is_role(&scene, FY_ROLE_LOAD_SHARING)) {
            const struct room room = measure(&scene, scene.vdu);
            ok = domain_fits(&scene, scene.vdu, &room, FY_SOURCE, err) &&
                 domain_fits(&scene, scene.vdu, &room, FY_TARGET, err);
        }
    }
    return ok;
}
