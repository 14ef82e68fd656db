/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include "base/beside.h"
#include "base/mem.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

const struct fy_option_row fy_option_rows[] = {
#define X(field, name, value, type, otherwise, in_file, help)                                                \
    {name, value, offsetof(struct fy_options, field), otherwise, help, FY_OPTION_##type, in_file},
#include "daemon/option.def"
#undef X
    {NULL, NULL, 0, NULL, NULL, FY_OPTION_TEXT, false},
};

enum { ROWS = FY_COUNT(fy_option_rows) - 1 };

static void *place(const struct fy_option_row *row, const struct fy_options *options)
{
    return (char *)(uintptr_t)options + row->offset;
}

void fy_options_begin(struct fy_options *options)
{
    *options = (struct fy_options){.log = -1};
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++)
        if (row->type == FY_OPTION_NUMBER)
            *(int64_t *)place(row, options) = -1;
}

/* ---- one option ---- */

static bool set_level(const char *text, int *ret, struct fy_err *err)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (size_t i = 0; i < FY_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (int)i;
            return true;
        }
    return fy_fail(err, FY_ERR_INVALID, "log %s: not one of error, warning, info, debug", text);
}

static bool set_number(const struct fy_option_row *row, const char *text, int64_t *ret, struct fy_err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 1 || number > 1000000)
        return fy_fail(err, FY_ERR_INVALID, "%s %.40s: a number from 1 to 1000000 is wanted", row->name,
                       text);
    *ret = number;
    return true;
}

bool fy_option_set(const struct fy_option_row *row, const char *value, const char *directory,
                   struct fy_options *options, struct fy_err *err)
{
    char **text = place(row, options);
    switch (row->type) {
    case FY_OPTION_SWITCH:
        *(bool *)place(row, options) = true;
        return true;
    case FY_OPTION_LEVEL:
        return set_level(value, place(row, options), err);
    case FY_OPTION_NUMBER:
        return set_number(row, value, place(row, options), err);
    case FY_OPTION_PATH:
    case FY_OPTION_TEXT:
    default:
        if (value[0] == '\0')
            return fy_fail(err, FY_ERR_INVALID, "%s has no value", row->name);
        free(*text);
        *text = row->type == FY_OPTION_PATH && directory != NULL && value[0] != '/'
                    ? fy_format("%s/%s", directory, value)
                    : fy_strdup(value);
        return true;
    }
}

bool fy_option_is_set(const struct fy_option_row *row, const struct fy_options *options)
{
    if (row->type == FY_OPTION_LEVEL)
        return *(int *)place(row, options) >= 0;
    if (row->type == FY_OPTION_NUMBER)
        return *(int64_t *)place(row, options) >= 0;
    return row->type != FY_OPTION_SWITCH && *(char **)place(row, options) != NULL;
}

/* ---- where the rest is ---- */

static bool find(char **path, const char *const *candidates, const char *option, struct fy_err *err)
{
    if (*path == NULL)
        *path = fy_find_beside(candidates);
    if (*path != NULL)
        return true;
    (void)fy_fail(err, FY_ERR_NOT_FOUND, "%s was not found beside this program", candidates[0]);
    return fy_hint(err, "give it with --%s", option);
}

static void in_store(char **path, const struct fy_options *options, const char *name)
{
    if (*path == NULL)
        *path = fy_format("%s/%s", options->store, name);
}

static bool find_the_rest(struct fy_options *options, struct fy_err *err)
{
    static const char *const hosts[] = {"lib/ferry/ferry-host", "engine/host/ferry-host", NULL};
    static const char *const plugins[] = {"lib/ferry/plugins", "plugins", NULL};
    static const char *const workflows[] = {"share/ferry/workflows", "workflows", NULL};
    in_store(&options->connections, options, "connections.json");
    in_store(&options->access, options, "access.json");
    if (options->log < 0)
        options->log = FY_LOG_INFO;
    return find(&options->host, hosts, "host", err) && find(&options->plugins, plugins, "plugins", err) &&
           find(&options->workflows, workflows, "workflows", err);
}

