/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of the boundary, and the PolicyTemplates they refer to. */
#include "base/mem.h"
#include "order/dom.h"
#include "order/words.h"

#include <string.h>

/* Each policy type is a part of the order: ONE and required, ONE with defaults, or MANY. */
static const struct policy {
    const char *type;
    bool required;
} policies[] = {
    {"GrayStages", true}, {"KpiGate", true}, {"DialTest", false}, {"Limits", false},
    {"Backup", false},    {"Guards", false}, {"Rollback", true},  {"Commit", true},
};
#define POLICIES FY_COUNT(policies)

static const char *const type_names[] = {"GrayStages", "KpiGate",  "DialTest", "Limits", "Backup",
                                         "Guards",     "Rollback", "Commit",   NULL};

struct found {
    const struct fy_map *map;
    const xmlNode *root;
    const xmlNode *first[POLICIES]; /* the PolicyTemplate each type was read from */
    struct fy_buf used; /* ids of the PolicyTemplates that were referred to, each between newlines */
};

static const struct fy_part *part_of(const char *type)
{
    for (size_t i = 0; i < fy_form_order.part_count; i++)
        if (strcmp(fy_form_order.parts[i].xml, type) == 0)
            return &fy_form_order.parts[i];
    return NULL;
}

/* The PolicyTemplate a policyRef names: NULL after refusing. */
static const xmlNode *find_template(const struct fy_map *map, const xmlNode *root, const xmlNode *policy,
                                    const char *ref, const char *local)
{
    char near[FY_DOM_LABEL];
    const xmlNode *found = fy_dom_by_id(root, "PolicyTemplate", local, near);
    if (found == NULL) {
        fy_map_refuse(map, policy, "policyRef=\"%.100s\" names no PolicyTemplate of this document", ref);
        fy_refuse_hint(&map->to, near[0] != '\0' ? near : NULL,
                       "give the id of a PolicyTemplate, with the prefix of the targetNamespace");
    }
    return found;
}

static const xmlNode *resolve(const struct fy_map *map, const xmlNode *root, const xmlNode *policy)
{
    FY_AUTO(fy_free_ptr) char *ref = NULL;
    const char *ns;
    const char *local;
    if (!fy_map_required(map, policy, "policyRef", "prefix:id of a PolicyTemplate", &ref) ||
        !fy_map_qname(map, policy, "policyRef", ref, &ns, &local))
        return NULL;
    if (strcmp(ns, map->target_namespace) != 0) {
        fy_map_refuse(map, policy,
                      "policyRef=\"%.100s\" points into the namespace \"%.120s\", but this document defines "
                      "\"%.120s\"",
                      ref, ns, map->target_namespace);
        fy_refuse_hint(&map->to, NULL, "bind a prefix to the targetNamespace and write prefix:%.60s", local);
        return NULL;
    }
    return find_template(map, root, policy, ref, local);
}

/* Type and reference must agree, or the reader would have to guess which is meant. */
static bool check_type(const struct fy_map *map, const xmlNode *template, const char *type)
{
    FY_AUTO(fy_free_ptr) char *own = NULL;
    if (!fy_map_type(map, template, "type", &own))
        return false;
    if (own != NULL && strcmp(own, type) == 0)
        return true;
    fy_map_refuse(map, template, "its type is not f:%s, as the Policy that refers to it says", type);
    return fy_refuse_hint(&map->to, NULL, "make policyType and type the same");
}

static bool map_policy(struct found *in, const xmlNode *policy)
{
    const struct fy_map *map = in->map;
    FY_AUTO(fy_free_ptr) char *type = NULL;
    xmlNode *body;
    if (!fy_map_type(map, policy, "policyType", &type))
        return false;
    if (type == NULL)
        return true; /* somebody else's policy */
    int index = fy_word_index(type_names, type);
    if (index < 0) {
        fy_map_refuse(map, policy, "the policyType f:%.60s is not known", type);
        return fy_refuse_hint(&map->to, fy_word_nearest(type_names, type), "docs/order.md lists them");
    }
    const struct fy_part *part = part_of(type);
    const xmlNode *template = resolve(map, in->root, policy);
    if (part == NULL || template == NULL || !check_type(map, template, type) ||
        !fy_map_properties(map, template, type, &body))
        return false;
    if (in->first[index] != NULL && part->how_many != FY_PART_MANY) {
        fy_map_refuse(map, policy, "it is a second policy of type f:%s", type);
        return fy_refuse_hint(&map->to, NULL, "leave one out");
    }
    in->first[index] = template;
    FY_AUTO(fy_free_ptr) char *id = fy_dom_attribute(template, "id");
    fy_buf_format(&in->used, "\n%s\n", id);
    void *record = fy_form_at(map->order, part->offset);
    if (part->how_many == FY_PART_MANY) {
        if (map->order->dial_test_count == part->max)
            return fy_map_refuse(map, policy, "there are more than %zu policies of type f:%s", part->max,
                                 type);
        record = fy_form_grow(part, map->order);
    }
    return fy_map_form(map, body, part->form, record);
}

/* A PolicyTemplate of ours that nothing refers to would be passed over in silence. */
static bool check_unused(struct found *in)
{
    const struct fy_map *map = in->map;
    const xmlNode *template = fy_dom_tosca(in->root, "PolicyTemplate");
    for (; template != NULL; template = fy_dom_tosca_next(template)) {
        FY_AUTO(fy_free_ptr) char *type = NULL;
        FY_AUTO(fy_free_ptr) char *id = NULL;
        if (!fy_map_type(map, template, "type", &type) ||
            !fy_map_required(map, template, "id", "a name", &id))
            return false;
        FY_AUTO(fy_free_ptr) char *key = fy_format("\n%s\n", id);
        if (type == NULL || (in->used.data != NULL && strstr(in->used.data, key) != NULL))
            continue;
        fy_map_refuse(map, template,
                      "no Policy of BoundaryDefinitions refers to \"%.100s\", so it would not count", id);
        return fy_refuse_hint(&map->to, NULL, "add a Policy with policyRef to it, or leave it out");
    }
    return true;
}

static bool fill_missing(const struct found *in, const xmlNode *boundary)
{
    const struct fy_map *map = in->map;
    for (size_t i = 0; i < POLICIES; i++) {
        if (in->first[i] != NULL)
            continue;
        const struct fy_part *part = part_of(policies[i].type);
        if (policies[i].required) {
            fy_map_refuse(map, boundary, "its Policies have none of type f:%s", policies[i].type);
            return fy_refuse_hint(&map->to, NULL,
                                  "add <Policy policyType=\"f:%s\" policyRef=\"...\"/> and the "
                                  "PolicyTemplate",
                                  policies[i].type);
        }
        if (part->how_many == FY_PART_ONE &&
            !fy_form_defaults(part->form, fy_form_at(map->order, part->offset), map->to.err))
            return fy_map_place(map, boundary);
    }
    return true;
}

bool fy_map_policies(const struct fy_map *map, const xmlNode *root, const xmlNode *boundary)
{
    struct found in = {.map = map, .root = root};
    const xmlNode *list = fy_dom_tosca(boundary, "Policies");
    bool ok = true;
    const xmlNode *policy = list != NULL ? fy_dom_tosca(list, "Policy") : NULL;
    for (; ok && policy != NULL; policy = fy_dom_tosca_next(policy))
        ok = map_policy(&in, policy);
    ok = ok && check_unused(&in) && fill_missing(&in, boundary);
    fy_buf_free(&in.used);
    return ok;
}
