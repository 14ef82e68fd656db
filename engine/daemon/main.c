/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"
#include "daemon/daemon.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static int print(const struct fy_options *options)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    if (options->help)
        fy_options_help(&text);
    else if (options->sample_config)
        fy_options_sample(&text);
    else
        fy_buf_text(&text, "ferryd " FERRY_VERSION "\n");
    return fwrite(text.data, 1, text.length, stdout) == text.length && fflush(stdout) == 0 ? 0 : 1;
}

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
    if (options.help || options.version || options.sample_config)
        return print(&options);
    if (options.check_config)
        return fy_check_config(&options) ? 0 : 2;
    fy_log_open("ferryd", (enum fy_log_level)options.log);
    struct fy_daemon *daemon = fy_daemon_start(&options, &err);
    if (daemon == NULL) {
        fy_log_err(&err, "not started");
        _exit(1);
    }
    fy_daemon_serve(daemon);
    return 0;
}
