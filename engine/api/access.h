/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: the principals of a file access.json, their roles per tenant and group, and what proves
 * who somebody is.
 *
 *    {"principals":{
 *       "ana":{"grants":[{"roles":["operator"],"tenants":["core-east"],"groups":["*"]}],
 *              "tokens":[{"sha256":"<hex>","expires":"2027-01-31T00:00:00Z"},{"sha256":"..","revoked":true}],
 *              "users":["ana"]},
 *       "oss-east":{"grants":[...],"certificates":[{"sha256":"<hex>"},{"dn":"CN=oss-east,O=Example"}]}}}
 *
 * A group names an exclusion group or a network function (VnfInstanceId); "*" is any, and what a grant
 * without "groups" means. Only hashes of tokens are kept; one with 256 random bits needs no salt. "users" are
 * users of this machine, on the UNIX socket.
 */
#ifndef FY_API_ACCESS_H
#define FY_API_ACCESS_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

/* Roles, as bits. */
enum {
    FY_MAY_VIEW = 1,     /* viewer: read what runs say */
    FY_MAY_TEST = 2,     /* tester: answers dial tests, too */
    FY_MAY_OPERATE = 4,  /* operator: orders, and what may be asked of a run */
    FY_MAY_APPROVE = 8,  /* approver: answers for others; waives checks */
    FY_MAY_AUDIT = 16,   /* auditor: exports journals */
    FY_MAY_ADMIN = 32,   /* admin: the engine itself, callbacks */
    FY_MAY_ANYTHING = 63 /* all of these */
};

const char *fy_may_name(unsigned role); /* of one bit: "viewer" */

struct fy_grant {
    unsigned roles;
    char **tenants, **groups; /* end with NULL; "*": any */
};

struct fy_principal {
    char *name;
    struct fy_grant *grants;
    size_t grant_count;
};

/* A credential that was shown. Of the members one is set. */
struct fy_credential {
    const char *token;
    const char *certificate_sha256, *certificate_dn;
    const uid_t *uid;
};

struct fy_access; /* counted: a request in flight keeps the one it began with */

struct fy_access *fy_access_parse(const char *text, size_t length, const char *where, struct fy_err *err);
struct fy_access *fy_access_read(const char *path, struct fy_err *err);
struct fy_access *fy_access_ref(struct fy_access *access);
void fy_access_unref(struct fy_access *access);

/*
 * Who that is; NULL with a reason: unknown, expired or revoked. *ret_until_ms is when the credential ends by
 * itself (wall clock). Tokens are compared in a time that tells nothing about them.
 */
const struct fy_principal *fy_access_identify(const struct fy_access *access,
                                              const struct fy_credential *shown, int64_t now_ms,
                                              int64_t *ret_until_ms, struct fy_err *err);

/* The roles somebody has: anywhere, or for what belongs to a tenant, a group (may be NULL) and a function. */
unsigned fy_principal_roles(const struct fy_principal *principal);
unsigned fy_principal_roles_for(const struct fy_principal *principal, const char *tenant, const char *group,
                                const char *function);
bool fy_principal_has_tenant(const struct fy_principal *principal, const char *tenant);

#endif
