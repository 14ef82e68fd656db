/* SPDX-License-Identifier: Apache-2.0 */
/* One f: element into its record, by its form: everything the form does not know is refused. */
#include "base/mem.h"
#include "order/dom.h"
#include "order/words.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 32

/* The names an element may use, for "did you mean"; attributes or children. */
static void names_of(const struct fy_form *form, bool attributes, const char *names[NAMES_MAX + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < form->field_count && count < NAMES_MAX; i++)
        if (form->fields[i].place == (attributes ? FY_AT_ATTRIBUTE : FY_AT_CHILD))
            names[count++] = form->fields[i].xml;
    for (size_t i = 0; !attributes && i < form->part_count && count < NAMES_MAX; i++)
        if (form->parts[i].in_xml)
            names[count++] = form->parts[i].xml;
    names[count] = NULL;
}

static void list_names(const char *const *names, struct fy_buf *list)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            fy_buf_format(list, "%s%s", i > 0 ? ", " : "", names[i]);
}

static bool refuse_unknown(const struct fy_map *map, const xmlNode *node, const struct fy_form *form,
                           bool attribute, const char *name)
{
    const char *names[NAMES_MAX + 1];
    FY_AUTO(fy_buf_free) struct fy_buf list = {0};
    names_of(form, attribute, names);
    list_names(names, &list);
    fy_map_refuse(map, node, "%s%.100s is not known here",
                  attribute ? "its attribute " : "its child f:", name);
    return fy_refuse_hint(&map->to, fy_word_nearest(names, name), "it may have %s",
                          list.data != NULL ? list.data : (attribute ? "no attributes" : "no children"));
}

static const struct fy_field *find_field(const struct fy_form *form, enum fy_place place, const char *name)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (form->fields[i].place == place && strcmp(form->fields[i].xml, name) == 0)
            return &form->fields[i];
    return NULL;
}

/* The attribute that tells the parts of this element apart (domain of f:Image) belongs to the parent's form.
 */
static bool is_key(const xmlAttr *attribute, const char *key)
{
    return key != NULL && strcmp((const char *)attribute->name, key) == 0;
}

static bool map_attribute(const struct fy_map *map, const xmlNode *node, const struct fy_form *form,
                          const char *key, const xmlAttr *attribute, void *record)
{
    const char *name = (const char *)attribute->name;
    if (attribute->ns != NULL && strcmp((const char *)attribute->ns->href, FY_ORDER_NAMESPACE) == 0) {
        fy_map_refuse(map, node, "its attribute %.100s has a prefix", name);
        return fy_refuse_hint(&map->to, NULL, "write %.100s without a prefix", name);
    }
    if (attribute->ns != NULL || is_key(attribute, key))
        return true;
    const struct fy_field *field = find_field(form, FY_AT_ATTRIBUTE, name);
    if (field == NULL)
        return refuse_unknown(map, node, form, true, name);
    FY_AUTO(fy_free_ptr) char *value = fy_dom_value(attribute);
    if (fy_field_set(field, record, value, map->to.err))
        return true;
    fy_wrap(map->to.err, "attribute %s", name);
    return fy_map_place(map, node);
}

/* An element of one text: no attributes of its own, no elements inside. */
static bool map_text_child(const struct fy_map *map, const xmlNode *child, const struct fy_field *field,
                           void *record)
{
    for (const xmlAttr *attribute = child->properties; attribute != NULL; attribute = attribute->next)
        if (attribute->ns == NULL)
            return fy_map_refuse(map, child, "its attribute %.100s is not known here; it has text only",
                                 (const char *)attribute->name);
    for (const xmlNode *inside = fy_dom_first(child); inside != NULL; inside = fy_dom_next(inside))
        if (fy_dom_is_ours(inside) || fy_dom_namespace(inside)[0] == '\0')
            return fy_map_refuse(map, inside, "it stands inside of f:%s, which has text only", field->xml);
    FY_AUTO(fy_free_ptr) char *text = fy_dom_text(child);
    if (text[0] == '\0' && field->type != FY_FIELD_BOOL) {
        fy_map_refuse(map, child, "it is empty");
        return fy_refuse_hint(&map->to, NULL, "write the value between its tags");
    }
    return fy_field_set(field, record, text, map->to.err) || fy_map_place(map, child);
}

static size_t *count_of(const struct fy_part *part, void *record)
{
    return fy_form_at(record, part->count_offset);
}

