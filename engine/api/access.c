/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/time.h"

#include <openssl/crypto.h>
#include <pwd.h>
#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024)

enum proof_kind { PROOF_TOKEN, PROOF_CERTIFICATE, PROOF_DN, PROOF_USER };

/* What proves that somebody is a principal. */
struct proof {
    enum proof_kind kind;
    const struct fy_principal *whose;
    char *text; /* hash of a token or certificate in hex, or a name in a certificate */
    uid_t uid;
    int64_t until_ms;
    bool revoked;
};

struct fy_access {
    unsigned references;
    struct fy_principal *principals;
    size_t principal_count;
    struct proof *proofs;
    size_t proof_count;
};

static const char *const role_names[] = {"viewer", "tester", "operator", "approver", "auditor", "admin"};

const char *fy_may_name(unsigned role)
{
    for (size_t i = 0; i < FY_COUNT(role_names); i++)
        if (role == 1u << i)
            return role_names[i];
    return "?";
}

/* ---- reading ---- */

static bool only_members(const json_t *object, const char *const *known, const char *what, struct fy_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *all = (json_t *)(uintptr_t)object; /* jansson's iterators take no const */
    if (!json_is_object(object))
        return fy_fail(err, FY_ERR_INVALID, "%s must be an object", what);
    json_object_foreach(all, name, value)
    {
        bool found = false;
        for (const char *const *k = known; *k != NULL; k++)
            found = found || strcmp(*k, name) == 0;
        if (!found)
            return fy_fail(err, FY_ERR_INVALID, "%s has no member \"%.60s\"", what, name);
    }
    return true;
}

/* A list of strings; an absent one is {"*"}, which is any. */
static bool read_names(const json_t *from, const char *member, char ***ret, struct fy_err *err)
{
    const json_t *list = json_object_get(from, member);
    size_t count = json_array_size(list);
    if (list != NULL && (!json_is_array(list) || count == 0))
        return fy_fail(err, FY_ERR_INVALID, "\"%s\" must be a list of names; [\"*\"] is any", member);
    *ret = FY_NEW_ARRAY(char *, count + 2);
    if (list == NULL)
        (*ret)[0] = fy_strdup("*");
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name == NULL || name[0] == '\0')
            return fy_fail(err, FY_ERR_INVALID, "\"%s\" must be a list of names", member);
        (*ret)[i] = fy_strdup(name);
    }
    return true;
}

static bool read_roles(const json_t *from, unsigned *ret, struct fy_err *err)
{
    json_t *list = NULL;
    const json_t *one = NULL;
    size_t index = 0;
    if (!fy_json_array(from, "roles", &list, err))
        return false;
    json_array_foreach(list, index, one)
    {
        const char *name = json_is_string(one) ? json_string_value(one) : "";
        size_t role = 0;
        while (role < FY_COUNT(role_names) && strcmp(role_names[role], name) != 0)
            role++;
        if (role == FY_COUNT(role_names))
            return fy_fail(err, FY_ERR_INVALID,
                           "role \"%.40s\" is not one of viewer, tester, operator, approver, auditor, admin",
                           name);
        *ret |= 1u << role;
    }
    return true;
}

static bool read_grants(const json_t *from, struct fy_principal *principal, struct fy_err *err)
{
    static const char *const known[] = {"roles", "tenants", "groups", NULL};
    json_t *list = NULL;
    const json_t *one = NULL;
    size_t index = 0;
    if (!fy_json_array(from, "grants", &list, err))
        return false;
    principal->grants = FY_NEW_ARRAY(struct fy_grant, json_array_size(list) + 1);
    json_array_foreach(list, index, one)
    {
        struct fy_grant *grant = &principal->grants[principal->grant_count++];
        if (!only_members(one, known, "a grant", err) || !read_roles(one, &grant->roles, err) ||
            !read_names(one, "tenants", &grant->tenants, err) ||
            !read_names(one, "groups", &grant->groups, err))
            return false;
        if (json_object_get(one, "tenants") == NULL)
            return fy_fail(err, FY_ERR_INVALID, "a grant must name its \"tenants\"; [\"*\"] is any");
    }
    return true;
}

static struct proof *add_proof(struct fy_access *access, enum proof_kind kind,
                               const struct fy_principal *whose)
{
    access->proofs = fy_realloc(access->proofs, (access->proof_count + 1) * sizeof *access->proofs);
    struct proof *proof = &access->proofs[access->proof_count++];
    *proof = (struct proof){.kind = kind, .whose = whose, .until_ms = INT64_MAX};
    return proof;
}

