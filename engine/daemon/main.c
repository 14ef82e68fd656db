/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include "base/json.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct fy_options options;
    struct fy_err err;
    fy_json_init();
    fy_log_open("ferryd", FY_LOG_INFO);
    if (!fy_options_read(argc, argv, &options, &err)) {
        fy_log_err(&err, "not started");
        return 2;
    }
    if (options.help || options.version) {
        (void)fputs(options.help ? fy_options_help : "ferryd " FERRY_VERSION "\n", stdout);
        return 0;
    }
    fy_log_open("ferryd", options.log);
    struct fy_daemon *daemon = fy_daemon_start(&options, &err);
    if (daemon == NULL) {
        fy_log_err(&err, "not started");
        _exit(1);
    }
    fy_daemon_serve(daemon);
    return 0;
}
