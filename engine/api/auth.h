/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends a request, and may they. Private to api/.
 *
 * On the UNIX socket the kernel says who it is: ferryd's own user and root may do anything, others what
 * access.json gives them. Over TLS a bearer token or a client certificate says it. The table of routes says
 * which roles a route wants; for a run, a role counts if it is held for the run's tenant and group. What is
 * somebody else's does not exist for the asker.
 */
#ifndef FY_API_AUTH_H
#define FY_API_AUTH_H

#include "api/access.h"
#include "api/exchange.h"

/* From the headers alone: 401 or 403 is answered and false returned if it may not be. */
bool fy_auth_admit(struct fy_exchange *exchange);

/* What the path names, once the whole request is there: a run, a connection. 403 or 404 likewise. */
bool fy_auth_scope(struct fy_exchange *exchange);

/* May the asker do with something of this tenant, group and function what this route does? */
bool fy_auth_allows(const struct fy_exchange *exchange, const char *tenant, const char *group,
                    const char *function);

/* May they see a connection that these tenants may use? One of nobody is seen by who may act for any tenant.
 */
bool fy_auth_sees_connection(const struct fy_exchange *exchange, const char *const *tenants);

#endif