static bool read_hash(const json_t *from, char **ret, struct fy_err *err)
{
    const char *hex = NULL;
    if (!fy_json_string(from, "sha256", &hex, err))
        return false;
    if (strlen(hex) != FY_SHA256_HEX - 1 || strspn(hex, "0123456789abcdef") != FY_SHA256_HEX - 1)
        return fy_fail(err, FY_ERR_INVALID, "\"sha256\" must be 64 digits of lower-case hex");
    *ret = fy_strdup(hex);
    return true;
}

static bool read_ends(const json_t *from, struct proof *proof, struct fy_err *err)
{
    const char *expires = fy_json_string_or(from, "expires", NULL);
    proof->revoked = fy_json_bool_or(from, "revoked", false);
    if (expires != NULL && !fy_time_parse(expires, &proof->until_ms, err))
        return fy_wrap(err, "\"expires\"");
    return expires != NULL || json_object_get(from, "expires") == NULL ||
           fy_fail(err, FY_ERR_INVALID, "\"expires\" must be a time");
}

static bool read_token(struct fy_access *access, const struct fy_principal *whose, const json_t *from,
                       struct fy_err *err)
{
    static const char *const known[] = {"sha256", "expires", "revoked", "note", NULL};
    if (!only_members(from, known, "a token", err))
        return false;
    struct proof *proof = add_proof(access, PROOF_TOKEN, whose);
    return read_hash(from, &proof->text, err) && read_ends(from, proof, err);
}

static bool read_certificate(struct fy_access *access, const struct fy_principal *whose, const json_t *from,
                             struct fy_err *err)
{
    static const char *const known[] = {"sha256", "dn", "expires", "revoked", "note", NULL};
    const char *dn = fy_json_string_or(from, "dn", NULL);
    if (!only_members(from, known, "a certificate", err))
        return false;
    if (dn != NULL && json_object_get(from, "sha256") != NULL)
        return fy_fail(err, FY_ERR_INVALID, "a certificate has either \"sha256\" or \"dn\"");
    struct proof *proof = add_proof(access, dn != NULL ? PROOF_DN : PROOF_CERTIFICATE, whose);
    if (dn != NULL)
        proof->text = fy_strdup(dn);
    return (dn != NULL || read_hash(from, &proof->text, err)) && read_ends(from, proof, err);
}

static bool read_user(struct fy_access *access, const struct fy_principal *whose, const json_t *from,
                      struct fy_err *err)
{
    const char *name = json_string_value(from);
    const struct passwd *found = name != NULL ? getpwnam(name) : NULL;
    if (found == NULL)
        return fy_fail(err, FY_ERR_INVALID, "\"users\": there is no user \"%.40s\" on this machine",
                       name != NULL ? name : "?");
    add_proof(access, PROOF_USER, whose)->uid = found->pw_uid;
    return true;
}

static bool read_proofs(struct fy_access *access, const struct fy_principal *whose, const json_t *from,
                        struct fy_err *err)
{
    static const struct {
        const char *member;
        bool (*read)(struct fy_access *access, const struct fy_principal *whose, const json_t *from,
                     struct fy_err *err);
    } kinds[] = {{"tokens", read_token}, {"certificates", read_certificate}, {"users", read_user}};
    const json_t *one = NULL;
    size_t index = 0;
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        const json_t *list = json_object_get(from, kinds[i].member);
        if (list != NULL && !json_is_array(list))
            return fy_fail(err, FY_ERR_INVALID, "\"%s\" must be a list", kinds[i].member);
        json_array_foreach(list, index, one) if (!kinds[i].read(access, whose, one, err)) return false;
    }
    return true;
}

static bool read_principal(struct fy_access *access, const char *name, const json_t *from, struct fy_err *err)
{
    static const char *const known[] = {"grants", "tokens", "certificates", "users", "note", NULL};
    struct fy_principal *principal = &access->principals[access->principal_count++];
    principal->name = fy_strdup(name);
    return only_members(from, known, "it", err) && read_grants(from, principal, err) &&
           read_proofs(access, principal, from, err);
}

struct fy_access *fy_access_parse(const char *text, size_t length, const char *where, struct fy_err *err)
{
    static const char *const known[] = {"principals", NULL};
    json_t *all = NULL;
    json_t *one = NULL;
    const char *name = NULL;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text, length, where, err);
    if (doc == NULL)
        return NULL;
    if (!only_members(doc, known, "the document", err) || !fy_json_object(doc, "principals", &all, err)) {
        (void)fy_wrap(err, "%s", where);
        return NULL;
    }
    struct fy_access *access = FY_NEW(struct fy_access);
    access->references = 1;
    access->principals = FY_NEW_ARRAY(struct fy_principal, json_object_size(all) + 1);
    json_object_foreach(all, name, one)
    {
        if (read_principal(access, name, one, err))
            continue;
        (void)fy_wrap(err, "%s: %.60s", where, name);
        fy_access_unref(access);
        return NULL;
    }
    return access;
}