/* Numbers that nobody gave get what their rows promise; "none" stays -1. */
static void default_numbers(struct fy_options *options)
{
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++)
        if (row->type == FY_OPTION_NUMBER && !fy_option_is_set(row, options) && row->otherwise[0] <= '9')
            *(int64_t *)place(row, options) = strtoll(row->otherwise, NULL, 10);
}

static bool belongs_together(const struct fy_options *options, struct fy_err *err)
{
    if (options->listen != NULL && (options->tls_certificate == NULL || options->tls_key == NULL)) {
        (void)fy_fail(err, FY_ERR_INVALID, "listen = %s, but no tls-certificate and tls-key",
                      options->listen);
        return fy_hint(err, "ferryd speaks TLS only; docs/northbound.md shows how to get a certificate");
    }
    return true;
}

/* The file named, or the one in the store. */
static bool read_file(struct fy_options *options, struct fy_err *err)
{
    if (options->config == NULL && options->store != NULL) {
        FY_AUTO(fy_free_ptr) char *usual = fy_format("%s/ferryd.conf", options->store);
        if (access(usual, F_OK) == 0)
            options->config = fy_steal(&usual);
    }
    return options->config == NULL || fy_config_read(options->config, options, err);
}

static bool read_line(int argc, char **argv, struct fy_options *options, struct fy_err *err)
{
    struct option long_options[ROWS + 1] = {0};
    int option = 0;
    for (int i = 0; i < ROWS; i++)
        long_options[i] =
            (struct option){fy_option_rows[i].name,
                            fy_option_rows[i].value != NULL ? required_argument : no_argument, NULL, i + 1};
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == '?')
            return fy_fail(err, FY_ERR_INVALID, "%s is not an option of ferryd, or lacks its value",
                           argv[optind - 1]);
        if (!fy_option_set(&fy_option_rows[option - 1], optarg, NULL, options, err))
            return false;
    }
    return optind >= argc || fy_fail(err, FY_ERR_INVALID, "%s: ferryd takes options only", argv[optind]);
}

bool fy_options_read(int argc, char **argv, struct fy_options *options, struct fy_err *err)
{
    fy_options_begin(options);
    if (!read_line(argc, argv, options, err))
        return false;
    if (options->help || options->version || options->sample_config)
        return true;
    if (!read_file(options, err))
        return false;
    default_numbers(options);
    if (options->store == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID, "no store was given");
        return fy_hint(err, "ferryd --store DIR, or \"store = DIR\" in the file of --config");
    }
    return belongs_together(options, err) && find_the_rest(options, err);
}

void fy_options_free(struct fy_options *options)
{
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++)
        if (row->type == FY_OPTION_PATH || row->type == FY_OPTION_TEXT)
            free(*(char **)place(row, options));
}

/* ---- what the table says ---- */

static const char intro[] =
    "usage: ferryd --store DIR [options]\n"
    "\n"
    "Runs the upgrades of one store. \"ferry\" starts it when needed; by hand it is started for other "
    "machines\n"
    "and people (docs/northbound.md). All but what is marked * may stand in a configuration file, as "
    "\"name = value\".\n"
    "\n";

void fy_options_help(struct fy_buf *buf)
{
    fy_buf_text(buf, intro);
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++) {
        FY_AUTO(fy_free_ptr)
        char *head = fy_format("--%s%s%s", row->name, row->value != NULL ? " " : "",
                               row->value != NULL ? row->value : "");
        fy_buf_format(buf, " %c%-24s %s", row->in_file ? ' ' : '*', head, row->help);
        if (row->otherwise != NULL)
            fy_buf_format(buf, "; default: %s", row->otherwise);
        fy_buf_text(buf, "\n");
    }
}

void fy_options_sample(struct fy_buf *buf)
{
    fy_buf_text(buf,
                "# Configuration of ferryd. \"ferryd --check-config --config THIS\" says what is wrong with "
                "it.\n# Relative paths begin in this file's folder. DIR is the store.\n");
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++)
        if (row->in_file)
            fy_buf_format(buf, "\n# %s\n# default: %s\n#%s = %s\n", row->help, row->otherwise, row->name,
                          row->value);
}
