/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/mem.h"

json_t *fy_json_parse(const char *text, size_t length, const char *where, struct fy_err *err)
{
    json_error_t why;
    json_t *doc = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (doc == NULL)
        fy_fail(err, FY_ERR_INVALID, "%s is not JSON: line %d, column %d: %s", where, why.line, why.column,
                why.text);
    return doc;
}

char *fy_json_text(const json_t *doc)
{
    char *text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        abort();
    return text;
}

static json_t *required(const json_t *object, const char *member, json_type type, const char *type_name,
                        struct fy_err *err)
{
    json_t *value = json_object_get(object, member);
    if (value != NULL && json_typeof(value) == type)
        return value;
    fy_fail(err, FY_ERR_INVALID, "member \"%s\" %s; it must be %s", member,
            value == NULL ? "is missing" : "has the wrong type", type_name);
    return NULL;
}

bool fy_json_string(const json_t *object, const char *member, const char **ret, struct fy_err *err)
{
    json_t *value = required(object, member, JSON_STRING, "a string", err);
    if (value == NULL)
        return false;
    *ret = json_string_value(value);
    return true;
}

bool fy_json_int(const json_t *object, const char *member, int64_t *ret, struct fy_err *err)
{
    json_t *value = required(object, member, JSON_INTEGER, "an integer", err);
    if (value == NULL)
        return false;
    *ret = json_integer_value(value);
    return true;
}

bool fy_json_array(const json_t *object, const char *member, json_t **ret, struct fy_err *err)
{
    json_t *value = required(object, member, JSON_ARRAY, "an array", err);
    if (value == NULL)
        return false;
    *ret = value;
    return true;
}

bool fy_json_object(const json_t *object, const char *member, json_t **ret, struct fy_err *err)
{
    json_t *value = required(object, member, JSON_OBJECT, "an object", err);
    if (value == NULL)
        return false;
    *ret = value;
    return true;
}

const char *fy_json_string_or(const json_t *object, const char *member, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : otherwise;
}

int64_t fy_json_int_or(const json_t *object, const char *member, int64_t otherwise)
{
    json_t *value = json_object_get(object, member);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool fy_json_bool_or(const json_t *object, const char *member, bool otherwise)
{
    json_t *value = json_object_get(object, member);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

static void *json_alloc(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

void fy_json_init(void)
{
    json_set_alloc_funcs(json_alloc, free);
}

void fy_json_unref(json_t **doc)
{
    json_decref(*doc);
    *doc = NULL;
}
