/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb_args.h"

#include "base/mem.h"
#include "cli/output.h"

#include <string.h>

#define FILE_MAX (64u * 1024)

typedef bool put_fn(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                    struct fy_err *err);

static bool put_text(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                     struct fy_err *err)
{
    (void)cli;
    return json_object_set_new(args, option->name, json_string(value)) == 0 ||
           fy_fail(err, FY_ERR_INVALID, "--%s is not UTF-8", option->name);
}

static bool put_number(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                       struct fy_err *err)
{
    int64_t number = 0;
    (void)value;
    if (!fy_cli_number(cli, option->name, 0, 0, &number))
        return fy_fail(err, FY_ERR_INVALID, "nothing was sent");
    return json_object_set_new(args, option->name, json_integer(number)) == 0;
}

/* --break-glass is "break_glass". */
static bool put_flag(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                     struct fy_err *err)
{
    (void)cli;
    (void)value;
    (void)err;
    FY_AUTO(fy_free_ptr) char *name = fy_strdup(option->name);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
    return json_object_set_new(args, name, json_true()) == 0;
}

/* a,b,c */
static bool put_list(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                     struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *copy = fy_strdup(value);
    json_t *list = json_array();
    char *rest = NULL;
    (void)cli;
    (void)err;
    for (char *word = strtok_r(copy, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest))
        (void)json_array_append_new(list, json_string(word));
    return json_object_set_new(args, option->name, list) == 0;
}

/* A file with a JSON object: its members are arguments. */
static bool put_file(struct fy_cli *cli, const struct fy_option *option, const char *value, json_t *args,
                     struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    (void)cli;
    (void)option;
    if (!fy_read_file(value, FILE_MAX, &text, err))
        return false;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text.data, text.length, value, err);
    if (doc == NULL)
        return false;
    return json_is_object(doc) ? json_object_update(args, doc) == 0
                               : fy_fail(err, FY_ERR_INVALID, "%s is not a JSON object", value);
}

static const struct {
    const char *option;
    put_fn *put;
} kinds[] = {
    {"step", put_number},      {"minutes", put_number}, {"force", put_flag},
    {"break-glass", put_flag}, {"instances", put_list}, {"package", put_file},
};

static put_fn *kind_of(const char *option)
{
    for (size_t i = 0; i < FY_COUNT(kinds); i++)
        if (strcmp(kinds[i].option, option) == 0)
            return kinds[i].put;
    return put_text;
}

/* "window.end=..." behind the run's name: what is to be set to what. */
static bool put_changes(const struct fy_cli *cli, json_t *args, struct fy_err *err)
{
    json_t *set = cli->arg_count > 1 ? json_object() : NULL;
    if (set != NULL && json_object_set_new(args, "set", set) != 0)
        return false;
    for (size_t i = 1; i < cli->arg_count; i++) {
        const char *equals = strchr(cli->args[i], '=');
        if (equals == NULL || equals == cli->args[i]) {
            fy_fail(err, FY_ERR_INVALID, "\"%s\" is not WHAT=VALUE", cli->args[i]);
            return fy_hint(err, "\"ferry help %s\" lists what can be changed", cli->command->name);
        }
        FY_AUTO(fy_free_ptr) char *what = fy_strndup(cli->args[i], (size_t)(equals - cli->args[i]));
        if (json_object_set_new(set, what, json_string(equals + 1)) != 0)
            return fy_fail(err, FY_ERR_INVALID, "%s is not UTF-8", cli->args[i]);
    }
    return true;
}

json_t *fy_verb_args(struct fy_cli *cli, struct fy_err *err)
{
    json_t *args = json_object();
    const struct fy_option *option = cli->command->options;
    for (; option != NULL && option->name != NULL; option++) {
        const char *value = fy_cli_option(cli, option->name);
        if (value == NULL || kind_of(option->name)(cli, option, value, args, err))
            continue;
        json_decref(args);
        return NULL;
    }
    if (put_changes(cli, args, err))
        return args;
    json_decref(args);
    return NULL;
}
