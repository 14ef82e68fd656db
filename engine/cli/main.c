/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/mem.h"
#include "cli/client.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct fy_cli cli = {0};
    fy_json_init();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)curl_global_init(CURL_GLOBAL_NOTHING);
    int code = fy_cli_read(&cli, argc, argv);
    if (code < 0) {
        cli.client = fy_client_new(cli.store);
        code = cli.command->run(&cli);
        fy_client_free(cli.client);
    }
    free(cli.store);
    curl_global_cleanup();
    return code;
}
