/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/connections.h"

#include "adapter/check.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX   (1024 * 1024)
#define SECRET_MAX (64 * 1024)

/* A name that can be a file's: of a connection, a plugin, a tenant. */
static bool plain_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return length > 0 && length <= 63 && name[length] == '\0' && name[0] != '.' && name[0] != '-';
}

/* Read a small file whole. others_may_read is false for a secret. */
static bool read_file(const char *path, off_t limit, bool others_may_read, struct fy_buf *buf,
                      struct fy_err *err)
{
    struct stat found;
    FY_AUTO(fy_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) != 0) {
        fy_fail_errno(err, "could not open %s", path);
        if (errno == ENOENT)
            err->kind = FY_ERR_NOT_FOUND;
        return false;
    }
    if (!S_ISREG(found.st_mode) || found.st_size > limit)
        return fy_fail(err, FY_ERR_INVALID, "%s is not a file of at most %lld bytes", path, (long long)limit);
    if (!others_may_read && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        fy_fail(err, FY_ERR_REFUSED, "the secret file %s can be read by others (mode %04o)", path,
                (unsigned)found.st_mode & 07777u);
        return fy_hint(err, "chmod 600 '%s'", path);
    }
    fy_buf_reserve(buf, (size_t)found.st_size + 1); /* once, so that no copy of a secret stays behind */
    for (;;) {
        ssize_t got = read(fd, buf->data + buf->length, (size_t)found.st_size + 1 - buf->length);
        if (got < 0)
            return fy_fail_errno(err, "could not read %s", path);
        buf->length += (size_t)got;
        if (got == 0 || buf->length > (size_t)found.st_size)
            break;
    }
    buf->data[buf->length] = '\0';
    return true;
}

/* Parsing. */

static bool known_members(const json_t *object, const char *const *known, struct fy_err *err)
{
    const char *name;
    json_t *value, *all = (json_t *)(uintptr_t)object; /* jansson's iterators take no const */
    json_object_foreach(all, name, value)
    {
        bool found = false;
        for (const char *const *k = known; *k != NULL; k++)
            found = found || strcmp(*k, name) == 0;
        if (found)
            continue;
        fy_fail(err, FY_ERR_INVALID, "member \"%s\" is not known", name);
        const char *meant = fy_nearest(name, known);
        return meant != NULL && fy_hint(err, "did you mean \"%s\"?", meant);
    }
    return true;
}

/* An optional list of plain names. */
static bool parse_names(const json_t *from, const char *member, char ***ret, struct fy_err *err)
{
    const json_t *list = json_object_get(from, member);
    if (list != NULL && !json_is_array(list))
        return fy_fail(err, FY_ERR_INVALID, "\"%s\" must be a list of names", member);
    *ret = FY_NEW_ARRAY(char *, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name == NULL || !plain_name(name))
            return fy_fail(err, FY_ERR_INVALID, "\"%s\" must be a list of names", member);
        (*ret)[i] = fy_strdup(name);
    }
    return true;
}

static bool parse_secrets(const json_t *from, struct fy_connection *connection, struct fy_err *err)
{
    static const char *const known[] = {"file", NULL};
    json_t *secrets = json_object_get(from, "secrets"), *secret;
    const char *name, *file;
    if (secrets != NULL && !json_is_object(secrets))
        return fy_fail(err, FY_ERR_INVALID, "\"secrets\" must be an object");
    connection->secrets = FY_NEW_ARRAY(struct fy_secret, json_object_size(secrets));
    json_object_foreach(secrets, name, secret)
    {
        if (!json_is_object(secret)) {
            fy_fail(err, FY_ERR_INVALID, "secret \"%s\" must name its file", name);
            return fy_hint(err, "\"%s\": {\"file\": \"/etc/ferry/...\"}; no secret stands in this file",
                           name);
        }
        if (!known_members(secret, known, err) || !fy_json_string(secret, "file", &file, err))
            return fy_wrap(err, "secret \"%s\"", name);
        connection->secrets[connection->secret_count++] = (struct fy_secret){
            fy_strdup(name),
            file[0] == '/' ? fy_strdup(file) : fy_format("%s/%s", connection->directory, file)};
    }
    return true;
}

