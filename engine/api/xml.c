/* SPDX-License-Identifier: Apache-2.0 */
#include "api/xml.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static bool is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return text[0] != '\0' && strchr(letters, text[0]) != NULL &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-")] == '\0';
}

/* What XML cannot hold at all becomes U+FFFD; jansson has seen to it that the rest is UTF-8. */
static void put_text(struct fy_buf *xml, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '<')
            fy_buf_text(xml, "&lt;");
        else if (byte == '>')
            fy_buf_text(xml, "&gt;");
        else if (byte == '&')
            fy_buf_text(xml, "&amp;");
        else if (byte == '"')
            fy_buf_text(xml, "&quot;");
        else if (byte == '\n' || byte == '\t' || byte == '\r')
            fy_buf_format(xml, "&#%d;", byte);
        else if (byte < 0x20)
            fy_buf_text(xml, "\xef\xbf\xbd");
        else
            fy_buf_put(xml, at, 1);
    }
}

static void put_value(struct fy_buf *xml, const char *name, const char *space, const json_t *value);

static void put_inside(struct fy_buf *xml, const json_t *value)
{
    const char *name = NULL;
    json_t *member = NULL;
    size_t index = 0;
    json_t *all = (json_t *)(uintptr_t)value; /* jansson's iterators take no const */
    if (json_is_string(value))
        put_text(xml, json_string_value(value));
    else if (json_is_integer(value))
        fy_buf_format(xml, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        fy_buf_text(xml, json_is_true(value) ? "true" : "false");
    else if (json_is_object(value))
        json_object_foreach(all, name, member) put_value(xml, name, NULL, member);
    else
        json_array_foreach(all, index, member) put_value(xml, "item", NULL, member);
}

static const char *type_of(const json_t *value)
{
    return json_is_number(value)    ? "number"
           : json_is_boolean(value) ? "boolean"
           : json_is_null(value)    ? "null"
           : json_is_array(value)   ? "list"
                                    : NULL;
}

static void put_value(struct fy_buf *xml, const char *name, const char *space, const json_t *value)
{
    bool named = is_name(name);
    const char *type = type_of(value);
    fy_buf_format(xml, "<%s", named ? name : "item");
    if (space != NULL)
        fy_buf_format(xml, " xmlns=\"%s\"", space);
    if (!named) {
        fy_buf_text(xml, " name=\"");
        put_text(xml, name);
        fy_buf_text(xml, "\"");
    }
    if (type != NULL)
        fy_buf_format(xml, " type=\"%s\"", type);
    fy_buf_text(xml, ">");
    put_inside(xml, value);
    fy_buf_format(xml, "</%s>", named ? name : "item");
}

bool fy_xml_of_json(const char *json, size_t length, const char *root, struct fy_buf *xml)
{
    struct fy_err ignored;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(json, length, "an answer", &ignored);
    if (doc == NULL)
        return false;
    fy_buf_text(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put_value(xml, root, strcmp(root, "problem") == 0 ? "urn:ietf:rfc:7807" : "urn:ferry:api:1", doc);
    fy_buf_text(xml, "\n");
    return true;
}
