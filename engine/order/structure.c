/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOSCA's own elements where an order uses them. A misspelt one would otherwise be passed over in silence,
 * and the order would mean less than its author wrote.
 */
#include "base/mem.h"
#include "order/dom.h"
#include "order/words.h"

#include <string.h>

#define LIST(...)                                                                                            \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

static const struct rule {
    const char *element;
    const char *const *attributes; /* NULL: not looked at */
    const char *const *children;
} rules[] = {
    {"Definitions", LIST("id", "name", "targetNamespace"),
     LIST("Extensions", "Import", "Types", "ServiceTemplate", "NodeType", "NodeTypeImplementation",
          "RelationshipType", "RelationshipTypeImplementation", "RequirementType", "CapabilityType",
          "ArtifactType", "ArtifactTemplate", "PolicyType", "PolicyTemplate")},
    {"Extensions", LIST(NULL), LIST("Extension")},
    {"Extension", LIST("namespace", "mustUnderstand"), LIST(NULL)},
    {"ServiceTemplate", LIST("id", "name", "targetNamespace", "substitutableNodeType"),
     LIST("Tags", "BoundaryDefinitions", "TopologyTemplate", "Plans")},
    {"BoundaryDefinitions", LIST(NULL),
     LIST("Properties", "PropertyConstraints", "Requirements", "Capabilities", "Policies", "Interfaces")},
    {"Policies", LIST(NULL), LIST("Policy")},
    {"Policy", LIST("name", "policyType", "policyRef"), NULL},
    {"Interfaces", LIST(NULL), LIST("Interface")},
    {"Interface", LIST("name"), LIST("Operation")},
    {"Operation", LIST("name"), LIST("NodeOperation", "RelationshipOperation", "Plan")},
    {"TopologyTemplate", LIST(NULL), LIST("NodeTemplate", "RelationshipTemplate")},
    {"NodeTemplate", LIST("id", "name", "type", "minInstances", "maxInstances"),
     LIST("Properties", "PropertyConstraints", "Requirements", "Capabilities", "Policies",
          "DeploymentArtifacts")},
    {"RelationshipTemplate", LIST("id", "name", "type"),
     LIST("Properties", "PropertyConstraints", "SourceElement", "TargetElement", "RelationshipConstraints")},
    {"SourceElement", LIST("ref"), LIST(NULL)},
    {"TargetElement", LIST("ref"), LIST(NULL)},
    {"Plans", LIST("targetNamespace"), LIST("Plan")},
    {"Plan", LIST("id", "name", "planType", "planLanguage", "planRef"),
     LIST("Precondition", "InputParameters", "OutputParameters", "PlanModel", "PlanModelReference")},
    {"InputParameters", LIST(NULL), LIST("InputParameter")},
    {"InputParameter", LIST("name", "type", "required"), LIST(NULL)},
    {"PlanModelReference", LIST("reference"), LIST(NULL)},
    {"PolicyTemplate", LIST("id", "name", "type"), LIST("Properties", "PropertyConstraints")},
};

static const struct rule *find_rule(const char *element)
{
    for (size_t i = 0; i < FY_COUNT(rules); i++)
        if (strcmp(rules[i].element, element) == 0)
            return &rules[i];
    return NULL;
}

static bool check_attributes(const struct fy_map *map, const xmlNode *node, const struct rule *rule)
{
    for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
        const char *name = (const char *)attribute->name;
        if (attribute->ns != NULL || fy_word_index(rule->attributes, name) >= 0)
            continue;
        fy_map_refuse(map, node, "its attribute %.100s is not one of TOSCA's", name);
        return fy_refuse_hint(&map->to, fy_word_nearest(rule->attributes, name), "leave it out");
    }
    return true;
}

static bool check_node(const struct fy_map *map, const xmlNode *node);

static bool check_child(const struct fy_map *map, const xmlNode *child, const struct rule *parent)
{
    const char *ns = fy_dom_namespace(child);
    const char *name = fy_dom_name(child);
    if (fy_dom_is_ours(child)) {
        fy_map_refuse(map, child, "it stands directly in %s, where nothing reads it", parent->element);
        return fy_refuse_hint(&map->to, NULL, "put it into Properties, as docs/order.md shows");
    }
    if (ns[0] == '\0') {
        fy_map_refuse(map, child, "it has no namespace");
        return fy_refuse_hint(&map->to, NULL, "declare xmlns=\"" FY_TOSCA_NAMESPACE "\" on Definitions");
    }
    if (strcmp(ns, FY_TOSCA_NAMESPACE) != 0 || strcmp(name, "documentation") == 0)
        return true;
    if (fy_word_index(parent->children, name) >= 0)
        return check_node(map, child);
    fy_map_refuse(map, child, "TOSCA has no such element in %s", parent->element);
    return fy_refuse_hint(&map->to, fy_word_nearest(parent->children, name), "leave it out");
}

/* Recursion is bounded by FY_ORDER_MAX_DEPTH. */
static bool check_node(const struct fy_map *map, const xmlNode *node)
{
    const struct rule *rule = find_rule(fy_dom_name(node));
    if (rule == NULL)
        return true; /* an element that an order does not use */
    if (!check_attributes(map, node, rule))
        return false;
    if (rule->children == NULL)
        return true;
    for (const xmlNode *child = fy_dom_first(node); child != NULL; child = fy_dom_next(child))
        if (!check_child(map, child, rule))
            return false;
    return true;
}

bool fy_map_structure(const struct fy_map *map, const xmlNode *root)
{
    return check_node(map, root);
}

/* Ids are unique in the whole document, or a reference could mean two things. */
struct id {
    char *text;
    const xmlNode *node;
};

struct ids {
    struct id *list;
    size_t count;
};

static void collect_ids(const xmlNode *node, struct ids *ids)
{
    char *text = fy_dom_attribute(node, "id");
    if (text != NULL) {
        ids->list = fy_realloc(ids->list, (ids->count + 1) * sizeof *ids->list);
        ids->list[ids->count++] = (struct id){text, node};
    }
    for (const xmlNode *child = fy_dom_first(node); child != NULL; child = fy_dom_next(child))
        if (strcmp(fy_dom_namespace(child), FY_TOSCA_NAMESPACE) == 0)
            collect_ids(child, ids);
}

static int compare_ids(const void *a, const void *b)
{
    const struct id *left = a;
    const struct id *right = b;
    int order = strcmp(left->text, right->text);
    return order != 0 ? order : fy_dom_line(left->node) - fy_dom_line(right->node);
}

static bool refuse_twice(const struct fy_map *map, const struct id *first, const struct id *second)
{
    fy_map_refuse(map, second->node,
                  "its id \"%.100s\" is also that of the %s in line %d, so a reference to it is ambiguous",
                  second->text, fy_dom_name(first->node), fy_dom_line(first->node));
    return fy_refuse_hint(&map->to, NULL, "give it an id of its own");
}

bool fy_map_ids(const struct fy_map *map, const xmlNode *root)
{
    struct ids ids = {0};
    bool unique = true;
    collect_ids(root, &ids);
    if (ids.count > 1)
        qsort(ids.list, ids.count, sizeof *ids.list, compare_ids);
    for (size_t i = 1; i < ids.count && unique; i++)
        if (strcmp(ids.list[i - 1].text, ids.list[i].text) == 0)
            unique = refuse_twice(map, &ids.list[i - 1], &ids.list[i]);
    for (size_t i = 0; i < ids.count; i++)
        free(ids.list[i].text);
    free(ids.list);
    return unique;
}