/* The record a child element goes to; NULL after refusing one too many. seen counts the single ones. */
static void *place_part(const struct fy_map *map, const xmlNode *child, const struct fy_part *part,
                        void *record, size_t *seen)
{
    void *at = fy_form_at(record, part->offset);
    if (part->how_many == FY_PART_MANY) {
        if (*count_of(part, record) < part->max)
            return fy_form_grow(part, record);
        fy_map_refuse(map, child, "there are more than %zu of it", part->max);
        return NULL;
    }
    if ((*seen)++ > 0) {
        fy_map_refuse(map, child, "it stands here twice%s%s", part->key != NULL ? " for the domain " : "",
                      part->key != NULL ? part->key : "");
        fy_refuse_hint(&map->to, NULL, "leave one out");
        return NULL;
    }
    if (part->how_many == FY_PART_ONE)
        return at;
    void *fresh = fy_alloc(part->form->size);
    fy_form_init(part->form, fresh);
    *(void **)at = fresh;
    return fresh;
}

/* The part a child belongs to, by its name and, where several share it, its key attribute. */
static const struct fy_part *find_part(const struct fy_form *form, const xmlNode *child,
                                       const char **ret_key_xml)
{
    const char *name = fy_dom_name(child);
    *ret_key_xml = NULL;
    for (size_t i = 0; i < form->part_count; i++) {
        const struct fy_part *part = &form->parts[i];
        if (!part->in_xml || strcmp(part->xml, name) != 0)
            continue;
        *ret_key_xml = part->key_xml;
        if (part->key_xml == NULL)
            return part;
        FY_AUTO(fy_free_ptr) char *key = fy_dom_attribute(child, part->key_xml);
        if (key != NULL && strcmp(key, part->key) == 0)
            return part;
    }
    return NULL;
}

static bool map_record(const struct fy_map *map, const xmlNode *node, const struct fy_form *form,
                       const char *key, void *record);

static bool map_part(const struct fy_map *map, const xmlNode *child, const struct fy_form *form, void *record,
                     size_t *seen)
{
    const char *key_xml;
    const struct fy_part *part = find_part(form, child, &key_xml);
    if (part == NULL && key_xml != NULL) {
        fy_map_refuse(map, child, "its attribute %s is neither source nor target", key_xml);
        return fy_refuse_hint(&map->to, NULL, "give one f:%s %s=\"source\" and one %s=\"target\"",
                              fy_dom_name(child), key_xml, key_xml);
    }
    if (part == NULL)
        return refuse_unknown(map, (const xmlNode *)child->parent, form, false, fy_dom_name(child));
    void *to = place_part(map, child, part, record, &seen[part - form->parts]);
    return to != NULL && map_record(map, child, part->form, key_xml, to);
}

static bool map_child(const struct fy_map *map, const xmlNode *child, const struct fy_form *form,
                      void *record, size_t *seen, bool *field_seen)
{
    const char *ns = fy_dom_namespace(child);
    if (!fy_dom_is_ours(child)) {
        if (ns[0] != '\0' && (strcmp(ns, FY_TOSCA_NAMESPACE) != 0 || fy_dom_is_tosca(child, "documentation")))
            return true; /* somebody else's extension */
        fy_map_refuse(map, child, "it stands inside of f:%s but is not of the namespace " FY_ORDER_NAMESPACE,
                      form->xml);
        return fy_refuse_hint(&map->to, NULL, "did you mean f:%.100s?", fy_dom_name(child));
    }
    const struct fy_field *field = find_field(form, FY_AT_CHILD, fy_dom_name(child));
    if (field == NULL)
        return map_part(map, child, form, record, seen);
    bool *twice = &field_seen[field - form->fields];
    if (*twice && field->type != FY_FIELD_WORDS) {
        fy_map_refuse(map, child, "it stands here twice");
        return fy_refuse_hint(&map->to, NULL, "leave one out");
    }
    *twice = true;
    return map_text_child(map, child, field, record);
}

/* Is the field still as fy_form_init left it? Fields with a default of their own are asked by attribute. */
static bool set_missing(const struct fy_map *map, const xmlNode *node, const struct fy_field *field,
                        void *record, bool given)
{
    if (given || field->place == FY_AT_OTHER)
        return true;
    if (field->required) {
        fy_map_refuse(map, node, "its %s%s is missing",
                      field->place == FY_AT_CHILD ? "child f:" : "attribute ", field->xml);
        if (field->words != NULL)
            return fy_refuse_hint(&map->to, NULL, "add it; it may be %s, %s, ...", field->words[0],
                                  field->words[1]);
        return fy_refuse_hint(&map->to, NULL, "add %s%s%s%s", field->place == FY_AT_CHILD ? "f:" : "",
                              field->xml, field->right != NULL ? ": " : "",
                              field->right != NULL ? field->right : "");
    }
    if (field->otherwise != NULL && !fy_field_set(field, record, field->otherwise, map->to.err))
        return fy_map_place(map, node);
    return true;
}

