/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: lines "name = value", by the table of options. */
#include "daemon/options.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

/* Without the white space around it. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static const struct fy_option_row *find_row(const char *name)
{
    for (const struct fy_option_row *row = fy_option_rows; row->name != NULL; row++)
        if (row->in_file && strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static bool take(const char *name, const char *value, const char *directory, struct fy_options *said,
                 struct fy_options *options, struct fy_err *err)
{
    const struct fy_option_row *row = find_row(name);
    if (row == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is not an option", name);
        return fy_hint(err, "\"ferryd --sample-config\" prints them all");
    }
    if (fy_option_is_set(row, said))
        return fy_fail(err, FY_ERR_INVALID, "%s is here twice", name);
    if (!fy_option_set(row, value, directory, said, err))
        return false;
    return fy_option_is_set(row, options) || fy_option_set(row, value, directory, options, err);
}

/* One line. said holds what the file has so far, so that nothing is said twice. */
static bool take_line(char *line, const char *directory, struct fy_options *said, struct fy_options *options,
                      struct fy_err *err)
{
    char *text = trim(line);
    char *equals = strchr(text, '=');
    if (text[0] == '\0' || text[0] == '#')
        return true;
    if (equals == NULL)
        return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is not \"name = value\"", text);
    *equals = '\0';
    return take(trim(text), trim(equals + 1), directory, said, options, err);
}

bool fy_config_read(const char *path, struct fy_options *options, struct fy_err *err)
{
    char line[LINE_MAX_BYTES];
    struct fy_options said;
    const char *slash = strrchr(path, '/');
    FY_AUTO(fy_free_ptr)
    char *directory =
        slash == NULL ? fy_strdup(".") : fy_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    FILE *file = fopen(path, "re");
    bool good = true;
    if (file == NULL) {
        (void)fy_fail_errno(err, "could not open the configuration %s", path);
        return fy_hint(err, "\"ferryd --sample-config > %s\" writes one to start from", path);
    }
    fy_options_begin(&said);
    for (int number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
        if (strchr(line, '\n') == NULL && !feof(file))
            good = fy_fail(err, FY_ERR_INVALID, "the line is longer than %d bytes", LINE_MAX_BYTES - 2);
        else
            good = take_line(line, directory, &said, options, err);
        if (!good)
            (void)fy_wrap(err, "%s, line %d", path, number);
    }
    if (good && ferror(file) != 0)
        good = fy_fail_errno(err, "could not read the configuration %s", path);
    (void)fclose(file);
    fy_options_free(&said);
    return good;
}