static bool parse_connection(const char *name, const json_t *from, const char *directory,
                             struct fy_connection *connection, struct fy_err *err)
{
    static const char *const known[] = {"plugin", "tenants", "serves", "settings", "secrets", NULL};
    const char *plugin;
    if (!plain_name(name))
        return fy_fail(err, FY_ERR_INVALID, "its name must be letters, digits, . _ and -");
    if (!json_is_object(from))
        return fy_fail(err, FY_ERR_INVALID, "it must be an object");
    if (!known_members(from, known, err) || !fy_json_string(from, "plugin", &plugin, err))
        return false;
    if (!plain_name(plugin)) {
        fy_fail(err, FY_ERR_INVALID, "plugin \"%s\" is not a plain name", plugin);
        return fy_hint(err, "plugins are looked up in the plugin folder: \"sim_vim\", not a path");
    }
    const json_t *settings = json_object_get(from, "settings");
    if (settings != NULL && !json_is_object(settings))
        return fy_fail(err, FY_ERR_INVALID, "\"settings\" must be an object");
    connection->name = fy_strdup(name);
    connection->plugin = fy_strdup(plugin);
    connection->directory = fy_strdup(directory);
    connection->settings = settings != NULL ? fy_json_text(settings) : fy_strdup("{}");
    return parse_names(from, "tenants", &connection->tenants, err) &&
           parse_names(from, "serves", &connection->serves, err) && parse_secrets(from, connection, err);
}

static bool parse_receivers(const json_t *document, struct fy_connections *connections, struct fy_err *err)
{
    json_t *receivers = json_object_get(document, "receivers"), *one;
    const char *name;
    size_t count = 0;
    connections->receivers = FY_NEW_ARRAY(char *, json_object_size(receivers) + 1);
    if (receivers != NULL && !json_is_object(receivers))
        return fy_fail(err, FY_ERR_INVALID, "\"receivers\" must be an object: {\"oss-east\": {}}");
    json_object_foreach(receivers, name, one)
    {
        if (!plain_name(name) || !json_is_object(one))
            return fy_fail(err, FY_ERR_INVALID, "receiver %.63s must be a plain name and an object", name);
        connections->receivers[count++] = fy_strdup(name);
    }
    return true;
}

struct fy_connections *fy_connections_parse(const char *text, size_t length, const char *directory,
                                            const char *where, struct fy_err *err)
{
    static const char *const known[] = {"connections", "receivers", NULL};
    json_t *all, *one;
    const char *name;
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(text, length, where, err);
    if (document == NULL)
        return NULL;
    if (!json_is_object(document) || !known_members(document, known, err) ||
        !fy_json_object(document, "connections", &all, err)) {
        if (!json_is_object(document))
            fy_fail(err, FY_ERR_INVALID, "it must be {\"connections\": {...}}");
        fy_wrap(err, "%s", where);
        return NULL;
    }
    struct fy_connections *connections = FY_NEW(struct fy_connections);
    connections->items = FY_NEW_ARRAY(struct fy_connection, json_object_size(all));
    const json_t *receivers = json_object_get(document, "receivers");
    connections->receivers_json = receivers != NULL ? fy_json_text(receivers) : fy_strdup("{}");
    connections->directory = fy_strdup(directory);
    if (!parse_receivers(document, connections, err)) {
        fy_wrap(err, "%s", where);
        fy_connections_free(connections);
        return NULL;
    }
    json_object_foreach(all, name, one)
    {
        if (!parse_connection(name, one, directory, &connections->items[connections->count++], err)) {
            fy_wrap(err, "%s: connection %s", where, name);
            fy_connections_free(connections);
            return NULL;
        }
    }
    return connections;
}

