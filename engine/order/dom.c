/* SPDX-License-Identifier: Apache-2.0 */
#include "order/dom.h"

#include "base/mem.h"
#include "order/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* libxml2's own strings are unsigned; ours are not. */
static const char *text_of(const xmlChar *text)
{
    return (const char *)text;
}

const char *fy_dom_name(const xmlNode *node)
{
    return text_of(node->name);
}

const char *fy_dom_namespace(const xmlNode *node)
{
    return node->ns != NULL && node->ns->href != NULL ? text_of(node->ns->href) : "";
}

bool fy_dom_is(const xmlNode *node, const char *ns, const char *name)
{
    return strcmp(fy_dom_name(node), name) == 0 && strcmp(fy_dom_namespace(node), ns) == 0;
}

bool fy_dom_is_ours(const xmlNode *node)
{
    return strcmp(fy_dom_namespace(node), FY_ORDER_NAMESPACE) == 0;
}

bool fy_dom_is_tosca(const xmlNode *node, const char *name)
{
    return fy_dom_is(node, FY_TOSCA_NAMESPACE, name);
}

static xmlNode *element_from(xmlNode *node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

xmlNode *fy_dom_first(const xmlNode *node)
{
    return element_from(node->children);
}

xmlNode *fy_dom_next(const xmlNode *node)
{
    return element_from(node->next);
}

static xmlNode *tosca_from(xmlNode *node, const char *name)
{
    while (node != NULL && !fy_dom_is_tosca(node, name))
        node = fy_dom_next(node);
    return node;
}

xmlNode *fy_dom_tosca(const xmlNode *node, const char *name)
{
    return tosca_from(fy_dom_first(node), name);
}

xmlNode *fy_dom_tosca_next(const xmlNode *node)
{
    return tosca_from(fy_dom_next(node), fy_dom_name(node));
}

int fy_dom_line(const xmlNode *node)
{
    return (int)xmlGetLineNo(node);
}

const char *fy_dom_label(const xmlNode *node, char label[FY_DOM_LABEL])
{
    const char *ns = fy_dom_namespace(node);
    if (fy_dom_is_ours(node))
        (void)snprintf(label, FY_DOM_LABEL, "f:%.100s", fy_dom_name(node));
    else if (ns[0] == '\0' || strcmp(ns, FY_TOSCA_NAMESPACE) == 0)
        (void)snprintf(label, FY_DOM_LABEL, "%.100s", fy_dom_name(node));
    else
        (void)snprintf(label, FY_DOM_LABEL, "{%.72s}%.48s", ns, fy_dom_name(node));
    return label;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char *trimmed(const char *text, size_t length)
{
    while (length > 0 && is_space(text[0])) {
        text++;
        length--;
    }
    while (length > 0 && is_space(text[length - 1]))
        length--;
    return fy_strndup(text, length);
}

/* The text of a list of text and CDATA nodes; other nodes (comments, elements) are passed over. */
static char *text_of_list(const xmlNode *node)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    for (; node != NULL; node = node->next)
        if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content != NULL)
            fy_buf_text(&text, text_of(node->content));
    return trimmed(text.data != NULL ? text.data : "", text.length);
}

char *fy_dom_text(const xmlNode *node)
{
    return text_of_list(node->children);
}

char *fy_dom_value(const xmlAttr *attribute)
{
    return text_of_list(attribute->children);
}

char *fy_dom_attribute(const xmlNode *node, const char *name)
{
    for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
        if (attribute->ns == NULL && strcmp(text_of(attribute->name), name) == 0)
            return fy_dom_value(attribute);
    return NULL;
}

