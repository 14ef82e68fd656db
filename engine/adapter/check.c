/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/check.h"

#include "adapter/schema.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

#define ALL_KINDS (FERRY_KIND_VIM | FERRY_KIND_NF | FERRY_KIND_KPI)
#define VERBS_MAX 256u

static const struct standard {
    const char *name;
    uint32_t kind;
    enum ferry_verb_kind verb_kind;
} standard[] = {
#define VERB(kind, name, verb_kind) {#name, FERRY_KIND_##kind, FERRY_##verb_kind},
#include "adapter/standard.def"
#undef VERB
};

/* A subject for messages: "example.so", or "example.so, verb inventory". */
static bool lacks(const char *subject, const char *what, struct fy_err *err)
{
    fy_fail(err, FY_ERR_INVALID, "%s: %s", subject, what);
    return fy_hint(err, "see ferry/adapter.h; `ferry adapter test` tries everything an adapter must keep");
}

static bool plain_name(const char *name, const char *also)
{
    if (name == NULL || name[0] < 'a' || name[0] > 'z' || strlen(name) > 63)
        return false;
    for (; *name != '\0'; name++)
        if (!((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') ||
              strchr(also, *name) != NULL))
            return false;
    return true;
}

static bool check_version(const struct ferry_adapter *adapter, const char *file, struct fy_err *err)
{
    if (adapter->abi != FERRY_ADAPTER_ABI) {
        fy_fail(err, FY_ERR_INVALID, "%s was built for adapter ABI %u; this Ferry speaks %u", file,
                adapter->abi, FERRY_ADAPTER_ABI);
        return fy_hint(err, "build it again with the ferry/adapter.h of this Ferry (%s)", FERRY_VERSION);
    }
    if (adapter->size >= sizeof *adapter)
        return true;
    fy_fail(err, FY_ERR_INVALID, "%s: its ferry_adapter has %u bytes, it must have %zu or more", file,
            adapter->size, sizeof *adapter);
    return fy_hint(err, "set .size = sizeof(struct ferry_adapter)");
}

static bool check_identity(const struct ferry_adapter *adapter, const char *file, struct fy_err *err)
{
    if (!plain_name(adapter->name, "_-"))
        return lacks(file, "name is missing or is not lower-case letters, digits, _ and -", err);
    if (adapter->version == NULL || adapter->version[0] == '\0')
        return lacks(file, "version is missing", err);
    if (adapter->summary == NULL || adapter->summary[0] == '\0')
        return lacks(file, "summary is missing", err);
    if (adapter->kinds == 0 || (adapter->kinds & ~(uint32_t)ALL_KINDS) != 0)
        return lacks(file, "kinds must be a set of FERRY_KIND_VIM, FERRY_KIND_NF and FERRY_KIND_KPI", err);
    bool steers = (adapter->kinds & FERRY_KIND_NF) != 0;
    if ((unsigned)adapter->mobility > FERRY_MOBILITY_REATTACH)
        return lacks(file, "mobility is not one of enum ferry_mobility", err);
    if (steers != (adapter->mobility != FERRY_MOBILITY_NONE))
        return lacks(file,
                     steers ? "mobility is missing: an NF adapter says what becomes of users it steers"
                            : "mobility is for NF adapters only",
                     err);
    if (adapter->open == NULL)
        return lacks(file, "open is missing", err);
    return adapter->close != NULL || lacks(file, "close is missing", err);
}

/* "otherwise" is text whatever the type; it must read as one. */
static bool fits(const char *type, const char *otherwise)
{
    if (otherwise == NULL)
        return true;
    if (strcmp(type, "boolean") == 0)
        return strcmp(otherwise, "true") == 0 || strcmp(otherwise, "false") == 0;
    size_t sign = otherwise[0] == '-', digits = strspn(otherwise + sign, "0123456789");
    return strcmp(type, "integer") != 0 || (digits > 0 && digits <= 18 && otherwise[sign + digits] == '\0');
}

static bool check_setting(const struct ferry_setting *table, const struct ferry_setting *setting,
                          const char *file, struct fy_err *err)
{
    static const char *const known[] = {"string", "integer", "boolean", "path", "url"};
    FY_AUTO(fy_free_ptr) char *subject = fy_format("%s, setting %s", file, setting->name);
    bool typed = false;
    for (size_t i = 0; i < FY_COUNT(known) && setting->type != NULL; i++)
        typed = typed || strcmp(known[i], setting->type) == 0;
    if (!plain_name(setting->name, "_"))
        return lacks(subject, "its name is not lower-case letters, digits and _", err);
    if (!typed)
        return lacks(subject, "type must be string, integer, boolean, path or url", err);
    if (setting->help == NULL || setting->help[0] == '\0')
        return lacks(subject, "help is missing", err);
    if (setting->secret && setting->otherwise != NULL)
        return lacks(subject, "a secret cannot have a value built in", err);
    if (!fits(setting->type, setting->otherwise))
        return lacks(subject, "otherwise is not of its type", err);
    for (const struct ferry_setting *other = table; other < setting; other++)
        if (strcmp(other->name, setting->name) == 0)
            return lacks(subject, "is declared twice", err);
    return true;
}

static const struct standard *find_standard(const struct ferry_adapter *adapter, const char *name)
{
    for (size_t i = 0; i < FY_COUNT(standard); i++)
        if ((standard[i].kind & adapter->kinds) != 0 && strcmp(standard[i].name, name) == 0)
            return &standard[i];
    return NULL;
}

static bool check_verb_name(const struct ferry_adapter *adapter, const struct ferry_verb *verb,
                            const char *subject, struct fy_err *err)
{
    if (!plain_name(verb->name, "_."))
        return lacks(subject, "its name is not lower-case letters, digits, _ and .", err);
    for (const struct ferry_verb *other = adapter->verbs; other < verb; other++)
        if (strcmp(other->name, verb->name) == 0)
            return lacks(subject, "is declared twice", err);
    const struct standard *known = find_standard(adapter, verb->name);
    if (known != NULL && known->verb_kind != verb->kind)
        return lacks(subject,
                     verb->kind == FERRY_ENSURE ? "is FERRY_ENSURE, the standard has it FERRY_OBSERVE"
                                                : "is FERRY_OBSERVE, the standard has it FERRY_ENSURE",
                     err);
    if (known != NULL || strchr(verb->name, '.') != NULL)
        return true;
    const char *names[FY_COUNT(standard) + 1] = {0};
    for (size_t i = 0; i < FY_COUNT(standard); i++)
        names[i] = standard[i].name;
    const char *meant = fy_nearest(verb->name, names);
    fy_fail(err, FY_ERR_INVALID, "%s: is not a standard verb of its kinds%s%s%s", subject,
            meant != NULL ? " (did you mean " : "", meant != NULL ? meant : "", meant != NULL ? "?)" : "");
    return fy_hint(err, "a verb of your own is named vendor.verb, as acme.issu_check");
}

static bool check_schema(const struct ferry_verb *verb, const char *subject, struct fy_err *err)
{
    if (verb->schema == NULL)
        return lacks(subject, "schema is missing", err);
    struct fy_schema *schema = fy_schema_parse(verb->schema, err);
    if (schema == NULL)
        return fy_wrap(err, "%s: schema", subject);
    bool object = fy_schema_is_object(schema);
    fy_schema_free(schema);
    return object || lacks(subject, "schema: type must be object", err);
}

static bool check_verb(const struct ferry_adapter *adapter, const struct ferry_verb *verb, const char *file,
                       struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *subject = fy_format("%s, verb %s", file, verb->name);
    if (verb->kind != FERRY_OBSERVE && verb->kind != FERRY_ENSURE)
        return lacks(subject, "kind must be FERRY_OBSERVE or FERRY_ENSURE", err);
    if (!check_verb_name(adapter, verb, subject, err) || !check_schema(verb, subject, err))
        return false;
    if (verb->deadline_ms <= 0)
        return lacks(subject, "deadline_ms is missing", err);
    if (verb->settle_ms < 0)
        return lacks(subject, "settle_ms is negative", err);
    return verb->call != NULL || lacks(subject, "call is missing", err);
}

bool fy_adapter_check(const struct ferry_adapter *adapter, const char *file, struct fy_err *err)
{
    if (!check_version(adapter, file, err) || !check_identity(adapter, file, err))
        return false;
    for (const struct ferry_setting *s = adapter->settings; s != NULL && s->name != NULL; s++)
        if (!check_setting(adapter->settings, s, file, err))
            return false;
    if (adapter->verbs == NULL || adapter->verbs[0].name == NULL)
        return lacks(file, "verbs is missing or empty", err);
    for (size_t i = 0; adapter->verbs[i].name != NULL; i++) {
        if (i == VERBS_MAX)
            return lacks(file, "verbs does not end with a NULL name", err);
        if (!check_verb(adapter, &adapter->verbs[i], file, err))
            return false;
    }
    return true;
}

void fy_adapter_missing(const struct ferry_adapter *adapter, struct fy_buf *buf)
{
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < FY_COUNT(standard); i++) {
        bool listed = (standard[i].kind & adapter->kinds) == 0;
        for (size_t j = 0; j < i; j++) /* a verb that two kinds share is listed once */
            listed = listed || ((standard[j].kind & adapter->kinds) != 0 &&
                                strcmp(standard[j].name, standard[i].name) == 0);
        for (const struct ferry_verb *verb = adapter->verbs; verb->name != NULL && !listed; verb++)
            listed = strcmp(verb->name, standard[i].name) == 0;
        if (listed)
            continue;
        if (buf->data[buf->length - 1] != '[')
            fy_buf_put(buf, ",", 1);
        fy_buf_json_string(buf, standard[i].name, strlen(standard[i].name));
    }
    fy_buf_close(buf, ']');
}
