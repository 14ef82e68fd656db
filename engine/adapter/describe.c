/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/describe.h"

#include "adapter/check.h"

#include "base/mem.h"

#include <string.h>

static const struct {
    const char *name;
    uint32_t bit;
} kinds[] = {{"vim", FERRY_KIND_VIM}, {"nf", FERRY_KIND_NF}, {"kpi", FERRY_KIND_KPI}};

static void put_settings(const struct ferry_adapter *adapter, struct fy_buf *buf)
{
    fy_buf_key(buf, "settings");
    fy_buf_open(buf, '[');
    for (const struct ferry_setting *s = adapter->settings; s != NULL && s->name != NULL; s++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "name", s->name);
        fy_buf_member(buf, "type", s->type);
        fy_buf_member_bool(buf, "required", s->required);
        fy_buf_member_bool(buf, "secret", s->secret);
        fy_buf_member(buf, "otherwise", s->otherwise);
        fy_buf_member(buf, "help", s->help);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

static void put_verbs(const struct ferry_adapter *adapter, struct fy_buf *buf)
{
    fy_buf_key(buf, "verbs");
    fy_buf_open(buf, '[');
    for (const struct ferry_verb *verb = adapter->verbs; verb->name != NULL; verb++) {
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "name", verb->name);
        fy_buf_member(buf, "kind", verb->kind == FERRY_OBSERVE ? "observe" : "ensure");
        fy_buf_member_int(buf, "deadline_ms", verb->deadline_ms);
        fy_buf_member_int(buf, "settle_ms", verb->settle_ms);
        fy_buf_member_raw(buf, "schema", verb->schema);
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
}

void fy_adapter_describe(const struct ferry_adapter *adapter, const char *sha256, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "name", adapter->name);
    fy_buf_member(buf, "version", adapter->version);
    fy_buf_member(buf, "summary", adapter->summary);
    fy_buf_member(buf, "sha256", sha256);
    fy_buf_key(buf, "kinds");
    fy_buf_open(buf, '[');
    bool first = true;
    for (size_t i = 0; i < FY_COUNT(kinds); i++) {
        if ((adapter->kinds & kinds[i].bit) == 0)
            continue;
        fy_buf_format(buf, "%s\"%s\"", first ? "" : ",", kinds[i].name);
        first = false;
    }
    fy_buf_close(buf, ']');
    fy_buf_member(buf, "mobility", fy_mobility_name(adapter->mobility));
    fy_buf_member_bool(buf, "simulated", adapter->simulated);
    fy_buf_member_bool(buf, "thread_safe", adapter->thread_safe);
    put_settings(adapter, buf);
    put_verbs(adapter, buf);
    fy_buf_key(buf, "missing");
    fy_adapter_missing(adapter, buf);
    fy_buf_close(buf, '}');
}

/* Reading it. The strings of an info live in one document, kept as long as the info is. */

static bool read_kinds(const json_t *document, uint32_t *ret, struct fy_err *err)
{
    json_t *names;
    if (!fy_json_array(document, "kinds", &names, err))
        return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < json_array_size(names); i++)
        for (size_t k = 0; k < FY_COUNT(kinds); k++) {
            const char *name = json_string_value(json_array_get(names, i));
            bits |= name != NULL && strcmp(name, kinds[k].name) == 0 ? kinds[k].bit : 0;
        }
    *ret = bits;
    return bits != 0 || fy_fail(err, FY_ERR_INVALID, "member \"kinds\" names no kind");
}

static bool read_verb(const json_t *from, struct fy_adapter_verb *verb, struct fy_err *err)
{
    const char *name, *kind;
    json_t *schema;
    if (!fy_json_string(from, "name", &name, err) || !fy_json_string(from, "kind", &kind, err) ||
        !fy_json_object(from, "schema", &schema, err) ||
        !fy_json_int(from, "deadline_ms", &verb->deadline_ms, err) ||
        !fy_json_int(from, "settle_ms", &verb->settle_ms, err))
        return false;
    verb->name = fy_strdup(name);
    verb->schema = fy_json_text(schema);
    verb->observe = strcmp(kind, "observe") == 0;
    return true;
}

static bool read_verbs(const json_t *document, struct fy_adapter_info *info, struct fy_err *err)
{
    json_t *list;
    if (!fy_json_array(document, "verbs", &list, err))
        return false;
    struct fy_adapter_verb *verbs = FY_NEW_ARRAY(struct fy_adapter_verb, json_array_size(list));
    info->verbs = verbs;
    for (; info->verb_count < json_array_size(list); info->verb_count++)
        if (!read_verb(json_array_get(list, info->verb_count), &verbs[info->verb_count], err))
            return fy_wrap(err, "verb %zu", info->verb_count + 1);
    return true;
}

static bool read_document(const json_t *document, struct fy_adapter_info *info, struct fy_err *err)
{
    const char *name, *version;
    if (!fy_json_string(document, "name", &name, err) ||
        !fy_json_string(document, "version", &version, err) || !read_kinds(document, &info->kinds, err) ||
        !read_verbs(document, info, err))
        return false;
    const char *mobility = fy_json_string_or(document, "mobility", "none");
    const char *sha256 = json_string_value(json_object_get(document, "sha256"));
    for (enum ferry_mobility m = FERRY_MOBILITY_NONE; m <= FERRY_MOBILITY_REATTACH; m++)
        if (strcmp(fy_mobility_name(m), mobility) == 0)
            info->mobility = m;
    info->simulated = fy_json_bool_or(document, "simulated", false);
    info->thread_safe = fy_json_bool_or(document, "thread_safe", false);
    info->name = fy_strdup(name);
    info->version = fy_strdup(version);
    info->sha256 = sha256 != NULL ? fy_strdup(sha256) : NULL;
    return true;
}

bool fy_described(struct fy_adapter_info *info, const char *text, size_t length, struct fy_err *err)
{
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(text, length, "the description", err);
    if (document == NULL)
        return false;
    fy_described_free(info);
    if (!read_document(document, info, err)) {
        fy_described_free(info);
        return fy_wrap(err, "the description");
    }
    info->description = fy_strndup(text, length);
    return true;
}

/* The texts of an info are const for its readers; here they are given back. */
static void release(const void *text)
{
    free((void *)(uintptr_t)text);
}

void fy_described_free(struct fy_adapter_info *info)
{
    for (size_t i = 0; i < info->verb_count; i++) {
        release(info->verbs[i].name);
        release(info->verbs[i].schema);
    }
    release(info->verbs);
    release(info->name);
    release(info->version);
    release(info->sha256);
    release(info->description);
    info->verbs = NULL;
    info->verb_count = 0;
    info->name = info->version = info->sha256 = info->description = NULL;
}