struct fy_access *fy_access_read(const char *path, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    if (!fy_read_file(path, FILE_MAX, &text, err))
        return NULL;
    return fy_access_parse(text.data != NULL ? text.data : "", text.length, path, err);
}

struct fy_access *fy_access_ref(struct fy_access *access)
{
    if (access != NULL)
        access->references++;
    return access;
}

static void free_names(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

void fy_access_unref(struct fy_access *access)
{
    if (access == NULL || --access->references > 0)
        return;
    for (size_t i = 0; i < access->principal_count; i++) {
        struct fy_principal *principal = &access->principals[i];
        for (size_t g = 0; g < principal->grant_count; g++) {
            free_names(principal->grants[g].tenants);
            free_names(principal->grants[g].groups);
        }
        free(principal->grants);
        free(principal->name);
    }
    for (size_t i = 0; i < access->proof_count; i++)
        free(access->proofs[i].text);
    free(access->principals);
    free(access->proofs);
    free(access);
}

/* ---- who is it ---- */

/* Every proof is looked at, whichever it is: how long it takes says nothing about a token. */
static const struct proof *find_hash(const struct fy_access *access, enum proof_kind kind, const char *hex)
{
    const struct proof *found = NULL;
    for (size_t i = 0; i < access->proof_count; i++) {
        const struct proof *proof = &access->proofs[i];
        if (proof->kind == kind && CRYPTO_memcmp(proof->text, hex, FY_SHA256_HEX) == 0)
            found = proof;
    }
    return found;
}

static const struct proof *find_token(const struct fy_access *access, const char *token)
{
    char hex[FY_SHA256_HEX];
    fy_sha256_text(token, strlen(token), hex);
    return find_hash(access, PROOF_TOKEN, hex);
}

static const struct proof *find_certificate(const struct fy_access *access, const struct fy_credential *shown)
{
    const struct proof *found = find_hash(access, PROOF_CERTIFICATE, shown->certificate_sha256);
    for (size_t i = 0; i < access->proof_count && found == NULL; i++)
        if (access->proofs[i].kind == PROOF_DN && strcmp(access->proofs[i].text, shown->certificate_dn) == 0)
            found = &access->proofs[i];
    return found;
}

static const struct proof *find_user(const struct fy_access *access, uid_t uid)
{
    for (size_t i = 0; i < access->proof_count; i++)
        if (access->proofs[i].kind == PROOF_USER && access->proofs[i].uid == uid)
            return &access->proofs[i];
    return NULL;
}

const struct fy_principal *fy_access_identify(const struct fy_access *access,
                                              const struct fy_credential *shown, int64_t now_ms,
                                              int64_t *ret_until_ms, struct fy_err *err)
{
    const char *what = shown->token != NULL ? "token" : shown->uid != NULL ? "user" : "certificate";
    const struct proof *proof = NULL;
    if (access != NULL)
        proof = shown->token != NULL ? find_token(access, shown->token)
                : shown->uid != NULL ? find_user(access, *shown->uid)
                                     : find_certificate(access, shown);
    if (proof != NULL && !proof->revoked && now_ms < proof->until_ms) {
        *ret_until_ms = proof->until_ms;
        return proof->whose;
    }
    (void)fy_fail(err, FY_ERR_REFUSED, "this %s is %s", what,
                  proof == NULL    ? "not known"
                  : proof->revoked ? "revoked"
                                   : "expired");
    (void)fy_hint(err, "who runs this ferryd gives access (docs/northbound.md)");
    return NULL;
}

/* ---- what may it do ---- */

unsigned fy_principal_roles(const struct fy_principal *principal)
{
    unsigned roles = 0;
    for (size_t i = 0; i < principal->grant_count; i++)
        roles |= principal->grants[i].roles;
    return roles;
}

static bool has(char **names, const char *name)
{
    for (char **at = names; *at != NULL; at++)
        if (strcmp(*at, "*") == 0 || (name != NULL && strcmp(*at, name) == 0))
            return true;
    return false;
}

unsigned fy_principal_roles_for(const struct fy_principal *principal, const char *tenant, const char *group,
                                const char *function)
{
    unsigned roles = 0;
    for (size_t i = 0; i < principal->grant_count; i++) {
        const struct fy_grant *grant = &principal->grants[i];
        if (has(grant->tenants, tenant) && (has(grant->groups, group) || has(grant->groups, function)))
            roles |= grant->roles;
    }
    return roles;
}

bool fy_principal_has_tenant(const struct fy_principal *principal, const char *tenant)
{
    for (size_t i = 0; i < principal->grant_count; i++)
        if (has(principal->grants[i].tenants, tenant))
            return true;
    return false;
}
