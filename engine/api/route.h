/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes; route.c is the page to read first. Private to api/. */
#ifndef FY_API_ROUTE_H
#define FY_API_ROUTE_H

#include "api/exchange.h"

/* What decides beside the roles: nothing, the run or connection in the path, or what the handler finds. */
enum fy_scope { FY_SCOPE_NONE, FY_SCOPE_RUN, FY_SCOPE_HANDLER };

#define FY_MAY_PUBLIC 0 /* of a route: needs no credential */

struct fy_route {
    const char *method;
    const char *path; /* a star stands for one segment */
    unsigned roles;   /* who may (access.h) */
    enum fy_scope scope;
    void (*handle)(struct fy_exchange *exchange);
    const char *summary; /* for the OpenAPI document */
};

extern const struct fy_route fy_routes[]; /* ends with a NULL method */

/*
 * The route for a request; its stars' segments go to args (the caller frees them). NULL: *ret_allow lists the
 * methods that the path does have, "" if there is no such path.
 */
const struct fy_route *fy_route_find(const char *method, const char *path, char *args[FY_API_PATH_ARGS],
                                     char ret_allow[64]);

void fy_get_health(struct fy_exchange *exchange);
void fy_get_ready(struct fy_exchange *exchange);
void fy_get_engines(struct fy_exchange *exchange);
void fy_post_engine_verb(struct fy_exchange *exchange);
void fy_get_engine(struct fy_exchange *exchange);
void fy_get_catalogue(struct fy_exchange *exchange);
void fy_get_adapters(struct fy_exchange *exchange);
void fy_get_adapter(struct fy_exchange *exchange);
void fy_get_workflows(struct fy_exchange *exchange);
void fy_get_workflow(struct fy_exchange *exchange);
void fy_get_upgrades(struct fy_exchange *exchange);
void fy_get_upgrade(struct fy_exchange *exchange);
void fy_get_plan(struct fy_exchange *exchange);
void fy_get_instances(struct fy_exchange *exchange);
void fy_get_judge(struct fy_exchange *exchange);
void fy_get_kpis(struct fy_exchange *exchange);
void fy_get_journal(struct fy_exchange *exchange);
void fy_get_export(struct fy_exchange *exchange);
void fy_get_report(struct fy_exchange *exchange);
void fy_post_upgrade(struct fy_exchange *exchange);
void fy_post_verb(struct fy_exchange *exchange);
void fy_post_plan(struct fy_exchange *exchange);
void fy_post_check(struct fy_exchange *exchange);
void fy_get_metrics(struct fy_exchange *exchange);
void fy_get_openapi(struct fy_exchange *exchange);
void fy_get_callbacks(struct fy_exchange *exchange);
void fy_post_resend(struct fy_exchange *exchange);
void fy_get_template(struct fy_exchange *exchange);

#endif
