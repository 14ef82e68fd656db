/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "api/access.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Who may: of several roles any one is enough. */
enum {
    READ = FY_MAY_ANYTHING,
    ORDER = FY_MAY_OPERATE,
    ACT = FY_MAY_OPERATE,
    PLAN = FY_MAY_OPERATE | FY_MAY_APPROVE,
    ANSWER = FY_MAY_APPROVE | FY_MAY_TEST | FY_MAY_OPERATE, /* which of them, the question says */
    OVERRIDE = FY_MAY_APPROVE,
    AUDIT = FY_MAY_AUDIT,
    ADMIN = FY_MAY_ADMIN,
    RUN_ENGINES = FY_MAY_ADMIN,
    BACK = FY_MAY_OPERATE | FY_MAY_APPROVE, /* rollback waits for nobody */
};

#define VERB(name, roles, summary)                                                                           \
    {                                                                                                        \
        "POST", "/v1/upgrades/*/" name, roles, FY_SCOPE_RUN, fy_post_verb, summary                           \
    }

const struct fy_route fy_routes[] = {
    {"GET", "/healthz", FY_MAY_PUBLIC, FY_SCOPE_NONE, fy_get_health, "Is the process alive?"},
    {"GET", "/readyz", FY_MAY_PUBLIC, FY_SCOPE_NONE, fy_get_ready,
     "Can it act? 503 while the store cannot be written"},
    {"GET", "/metrics", READ, FY_SCOPE_NONE, fy_get_metrics, "Counters in Prometheus' text format"},
    {"GET", "/v1/openapi.json", READ, FY_SCOPE_NONE, fy_get_openapi, "This API as an OpenAPI 3.1 document"},
    {"GET", "/v1/engine", READ, FY_SCOPE_NONE, fy_get_engine, "The engine: version, store, counts"},
    {"GET", "/v1/engines", READ, FY_SCOPE_NONE, fy_get_engines, "The engines that share the store"},
    {"POST", "/v1/engines/*/*", RUN_ENGINES, FY_SCOPE_NONE, fy_post_engine_verb,
     "drain: all its runs go to others; resume: it works again"},
    {"GET", "/v1/kpis", READ, FY_SCOPE_NONE, fy_get_catalogue, "The catalogue of KPIs"},
    {"GET", "/v1/adapters", READ, FY_SCOPE_HANDLER, fy_get_adapters, "Connections that orders may name"},
    {"GET", "/v1/adapters/*", READ, FY_SCOPE_HANDLER, fy_get_adapter, "One connection"},
    {"GET", "/v1/workflows", READ, FY_SCOPE_NONE, fy_get_workflows, "The catalogue of workflows"},
    {"GET", "/v1/workflows/*", READ, FY_SCOPE_NONE, fy_get_workflow, "One workflow with its texts"},
    {"GET", "/v1/callbacks", ADMIN, FY_SCOPE_NONE, fy_get_callbacks,
     "Receivers: delivered, behind, dead letters"},
    {"POST", "/v1/callbacks/*/resend", ADMIN, FY_SCOPE_NONE, fy_post_resend,
     "Send a receiver's dead letters again"},
    {"POST", "/v1/plans", PLAN, FY_SCOPE_HANDLER, fy_post_plan, "Plan an order without running it"},
    {"POST", "/v1/orders/check", READ, FY_SCOPE_HANDLER, fy_post_check,
     "Explain an order, or say what is wrong with it"},
    {"GET", "/v1/orders/templates/*", READ, FY_SCOPE_NONE, fy_get_template,
     "A commented order to start from"},
    {"GET", "/v1/upgrades", READ, FY_SCOPE_HANDLER, fy_get_upgrades, "Runs, newest first"},
    {"POST", "/v1/upgrades", ORDER, FY_SCOPE_HANDLER, fy_post_upgrade, "Submit an order (TOSCA XML)"},
    {"GET", "/v1/upgrades/*", READ, FY_SCOPE_RUN, fy_get_upgrade,
     "Where a run stands, and what it waits for"},
    {"GET", "/v1/upgrades/*/plan", READ, FY_SCOPE_RUN, fy_get_plan, "Its plan"},
    {"GET", "/v1/upgrades/*/instances", READ, FY_SCOPE_RUN, fy_get_instances,
     "The last look at its instances"},
    {"GET", "/v1/upgrades/*/kpis", READ, FY_SCOPE_RUN, fy_get_kpis, "Its gates and KPIs"},
    {"GET", "/v1/upgrades/*/judge", READ, FY_SCOPE_RUN, fy_get_judge,
     "Its verdicts, judged again from its records"},
    {"GET", "/v1/upgrades/*/journal", READ, FY_SCOPE_RUN, fy_get_journal,
     "Its records, also as server-sent events"},
    {"GET", "/v1/upgrades/*/export", AUDIT, FY_SCOPE_RUN, fy_get_export,
     "Its records with their hashes, for the audit"},
    {"GET", "/v1/upgrades/*/report", READ, FY_SCOPE_RUN, fy_get_report, "The report for the morning meeting"},
    VERB("approve", ANSWER, "Say yes to what the run asks"),
    VERB("reject", ANSWER, "Say no to what the run asks"),
    VERB("waive", OVERRIDE, "Start all the same though a check fails"),
    VERB("waive-gate", OVERRIDE, "Let a gate not count for a time"),
    VERB("unwaive", OVERRIDE, "Take a waiver back"),
    VERB("waive-gate", OVERRIDE, "Let a gate not count for a time"),
    VERB("rollback", BACK, "Take the users back to the old version"),
    VERB("*", ACT, "Another verb of the state it is in"),
    {NULL, NULL, 0, FY_SCOPE_NONE, NULL, NULL},
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
    for (const struct fy_route *route = fy_routes; route->method != NULL; route++) {
        if (path_fits(route->path, path, args)) {
            if (strcmp(method, route->method) == 0 ||
                (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0))
                return route;
            add_allowed(ret_allow, route->method);
        }
        forget_args(args);
    }
    return NULL;
}
