/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, read by the table of commands: a new option is a row there and nothing here. */
#include "cli/cli.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How many words of argv the command's name takes; 0 if it is not this one. */
static int name_fits(const struct fy_command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL)
        return strcmp(argv[0], command->name) == 0 ? 1 : 0;
    size_t first = (size_t)(space - command->name);
    return argc > 1 && strlen(argv[0]) == first && strncmp(argv[0], command->name, first) == 0 &&
                   strcmp(argv[1], space + 1) == 0
               ? 2
               : 0;
}

static const struct fy_command *find_command(int argc, char **argv, int *ret_words)
{
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++)
        if ((*ret_words = name_fits(command, argc, argv)) > 0)
            return command;
    return NULL;
}

static int complain(const struct fy_cli *cli, const char *what, const char *is_wrong)
{
    (void)fprintf(stderr, "ferry: %s %s\n", what, is_wrong);
    if (cli->command != NULL)
        (void)fprintf(stderr, "  usage: ferry %s %s; \"ferry help %s\" explains it\n", cli->command->name,
                      cli->command->arguments, cli->command->name);
    else
        (void)fprintf(stderr, "  \"ferry help\" lists the commands\n");
    return FY_EXIT_USAGE;
}

/* Options that every command has. Returns 1 if it was one, 0 if not, -1 if its value is missing. */
static int read_common(struct fy_cli *cli, const char *name, const char *value, const char *next,
                       bool *ret_took)
{
    *ret_took = false;
    if (strcmp(name, "json") == 0 && value == NULL) {
        cli->json = true;
        return 1;
    }
    bool is_server = strcmp(name, "server") == 0;
    if (!is_server && strcmp(name, "store") != 0)
        return 0;
    *ret_took = value == NULL;
    value = value != NULL ? value : next;
    if (value == NULL || value[0] == '\0')
        return -1;
    if (is_server) {
        cli->server = value;
        return 1;
    }
    free(cli->store);
    cli->store = fy_strdup(value);
    return 1;
}

static const struct fy_option *find_option(const struct fy_command *command, const char *name,
                                           size_t *ret_index)
{
    for (size_t i = 0; command->options != NULL && command->options[i].name != NULL; i++)
        if (strcmp(command->options[i].name, name) == 0) {
            *ret_index = i;
            return &command->options[i];
        }
    return NULL;
}

/* One "--name", "--name=value" or "--name value". Returns how many words it took, 0 when it was not good. */
static int read_option(struct fy_cli *cli, char **argv, int left)
{
    char name[64];
    const char *text = argv[0] + 2;
    const char *equals = strchr(text, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    const char *next = left > 1 ? argv[1] : NULL;
    size_t index = 0;
    bool took = false;
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals != NULL ? equals - text : 63), text);
    int common = read_common(cli, name, value, next, &took);
    if (common > 0)
        return took ? 2 : 1;
    const struct fy_option *option = common < 0 ? NULL : find_option(cli->command, name, &index);
    if (option == NULL) {
        (void)complain(cli, argv[0], common < 0 ? "wants a value" : "is not an option of this command");
        return 0;
    }
    if (option->value == NULL || value != NULL) {
        cli->values[index] = value != NULL ? value : "";
        return 1;
    }
    if (next == NULL) {
        (void)complain(cli, argv[0], "wants a value");
        return 0;
    }
    cli->values[index] = next;
    return 2;
}

static char *default_store(void)
{
    const char *store = getenv("FERRY_STORE");
    if (store != NULL && store[0] != '\0')
        return fy_strdup(store);
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] != '\0')
        return fy_format("%s/ferry", state);
    const char *home = getenv("HOME");
    return fy_format("%s/.local/state/ferry", home != NULL ? home : "");
}

static int read_rest(struct fy_cli *cli, int argc, char **argv)
{
    for (int i = 0; i < argc;) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fy_help_one(cli->command);
            return FY_EXIT_OK;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            int words = read_option(cli, argv + i, argc - i);
            if (words == 0)
                return FY_EXIT_USAGE;
            i += words;
            continue;
        }
        if (cli->arg_count >= cli->command->max_args)
            return complain(cli, argv[i], "is one argument too many");
        cli->args[cli->arg_count++] = argv[i++];
    }
    if (cli->arg_count < cli->command->min_args)
        return complain(cli, cli->command->name, "wants more arguments");
    if ((strcmp(cli->command->arguments, "RUN") == 0 || strncmp(cli->command->arguments, "RUN ", 4) == 0) &&
        cli->args[0][strcspn(cli->args[0], "/?#% \t\r\n")] != '\0')
        return complain(cli, cli->args[0], "is not the name of a run; \"ferry list\" shows them");
    return -1;
}

/* "adapter" alone: which of its commands is meant? */
static int unknown_command(const struct fy_cli *cli, const char *word)
{
    size_t length = strlen(word);
    const char *lead = "one of:";
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++)
        if (strncmp(command->name, word, length) == 0 && command->name[length] == ' ') {
            if (lead[0] != ',')
                (void)fprintf(stderr, "ferry: %s is not a command by itself\n  %s", word, lead);
            (void)fprintf(stderr, "%s ferry %s", lead[0] != ',' ? "" : ",", command->name);
            lead = ",";
        }
    if (lead[0] != ',')
        return complain(cli, word, "is not a command");
    (void)fputc('\n', stderr);
    return FY_EXIT_USAGE;
}

int fy_cli_read(struct fy_cli *cli, int argc, char **argv)
{
    int words = 0;
    argc--;
    argv++;
    while (argc > 0 && strncmp(argv[0], "--", 2) == 0) { /* common options may stand in front */
        bool took = false;
        if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "--version") == 0)
            break;
        const char *equals = strchr(argv[0], '=');
        FY_AUTO(fy_free_ptr)
        char *name = fy_strndup(argv[0] + 2, (size_t)(equals != NULL ? equals - argv[0] - 2 : 63));
        if (read_common(cli, name, equals != NULL ? equals + 1 : NULL, argc > 1 ? argv[1] : NULL, &took) <= 0)
            return complain(cli, argv[0], "is not an option, or wants a value");
        argc -= took ? 2 : 1;
        argv += took ? 2 : 1;
    }
    if (argc == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        fy_help_all();
        return argc == 0 ? FY_EXIT_USAGE : FY_EXIT_OK;
    }
    if (strcmp(argv[0], "--version") == 0)
        argv[0] += 2;
    cli->command = find_command(argc, argv, &words);
    if (cli->command == NULL)
        return unknown_command(cli, argv[0]);
    int code = read_rest(cli, argc - words, argv + words);
    const char *server = getenv("FERRY_SERVER");
    if (cli->server == NULL && cli->store == NULL && server != NULL && server[0] != '\0')
        cli->server = server;
    if (cli->store == NULL)
        cli->store = default_store();
    return code;
}

const char *fy_cli_option(const struct fy_cli *cli, const char *name)
{
    size_t index = 0;
    return find_option(cli->command, name, &index) != NULL ? cli->values[index] : NULL;
}

bool fy_cli_number(const struct fy_cli *cli, const char *name, int64_t min, int64_t otherwise, int64_t *ret)
{
    const char *text = fy_cli_option(cli, name);
    char *end = NULL;
    *ret = otherwise;
    if (text == NULL)
        return true;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && number >= min) {
        *ret = number;
        return true;
    }
    (void)fprintf(stderr, "ferry: --%s %s: an integer from %lld up is wanted\n", name, text, (long long)min);
    return false;
}
