/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a document as the mapper sees it: elements by namespace and local name, never by prefix, and
 * refusals that name them. Private to order/.
 */
#ifndef FY_ORDER_DOM_H
#define FY_ORDER_DOM_H

#include "order/form.h"
#include "order/refuse.h"

#include <libxml/tree.h>

/* One document being mapped. */
struct fy_map {
    xmlDoc *doc;
    struct fy_refuser to;
    struct fy_order *order;
    const char *target_namespace; /* of Definitions: where policyRef points to */
};

/* The local name and namespace ("" if none) of an element. */
const char *fy_dom_name(const xmlNode *node);
const char *fy_dom_namespace(const xmlNode *node);
bool fy_dom_is_ours(const xmlNode *node);
bool fy_dom_is(const xmlNode *node, const char *ns, const char *name);
bool fy_dom_is_tosca(const xmlNode *node, const char *name);

/* The first child element, and the next one behind a node; NULL at the end. */
xmlNode *fy_dom_first(const xmlNode *node);
xmlNode *fy_dom_next(const xmlNode *node);

/* The first TOSCA child of this name, and the next sibling of the same name. */
xmlNode *fy_dom_tosca(const xmlNode *node, const char *name);
xmlNode *fy_dom_tosca_next(const xmlNode *node);

/* The child of this TOSCA name with this id. If there is none: NULL, and near is the id that comes closest,
 * or
 * "" if none is near. */
#define FY_DOM_LABEL 128
const xmlNode *fy_dom_by_id(const xmlNode *parent, const char *name, const char *id, char near[FY_DOM_LABEL]);

int fy_dom_line(const xmlNode *node);

/* How messages name an element: "f:Stage", "Plan", or "{namespace}name". */
const char *fy_dom_label(const xmlNode *node, char label[FY_DOM_LABEL]);

/* An attribute without prefix, spaces around it taken off: the caller's to free; NULL if there is none. */
char *fy_dom_attribute(const xmlNode *node, const char *name);
char *fy_dom_value(const xmlAttr *attribute);

/* The text of an element, spaces around it taken off: the caller's to free. */
char *fy_dom_text(const xmlNode *node);

/* Refuse, naming the element. Always false. */
bool fy_map_refuse(const struct fy_map *map, const xmlNode *node, const char *format, ...) FY_PRINTF(3, 4);
/* The message is in err already: put the element in front. Always false. */
bool fy_map_place(const struct fy_map *map, const xmlNode *node);

/* A required attribute: false after refusing. */
bool fy_map_required(const struct fy_map *map, const xmlNode *node, const char *name, const char *right,
                     char **ret_value);

/* A QName: its namespace ("" if it has none, borrowed from the tree) and local name (points into text). */
bool fy_map_qname(const struct fy_map *map, const xmlNode *node, const char *attribute, const char *text,
                  const char **ret_namespace, const char **ret_local);

/* Is the type (a QName attribute) ours, and which? *ret_local is NULL if it is somebody else's; otherwise the
 * caller's to free. */
bool fy_map_type(const struct fy_map *map, const xmlNode *node, const char *attribute, char **ret_local);

/* Fill a record from its f: element, by its form. */
bool fy_map_form(const struct fy_map *map, const xmlNode *node, const struct fy_form *form, void *record);

/* The one f: element inside the Properties of a template. */
bool fy_map_properties(const struct fy_map *map, const xmlNode *node, const char *name, xmlNode **ret_body);

/* The parts of a document, one function a file. */
bool fy_map_structure(const struct fy_map *map, const xmlNode *root);
bool fy_map_ids(const struct fy_map *map, const xmlNode *root);
bool fy_map_extensions(const struct fy_map *map, const xmlNode *root);
bool fy_map_topology(const struct fy_map *map, const xmlNode *service);
bool fy_map_policies(const struct fy_map *map, const xmlNode *root, const xmlNode *boundary);
bool fy_map_workflow(const struct fy_map *map, const xmlNode *service, const xmlNode *boundary);

/* Find the order in a TOSCA document, or say in one sentence why there is none. */
bool fy_map_find_order(const struct fy_map *map, const xmlNode *root, xmlNode **ret_service,
                       xmlNode **ret_boundary, xmlNode **ret_request);

/* What one element alone cannot tell (order/check.c). Also fills defaults that depend on other fields. */
bool fy_check_order(struct fy_order *order, const struct fy_refuser *to);

#endif
