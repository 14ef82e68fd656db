/* SPDX-License-Identifier: Apache-2.0 */
#include "host/adapter_test.h"

#include "adapter/connections.h"

#include "base/child.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS 60000 /* without a word from the host: it hangs */

struct trial {
    uv_loop_t loop;
    uv_timer_t patience;
    struct fy_child *child;
    char *check, *verb; /* being tried */
    long long rows, failed;
    unsigned skipped;
    bool done, hung;
};

/* What the host says. */

static void remember(char **place, const char *text)
{
    free(*place);
    *place = fy_strdup(text);
}

static void print_row(const char *mark, const char *check, const char *verb, const char *why)
{
    (void)printf("  %-5s %-12s %-16s %s\n", mark, check, verb, why);
}

static void on_row(struct trial *trial, const json_t *row)
{
    bool good = fy_json_bool_or(row, "ok", false), skipped = fy_json_bool_or(row, "skipped", false);
    trial->skipped += skipped;
    print_row(skipped ? "-"
              : good  ? "ok"
                      : "FAIL",
              fy_json_string_or(row, "check", "?"), fy_json_string_or(row, "verb", ""),
              fy_json_string_or(row, "why", ""));
}

static void on_patience(uv_timer_t *timer)
{
    struct trial *trial = timer->data;
    trial->hung = true;
    fy_child_kill(trial->child);
}

static void on_message(void *ctx, const char *payload, size_t length)
{
    struct trial *trial = ctx;
    (void)uv_timer_start(&trial->patience, on_patience, LIMIT_MS, 0);
    FY_AUTO(fy_json_unref) json_t *message = fy_json_parse(payload, length, "the host's message", NULL);
    const json_t *trying = json_object_get(message, "trying"), *row = json_object_get(message, "row");
    const json_t *done = json_object_get(message, "done");
    if (trying != NULL) {
        remember(&trial->check, fy_json_string_or(trying, "check", "?"));
        remember(&trial->verb, fy_json_string_or(trying, "verb", ""));
    }
    if (row != NULL)
        on_row(trial, row);
    if (done != NULL) {
        trial->done = true;
        trial->rows = fy_json_int_or(done, "rows", 0);
        trial->failed = fy_json_int_or(done, "failed", 0);
    }
}

static void on_exited(void *ctx, int status, int signal)
{
    struct trial *trial = ctx;
    if (!trial->done) {
        FY_AUTO(fy_free_ptr)
        char *why = trial->hung ? fy_format("it did not answer within %d s", LIMIT_MS / 1000)
                                : fy_format("it took its host down: %s", fy_child_end_text(status, signal));
        print_row("FAIL", trial->check != NULL ? trial->check : "start",
                  trial->verb != NULL ? trial->verb : "", why);
    }
    uv_close((uv_handle_t *)&trial->patience, NULL);
    fy_child_free(trial->child);
}

/* What the host is told. */

static json_t *read_trial(const char *path, struct fy_err *err)
{
    json_error_t why = {0};
    json_t *trial = path != NULL ? json_load_file(path, JSON_REJECT_DUPLICATES, &why) : json_object();
    if (json_is_object(trial))
        return trial;
    fy_fail(err, FY_ERR_INVALID, "%s: line %d: %s", path, trial == NULL ? why.line : 1,
            trial == NULL ? why.text : "it must be an object");
    fy_hint(err, "{\"settings\": {...}, \"secrets\": {...}, \"calls\": {\"VERB\": {ARGUMENTS}}}");
    json_decref(trial);
    return NULL;
}

static char *folder_of(const char *path)
{
    char *whole = path != NULL ? realpath(path, NULL) : NULL;
    char *slash = whole != NULL ? strrchr(whole, '/') : NULL;
    if (slash == NULL) {
        free(whole);
        return fy_strdup("/");
    }
    *(slash == whole ? slash + 1 : slash) = '\0';
    return whole;
}

