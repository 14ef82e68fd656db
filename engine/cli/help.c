/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const char exit_codes[] =
    "Exit codes (they do not change):\n"
    "  0  done, as asked; for a run: completed or committed\n"
    "  1  the run failed or was rolled back; or the request was refused\n"
    "  2  the command line is wrong, or the order it named\n"
    "  3  there is no such run, file, connection or workflow\n"
    "  4  a conflict: something else stands in the way\n"
    "  5  a person has to decide, and --no-wait was given\n"
    "  6  ferryd cannot be reached or started, or a peer does not answer it\n"
    "  7  the run is parked with an error; \"ferry show RUN\" says what can be done\n";

static const char everywhere[] =
    "Everywhere:\n"
    "  --store DIR    the store; default $FERRY_STORE, then $XDG_STATE_HOME/ferry or ~/.local/state/ferry\n"
    "  --server S     a ferryd on another machine: https://..., or a profile; default $FERRY_SERVER\n"
    "                 (\"ferry help servers\")\n"
    "  --json         the answer as JSON, for programs\n"
    "  NO_COLOR=1     no colours; there are none either when the output is not a terminal\n";

static const char servers[] =
    "Servers: --server https://ferry.example:8443, or --server NAME of a profile in\n"
    "$XDG_CONFIG_HOME/ferry/servers or ~/.config/ferry/servers:\n"
    "\n"
    "  [NAME]\n"
    "  url = https://ferry.example:8443\n"
    "  token-file = ~/.ferry-token         only you may read it (mode 0600)\n"
    "  ca = /etc/ferry/ca.pem              who signs the server's certificate; otherwise the system's\n"
    "  certificate = ana.pem               instead of a token; relative to this file\n"
    "  key = ana.key\n"
    "\n"
    "The environment wins over a profile, and is all there is for a URL:\n"
    "  FERRY_TOKEN, FERRY_TOKEN_FILE, FERRY_CA, FERRY_CERTIFICATE, FERRY_KEY\n"
    "  FERRY_SERVER   the server, where neither --server nor --store is given\n";

static void print_row(const struct fy_command *command)
{
    char left[64];
    (void)snprintf(left, sizeof left, "%s %s", command->name, command->arguments);
    (void)printf("  %-36s %s\n", left, command->summary);
}

void fy_help_all(void)
{
    (void)printf("ferry: in-service upgrades of telecom network functions\n\n");
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++)
        print_row(command);
    (void)printf("\n\"ferry help COMMAND\" explains one with an example.\n\n%s\n%s", everywhere, exit_codes);
}

void fy_help_one(const struct fy_command *command)
{
    (void)printf("usage: ferry %s %s%s\n\n%s.\n", command->name, command->arguments,
                 command->options != NULL ? " [options]" : "", command->summary);
    if (command->more != NULL)
        (void)printf("\n%s\n", command->more);
    if (command->options != NULL)
        (void)printf("\nOptions:\n");
    for (const struct fy_option *option = command->options; option != NULL && option->name != NULL;
         option++) {
        char left[48];
        (void)snprintf(left, sizeof left, "--%s %s", option->name,
                       option->value != NULL ? option->value : "");
        (void)printf("  %-18s %s\n", left, option->help);
    }
    (void)printf("\n%s\nExample:\n  %s\n", everywhere, command->example);
}

/* "ferry help audit": the commands that begin with that word. False if none does. */
static bool help_group(const char *word)
{
    size_t length = strlen(word);
    bool any = false;
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++) {
        if (strncmp(command->name, word, length) != 0 || command->name[length] != ' ')
            continue;
        print_row(command);
        any = true;
    }
    if (any)
        (void)printf("\n\"ferry help %s COMMAND\" explains one with an example.\n", word);
    return any;
}

int fy_cmd_help(struct fy_cli *cli)
{
    char name[64];
    if (cli->arg_count == 0) {
        fy_help_all();
        return FY_EXIT_OK;
    }
    if (strcmp(cli->args[0], "servers") == 0) {
        (void)fputs(servers, stdout);
        return FY_EXIT_OK;
    }
    if (strcmp(cli->args[0], "exit-codes") == 0) {
        (void)fputs(exit_codes, stdout);
        return FY_EXIT_OK;
    }
    (void)snprintf(name, sizeof name, "%s%s%s", cli->args[0], cli->arg_count > 1 ? " " : "",
                   cli->arg_count > 1 ? cli->args[1] : "");
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0) {
            fy_help_one(command);
            return FY_EXIT_OK;
        }
    if (cli->arg_count == 1 && help_group(name))
        return FY_EXIT_OK;
    (void)fprintf(stderr, "ferry: there is no command %s\n  \"ferry help\" lists them\n", name);
    return FY_EXIT_USAGE;
}
