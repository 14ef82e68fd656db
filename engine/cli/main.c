/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/mem.h"
#include "cli/client.h"
#include "cli/server.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

static int choose_server(struct fy_cli *cli)
{
    struct fy_err err = {0};
    if (cli->server == NULL)
        return FY_EXIT_OK;
    struct fy_server *server = fy_server_find(cli->server, &err);
    if (server == NULL)
        return fy_cli_fail(&err);
    fy_client_use(cli->client, server);
    return FY_EXIT_OK;
}

int main(int argc, char **argv)
{
    struct fy_cli cli = {0};
    fy_json_init();
    (void)signal(SIGPIPE, SIG_IGN);
    int code = fy_cli_read(&cli, argc, argv);
    (void)curl_global_init(cli.server != NULL ? CURL_GLOBAL_SSL : CURL_GLOBAL_NOTHING);
    if (code < 0) {
        cli.client = fy_client_new(cli.store);
        code = choose_server(&cli);
        code = code == FY_EXIT_OK ? cli.command->run(&cli) : code;
        fy_client_free(cli.client);
    }
    free(cli.store);
    curl_global_cleanup();
    return code;
}