/* Checked as the connections file is: a connection named "test" in a file of its own. */
static struct fy_connections *as_connections(json_t *trial, const char *path, struct fy_err *err)
{
    FY_AUTO(fy_json_unref) json_t *connection = json_copy(trial);
    (void)json_object_del(connection, "calls");
    (void)json_object_set_new(connection, "plugin", json_string("test"));
    FY_AUTO(fy_json_unref) json_t *file = json_pack("{s:{s:O}}", "connections", "test", connection);
    FY_AUTO(fy_free_ptr) char *text = fy_json_text(file);
    FY_AUTO(fy_free_ptr) char *folder = folder_of(path);
    return fy_connections_parse(text, strlen(text), folder, path != NULL ? path : "the trial", err);
}

static char *configuration(const json_t *trial, const struct fy_connection *connection, const char *plugin)
{
    FY_AUTO(fy_json_unref)
    json_t *settings = fy_json_parse(connection->settings, strlen(connection->settings), "settings", NULL);
    json_t *calls = json_object_get(trial, "calls");
    FY_AUTO(fy_json_unref)
    json_t *config = json_pack("{s:{s:s,s:s,s:s,s:O,s:b,s:O*}}", "config", "connection", "test", "plugin",
                               plugin, "directory", connection->directory, "settings", settings, "secrets",
                               connection->secret_count > 0, "calls", calls);
    return fy_json_text(config);
}

static bool start(struct trial *trial, const char *config, int secrets, struct fy_err *err)
{
    const char *const argv[] = {"/proc/self/exe", "contract", NULL};
    const struct fy_child_options options = {
        .name = "contract host", .argv = argv, .fds = &secrets, .fd_count = secrets >= 0 ? 1 : 0};
    const struct fy_child_events events = {.message = on_message, .exited = on_exited};
    return fy_child_start(&trial->loop, &options, &events, trial, &trial->child, err) &&
           fy_child_send(trial->child, config, strlen(config), err);
}

static bool run(struct trial *trial, const char *plugin, const char *path, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *whole = realpath(plugin, NULL);
    if (whole == NULL)
        return fy_fail_errno(err, "could not find %s", plugin);
    FY_AUTO(fy_json_unref) json_t *document = read_trial(path, err);
    struct fy_connections *connections = document != NULL ? as_connections(document, path, err) : NULL;
    if (connections == NULL)
        return false;
    FY_AUTO(fy_close_fd) int secrets = -1;
    bool ready = connections->items[0].secret_count == 0 ||
                 (secrets = fy_connection_secrets(&connections->items[0], err)) >= 0;
    FY_AUTO(fy_free_ptr) char *config = configuration(document, &connections->items[0], whole);
    fy_connections_free(connections);
    if (!ready || !start(trial, config, secrets, err))
        return false;
    (void)uv_run(&trial->loop, UV_RUN_DEFAULT);
    return true;
}

int fy_adapter_test_main(int argc, char **argv)
{
    struct fy_err err = {0};
    struct trial trial = {0};
    if (argc < 1 || argc > 2) {
        (void)fprintf(stderr, "ferry-host test PLUGIN.so [TRIAL.json]\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)uv_loop_init(&trial.loop);
    (void)uv_timer_init(&trial.loop, &trial.patience);
    trial.patience.data = &trial;
    (void)uv_timer_start(&trial.patience, on_patience, LIMIT_MS, 0);
    if (!run(&trial, argv[0], argc > 1 ? argv[1] : NULL, &err)) {
        (void)fprintf(stderr, "%s%s%s\n", err.message, err.hint[0] != '\0' ? "; " : "", err.hint);
        return 2;
    }
    if (trial.done)
        (void)printf("%lld checks, %lld failed, %u skipped%s\n", trial.rows, trial.failed, trial.skipped,
                     trial.skipped > 0 ? " (give arguments for them in TRIAL.json)" : "");
    free(trial.check);
    free(trial.verb);
    (void)uv_loop_close(&trial.loop);
    return trial.done && trial.failed == 0 ? 0 : 1;
}