static void find_near(const xmlNode *parent, const char *name, const char *id, char near[FY_DOM_LABEL])
{
    const char **ids = NULL;
    size_t count = 0;
    for (const xmlNode *node = fy_dom_tosca(parent, name); node != NULL; node = fy_dom_tosca_next(node)) {
        char *other = fy_dom_attribute(node, "id");
        if (other == NULL)
            continue;
        ids = fy_realloc(ids, (count + 2) * sizeof *ids);
        ids[count++] = other;
        ids[count] = NULL;
    }
    const char *nearest = ids != NULL ? fy_word_nearest(ids, id) : NULL;
    (void)snprintf(near, FY_DOM_LABEL, "%s", nearest != NULL ? nearest : "");
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)ids[i]);
    free(ids);
}

const xmlNode *fy_dom_by_id(const xmlNode *parent, const char *name, const char *id, char near[FY_DOM_LABEL])
{
    for (const xmlNode *node = fy_dom_tosca(parent, name); node != NULL; node = fy_dom_tosca_next(node)) {
        FY_AUTO(fy_free_ptr) char *own = fy_dom_attribute(node, "id");
        if (own != NULL && strcmp(own, id) == 0)
            return node;
    }
    find_near(parent, name, id, near);
    return NULL;
}

bool fy_map_place(const struct fy_map *map, const xmlNode *node)
{
    char label[FY_DOM_LABEL];
    return fy_refuse_placed(&map->to, fy_dom_line(node), fy_dom_label(node, label));
}

bool fy_map_refuse(const struct fy_map *map, const xmlNode *node, const char *format, ...)
{
    char text[600];
    char label[FY_DOM_LABEL];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fy_refuse(&map->to, fy_dom_line(node), fy_dom_label(node, label), "%s", text);
}

bool fy_map_required(const struct fy_map *map, const xmlNode *node, const char *name, const char *right,
                     char **ret_value)
{
    char *value = fy_dom_attribute(node, name);
    if (value != NULL && value[0] != '\0') {
        *ret_value = value;
        return true;
    }
    fy_map_refuse(map, node, "its attribute %s is %s", name, value == NULL ? "missing" : "empty");
    free(value);
    fy_refuse_hint(&map->to, NULL, "give %s=\"%s\"", name, right);
    return false;
}

bool fy_map_qname(const struct fy_map *map, const xmlNode *node, const char *attribute, const char *text,
                  const char **ret_namespace, const char **ret_local)
{
    const char *colon = strchr(text, ':');
    FY_AUTO(fy_free_ptr) char *prefix = colon == NULL ? NULL : fy_strndup(text, (size_t)(colon - text));
    const char *local = colon == NULL ? text : colon + 1;
    if (local[0] == '\0' || strpbrk(local, ": \t\n") != NULL || (prefix != NULL && prefix[0] == '\0')) {
        fy_map_refuse(map, node, "%s=\"%.100s\" is not a name, with or without a prefix", attribute, text);
        fy_refuse_hint(&map->to, NULL, "write it like f:Vdu");
        return false;
    }
    /* Lookup takes a non-const node only because libxml2 is older than the habit. */
    xmlNs *ns = xmlSearchNs(map->doc, (xmlNode *)(uintptr_t)node, (const xmlChar *)prefix);
    if (ns == NULL && prefix != NULL) {
        fy_map_refuse(map, node, "%s=\"%.100s\" uses the prefix %.40s, which is not declared here", attribute,
                      text, prefix);
        fy_refuse_hint(&map->to, NULL, "declare xmlns:%.40s on Definitions", prefix);
        return false;
    }
    *ret_namespace = ns != NULL && ns->href != NULL ? text_of(ns->href) : "";
    *ret_local = local;
    return true;
}

bool fy_map_type(const struct fy_map *map, const xmlNode *node, const char *attribute, char **ret_local)
{
    FY_AUTO(fy_free_ptr) char *text = NULL;
    const char *ns;
    const char *local;
    if (!fy_map_required(map, node, attribute, "a type, like f:Vdu", &text) ||
        !fy_map_qname(map, node, attribute, text, &ns, &local))
        return false;
    *ret_local = strcmp(ns, FY_ORDER_NAMESPACE) == 0 ? fy_strdup(local) : NULL;
    return true;
}
