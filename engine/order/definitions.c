/* SPDX-License-Identifier: Apache-2.0 */
/* From the root to the order in it, or the one sentence why a document is none. */
#include "base/mem.h"
#include "order/dom.h"

#include <string.h>

static bool check_one_extension(const struct fy_map *map, const xmlNode *extension, bool *declared)
{
    FY_AUTO(fy_free_ptr) char *ns = fy_dom_attribute(extension, "namespace");
    FY_AUTO(fy_free_ptr) char *must = fy_dom_attribute(extension, "mustUnderstand");
    bool required = must == NULL || strcmp(must, "yes") == 0;
    if (ns == NULL)
        return fy_map_refuse(map, extension, "its attribute namespace is missing");
    if (!required && strcmp(must, "no") != 0) {
        fy_map_refuse(map, extension, "mustUnderstand=\"%.40s\" is neither yes nor no", must);
        return fy_refuse_hint(&map->to, NULL, "TOSCA writes yes and no, not true and false");
    }
    if (strcmp(ns, FY_ORDER_NAMESPACE) == 0) {
        *declared = required;
        return true;
    }
    if (!required)
        return true;
    fy_map_refuse(map, extension, "the namespace \"%.200s\" must be understood, and is not known", ns);
    if (strncmp(ns, FY_ORDER_NAMESPACE, strlen(FY_ORDER_NAMESPACE) - 1) == 0)
        return fy_refuse_hint(&map->to, NULL, "this engine reads " FY_ORDER_NAMESPACE);
    return fy_refuse_hint(&map->to, NULL, "say mustUnderstand=\"no\" if it may be ignored");
}

/* Refuses what must be understood and is not; *ret_declared: our own namespace is among them. */
static bool check_extensions(const struct fy_map *map, const xmlNode *root, bool *ret_declared)
{
    *ret_declared = false;
    const xmlNode *extensions = fy_dom_tosca(root, "Extensions");
    const xmlNode *extension = extensions != NULL ? fy_dom_tosca(extensions, "Extension") : NULL;
    for (; extension != NULL; extension = fy_dom_tosca_next(extension))
        if (!check_one_extension(map, extension, ret_declared))
            return false;
    return true;
}

bool fy_map_extensions(const struct fy_map *map, const xmlNode *root)
{
    bool declared;
    if (!check_extensions(map, root, &declared))
        return false;
    if (declared)
        return true;
    fy_map_refuse(map, root,
                  "its Extensions do not declare " FY_ORDER_NAMESPACE " with mustUnderstand=\"yes\", so "
                  "another TOSCA engine would ignore the order without a word");
    return fy_refuse_hint(&map->to, NULL,
                          "add <Extensions><Extension namespace=\"" FY_ORDER_NAMESPACE
                          "\" mustUnderstand=\"yes\"/></Extensions>");
}

static bool hint_order(const struct fy_map *map)
{
    return fy_refuse_hint(&map->to, NULL,
                          "an order has f:UpgradeRequest in the Properties of a BoundaryDefinitions; "
                          "\"ferry order new amf\" writes one to start from");
}

/* A root that is not Definitions. */
static bool refuse_root(const struct fy_map *map, const xmlNode *root)
{
    const char *ns = fy_dom_namespace(root);
    const char *name = fy_dom_name(root);
    if (strcmp(ns, FY_TOSCA_NAMESPACE) == 0)
        fy_map_refuse(map, root, "the root element is TOSCA's %.100s; expected Definitions", name);
    else if (strstr(ns, "opentosca.org/winery") != NULL)
        fy_map_refuse(
            map, root,
            "the root element is %.60s of Winery's own namespace %.120s, which is not TOSCA; expected "
            "Definitions in " FY_TOSCA_NAMESPACE,
            name, ns);
    else if (ns[0] == '\0')
        fy_map_refuse(map, root,
                      "the document is not TOSCA: the root element is %.60s in no namespace; expected "
                      "Definitions in " FY_TOSCA_NAMESPACE,
                      name);
    else
        fy_map_refuse(map, root,
                      "the document is not TOSCA: the root element is %.60s in namespace %.120s; expected "
                      "Definitions in " FY_TOSCA_NAMESPACE,
                      name, ns);
    return hint_order(map);
}

