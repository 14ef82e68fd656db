/* SPDX-License-Identifier: Apache-2.0 */
/* How a command ends: the words and the exit code. */
#include "cli/cli.h"

#include <stdio.h>

int fy_exit_of(const struct fy_err *err)
{
    static const int codes[] = {
        [FY_ERR_NONE] = FY_EXIT_FAILED,         [FY_ERR_INVALID] = FY_EXIT_USAGE,
        [FY_ERR_REFUSED] = FY_EXIT_FAILED,      [FY_ERR_CONFLICT] = FY_EXIT_CONFLICT,
        [FY_ERR_NOT_FOUND] = FY_EXIT_NOT_FOUND, [FY_ERR_TRANSIENT] = FY_EXIT_ENGINE,
        [FY_ERR_TIMEOUT] = FY_EXIT_FAILED,      [FY_ERR_PERMANENT] = FY_EXIT_FAILED,
        [FY_ERR_UNSURE] = FY_EXIT_FAILED,       [FY_ERR_INTERNAL] = FY_EXIT_FAILED,
    };
    return codes[err->kind];
}

int fy_cli_fail(const struct fy_err *err)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "ferry: %s\n", err->message);
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "  %s\n", err->hint);
    return fy_exit_of(err);
}

int fy_cmd_version(struct fy_cli *cli)
{
    (void)printf(cli->json ? "{\"version\":\"%s\"}\n" : "ferry %s\n", FERRY_VERSION);
    return FY_EXIT_OK;
}