struct fy_connections *fy_connections_read(const char *path, struct fy_err *err)
{
    struct fy_buf buf = {0};
    struct fy_connections *connections = NULL;
    const char *slash = strrchr(path, '/');
    FY_AUTO(fy_free_ptr)
    char *directory =
        slash == NULL ? fy_strdup(".") : fy_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    FY_AUTO(fy_free_ptr)
    char *whole = realpath(directory, NULL); /* hosts have a working folder of their own */
    if (read_file(path, FILE_MAX, true, &buf, err))
        connections =
            fy_connections_parse(buf.data, buf.length, whole != NULL ? whole : directory, path, err);
    fy_buf_free(&buf);
    return connections;
}

void fy_connections_free(struct fy_connections *connections)
{
    for (size_t i = 0; connections != NULL && i < connections->count; i++) {
        struct fy_connection *connection = &connections->items[i];
        for (char **tenant = connection->tenants; tenant != NULL && *tenant != NULL; tenant++)
            free(*tenant);
        for (char **name = connection->serves; name != NULL && *name != NULL; name++)
            free(*name);
        for (size_t s = 0; s < connection->secret_count; s++) {
            free(connection->secrets[s].name);
            free(connection->secrets[s].file);
        }
        free(connection->tenants);
        free(connection->serves);
        free(connection->secrets);
        free(connection->name);
        free(connection->plugin);
        free(connection->settings);
        free(connection->directory);
    }
    for (char **name = connections != NULL ? connections->receivers : NULL; name != NULL && *name != NULL;
         name++)
        free(*name);
    if (connections != NULL) {
        free(connections->receivers);
        free(connections->receivers_json);
        free(connections->directory);
        free(connections->items);
    }
    free(connections);
}

char *fy_plugin_path(const char *directory, const char *plugin, struct fy_err *err)
{
    if (plain_name(plugin))
        return fy_format("%s/%s.so", directory, plugin);
    fy_fail(err, FY_ERR_INVALID, "plugin \"%s\" is not a plain name", plugin);
    return NULL;
}

/* Secrets. */

static void wipe(struct fy_buf *buf)
{
    if (buf->data != NULL)
        explicit_bzero(buf->data, buf->room);
    fy_buf_free(buf);
}

static bool put_secret(const struct fy_secret *secret, struct fy_buf *all, struct fy_err *err)
{
    struct fy_buf buf = {0};
    bool read = read_file(secret->file, SECRET_MAX, false, &buf, err);
    if (read) {
        while (buf.length > 0 && (buf.data[buf.length - 1] == '\n' || buf.data[buf.length - 1] == '\r'))
            buf.data[--buf.length] = '\0'; /* editors end a file with a line feed, passwords do not */
        fy_buf_format(all, "%s\"%s\":", all->length > 1 ? "," : "", secret->name);
        fy_buf_json_string(all, buf.data, buf.length);
    }
    wipe(&buf);
    return read || fy_wrap(err, "secret %s", secret->name);
}

int fy_connection_secrets(const struct fy_connection *connection, struct fy_err *err)
{
    struct fy_buf all = {0};
    fy_buf_reserve(&all, connection->secret_count * 8 * (size_t)SECRET_MAX + 1); /* never moved, see wipe */
    fy_buf_text(&all, "{");
    bool good = true;
    for (size_t i = 0; i < connection->secret_count && good; i++)
        good = put_secret(&connection->secrets[i], &all, err);
    fy_buf_text(&all, "}");
    FY_AUTO(fy_close_fd) int fd = good ? memfd_create("ferry-secrets", MFD_CLOEXEC) : -1;
    if (good && (fd < 0 || write(fd, all.data, all.length) != (ssize_t)all.length))
        good = fy_fail_errno(err, "could not hand over the secrets");
    wipe(&all);
    if (!good)
        return -1;
    int ready = fd;
    fd = -1;
    return ready;
}