/* What Definitions holds, for the sentence: "3 NodeType, 1 PolicyTemplate". */
static void list_contents(const xmlNode *root, struct fy_buf *list)
{
    const char *last = NULL;
    for (const xmlNode *child = fy_dom_first(root); child != NULL; child = fy_dom_next(child)) {
        if (last != NULL && strcmp(last, fy_dom_name(child)) == 0)
            continue;
        if (list->length > 120) {
            fy_buf_text(list, ", ...");
            return;
        }
        char label[FY_DOM_LABEL];
        last = fy_dom_name(child);
        fy_buf_format(list, "%s%s", list->length > 0 ? ", " : "", fy_dom_label(child, label));
    }
}

static bool refuse_no_service(const struct fy_map *map, const xmlNode *root)
{
    FY_AUTO(fy_buf_free) struct fy_buf contents = {0};
    list_contents(root, &contents);
    fy_map_refuse(map, root, "the document is TOSCA but no upgrade order: it has no ServiceTemplate%s%s",
                  contents.data != NULL ? ", only " : "", contents.data != NULL ? contents.data : "");
    return hint_order(map);
}

/* A ServiceTemplate without an order: what is the first thing it lacks? */
static bool refuse_service(const struct fy_map *map, const xmlNode *service)
{
    FY_AUTO(fy_free_ptr) char *id = fy_dom_attribute(service, "id");
    const char *name = id != NULL ? id : "?";
    const xmlNode *boundary = fy_dom_tosca(service, "BoundaryDefinitions");
    const xmlNode *properties = boundary != NULL ? fy_dom_tosca(boundary, "Properties") : NULL;
    const xmlNode *body = properties != NULL ? fy_dom_first(properties) : NULL;
    char label[FY_DOM_LABEL];
#define NO_ORDER "the document is TOSCA but no upgrade order: ServiceTemplate \"%.80s\" "
    if (boundary == NULL)
        fy_map_refuse(map, service, NO_ORDER "has no BoundaryDefinitions, where f:UpgradeRequest would be",
                      name);
    else if (properties == NULL)
        fy_map_refuse(map, boundary,
                      NO_ORDER "has BoundaryDefinitions without Properties, where f:UpgradeRequest would be",
                      name);
    else if (body == NULL)
        fy_map_refuse(map, properties,
                      NO_ORDER "has empty boundary Properties, where f:UpgradeRequest would be", name);
    else if (strcmp(fy_dom_name(body), "UpgradeRequest") == 0)
        fy_map_refuse(map, body,
                      NO_ORDER "has an UpgradeRequest that is not in the namespace " FY_ORDER_NAMESPACE,
                      name);
    else
        fy_map_refuse(map, body,
                      NO_ORDER "has %s in its boundary Properties, which TOSCA's strict wildcard admits only "
                               "with a schema of its own, and no f:UpgradeRequest",
                      name, fy_dom_label(body, label));
#undef NO_ORDER
    return hint_order(map);
}

static xmlNode *request_of(const xmlNode *service)
{
    const xmlNode *boundary = fy_dom_tosca(service, "BoundaryDefinitions");
    const xmlNode *properties = boundary != NULL ? fy_dom_tosca(boundary, "Properties") : NULL;
    xmlNode *body = properties != NULL ? fy_dom_first(properties) : NULL;
    while (body != NULL && !fy_dom_is(body, FY_ORDER_NAMESPACE, "UpgradeRequest"))
        body = fy_dom_next(body);
    return body;
}

static bool refuse_second(const struct fy_map *map, const xmlNode *first, const xmlNode *second)
{
    fy_map_refuse(map, second, "it is a second order in the document, beside that of line %d",
                  fy_dom_line(first));
    return fy_refuse_hint(&map->to, NULL, "send one order a document");
}

bool fy_map_find_order(const struct fy_map *map, const xmlNode *root, xmlNode **ret_service,
                       xmlNode **ret_boundary, xmlNode **ret_request)
{
    xmlNode *found = NULL;
    xmlNode *request = NULL;
    bool declared;
    if (!fy_dom_is_tosca(root, "Definitions"))
        return refuse_root(map, root);
    if (!check_extensions(map, root, &declared))
        return false;
    xmlNode *first = fy_dom_tosca(root, "ServiceTemplate");
    if (first == NULL)
        return refuse_no_service(map, root);
    for (xmlNode *service = first; service != NULL; service = fy_dom_tosca_next(service)) {
        xmlNode *here = request_of(service);
        if (here != NULL && request != NULL)
            return refuse_second(map, request, here);
        if (here != NULL) {
            request = here;
            found = service;
        }
    }
    if (request == NULL)
        return refuse_service(map, first);
    *ret_service = found;
    *ret_boundary = fy_dom_tosca(found, "BoundaryDefinitions");
    *ret_request = request;
    return true;
}
