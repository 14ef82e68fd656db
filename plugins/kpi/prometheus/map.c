/* SPDX-License-Identifier: Apache-2.0 */
#include "prometheus/map.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 128

static const char *exception_of(const struct prom_map *map, const char *counter)
{
    return json_string_value(json_object_get(map->exceptions, counter));
}

const char *prom_map_expression(const struct prom_map *map, const char *counter)
{
    const char *text = exception_of(map, counter);
    return text != NULL && text[0] == '(' ? text : NULL;
}

void prom_map_name(const struct prom_map *map, const char *counter, char name[PROM_NAME_MAX])
{
    const char *text = exception_of(map, counter);
    int length;
    if (text != NULL)
        length = text[0] == '(' ? 0 : snprintf(name, PROM_NAME_MAX, "%.*s", (int)strcspn(text, "{"), text);
    else
        length = snprintf(name, PROM_NAME_MAX, "%s%s%s", map->prefix, counter, map->suffix);
    if (length <= 0 || length >= PROM_NAME_MAX) {
        name[0] = '\0';
        return;
    }
    size_t own = text == NULL ? strlen(map->prefix) : PROM_NAME_MAX;
    for (size_t i = own; i < (size_t)length && i < own + strlen(counter); i++)
        name[i] = isalnum((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i]) : '_';
}

/* One NAME="VALUE" of the braces; *at moves behind it. False at their end, or if it is no such thing. */
static bool next_pair(const char **at, char name[LABEL_MAX], char value[LABEL_MAX])
{
    int used = 0;
    *at += strspn(*at, "{, ");
    if (sscanf(*at, "%127[A-Za-z0-9_]=\"%127[^\"]\"%n", name, value, &used) != 2 || used == 0)
        return false;
    *at += used;
    return true;
}

bool prom_map_fits(const struct prom_map *map, const char *counter, const json_t *labels)
{
    const char *text = exception_of(map, counter), *at = text != NULL ? strchr(text, '{') : NULL;
    char name[LABEL_MAX], value[LABEL_MAX];
    while (at != NULL && next_pair(&at, name, value)) {
        const char *has = json_string_value(json_object_get(labels, name));
        if (has == NULL || strcmp(has, value) != 0)
            return false;
    }
    return true;
}

static bool is_selector(const char *text)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");
    const char *at = text + name;
    char label[LABEL_MAX], value[LABEL_MAX];
    if (name == 0 || name >= PROM_NAME_MAX)
        return false;
    if (*at == '\0')
        return true;
    while (next_pair(&at, label, value))
        ;
    return text[name] == '{' && strcmp(at, "}") == 0;
}

bool prom_map_check(const json_t *exceptions, char *why, size_t why_size)
{
    const char *counter;
    json_t *value;
    json_object_foreach((json_t *)(unsigned long)exceptions, counter, value)
    {
        const char *text = json_string_value(value);
        if (text != NULL && (text[0] == '(' || is_selector(text)))
            continue;
        (void)snprintf(
            why, why_size,
            "the map's \"%.60s\" is neither name{label=\"value\"} nor an expression in parentheses", counter);
        return false;
    }
    return true;
}
