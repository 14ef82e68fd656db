/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI 3.1 document, from the table of routes. */
#include "api/access.h"
#include "api/route.h"
#include "base/mem.h"

#include <string.h>

/* "/v1/upgrades/{run}/{verb}": the stars have names there. */
static void put_path(const char *path, struct fy_buf *buf, struct fy_buf *names)
{
    static const char *const called[] = {"/v1/upgrades/",  "run",     "/v1/adapters/", "connection",
                                         "/v1/callbacks/", "receiver"};
    const char *name = "name";
    size_t stars = 0;
    for (size_t i = 0; i < FY_COUNT(called); i += 2)
        if (strncmp(path, called[i], strlen(called[i])) == 0)
            name = called[i + 1];
    for (; *path != '\0'; path++) {
        if (*path != '*') {
            fy_buf_put(buf, path, 1);
            continue;
        }
        const char *this_name = stars++ == 0 ? name : "verb";
        fy_buf_format(buf, "{%s}", this_name);
        fy_buf_format(
            names, "%s{\"name\":\"%s\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}",
            names->length > 0 ? "," : "", this_name);
    }
}

static void put_body(const struct fy_route *route, struct fy_buf *buf)
{
    bool order = route->scope == FY_SCOPE_HANDLER;
    if (strcmp(route->method, "POST") != 0)
        return;
    fy_buf_key(buf, "requestBody");
    fy_buf_format(buf, "{\"required\":%s,\"content\":{\"%s\":{\"schema\":{\"type\":\"%s\"}}}}",
                  order ? "true" : "false", order ? "application/xml" : "application/json",
                  order ? "string" : "object");
}

static void put_answers(const struct fy_route *route, struct fy_buf *buf)
{
    static const char content[] =
        "\"content\":{\"application/json\":{\"schema\":{}},\"application/xml\":{\"schema\":{}}}";
    bool accepts = strcmp(route->method, "POST") == 0;
    fy_buf_key(buf, "responses");
    fy_buf_format(buf, "{\"200\":{\"description\":\"the answer\",%s}", content);
    if (accepts)
        fy_buf_format(buf, ",\"202\":{\"description\":\"accepted, and durable\",%s}", content);
    fy_buf_text(buf, ",\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

static void put_roles(const struct fy_route *route, struct fy_buf *buf)
{
    bool first = true;
    if (route->roles == FY_MAY_PUBLIC) {
        fy_buf_member_raw(buf, "security", "[]");
        return;
    }
    fy_buf_key(buf, "x-roles");
    fy_buf_text(buf, "[");
    for (unsigned role = 1; role < FY_MAY_ANYTHING; role <<= 1) {
        if ((route->roles & role) == 0)
            continue;
        fy_buf_format(buf, "%s\"%s\"", first ? "" : ",", fy_may_name(role));
        first = false;
    }
    fy_buf_text(buf, "]");
}

static void put_operation(const struct fy_route *route, const struct fy_buf *names, struct fy_buf *buf)
{
    FY_AUTO(fy_free_ptr) char *parameters = fy_format("[%s]", names->length > 0 ? names->data : "");
    fy_buf_key(buf, strcmp(route->method, "GET") == 0 ? "get" : "post");
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "summary", route->summary);
    fy_buf_member_raw(buf, "parameters", parameters);
    put_roles(route, buf);
    put_body(route, buf);
    put_answers(route, buf);
    fy_buf_close(buf, '}');
}

/* Routes of one path stand beside each other or not; each path is written where it comes first. */
static bool is_first(const struct fy_route *route)
{
    for (const struct fy_route *before = fy_routes; before != route; before++)
        if (strcmp(before->path, route->path) == 0)
            return false;
    return true;
}

static void put_paths(struct fy_buf *buf)
{
    bool first = true;
    for (const struct fy_route *route = fy_routes; route->method != NULL; route++) {
        FY_AUTO(fy_buf_free) struct fy_buf path = {0};
        FY_AUTO(fy_buf_free) struct fy_buf names = {0};
        if (!is_first(route))
            continue;
        put_path(route->path, &path, &names);
        fy_buf_format(buf, "%s\"%s\":", first ? "" : ",", path.data);
        first = false;
        fy_buf_open(buf, '{');
        for (const struct fy_route *same = route; same->method != NULL; same++)
            if (strcmp(same->path, route->path) == 0)
                put_operation(same, &names, buf);
        fy_buf_close(buf, '}');
    }
}

void fy_get_openapi(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_text(&buf, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Ferry\",\"version\":\"" FERRY_VERSION
                      "\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},"
                      "\"security\":[{\"token\":[]},{\"certificate\":[]}],\"paths\":{");
    put_paths(&buf);
    fy_buf_text(
        &buf,
        "},\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
        "\"certificate\":{\"type\":\"mutualTLS\"}},\"responses\":{\"Problem\":{\"description\":"
        "\"what is wrong, and what to do (RFC 9457)\",\"content\":{\"application/problem+json\":"
        "{\"schema\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\"],"
        "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":"
        "{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},\"hint\":{\"type\":\"string\"}}}}}}}}}");
    fy_answer_json(exchange, 200, &buf);
}
