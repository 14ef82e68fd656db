/* SPDX-License-Identifier: Apache-2.0 */
/* ferry rehearse: hands its options to ferry-rehearse, which has an engine in it and this program has not. */
#include "base/beside.h"
#include "base/mem.h"
#include "cli/cli.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_ARGUMENTS 20

static int run_and_wait(const char *program, char **argv)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)execv(program, argv);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : FY_EXIT_FAILED;
}

int fy_cmd_rehearse(struct fy_cli *cli)
{
    static const char *const places[] = {"lib/ferry/ferry-rehearse", "engine/rehearse/ferry-rehearse", NULL};
    FY_AUTO(fy_free_ptr) char *program = fy_find_beside(places);
    char *argv[MOST_ARGUMENTS];
    size_t count = 0;
    struct fy_err err;
    if (program == NULL) {
        (void)fy_fail(&err, FY_ERR_TRANSIENT, "ferry-rehearse was not found beside this program");
        return fy_cli_fail(&err);
    }
    argv[count++] = fy_strdup("ferry-rehearse");
    for (size_t i = 0; cli->command->options[i].name != NULL && count + 4 < MOST_ARGUMENTS; i++)
        if (cli->values[i] != NULL)
            argv[count++] = cli->command->options[i].value == NULL
                                ? fy_format("--%s", cli->command->options[i].name)
                                : fy_format("--%s=%s", cli->command->options[i].name, cli->values[i]);
    if (cli->json)
        argv[count++] = fy_strdup("--json");
    argv[count++] = fy_strdup(cli->args[0]);
    argv[count] = NULL;
    const int code = run_and_wait(program, argv);
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
    return code;
}
