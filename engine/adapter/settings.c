/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/settings.h"

#include "adapter/check.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

#define SETTINGS_MAX 128u

static const struct ferry_setting *find(const struct ferry_setting *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static bool unknown(const struct ferry_setting *table, const char *name, struct fy_err *err)
{
    const char *names[SETTINGS_MAX + 1] = {0};
    for (size_t i = 0; table != NULL && table[i].name != NULL && i < SETTINGS_MAX; i++)
        names[i] = table[i].name;
    const char *meant = fy_nearest(name, names);
    fy_fail(err, FY_ERR_INVALID, "setting \"%s\" is not one of this adapter's", name);
    return meant != NULL ? fy_hint(err, "did you mean \"%s\"?", meant)
                         : fy_hint(err, "`ferry adapter show` lists the settings");
}

static bool check_names(const struct ferry_setting *table, const json_t *given, bool secret,
                        struct fy_err *err)
{
    const char *name;
    json_t *value, *all = (json_t *)(uintptr_t)given; /* jansson's iterators take no const */
    json_object_foreach(all, name, value)
    {
        const struct ferry_setting *setting = find(table, name);
        if (setting == NULL)
            return unknown(table, name, err);
        if (setting->secret == secret)
            continue;
        fy_fail(err, FY_ERR_INVALID, "setting \"%s\" is %s", name, secret ? "not a secret" : "a secret");
        return secret
                   ? fy_hint(err, "put it into \"settings\"")
                   : fy_hint(err, "put it into a file and name that: \"secrets\": {\"%s\": {\"file\": ...}}",
                             name);
    }
    return true;
}

static bool wrong(const struct ferry_setting *setting, const char *must, struct fy_err *err)
{
    return fy_fail(err, FY_ERR_INVALID, "setting \"%s\" must be %s", setting->name, must);
}

static bool is_url(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    return scheme > 0 && strncmp(text + scheme, "://", 3) == 0 && text[scheme + 3] != '\0';
}

static bool put_value(const struct ferry_setting *setting, const json_t *value, const char *directory,
                      struct fy_buf *buf, struct fy_err *err)
{
    const char *text = json_string_value(value);
    if (strcmp(setting->type, "integer") == 0) {
        if (!json_is_integer(value))
            return wrong(setting, "an integer", err);
        fy_buf_member_int(buf, setting->name, json_integer_value(value));
    } else if (strcmp(setting->type, "boolean") == 0) {
        if (!json_is_boolean(value))
            return wrong(setting, "true or false", err);
        fy_buf_member_bool(buf, setting->name, json_is_true(value));
    } else if (text == NULL) {
        return wrong(setting, "a string", err);
    } else if (strcmp(setting->type, "url") == 0 && !is_url(text)) {
        return wrong(setting, "a URL, as https://host:port/path", err);
    } else if (strcmp(setting->type, "path") == 0 && text[0] != '/' && directory != NULL) {
        FY_AUTO(fy_free_ptr) char *whole = fy_format("%s/%s", directory, text);
        fy_buf_member(buf, setting->name, whole);
    } else {
        fy_buf_member(buf, setting->name, text);
    }
    return true;
}

/* "otherwise" is text in the table whatever the type is; fy_adapter_check saw that it reads as one. */
static bool put_otherwise(const struct ferry_setting *setting, const char *directory, struct fy_buf *buf,
                          struct fy_err *err)
{
    if (strcmp(setting->type, "integer") == 0 || strcmp(setting->type, "boolean") == 0) {
        fy_buf_member_raw(buf, setting->name, setting->otherwise);
        return true;
    }
    FY_AUTO(fy_json_unref) json_t *value = json_string(setting->otherwise);
    return put_value(setting, value, directory, buf, err);
}

char *fy_settings_fill(const struct ferry_setting *table, const json_t *settings, const json_t *secrets,
                       const char *directory, struct fy_err *err)
{
    if (!check_names(table, settings, false, err) || !check_names(table, secrets, true, err))
        return NULL;
    struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    for (const struct ferry_setting *setting = table; setting != NULL && setting->name != NULL; setting++) {
        const json_t *value = json_object_get(setting->secret ? secrets : settings, setting->name);
        bool filled = true;
        if (value != NULL)
            filled = put_value(setting, value, directory, &buf, err);
        else if (setting->otherwise != NULL)
            filled = put_otherwise(setting, directory, &buf, err);
        else if (setting->required)
            filled = fy_fail(err, FY_ERR_INVALID, "%s \"%s\" is missing: %s",
                             setting->secret ? "secret" : "setting", setting->name, setting->help);
        if (!filled) {
            fy_settings_free(fy_buf_take(&buf));
            return NULL;
        }
    }
    fy_buf_close(&buf, '}');
    return fy_buf_take(&buf);
}

void fy_settings_free(char *filled)
{
    if (filled != NULL)
        explicit_bzero(filled, strlen(filled));
    free(filled);
}
