/* SPDX-License-Identifier: Apache-2.0 */
#include "order/read.h"

#include "base/mem.h"
#include "order/dom.h"
#include "order/xml.h"

#include <string.h>

static bool map_order(struct fy_map *map)
{
    const xmlNode *root = xmlDocGetRootElement(map->doc);
    xmlNode *service;
    xmlNode *boundary;
    xmlNode *request;
    FY_AUTO(fy_free_ptr) char *target = NULL;
    if (!fy_map_find_order(map, root, &service, &boundary, &request) || !fy_map_extensions(map, root) ||
        !fy_map_structure(map, root) || !fy_map_ids(map, root) ||
        !fy_map_required(map, root, "targetNamespace", "a URI of your own", &target))
        return false;
    map->target_namespace = target;
    bool ok = fy_map_properties(map, boundary, "UpgradeRequest", &request) &&
              fy_map_form(map, request, &fy_form_request, &map->order->request) &&
              fy_map_topology(map, service) && fy_map_policies(map, root, boundary) &&
              fy_map_workflow(map, service, boundary) && fy_check_order(map->order, &map->to);
    map->target_namespace = NULL;
    return ok;
}

bool fy_order_read(const char *bytes, size_t length, struct fy_order **ret_order,
                   struct fy_refusal *ret_refusal, struct fy_err *err)
{
    struct fy_err unread;
    struct fy_map map = {.to = {ret_refusal, err != NULL ? err : &unread}};
    if (ret_refusal != NULL)
        *ret_refusal = (struct fy_refusal){0};
    map.doc = fy_xml_parse(bytes, length, &map.to);
    if (map.doc == NULL)
        return false;
    FY_AUTO(fy_order_unref) struct fy_order *order = FY_NEW(struct fy_order);
    fy_form_init(&fy_form_order, order);
    order->format = 1;
    map.order = order;
    bool ok = map_order(&map);
    xmlFreeDoc(map.doc);
    if (ok)
        *ret_order = fy_steal(&order);
    return ok;
}