static bool check_part(const struct fy_map *map, const xmlNode *node, const struct fy_part *part,
                       void *record, size_t seen)
{
    size_t count = part->how_many == FY_PART_MANY ? *count_of(part, record) : seen;
    if (!part->in_xml || count >= part->min)
        return true;
    if (part->key != NULL) {
        fy_map_refuse(map, node, "its child f:%s %s=\"%s\" is missing", part->xml, part->key_xml, part->key);
        return fy_refuse_hint(&map->to, NULL, "add <f:%s %s=\"%s\" .../>", part->xml, part->key_xml,
                              part->key);
    }
    fy_map_refuse(map, node, "its child f:%s is missing", part->xml);
    return fy_refuse_hint(&map->to, NULL, "add <f:%s .../>", part->xml);
}

static bool check_no_text(const struct fy_map *map, const xmlNode *node)
{
    FY_AUTO(fy_free_ptr) char *text = fy_dom_text(node);
    if (text[0] == '\0')
        return true;
    fy_map_refuse(map, node, "the text \"%.60s\" stands in it, which nothing reads", text);
    return fy_refuse_hint(&map->to, NULL, "use an attribute or an XML comment");
}

static void set_line(const struct fy_form *form, void *record, const xmlNode *node)
{
    const struct fy_field *first = &form->fields[0];
    if (first->place == FY_AT_OTHER && strcmp(first->json, "line") == 0)
        *(int64_t *)fy_form_at(record, first->offset) = fy_dom_line(node);
}

static bool map_record(const struct fy_map *map, const xmlNode *node, const struct fy_form *form,
                       const char *key, void *record)
{
    size_t seen[NAMES_MAX] = {0};
    bool field_seen[NAMES_MAX] = {false};
    set_line(form, record, node);
    for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
        if (!map_attribute(map, node, form, key, attribute, record))
            return false;
    for (const xmlNode *child = fy_dom_first(node); child != NULL; child = fy_dom_next(child))
        if (!map_child(map, child, form, record, seen, field_seen))
            return false;
    for (size_t i = 0; i < form->field_count; i++) {
        const struct fy_field *field = &form->fields[i];
        FY_AUTO(fy_free_ptr)
        char *value = field->place == FY_AT_ATTRIBUTE ? fy_dom_attribute(node, field->xml) : NULL;
        if (!set_missing(map, node, field, record, value != NULL || field_seen[i]))
            return false;
    }
    for (size_t i = 0; i < form->part_count; i++)
        if (!check_part(map, node, &form->parts[i], record, seen[i]))
            return false;
    return check_no_text(map, node);
}

bool fy_map_form(const struct fy_map *map, const xmlNode *node, const struct fy_form *form, void *record)
{
    return map_record(map, node, form, NULL, record);
}

/* TOSCA's own PropertyMappings may stand behind the body of boundary Properties; nothing reads them. */
static xmlNode *body_from(xmlNode *node)
{
    while (node != NULL && fy_dom_is_tosca(node, "PropertyMappings"))
        node = fy_dom_next(node);
    return node;
}

bool fy_map_properties(const struct fy_map *map, const xmlNode *node, const char *name, xmlNode **ret_body)
{
    const xmlNode *properties = fy_dom_tosca(node, "Properties");
    xmlNode *body = properties != NULL ? body_from(fy_dom_first(properties)) : NULL;
    if (body == NULL) {
        fy_map_refuse(map, properties != NULL ? properties : node, "its %s missing",
                      properties != NULL ? "body is" : "Properties are");
        return fy_refuse_hint(&map->to, NULL, "add <Properties><f:%s .../></Properties>", name);
    }
    if (!fy_dom_is(body, FY_ORDER_NAMESPACE, name)) {
        fy_map_refuse(map, body, "it stands where f:%s belongs", name);
        return fy_refuse_hint(&map->to, NULL, "put one f:%s into Properties", name);
    }
    const xmlNode *second = body_from(fy_dom_next(body));
    if (second != NULL) {
        fy_map_refuse(map, second, "it is a second body in Properties; TOSCA allows one");
        return fy_refuse_hint(&map->to, NULL, "leave it out");
    }
    *ret_body = body;
    return true;
}
