/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections file: which adapters this engine may use, where, with which settings and for whom.
 *
 *     {"connections": {
 *        "sim-cloud": {"plugin": "sim_vim", "tenants": ["core-east"], "serves": ["amf-east-1"],
 *                      "settings": {"socket": "sim.sock"},
 *                      "secrets": {"password": {"file": "/etc/ferry/sim-cloud.password"}}}},
 *      "receivers": {"oss-east": {"url": "https://...", "secret": {"file": "oss-east.key"}}}}
 *
 * Receivers are who an order may name in a Callback; what is in them is for notify/notify.h. One that is
 * empty is known by name only.
 *
 * A plugin is a name, looked up in the plugin directory, never a path. Secrets are read from their files
 * each time a host starts, and go nowhere else.
 */
#ifndef FY_ADAPTER_CONNECTIONS_H
#define FY_ADAPTER_CONNECTIONS_H

#include "base/err.h"

#include <stddef.h>

struct fy_secret {
    char *name, *file;
};

struct fy_connection {
    char *name, *plugin;
    char **tenants; /* ends with NULL */
    char **serves;  /* network function instances it speaks for, so that they can be asked as mates; ends with
                       NULL */
    char *settings; /* JSON object text */
    char *directory; /* of the connections file: relative paths in settings of type "path" start here */
    struct fy_secret *secrets;
    size_t secret_count;
};

struct fy_connections {
    struct fy_connection *items; /* in the order of the file */
    size_t count;
    char **receivers;                 /* names; ends with NULL */
    char *receivers_json, *directory; /* the object of receivers as text; where relative paths begin */
};

/* Read the file; every fault names the connection and member. */
struct fy_connections *fy_connections_read(const char *path, struct fy_err *err) FY_MUST_CHECK;

/* The same from text; directory is where relative paths start. */
struct fy_connections *fy_connections_parse(const char *text, size_t length, const char *directory,
                                            const char *where, struct fy_err *err) FY_MUST_CHECK;
void fy_connections_free(struct fy_connections *connections);

/* "DIRECTORY/sim_vim.so"; refuses a name that is not a plain one. The caller frees it. */
char *fy_plugin_path(const char *directory, const char *plugin, struct fy_err *err);

/*
 * The secrets of a connection as a JSON object in a memfd, read from their files now. A file that others
 * may read is refused. -1 on failure; the caller closes it.
 */
int fy_connection_secrets(const struct fy_connection *connection, struct fy_err *err);

#endif
