/* SPDX-License-Identifier: Apache-2.0 */
/* TopologyTemplate: the VNF, its VDUs, and that the ones belong to the other. */
#include "base/mem.h"
#include "order/dom.h"
#include "order/words.h"

#include <string.h>

static const char *const node_types[] = {"Vnf", "Vdu", NULL};

struct topology {
    const struct fy_map *map;
    const xmlNode *topology;
    const xmlNode *vnf; /* its NodeTemplate */
    bool *belongs;      /* per VDU: a PartOf was seen */
};

/* minInstances or maxInstances: a whole number from 1 (from 0 for min), 1 if absent; "unbounded" is
 * FY_ABSENT. */
static bool map_count(const struct fy_map *map, const xmlNode *node, const char *name, int64_t least,
                      int64_t *ret)
{
    FY_AUTO(fy_free_ptr) char *text = fy_dom_attribute(node, name);
    bool max = least == 1;
    *ret = 1;
    if (text == NULL)
        return true;
    if (max && strcmp(text, "unbounded") == 0) {
        *ret = FY_ABSENT;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits < 7 && text[digits] == '\0') {
        *ret = strtol(text, NULL, 10);
        if (*ret >= least)
            return true;
    }
    fy_map_refuse(map, node, "%s=\"%.60s\" is not a number of instances", name, text);
    return fy_refuse_hint(&map->to, NULL,
                          max ? "give a whole number from 1, or unbounded" : "give a whole number from 0");
}

static bool map_vdu(const struct fy_map *map, const xmlNode *node)
{
    xmlNode *body;
    FY_AUTO(fy_free_ptr) char *id = NULL;
    const struct fy_part *part = NULL;
    for (size_t i = 0; i < fy_form_order.part_count; i++)
        if (fy_form_order.parts[i].form == &fy_form_vdu)
            part = &fy_form_order.parts[i];
    if (!fy_map_required(map, node, "id", "a name", &id) || !fy_map_properties(map, node, "Vdu", &body))
        return false;
    if (part == NULL || map->order->vdu_count == part->max)
        return fy_map_refuse(map, node, "there are more than 64 VDUs");
    struct fy_order_vdu *vdu = fy_form_grow(part, map->order);
    vdu->node = fy_steal(&id);
    return map_count(map, node, "minInstances", 0, &vdu->min_instances) &&
           map_count(map, node, "maxInstances", 1, &vdu->max_instances) &&
           fy_map_form(map, body, &fy_form_vdu, vdu);
}

static bool map_vnf(struct topology *in, const xmlNode *node)
{
    const struct fy_map *map = in->map;
    xmlNode *body;
    if (in->vnf != NULL) {
        fy_map_refuse(map, node, "it is a second node of type f:Vnf, beside that of line %d",
                      fy_dom_line(in->vnf));
        return fy_refuse_hint(&map->to, NULL, "an order upgrades one VNF instance");
    }
    in->vnf = node;
    return fy_map_required(map, node, "id", "a name", &map->order->vnf.node) &&
           fy_map_properties(map, node, "Vnf", &body) &&
           fy_map_form(map, body, &fy_form_vnf, &map->order->vnf);
}

/* Policies on nodes would look as if they were obeyed. */
static bool refuse_node_policies(const struct fy_map *map, const xmlNode *node)
{
    const xmlNode *policies = fy_dom_tosca(node, "Policies");
    const xmlNode *policy = policies != NULL ? fy_dom_tosca(policies, "Policy") : NULL;
    for (; policy != NULL; policy = fy_dom_tosca_next(policy)) {
        FY_AUTO(fy_free_ptr) char *type = NULL;
        if (!fy_map_type(map, policy, "policyType", &type))
            return false;
        if (type == NULL)
            continue;
        fy_map_refuse(map, policy, "f:%.60s stands on a node, but counts for the whole order", type);
        return fy_refuse_hint(&map->to, NULL, "move it to Policies of BoundaryDefinitions");
    }
    return true;
}

static bool map_node(struct topology *in, const xmlNode *node)
{
    const struct fy_map *map = in->map;
    FY_AUTO(fy_free_ptr) char *type = NULL;
    if (!fy_map_type(map, node, "type", &type) || !refuse_node_policies(map, node))
        return false;
    if (type == NULL)
        return true; /* somebody else's node */
    if (strcmp(type, "Vnf") == 0)
        return map_vnf(in, node);
    if (strcmp(type, "Vdu") == 0)
        return map_vdu(map, node);
    fy_map_refuse(map, node, "the type f:%.60s is not known", type);
    return fy_refuse_hint(&map->to, fy_word_nearest(node_types, type), "it may be f:Vnf or f:Vdu");
}

