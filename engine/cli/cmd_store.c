/* SPDX-License-Identifier: Apache-2.0 */
/* ferry store ...: hands its words to ferry-store, which opens stores; this program does not. */
#include "base/beside.h"
#include "base/mem.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fy_cmd_store(struct fy_cli *cli)
{
    static const char *const places[] = {"lib/ferry/ferry-store", "engine/daemon/ferry-store", NULL};
    char *program = fy_find_beside(places);
    const char *argv[FY_CLI_ARGS + 3] = {"ferry-store", strchr(cli->command->name, ' ') + 1};
    struct fy_err err;
    for (size_t i = 0; i < cli->arg_count; i++)
        argv[i + 2] = cli->args[i];
    if (program != NULL)
        (void)execv(program, (char *const *)(uintptr_t)argv);
    (void)fy_fail(&err, FY_ERR_TRANSIENT, "ferry-store was not found beside this program");
    free(program);
    return fy_cli_fail(&err);
}
