/* SPDX-License-Identifier: Apache-2.0 */
/* The first message to an adapter host: which plugin, with which settings and secrets. */
#include "adapter/host.h"

#include "adapter/settings.h"

#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS_MAX (1024 * 1024)

/* Read the memfd, wipe it, close it. NULL if it cannot be read. */
static json_t *take_secrets(int fd, struct fy_err *err)
{
    struct stat found;
    if (fstat(fd, &found) != 0 || found.st_size <= 0 || found.st_size > SECRETS_MAX) {
        fy_fail(err, FY_ERR_INTERNAL, "the secrets could not be handed over");
        return NULL;
    }
    size_t size = (size_t)found.st_size;
    char *text = fy_alloc(size + 1);
    bool read_all = pread(fd, text, size, 0) == (ssize_t)size;
    json_t *secrets = read_all ? fy_json_parse(text, size, "the secrets", NULL) : NULL;
    explicit_bzero(text, size);
    if (pwrite(fd, text, size, 0) != (ssize_t)size || !json_is_object(secrets)) {
        json_decref(secrets);
        secrets = NULL;
        fy_fail(err, FY_ERR_INTERNAL, "the secrets could not be read"); /* why would quote them */
    }
    free(text);
    (void)close(fd);
    return secrets;
}

static bool fill(const json_t *config, int secrets_fd, struct fy_host_setup *setup, struct fy_err *err)
{
    json_t *settings;
    if (!fy_json_object(config, "settings", &settings, err))
        return false;
    FY_AUTO(fy_json_unref) json_t *secrets = NULL;
    if (fy_json_bool_or(config, "secrets", false) && (secrets = take_secrets(secrets_fd, err)) == NULL)
        return false;
    setup->filled = fy_settings_fill(setup->plugin.adapter->settings, settings, secrets,
                                     json_string_value(json_object_get(config, "directory")), err);
    const char *name;
    json_t *value;
    json_object_foreach(secrets, name, value)
        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    return setup->filled != NULL;
}

bool fy_host_set_up(const char *message, size_t length, int secrets_fd, struct fy_host_setup *ret,
                    struct fy_err *err)
{
    struct fy_host_setup setup = {0};
    json_t *config;
    const char *connection, *path;
    FY_AUTO(fy_json_unref) json_t *document = fy_json_parse(message, length, "the configuration", err);
    if (document == NULL || !fy_json_object(document, "config", &config, err) ||
        !fy_json_string(config, "connection", &connection, err) ||
        !fy_json_string(config, "plugin", &path, err) || !fy_plugin_load(path, &setup.plugin, err))
        return false;
    setup.connection = fy_strdup(connection);
    if (!fill(config, secrets_fd, &setup, err)) {
        fy_host_setup_free(&setup);
        return false;
    }
    *ret = setup;
    return true;
}

void fy_host_setup_free(struct fy_host_setup *setup)
{
    fy_settings_free(setup->filled);
    free(setup->connection);
    fy_plugin_unload(&setup->plugin);
    *setup = (struct fy_host_setup){0};
}
