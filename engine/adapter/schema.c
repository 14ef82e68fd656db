/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/schema.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32
#define PATH_SIZE 256

/* A bit for each JSON type; "integer" is part of "number". */
enum { T_OBJECT = 1, T_ARRAY = 2, T_STRING = 4, T_INTEGER = 8, T_REAL = 16, T_BOOLEAN = 32, T_NULL = 64 };

static const struct {
    const char *name, *text;
    unsigned bits;
} types[] = {
    {"object", "an object", T_OBJECT},
    {"array", "an array", T_ARRAY},
    {"string", "a string", T_STRING},
    {"integer", "an integer", T_INTEGER},
    {"null", "null", T_NULL},
    {"number", "a number", T_INTEGER | T_REAL},
    {"boolean", "true or false", T_BOOLEAN},
};

static const char *const notes[] = {"title", "description", "default", "examples", "$schema", "$comment"};

struct property {
    const char *name;         /* borrowed from the document */
    struct fy_schema *schema; /* NULL: anything */
    bool required;
};

struct fy_schema {
    json_t *document;
    unsigned types; /* 0: any */
    struct property *properties;
    size_t property_count;
    struct fy_schema *items, *additional;
    bool closed;                        /* additionalProperties: false */
    json_t *values, *minimum, *maximum; /* borrowed from the document; NULL: no limit */
};

/* Where we are. A list on the stack, written out only for a message. */
struct place {
    const struct place *outer;
    const char *name;
    size_t index, depth;
};

static void write_place(const struct place *place, char *text, size_t size)
{
    if (place == NULL || place->outer == NULL) {
        text[0] = '\0';
        return;
    }
    write_place(place->outer, text, size);
    size_t used = strlen(text);
    if (place->name != NULL)
        (void)snprintf(text + used, size - used, "%s%s", used > 0 ? "." : "", place->name);
    else
        (void)snprintf(text + used, size - used, "[%zu]", place->index);
}

static bool fault(const struct place *place, const char *what, struct fy_err *err)
{
    char path[PATH_SIZE];
    write_place(place, path, sizeof path);
    return fy_fail(err, FY_ERR_INVALID, "%s %s", path[0] != '\0' ? path : "it", what);
}

/* Reading a schema. */

static struct fy_schema *parse(json_t *document, const struct place *place, struct fy_err *err);

static bool add_type(struct fy_schema *schema, const json_t *name, const struct place *place,
                     struct fy_err *err)
{
    for (size_t i = 0; json_is_string(name) && i < FY_COUNT(types); i++)
        if (strcmp(types[i].name, json_string_value(name)) == 0) {
            schema->types |= types[i].bits;
            return true;
        }
    return fault(place, "must be object, array, string, integer, number, boolean or null", err);
}

static bool read_type(struct fy_schema *schema, json_t *value, const struct place *place, struct fy_err *err)
{
    if (!json_is_array(value))
        return add_type(schema, value, place, err);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!add_type(schema, json_array_get(value, i), place, err))
            return false;
    return json_array_size(value) > 0 || fault(place, "names no type", err);
}

static struct property *named(struct fy_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->property_count; i++)
        if (strcmp(schema->properties[i].name, name) == 0)
            return &schema->properties[i];
    schema->properties =
        fy_realloc(schema->properties, (schema->property_count + 1) * sizeof *schema->properties);
    struct property *added = &schema->properties[schema->property_count++];
    *added = (struct property){.name = name};
    return added;
}

static bool read_properties(struct fy_schema *schema, json_t *value, const struct place *place,
                            struct fy_err *err)
{
    if (!json_is_object(value))
        return fault(place, "must be an object of schemas", err);
    const char *name;
    json_t *inner;
    json_object_foreach(value, name, inner)
    {
        struct place at = {place, name, 0, place->depth + 1};
        struct fy_schema *parsed = parse(inner, &at, err);
        if (parsed == NULL)
            return false;
        named(schema, name)->schema = parsed;
    }
    return true;
}

static bool read_required(struct fy_schema *schema, json_t *value, const struct place *place,
                          struct fy_err *err)
{
    if (!json_is_array(value))
        return fault(place, "must be a list of names", err);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *name = json_string_value(json_array_get(value, i));
        if (name == NULL)
            return fault(place, "must be a list of names", err);
        named(schema, name)->required = true;
    }
    return true;
}

