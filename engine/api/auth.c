/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"

#include "api/route.h"
#include "api/server.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    return fy_system_clock.wall_ms(fy_system_clock.self);
}

static bool is_owner(const struct fy_peer *peer)
{
    return peer->door->kind == FY_DOOR_UNIX && (peer->uid == 0 || peer->uid == getuid());
}

/* ---- who ---- */

static bool take(struct fy_exchange *exchange, const struct fy_credential *shown, struct fy_err *err)
{
    exchange->principal = fy_access_identify(exchange->access, shown, now_ms(), &exchange->until_ms, err);
    return exchange->principal != NULL;
}

static bool by_token(struct fy_exchange *exchange, const char *header, struct fy_err *err)
{
    char hex[FY_SHA256_HEX];
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return fy_fail(err, FY_ERR_REFUSED, "Authorization: only Bearer tokens are understood");
    const char *token = header + 7 + strspn(header + 7, " ");
    fy_sha256_text(token, strlen(token), hex);
    exchange->from = fy_format("%s, token %.8s", exchange->peer->address, hex);
    return take(exchange, &(struct fy_credential){.token = token}, err);
}

static bool by_certificate(struct fy_exchange *exchange, struct fy_err *err)
{
    const struct fy_peer_certificate *certificate =
        fy_peer_certificate_of(exchange->peer, exchange->connection);
    if (!certificate->there)
        return fy_fail(err, FY_ERR_REFUSED, "no credential: neither a token nor a client certificate");
    if (!certificate->good || now_ms() / 1000 >= certificate->until_s)
        return fy_fail(err, FY_ERR_REFUSED, "the client certificate is expired, or not signed by who may");
    exchange->from = fy_format("%s, certificate %.8s", exchange->peer->address, certificate->sha256);
    return take(
        exchange,
        &(struct fy_credential){.certificate_sha256 = certificate->sha256, .certificate_dn = certificate->dn},
        err);
}

static bool by_user(struct fy_exchange *exchange, struct fy_err *err)
{
    struct fy_err unknown;
    exchange->from = fy_strdup("unix");
    if (take(exchange, &(struct fy_credential){.uid = &exchange->peer->uid}, &unknown) ||
        is_owner(exchange->peer))
        return true;
    (void)fy_fail(
        err, FY_ERR_REFUSED,
        "only the user who runs ferryd, root, and users whom its access file names may use this socket");
    return fy_hint(err, "run the command as such a user");
}

static bool identify(struct fy_exchange *exchange, struct fy_err *err)
{
    const char *authorization = fy_exchange_header(exchange, MHD_HTTP_HEADER_AUTHORIZATION);
    exchange->access = fy_access_ref(exchange->api->access);
    if (exchange->peer->door->kind == FY_DOOR_UNIX)
        return by_user(exchange, err);
    return authorization != NULL ? by_token(exchange, authorization, err) : by_certificate(exchange, err);
}

struct fy_caller fy_exchange_caller(const struct fy_exchange *exchange)
{
    const char *key = fy_exchange_header(exchange, "Idempotency-Key");
    struct fy_caller caller = {.from = exchange->from, .key = key};
    if (exchange->principal != NULL)
        caller.who = exchange->principal->name;
    if (!is_owner(exchange->peer)) {
        caller.roles = exchange->roles;
        return caller;
    }
    char **who = &exchange->api->who[exchange->peer->uid == 0 ? 0 : 1];
    if (*who == NULL) { /* asked once: a name service can be slow */
        const struct passwd *user = getpwuid(exchange->peer->uid);
        *who = fy_format("uid:%u (%s)", (unsigned)exchange->peer->uid, user != NULL ? user->pw_name : "?");
    }
    if (caller.who == NULL)
        caller.who = *who;
    return caller;
}

/* ---- may they ---- */

static void refuse(struct fy_exchange *exchange, unsigned status, const struct fy_err *err)
{
    exchange->api->refused++;
    fy_log(FY_LOG_DEBUG, "refused with %u: %s", status, err->message);
    fy_answer_status(exchange, status, err->message, err->hint);
    if (status == 401)
        (void)MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                      "Bearer realm=\"ferry\"");
}

