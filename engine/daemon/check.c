/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"

#include "adapter/connections.h"
#include "api/access.h"
#include "base/file.h"
#include "base/mem.h"
#include "notify/notify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PEM_MAX ((size_t)1024 * 1024)

static bool tell(const char *what, const char *path, bool good, const struct fy_err *err)
{
    (void)printf("%-15s %s: %s\n", what, path, good ? "ok" : err->message);
    if (!good && err->hint[0] != '\0')
        (void)printf("%-15s %s\n", "", err->hint);
    return good;
}

static bool check_connections(const struct fy_options *options)
{
    struct fy_err err = {0};
    if (access(options->connections, F_OK) != 0) {
        (void)printf("%-15s %s: not there; orders cannot name any connection\n", "connections",
                     options->connections);
        return true;
    }
    struct fy_connections *connections = fy_connections_read(options->connections, &err);
    bool good =
        connections != NULL && fy_notify_check(connections->receivers_json, connections->directory, &err);
    fy_connections_free(connections);
    return tell("connections", options->connections, good, &err);
}

static bool check_place(const char *what, const char *path, int mode)
{
    struct fy_err err = {0};
    return tell(what, path, access(path, mode) == 0 || fy_fail_errno(&err, "cannot be used"), &err);
}

static bool check_access(const struct fy_options *options)
{
    struct fy_err err = {0};
    if (access(options->access, F_OK) != 0) {
        (void)printf("%-15s %s: not there; only ferryd's own user and root may do anything\n", "access",
                     options->access);
        return true;
    }
    struct fy_access *found = fy_access_read(options->access, &err);
    bool good = found != NULL;
    fy_access_unref(found);
    return tell("access", options->access, good, &err);
}

/* Only whether they can be read: what is in them is seen when they are used. */
static bool check_tls(const struct fy_options *options)
{
    struct fy_err err = {0};
    FY_AUTO(fy_buf_free) struct fy_buf key = {0};
    if (options->listen == NULL)
        return true;
    (void)printf("%-15s %s\n", "listen", options->listen);
    bool good =
        tell("tls-key", options->tls_key, fy_read_private_file(options->tls_key, PEM_MAX, &key, &err), &err);
    if (key.data != NULL)
        explicit_bzero(key.data, key.room);
    good = check_place("tls-certificate", options->tls_certificate, R_OK) && good;
    return options->tls_clients == NULL || (check_place("tls-clients", options->tls_clients, R_OK) && good);
}

bool fy_check_config(const struct fy_options *options)
{
    (void)printf("%-15s %s\n", "config", options->config != NULL ? options->config : "none");
    (void)printf("%-15s %s\n", "store", options->store);
    bool good = check_connections(options);
    good = check_access(options) && good;
    good = check_tls(options) && good;
    good = check_place("plugins", options->plugins, R_OK | X_OK) && good;
    good = check_place("workflows", options->workflows, R_OK | X_OK) && good;
    good = check_place("host", options->host, X_OK) && good;
    return good;
}
