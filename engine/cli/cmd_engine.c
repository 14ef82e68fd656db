/* SPDX-License-Identifier: Apache-2.0 */
/* ferry engine status, engine stop. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_MS 5000

static json_t *engine_view(struct fy_cli *cli, struct fy_err *err)
{
    fy_client_may_start(cli->client, false);
    return fy_client_get(cli->client, err, "/v1/engine");
}

int fy_cmd_engine_status(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = engine_view(cli, &err);
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    json_t *runs = json_object_get(doc, "runs");
    const char *trouble = fy_json_string_or(doc, "store_trouble", NULL);
    (void)printf("ferryd %s runs as process %lld, epoch %lld\n", fy_json_string_or(doc, "version", "?"),
                 (long long)fy_json_int_or(doc, "pid", 0), (long long)fy_json_int_or(doc, "epoch", 0));
    (void)printf("  %s\n", fy_json_string_or(doc, "store", "?"));
    (void)printf("  %lld runs, %lld of them live; %lld records in %lld commits since its start\n",
                 (long long)fy_json_int_or(runs, "total", 0), (long long)fy_json_int_or(runs, "live", 0),
                 (long long)fy_json_int_or(doc, "records", 0), (long long)fy_json_int_or(doc, "commits", 0));
    if (trouble != NULL)
        (void)printf("  store unavailable: %s\n", trouble);
    return FY_EXIT_OK;
}

/* Its journal makes a kill harmless; SIGTERM lets it say so in its log. */
int fy_cmd_engine_stop(struct fy_cli *cli)
{
    struct fy_err err = {0};
    if (fy_client_is_remote(cli->client)) {
        (void)fy_fail(&err, FY_ERR_INVALID, "a ferryd on another machine is stopped there");
        (void)fy_hint(&err, "systemctl stop ferryd, or \"ferry engine stop\" on that machine");
        return fy_cli_fail(&err);
    }
    FY_AUTO(fy_json_unref) json_t *doc = engine_view(cli, &err);
    if (doc == NULL)
        return fy_cli_fail(&err);
    pid_t pid = (pid_t)fy_json_int_or(doc, "pid", 0);
    FY_AUTO(fy_close_fd) int fd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (fd < 0 || pidfd_send_signal(fd, SIGTERM, NULL, 0) != 0) {
        (void)fy_fail_errno(&err, "could not stop process %d", (int)pid);
        return fy_cli_fail(&err);
    }
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    if (poll(&ended, 1, STOP_MS) != 1) {
        (void)fy_fail(&err, FY_ERR_TIMEOUT, "process %d was told to stop and has not", (int)pid);
        return fy_cli_fail(&err);
    }
    int64_t live = fy_json_int_or(json_object_get(doc, "runs"), "live", 0);
    (void)printf(cli->json ? "{\"stopped\":%d,\"live\":%lld}\n"
                           : "stopped process %d; %lld live runs go on when ferryd starts again\n",
                 (int)pid, (long long)live);
    return FY_EXIT_OK;
}
