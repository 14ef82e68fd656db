/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"

#include "adapter/connections.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static bool tell(const char *what, const char *path, bool good, const struct fy_err *err)
{
    (void)printf("%-12s %s: %s\n", what, path, good ? "ok" : err->message);
    if (!good && err->hint[0] != '\0')
        (void)printf("%-12s %s\n", "", err->hint);
    return good;
}

static bool check_connections(const struct fy_options *options)
{
    struct fy_err err = {0};
    if (access(options->connections, F_OK) != 0) {
        (void)printf("%-12s %s: not there; orders cannot name any connection\n", "connections",
                     options->connections);
        return true;
    }
    struct fy_connections *connections = fy_connections_read(options->connections, &err);
    bool good = connections != NULL;
    fy_connections_free(connections);
    return tell("connections", options->connections, good, &err);
}

static bool check_place(const char *what, const char *path, int mode)
{
    struct fy_err err = {0};
    return tell(what, path, access(path, mode) == 0 || fy_fail_errno(&err, "cannot be used"), &err);
}

bool fy_check_config(const struct fy_options *options)
{
    (void)printf("%-12s %s\n", "config", options->config != NULL ? options->config : "none");
    (void)printf("%-12s %s\n", "store", options->store);
    bool good = check_connections(options);
    good = check_place("plugins", options->plugins, R_OK | X_OK) && good;
    good = check_place("workflows", options->workflows, R_OK | X_OK) && good;
    good = check_place("host", options->host, X_OK) && good;
    return good;
}
