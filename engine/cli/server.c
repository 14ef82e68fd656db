/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX  ((size_t)256 * 1024)
#define TOKEN_MAX ((size_t)400)

/* What a profile or the environment gives, as it stands there. */
struct profile {
    char *url, *token_file, *ca, *certificate, *key;
};

static void free_profile(struct profile *profile)
{
    free(profile->url);
    free(profile->token_file);
    free(profile->ca);
    free(profile->certificate);
    free(profile->key);
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static char *profiles_path(void)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config != NULL && config[0] != '\0')
        return fy_format("%s/ferry/servers", config);
    return fy_format("%s/.config/ferry/servers", home != NULL ? home : "");
}

/* "~/x" is in the home, "x" beside the file of profiles. */
static char *file_of(const char *value, const char *path)
{
    const char *home = getenv("HOME");
    const char *slash = strrchr(path, '/');
    if (strncmp(value, "~/", 2) == 0)
        return fy_format("%s%s", home != NULL ? home : "", value + 1);
    return value[0] == '/' ? fy_strdup(value) : fy_format("%.*s/%s", (int)(slash - path), path, value);
}

static bool take(struct profile *profile, const char *name, const char *value, const char *path,
                 struct fy_err *err)
{
    const struct {
        const char *name;
        char **place;
        bool file;
    } members[] = {{"url", &profile->url, false},
                   {"token-file", &profile->token_file, true},
                   {"ca", &profile->ca, true},
                   {"certificate", &profile->certificate, true},
                   {"key", &profile->key, true}};
    for (size_t i = 0; i < FY_COUNT(members); i++) {
        if (strcmp(members[i].name, name) != 0)
            continue;
        free(*members[i].place);
        *members[i].place = members[i].file ? file_of(value, path) : fy_strdup(value);
        return true;
    }
    (void)fy_fail(err, FY_ERR_INVALID, "\"%.40s\" is none of url, token-file, ca, certificate, key", name);
    return fy_hint(err, "\"ferry help servers\" explains them");
}

/* The lines of one profile; others are passed over. */
static bool read_lines(char *text, const char *wanted, const char *path, struct profile *profile,
                       bool *ret_found, struct fy_err *err)
{
    bool inside = false;
    char *rest = text;
    char *line = NULL;
    for (int number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
        line = trim(line);
        size_t length = strlen(line);
        char *equals = strchr(line, '=');
        if (length == 0 || line[0] == '#')
            continue;
        if (line[0] == '[' && line[length - 1] == ']') {
            line[length - 1] = '\0';
            inside = strcmp(line + 1, wanted) == 0;
            *ret_found = *ret_found || inside;
        } else if (inside) {
            if (equals == NULL)
                return fy_fail(err, FY_ERR_INVALID, "%s, line %d: not \"name = value\"", path, number);
            *equals = '\0';
            if (!take(profile, trim(line), trim(equals + 1), path, err))
                return fy_wrap(err, "%s, line %d", path, number);
        }
    }
    return true;
}

static bool read_profile(const char *name, struct profile *profile, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *path = profiles_path();
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    bool found = false;
    if (!fy_read_file(path, FILE_MAX, &text, err)) {
        (void)fy_wrap(err, "server %s", name);
        return fy_hint(err, "\"ferry help servers\" shows what the file holds; a URL begins with https://");
    }
    fy_buf_text(&text, "");
    if (!read_lines(text.data, name, path, profile, &found, err))
        return false;
    if (!found || profile->url == NULL) {
        (void)fy_fail(err, FY_ERR_NOT_FOUND,
                      found ? "server %s has no url in %s" : "there is no server %s in %s", name, path);
        return fy_hint(err, "\"ferry help servers\" shows what the file holds; a URL begins with https://");
    }
    return true;
}

static void prefer(char **place, const char *variable)
{
    const char *value = getenv(variable);
    if (value == NULL || value[0] == '\0')
        return;
    free(*place);
    *place = fy_strdup(value);
}

/* $FERRY_TOKEN, or what the file holds. */
static bool read_token(const struct profile *profile, char **ret, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    const char *given = getenv("FERRY_TOKEN");
    if (given != NULL && given[0] != '\0')
        fy_buf_text(&text, given);
    else if (profile->token_file != NULL && !fy_read_private_file(profile->token_file, TOKEN_MAX, &text, err))
        return false;
    if (text.length == 0)
        return true;
    for (size_t i = 0; text.data != NULL && i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return fy_fail(err, FY_ERR_INVALID, "the token has characters that no token has");
    if (text.length > TOKEN_MAX)
        return fy_fail(err, FY_ERR_INVALID, "the token has more than %zu characters", TOKEN_MAX);
    *ret = fy_buf_take(&text);
    return true;
}

static bool complete(struct profile *profile, struct fy_server *server, struct fy_err *err)
{
    if (profile->url == NULL)
        return fy_fail(err, FY_ERR_INVALID, "the server has no url");
    size_t length = strlen(profile->url);
    prefer(&profile->token_file, "FERRY_TOKEN_FILE");
    prefer(&profile->ca, "FERRY_CA");
    prefer(&profile->certificate, "FERRY_CERTIFICATE");
    prefer(&profile->key, "FERRY_KEY");
    if (strncmp(profile->url, "https://", 8) != 0) {
        (void)fy_fail(err, FY_ERR_INVALID, "%s is no https:// address", profile->url);
        return fy_hint(err, "ferryd speaks TLS only");
    }
    while (length > 0 && profile->url[length - 1] == '/')
        profile->url[--length] = '\0';
    if (!read_token(profile, &server->token, err))
        return false;
    server->url = fy_steal(&profile->url);
    server->ca = fy_steal(&profile->ca);
    server->certificate = fy_steal(&profile->certificate);
    server->key = fy_steal(&profile->key);
    return true;
}

struct fy_server *fy_server_find(const char *name, struct fy_err *err)
{
    FY_AUTO(free_profile) struct profile profile = {0};
    if (strstr(name, "://") != NULL)
        profile.url = fy_strdup(name);
    else if (!read_profile(name, &profile, err))
        return NULL;
    struct fy_server *server = FY_NEW(struct fy_server);
    if (complete(&profile, server, err))
        return server;
    fy_server_free(server);
    return NULL;
}

void fy_server_free(struct fy_server *server)
{
    if (server == NULL)
        return;
    if (server->token != NULL)
        explicit_bzero(server->token, strlen(server->token));
    free(server->url);
    free(server->token);
    free(server->ca);
    free(server->certificate);
    free(server->key);
    free(server);
}