static bool read_items(struct fy_schema *schema, json_t *value, const struct place *place, struct fy_err *err)
{
    return (schema->items = parse(value, place, err)) != NULL;
}

static bool read_additional(struct fy_schema *schema, json_t *value, const struct place *place,
                            struct fy_err *err)
{
    schema->closed = json_is_false(value);
    return json_is_boolean(value) || (schema->additional = parse(value, place, err)) != NULL;
}

static bool read_enum(struct fy_schema *schema, json_t *value, const struct place *place, struct fy_err *err)
{
    schema->values = value;
    return (json_is_array(value) && json_array_size(value) > 0) ||
           fault(place, "must be a list of values", err);
}

static bool read_minimum(struct fy_schema *schema, json_t *value, const struct place *place,
                         struct fy_err *err)
{
    schema->minimum = value;
    return json_is_number(value) || fault(place, "must be a number", err);
}

static bool read_maximum(struct fy_schema *schema, json_t *value, const struct place *place,
                         struct fy_err *err)
{
    schema->maximum = value;
    return json_is_number(value) || fault(place, "must be a number", err);
}

static const struct {
    const char *name;
    bool (*read)(struct fy_schema *schema, json_t *value, const struct place *place, struct fy_err *err);
} keywords[] = {
    {"type", read_type},       {"required", read_required}, {"properties", read_properties},
    {"items", read_items},     {"enum", read_enum},         {"additionalProperties", read_additional},
    {"minimum", read_minimum}, {"maximum", read_maximum},
};

static bool read_keyword(struct fy_schema *schema, const char *name, json_t *value, const struct place *place,
                         struct fy_err *err)
{
    for (size_t i = 0; i < FY_COUNT(keywords); i++)
        if (strcmp(keywords[i].name, name) == 0)
            return keywords[i].read(schema, value, place, err);
    for (size_t i = 0; i < FY_COUNT(notes); i++)
        if (strcmp(notes[i], name) == 0)
            return true;
    return fault(place, "is not a keyword that Ferry checks", err);
}

static struct fy_schema *parse(json_t *document, const struct place *place, struct fy_err *err)
{
    if (!json_is_object(document) || place->depth > DEPTH_MAX) {
        fault(place, place->depth > DEPTH_MAX ? "is nested too deep" : "must be a schema (an object)", err);
        return NULL;
    }
    struct fy_schema *schema = FY_NEW(struct fy_schema);
    const char *name;
    json_t *value;
    json_object_foreach(document, name, value)
    {
        struct place at = {place, name, 0, place->depth + 1};
        if (!read_keyword(schema, name, value, &at, err)) {
            fy_schema_free(schema);
            return NULL;
        }
    }
    schema->document = json_incref(document);
    return schema;
}

struct fy_schema *fy_schema_parse(const char *text, struct fy_err *err)
{
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(text, strlen(text), "the schema", err);
    const struct place top = {0};
    return document != NULL ? parse(document, &top, err) : NULL;
}

void fy_schema_free(struct fy_schema *schema)
{
    if (schema == NULL)
        return;
    for (size_t i = 0; i < schema->property_count; i++)
        fy_schema_free(schema->properties[i].schema);
    free(schema->properties);
    fy_schema_free(schema->items);
    fy_schema_free(schema->additional);
    json_decref(schema->document);
    free(schema);
}

/* Checking a value. */

static bool check(const struct fy_schema *schema, const json_t *value, const struct place *place,
                  struct fy_err *err);

static unsigned type_of(const json_t *value)
{
    static const unsigned bits[] = {
        [JSON_OBJECT] = T_OBJECT,   [JSON_ARRAY] = T_ARRAY, [JSON_STRING] = T_STRING,
        [JSON_INTEGER] = T_INTEGER, [JSON_REAL] = T_REAL,   [JSON_TRUE] = T_BOOLEAN,
        [JSON_FALSE] = T_BOOLEAN,   [JSON_NULL] = T_NULL};
    return bits[json_typeof(value)];
}