/* ref of SourceElement or TargetElement: the node it names; NULL after refusing. */
static const xmlNode *referred(const struct topology *in, const xmlNode *relation, const char *end)
{
    const struct fy_map *map = in->map;
    const xmlNode *element = fy_dom_tosca(relation, end);
    FY_AUTO(fy_free_ptr) char *ref = NULL;
    char near[FY_DOM_LABEL];
    if (element == NULL) {
        fy_map_refuse(map, relation, "its child %s is missing", end);
        fy_refuse_hint(&map->to, NULL, "add <%s ref=\"...\"/>", end);
        return NULL;
    }
    if (!fy_map_required(map, element, "ref", "the id of a NodeTemplate", &ref))
        return NULL;
    const xmlNode *found = fy_dom_by_id(in->topology, "NodeTemplate", ref, near);
    if (found == NULL) {
        fy_map_refuse(map, element, "ref=\"%.100s\" names no NodeTemplate of this topology", ref);
        fy_refuse_hint(&map->to, near[0] != '\0' ? near : NULL, "give the id of a NodeTemplate");
    }
    return found;
}

static bool map_part_of(struct topology *in, const xmlNode *relation)
{
    const struct fy_map *map = in->map;
    const xmlNode *source = referred(in, relation, "SourceElement");
    const xmlNode *target = source != NULL ? referred(in, relation, "TargetElement") : NULL;
    if (target == NULL)
        return false;
    FY_AUTO(fy_free_ptr) char *id = fy_dom_attribute(source, "id");
    for (size_t i = 0; i < map->order->vdu_count; i++) {
        if (strcmp(map->order->vdus[i].node, id) != 0)
            continue;
        if (target != in->vnf)
            break;
        if (in->belongs[i]) {
            fy_map_refuse(map, relation, "the VDU \"%.100s\" is part of the VNF already", id);
            return fy_refuse_hint(&map->to, NULL, "leave this one out");
        }
        in->belongs[i] = true;
        return true;
    }
    fy_map_refuse(map, relation,
                  "f:PartOf goes from a node of type f:Vdu to the one of type f:Vnf; this one does not");
    return fy_refuse_hint(&map->to, NULL, "SourceElement is the VDU, TargetElement the VNF");
}

static bool map_relation(struct topology *in, const xmlNode *relation)
{
    static const char *const relation_types[] = {"PartOf", NULL};
    const struct fy_map *map = in->map;
    FY_AUTO(fy_free_ptr) char *type = NULL;
    if (!fy_map_type(map, relation, "type", &type))
        return false;
    if (type == NULL)
        return true;
    if (strcmp(type, "PartOf") == 0)
        return map_part_of(in, relation);
    fy_map_refuse(map, relation, "the type f:%.60s is not known", type);
    return fy_refuse_hint(&map->to, fy_word_nearest(relation_types, type), "it may be f:PartOf");
}

static bool check_nodes(const struct topology *in)
{
    const struct fy_map *map = in->map;
    const struct fy_order *order = map->order;
    if (in->vnf == NULL || order->vdu_count == 0) {
        const char *type = in->vnf == NULL ? "Vnf" : "Vdu";
        fy_map_refuse(map, in->topology, "it has no NodeTemplate of type f:%s", type);
        return fy_refuse_hint(&map->to, NULL,
                              "add <NodeTemplate id=\"...\" type=\"f:%s\"> with f:%s in its Properties", type,
                              type);
    }
    return true;
}

static bool check_relations(const struct topology *in)
{
    const struct fy_map *map = in->map;
    const struct fy_order *order = map->order;
    for (size_t i = 0; i < order->vdu_count; i++) {
        if (in->belongs[i])
            continue;
        fy_refuse(&map->to, order->vdus[i].line, "f:Vdu",
                  "no f:PartOf says that the VDU \"%.100s\" belongs to the VNF", order->vdus[i].node);
        return fy_refuse_hint(&map->to, NULL,
                              "add a RelationshipTemplate of type f:PartOf from %.60s to %.60s",
                              order->vdus[i].node, order->vnf.node);
    }
    return true;
}

bool fy_map_topology(const struct fy_map *map, const xmlNode *service)
{
    struct topology in = {.map = map, .topology = fy_dom_tosca(service, "TopologyTemplate")};
    if (in.topology == NULL) {
        fy_map_refuse(map, service, "its TopologyTemplate is missing");
        return fy_refuse_hint(&map->to, NULL,
                              "add one with a NodeTemplate of type f:Vnf and one f:Vdu for each VDU");
    }
    for (const xmlNode *node = fy_dom_tosca(in.topology, "NodeTemplate"); node != NULL;
         node = fy_dom_tosca_next(node))
        if (!map_node(&in, node))
            return false;
    if (!check_nodes(&in))
        return false;
    FY_AUTO(fy_free_ptr) bool *belongs = FY_NEW_ARRAY(bool, map->order->vdu_count + 1);
    in.belongs = belongs;
    const xmlNode *relation = fy_dom_tosca(in.topology, "RelationshipTemplate");
    for (; relation != NULL; relation = fy_dom_tosca_next(relation))
        if (!map_relation(&in, relation))
            return false;
    return check_relations(&in);
}