static void put_roles(unsigned roles, struct fy_buf *buf)
{
    for (unsigned role = 1; role < FY_MAY_ANYTHING; role <<= 1)
        if ((roles & role) != 0)
            fy_buf_format(buf, "%s%s", buf->length > 0 ? " or " : "", fy_may_name(role));
}

static void refuse_role(struct fy_exchange *exchange)
{
    struct fy_err err;
    FY_AUTO(fy_buf_free) struct fy_buf wanted = {0};
    put_roles(exchange->route->roles, &wanted);
    (void)fy_fail(&err, FY_ERR_REFUSED, "%s may not do this: it is for %s", exchange->principal->name,
                  wanted.data);
    (void)fy_hint(&err, "who runs this ferryd gives roles (docs/northbound.md)");
    refuse(exchange, 403, &err);
}

bool fy_auth_admit(struct fy_exchange *exchange)
{
    struct fy_err err = {0};
    bool known = identify(exchange, &err);
    const struct fy_route *route = exchange->route;
    exchange->trusted = known;
    if (route != NULL && route->roles == FY_MAY_PUBLIC)
        return true;
    if (!known) {
        refuse(exchange, exchange->peer->door->kind == FY_DOOR_UNIX ? 403 : 401, &err);
        return false;
    }
    if (is_owner(exchange->peer) || route == NULL)
        return true;
    if ((fy_principal_roles(exchange->principal) & route->roles) != 0)
        return true;
    refuse_role(exchange);
    return false;
}

bool fy_auth_allows(const struct fy_exchange *exchange, const char *tenant, const char *group,
                    const char *function)
{
    return is_owner(exchange->peer) || (fy_principal_roles_for(exchange->principal, tenant, group, function) &
                                        exchange->route->roles) != 0;
}

bool fy_auth_sees_connection(const struct fy_exchange *exchange, const char *const *tenants)
{
    if (is_owner(exchange->peer) || fy_principal_has_tenant(exchange->principal, "*"))
        return true;
    for (const char *const *tenant = tenants; tenant != NULL && *tenant != NULL; tenant++)
        if (fy_principal_has_tenant(exchange->principal, *tenant))
            return true;
    return false;
}

/* The names of the roles that the asker has for this run. */
static void note_roles(struct fy_exchange *exchange, unsigned roles)
{
    size_t count = 0;
    for (unsigned role = 1; role < FY_MAY_ANYTHING; role <<= 1)
        if ((roles & role) != 0)
            exchange->roles[count++] = fy_may_name(role);
    exchange->roles[count] = NULL;
}

static void answer_no_run(struct fy_exchange *exchange)
{
    struct fy_err err;
    (void)fy_fail(&err, FY_ERR_NOT_FOUND, "there is no run %.100s", exchange->args[0]);
    (void)fy_hint(&err, "\"ferry list\" (GET /v1/upgrades) shows the runs there are");
    fy_answer_problem(exchange, &err, NULL);
}

static bool scope_run(struct fy_exchange *exchange)
{
    struct fy_owner owner = {0};
    struct fy_err err;
    if (!fy_engine_owner(exchange->api->world.engine, exchange->args[0], &owner, &err)) {
        if (err.kind == FY_ERR_NOT_FOUND)
            answer_no_run(exchange);
        else
            fy_answer_problem(exchange, &err, NULL);
        return false;
    }
    unsigned roles = fy_principal_roles_for(exchange->principal, owner.tenant, owner.group, owner.function);
    fy_owner_free(&owner);
    note_roles(exchange, roles);
    if (roles == 0)
        answer_no_run(exchange); /* somebody else's is not told from none */
    else if ((roles & exchange->route->roles) == 0)
        refuse_role(exchange);
    return (roles & exchange->route->roles) != 0;
}

bool fy_auth_scope(struct fy_exchange *exchange)
{
    return exchange->route->scope != FY_SCOPE_RUN || is_owner(exchange->peer) || scope_run(exchange);
}