static bool wrong_type(const struct fy_schema *schema, const json_t *value, const struct place *place,
                       struct fy_err *err)
{
    char what[PATH_SIZE] = "";
    const char *is = "a number";
    for (size_t i = 0; i < FY_COUNT(types); i++) {
        size_t used = strlen(what);
        if ((types[i].bits & ~schema->types) == 0)
            (void)snprintf(what + used, sizeof what - used, "%s%s", used > 0 ? " or " : "", types[i].text);
        if (types[i].bits == type_of(value))
            is = types[i].text;
    }
    char text[2 * PATH_SIZE];
    (void)snprintf(text, sizeof text, "is %s; it must be %s", is, what);
    return fault(place, text, err);
}

static bool check_enum(const struct fy_schema *schema, const json_t *value, const struct place *place,
                       struct fy_err *err)
{
    for (size_t i = 0; i < json_array_size(schema->values); i++)
        if (json_equal(json_array_get(schema->values, i), value))
            return true;
    FY_AUTO(fy_free_ptr) char *given = fy_json_text(value);
    FY_AUTO(fy_free_ptr) char *allowed = fy_json_text(schema->values);
    FY_AUTO(fy_free_ptr) char *text = fy_format("is %.80s; it must be one of %.300s", given, allowed);
    return fault(place, text, err);
}

static bool check_limits(const struct fy_schema *schema, const json_t *value, const struct place *place,
                         struct fy_err *err)
{
    double number = json_number_value(value);
    bool low = schema->minimum != NULL && number < json_number_value(schema->minimum);
    if (!low && (schema->maximum == NULL || number <= json_number_value(schema->maximum)))
        return true;
    FY_AUTO(fy_free_ptr) char *limit = fy_json_text(low ? schema->minimum : schema->maximum);
    FY_AUTO(fy_free_ptr)
    char *text = fy_format("is %g; it must be at %s %s", number, low ? "least" : "most", limit);
    return fault(place, text, err);
}

static bool check_others(const struct fy_schema *schema, const json_t *value, const struct place *place,
                         struct fy_err *err)
{
    const char *name;
    const json_t *member;
    json_t *all = (json_t *)(uintptr_t)value; /* jansson's iterators take no const */
    json_object_foreach(all, name, member)
    {
        bool known = false;
        for (size_t i = 0; i < schema->property_count && !known; i++)
            known = strcmp(schema->properties[i].name, name) == 0 &&
                    (schema->properties[i].schema != NULL || !schema->closed);
        struct place at = {place, name, 0, place->depth + 1};
        if (!known && schema->closed)
            return fault(&at, "is not an argument of this verb", err);
        if (!known && !check(schema->additional, member, &at, err))
            return false;
    }
    return true;
}

static bool check_object(const struct fy_schema *schema, const json_t *value, const struct place *place,
                         struct fy_err *err)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct property *property = &schema->properties[i];
        struct place at = {place, property->name, 0, place->depth + 1};
        const json_t *member = json_object_get(value, property->name);
        if (member == NULL && property->required)
            return fault(&at, "is missing", err);
        if (member != NULL && property->schema != NULL && !check(property->schema, member, &at, err))
            return false;
    }
    return (!schema->closed && schema->additional == NULL) || check_others(schema, value, place, err);
}

static bool check_array(const struct fy_schema *schema, const json_t *value, const struct place *place,
                        struct fy_err *err)
{
    for (size_t i = 0; schema->items != NULL && i < json_array_size(value); i++) {
        struct place at = {place, NULL, i, place->depth + 1};
        if (!check(schema->items, json_array_get(value, i), &at, err))
            return false;
    }
    return true;
}

static bool check(const struct fy_schema *schema, const json_t *value, const struct place *place,
                  struct fy_err *err)
{
    if (schema->types != 0 && (schema->types & type_of(value)) == 0)
        return wrong_type(schema, value, place, err);
    if (schema->values != NULL && !check_enum(schema, value, place, err))
        return false;
    if (json_is_number(value))
        return check_limits(schema, value, place, err);
    if (json_is_object(value))
        return check_object(schema, value, place, err);
    return !json_is_array(value) || check_array(schema, value, place, err);
}

bool fy_schema_check(const struct fy_schema *schema, const json_t *value, struct fy_err *err)
{
    const struct place top = {0};
    return check(schema, value, &top, err);
}

bool fy_schema_is_object(const struct fy_schema *schema)
{
    return schema->types == T_OBJECT;
}

bool fy_schema_is_closed(const struct fy_schema *schema)
{
    return schema->closed;
}

const json_t *fy_schema_document(const struct fy_schema *schema)
{
    return schema->document;
}
