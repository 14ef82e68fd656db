/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const struct fy_route routes[] = {
    {"GET", "/healthz", fy_get_health},
    {"GET", "/readyz", fy_get_ready},
    {"GET", "/v1/engine", fy_get_engine},
    {"GET", "/v1/kpis", fy_get_catalogue},
    {"GET", "/v1/adapters", fy_get_adapters},
    {"GET", "/v1/adapters/*", fy_get_adapter},
    {"GET", "/v1/workflows", fy_get_workflows},
    {"GET", "/v1/workflows/*", fy_get_workflow},
    {"POST", "/v1/plans", fy_post_plan},
    {"POST", "/v1/orders/check", fy_post_check},
    {"GET", "/v1/orders/templates/*", fy_get_template},
    {"GET", "/v1/upgrades", fy_get_upgrades},
    {"POST", "/v1/upgrades", fy_post_upgrade},
    {"GET", "/v1/upgrades/*", fy_get_upgrade},
    {"GET", "/v1/upgrades/*/plan", fy_get_plan},
    {"GET", "/v1/upgrades/*/instances", fy_get_instances},
    {"GET", "/v1/upgrades/*/kpis", fy_get_kpis},
    {"GET", "/v1/upgrades/*/journal", fy_get_journal},
    {"GET", "/v1/upgrades/*/export", fy_get_export},
    {"GET", "/v1/upgrades/*/report", fy_get_report},
    {"POST", "/v1/upgrades/*/*", fy_post_verb},
};

/* Where the segment that begins at "at" ends. */
static const char *segment_end(const char *at)
{
    return at + strcspn(at, "/");
}

/* Compare segment by segment; a star takes any that is not empty. */
static bool path_fits(const char *pattern, const char *path, char *args[FY_API_PATH_ARGS])
{
    size_t found = 0;
    while (*pattern == '/' && *path == '/') {
        const char *pattern_end = segment_end(++pattern);
        const char *path_end = segment_end(++path);
        size_t length = (size_t)(path_end - path);
        if (*pattern == '*' && length > 0 && found < FY_API_PATH_ARGS)
            args[found++] = fy_strndup(path, length);
        else if (length != (size_t)(pattern_end - pattern) || memcmp(pattern, path, length) != 0)
            return false;
        pattern = pattern_end;
        path = path_end;
    }
    return *pattern == '\0' && *path == '\0';
}

static void forget_args(char *args[FY_API_PATH_ARGS])
{
    for (size_t i = 0; i < FY_API_PATH_ARGS; i++) {
        free(args[i]);
        args[i] = NULL;
    }
}

static void add_allowed(char allow[64], const char *method)
{
    size_t used = strlen(allow);
    if (strstr(allow, method) == NULL && used + strlen(method) + 3 < 64)
        (void)snprintf(allow + used, 64 - used, "%s%s", used > 0 ? ", " : "", method);
}

const struct fy_route *fy_route_find(const char *method, const char *path, char *args[FY_API_PATH_ARGS],
                                     char ret_allow[64])
{
    ret_allow[0] = '\0';
    for (size_t i = 0; i < FY_COUNT(routes); i++) {
        if (path_fits(routes[i].path, path, args)) {
            if (strcmp(method, routes[i].method) == 0 ||
                (strcmp(method, "HEAD") == 0 && strcmp(routes[i].method, "GET") == 0))
                return &routes[i];
            add_allowed(ret_allow, routes[i].method);
        }
        forget_args(args);
    }
    return NULL;
}
