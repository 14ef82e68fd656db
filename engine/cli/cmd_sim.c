/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry sim ...: faults in a simulated core, while it runs. The simulated core's own wire is one line of JSON
 * there and one back; Ferry's engine has no part in it and knows nothing of what is asked for here.
 */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S 20

/* ---- the wire ---- */

static bool dial(const char *path, int *ret_fd, struct fy_err *err)
{
    static const struct timeval patience = {.tv_sec = ANSWER_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fy_fail(err, FY_ERR_INVALID, "the socket path %s is too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        *ret_fd = fd;
        return true;
    }
    (void)fy_fail(err, FY_ERR_TRANSIENT, "no ferry-sim answers on %s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return fy_hint(err, "start one with \"ferry-sim --socket %s\", or name another with --sim", path);
}

static bool exchange(int fd, const char *line, struct fy_buf *answer)
{
    char bytes[65536];
    size_t length = strlen(line);
    while (length > 0) {
        ssize_t sent = send(fd, line, length, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        line += sent;
        length -= (size_t)sent;
    }
    while (answer->length == 0 || answer->data[answer->length - 1] != '\n') {
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            return false;
        fy_buf_put(answer, bytes, (size_t)got);
    }
    return true;
}

/* The result of a request, or NULL; takes the request. */
static json_t *ask(const struct fy_cli *cli, json_t *request, struct fy_err *err)
{
    const char *given = fy_cli_option(cli, "sim");
    FY_AUTO(fy_free_ptr) char *path = given != NULL ? fy_strdup(given) : fy_format("%s/sim.sock", cli->store);
    FY_AUTO(fy_free_ptr) char *text = fy_json_text(request);
    FY_AUTO(fy_free_ptr) char *line = fy_format("%s\n", text);
    FY_AUTO(fy_buf_free) struct fy_buf answer = {0};
    int fd = -1;
    json_decref(request);
    if (!dial(path, &fd, err))
        return NULL;
    bool answered = exchange(fd, line, &answer);
    (void)close(fd);
    if (!answered) {
        fy_fail(err, FY_ERR_TRANSIENT, "ferry-sim on %s did not answer", path);
        return NULL;
    }
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_json_parse(answer.data, answer.length, "the answer of ferry-sim", err);
    if (doc == NULL)
        return NULL;
    if (strcmp(fy_json_string_or(doc, "status", ""), "done") == 0)
        return json_incref(json_object_get(doc, "result"));
    fy_fail(err, FY_ERR_INVALID, "%s", fy_json_string_or(doc, "message", "ferry-sim refused without a word"));
    (void)fy_hint(err, "%s", fy_json_string_or(doc, "hint", ""));
    return NULL;
}

/* ---- what it says, for people ---- */

/* Until its first call the core's clock stands; times are then those after its start. */
static void print_time(const char *word, int64_t ms, bool started)
{
    char text[32];
    if (ms > 0 && started)
        (void)printf("%s %s UTC", word, fy_clock_words(ms, text));
    else if (ms > 0)
        (void)printf("%s %s after its start", word, fy_left_words(ms, text));
}

static void print_set(const json_t *fault, bool started)
{
    static const char *const members[] = {"on", "version", "part", "verb"};
    (void)printf("  %-26s %-8s", fy_json_string_or(fault, "fault", "?"), fy_json_string_or(fault, "is", "?"));
    (void)printf(" value %lld", (long long)fy_json_int_or(fault, "value", 0));
    if (json_object_get(fault, "permille") != NULL)
        (void)printf(", at %lld permille", (long long)fy_json_int_or(fault, "permille", 0));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_object_get(fault, members[i]) != NULL)
            (void)printf(", %s %s", members[i], fy_json_string_or(fault, members[i], "?"));
    if (json_object_get(fault, "left") != NULL)
        (void)printf(", bites %lld times more", (long long)fy_json_int_or(fault, "left", 0));
    print_time(", from", fy_json_int_or(fault, "at", 0), started);
    print_time(" to", fy_json_int_or(fault, "until", 0), started);
    (void)printf("; has bitten %lld times\n", (long long)fy_json_int_or(fault, "hits", 0));
}

static void print_table(const json_t *table)
{
    const json_t *row = NULL;
    size_t i = 0;
    (void)printf("\nThe faults there are (shape, what \"on\" may name):\n");
    json_array_foreach(table, i, row)
    {
        const char *on = fy_json_string_or(row, "on", "");
        (void)printf("  %-26s %s%s%s\n", fy_json_string_or(row, "name", "?"),
                     fy_json_string_or(row, "shape", "?"), on[0] != '\0' ? "; " : "", on);
        (void)printf("  %-26s %s\n", "", fy_json_string_or(row, "help", ""));
    }
}

static int show(const struct fy_cli *cli, json_t *request, bool with_table)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = ask(cli, request, &err);
    const json_t *set = json_object_get(doc, "set"), *fault = NULL;
    size_t i = 0, shown = 0;
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    json_array_foreach(set, i, fault)
    {
        if (!with_table && strcmp(fy_json_string_or(fault, "is", ""), "over") == 0)
            continue;
        print_set(fault, fy_json_int_or(doc, "now_ms", 0) > 0);
        shown++;
    }
    if (shown == 0)
        (void)printf("  no fault is active or to come\n");
    if (with_table)
        print_table(json_object_get(doc, "table"));
    return FY_EXIT_OK;
}

/* ---- commands ---- */

int fy_cmd_sim_fault(struct fy_cli *cli)
{
    json_t *words = json_array();
    for (size_t i = 1; i < cli->arg_count; i++)
        json_array_append_new(words, json_string(cli->args[i]));
    return show(cli, json_pack("{s:s,s:o}", "fault", cli->args[0], "words", words), false);
}

int fy_cmd_sim_faults(struct fy_cli *cli)
{
    return show(cli, json_pack("{s:s}", "truth", "faults"), true);
}

int fy_cmd_sim_clear(struct fy_cli *cli)
{
    json_t *what = cli->arg_count > 0 ? json_string(cli->args[0]) : json_true();
    return show(cli, json_pack("{s:o}", "clear", what), false);
}

int fy_cmd_sim_chance(struct fy_cli *cli)
{
    char *end = NULL;
    long long seed = strtoll(cli->args[0], &end, 10);
    if (end == cli->args[0] || *end != '\0') {
        (void)fprintf(stderr, "ferry: %s is not a number to draw faults from\n", cli->args[0]);
        return FY_EXIT_USAGE;
    }
    const char *profile = cli->arg_count > 1 ? cli->args[1] : "rough";
    return show(cli, json_pack("{s:s,s:I}", "chance", profile, "seed", (json_int_t)seed), false);
}
