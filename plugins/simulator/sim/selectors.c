/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom steering moves first, last and never: the selectors of an order, over SUPI ranges, tracking areas,
 * data networks and slices. A user's tracking area, data network and slice follow from its identity.
 */
#include "sim/model.h"

#include <stdio.h>
#include <string.h>

#define TRACKING_AREAS 20

static const char *text(const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value ? value : "";
}

static bool in_supis(const json_t *ranges, const struct sim_user *user)
{
    char supi[32];
    sim_supi(user, supi);
    size_t i;
    json_t *range;
    json_array_foreach(ranges, i, range)
    {
        if (strcmp(supi, text(range, "first")) >= 0 && strcmp(supi, text(range, "last")) <= 0)
            return true;
    }
    return false;
}

static bool in_tais(const json_t *tais, const struct sim_user *user)
{
    char tac[8];
    (void)snprintf(tac, sizeof(tac), "%06x", (unsigned)(sim_mix(user->id ^ 0x7a1) % TRACKING_AREAS + 1));
    size_t i;
    json_t *tai;
    json_array_foreach(tais, i, tai)
    {
        const char *wanted = text(tai, "tac");
        size_t length = strlen(wanted);
        if (strcmp(text(tai, "mcc"), "460") == 0 && strcmp(text(tai, "mnc"), "00") == 0 && length <= 6 &&
            strcasecmp(tac + (6 - length), wanted) == 0)
            return true;
    }
    return false;
}

static bool in_dnns(const json_t *dnns, const struct sim_user *user)
{
    const char *has = sim_mix(user->id ^ 0xd22) % 10 == 0 ? "enterprise" : "internet";
    size_t i;
    json_t *dnn;
    json_array_foreach(dnns, i, dnn)
    {
        if (strcmp(text(dnn, "name"), has) == 0)
            return true;
    }
    return false;
}

static bool in_slices(const json_t *slices, const struct sim_user *user)
{
    const char *sd = sim_mix(user->id ^ 0x511ce) % 20 == 0 ? "00ff01" : "000001";
    size_t i;
    json_t *slice;
    json_array_foreach(slices, i, slice)
    {
        const json_t *wanted = json_object_get(slice, "sd");
        if (json_integer_value(json_object_get(slice, "sst")) == 1 &&
            (!wanted || strcasecmp(json_string_value(wanted), sd) == 0))
            return true;
    }
    return false;
}

static const struct {
    const char *member;
    bool (*holds)(const json_t *list, const struct sim_user *user);
} kinds[] = {{"supis", in_supis}, {"tais", in_tais}, {"dnns", in_dnns}, {"slices", in_slices}};

/* In one of the listed values of every kind that is listed at all. */
static bool selected(const json_t *selector, const struct sim_user *user)
{
    bool any = false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const json_t *list = json_object_get(selector, kinds[i].member);
        if (json_array_size(list) == 0)
            continue;
        any = true;
        if (!kinds[i].holds(list, user))
            return false;
    }
    return any;
}

enum sim_class sim_class_of(const struct sim_world *world, const struct sim_user *user)
{
    size_t i;
    json_t *selector;
    json_array_foreach(world->selectors, i, selector)
    {
        const char *use = text(selector, "use");
        if (selected(selector, user))
            return strcmp(use, "first") == 0  ? CLASS_FIRST
                   : strcmp(use, "last") == 0 ? CLASS_LAST
                                              : CLASS_NEVER;
    }
    return CLASS_NORMAL;
}

bool sim_selectors_set(struct sim_world *world, const json_t *selectors, char *why, size_t why_size)
{
    size_t i;
    json_t *selector;
    json_array_foreach(selectors, i, selector)
    {
        const char *use = text(selector, "use");
        if (strcmp(use, "first") != 0 && strcmp(use, "last") != 0 && strcmp(use, "never") != 0) {
            (void)snprintf(why, why_size, "selector %zu has no use of first, last or never", i + 1);
            return false;
        }
    }
    if (json_array_size(selectors) == 0 && !world->selectors)
        return true;
    if (world->selectors && json_equal(world->selectors, selectors))
        return true;
    json_decref(world->selectors);
    world->selectors = json_array_size(selectors) ? json_deep_copy(selectors) : NULL;
    for (uint32_t slot = 0; slot < world->user_count; slot++)
        if (world->users[slot].state != USER_FREE)
            world->users[slot].class = (uint8_t)sim_class_of(world, &world->users[slot]);
    return true;
}

/* The ratio is of all users; each class in its order takes what the ones before left of it. */
static void segment_thresholds(struct sim_world *world, enum sim_segment segment,
                               const int64_t weight[CLASSES])
{
    int64_t all = 0;
    for (int class = 0; class < CLASSES; class ++)
        all += weight[class];
    int64_t left = all * world->permille; /* in thousandths */
    for (int class = 0; class < CLASSES; class ++) {
        int64_t has = weight[class] * 1000, taken = left < has ? left : has;
        bool never = class == CLASS_NEVER;
        int64_t share = has > 0 ? taken * SIM_RANKS / has : world->permille * SIM_RANKS / 1000;
        world->threshold[segment][class] = never ? 0 : (uint16_t)share;
        left -= never ? 0 : taken;
    }
}

void sim_thresholds(struct sim_world *world)
{
    int64_t weight[SEGMENTS][CLASSES] = {{0}};
    for (uint32_t slot = 0; world->selectors && slot < world->user_count; slot++) {
        const struct sim_user *user = &world->users[slot];
        if (user->state != USER_FREE)
            weight[user->segment][user->class] += sim_weight(world, user);
    }
    for (int segment = 0; segment < SEGMENTS; segment++)
        segment_thresholds(world, (enum sim_segment)segment, weight[segment]);
}
