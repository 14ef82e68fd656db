/* SPDX-License-Identifier: Apache-2.0 */
/* ferry adapter ..., ferry workflow ..., ferry kpis: what this engine can work with. */
#include "cli/client.h"

#include "base/beside.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_kpi(const json_t *kpi)
{
    int64_t margin_bp = fy_json_int_or(kpi, "margin_bp", 0);
    const char *exclude = fy_json_string_or(kpi, "exclude", NULL);
    (void)printf("%-30s %s\n", fy_json_string_or(kpi, "name", "?"), fy_json_string_or(kpi, "title", "?"));
    (void)printf("    %s / %s (%s; %s is better)\n", fy_json_string_or(kpi, "numerator", "?"),
                 fy_json_string_or(kpi, "denominator", "?"), fy_json_string_or(kpi, "standard", "?"),
                 fy_json_string_or(kpi, "direction", "?"));
    (void)printf("    usually margin=\"%lld.%02lld\"%s", (long long)(margin_bp / 100),
                 (long long)(margin_bp % 100),
                 fy_json_bool_or(kpi, "critical", false) ? " critical=\"true\"" : "");
    if (exclude != NULL)
        (void)printf("; without %s of causes %s", fy_json_string_or(kpi, "failures", "?"), exclude);
    (void)printf("\n");
}

int fy_cmd_kpis(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/kpis");
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *kpi = NULL;
    size_t index = 0;
    const char *nf = "";
    json_array_foreach(json_object_get(doc, "kpis"), index, kpi)
    {
        const char *own = fy_json_string_or(kpi, "nf", "");
        if (strcmp(own, nf) != 0)
            (void)printf("%s%s\n", index > 0 ? "\n" : "", own);
        nf = own;
        print_kpi(kpi);
    }
    return FY_EXIT_OK;
}

int fy_cmd_adapter_list(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/adapters");
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *adapters = json_object_get(doc, "adapters");
    const json_t *adapter = NULL;
    size_t index = 0;
    if (json_array_size(adapters) == 0)
        (void)printf("no connections; they are configured in %s/connections.json\n", cli->store);
    json_array_foreach(adapters, index, adapter)(void)
        printf("%-20s %-16s %-9s %s%s\n", fy_json_string_or(adapter, "connection", "?"),
               fy_json_string_or(adapter, "plugin", "?"), fy_json_string_or(adapter, "state", "?"),
               fy_json_bool_or(adapter, "simulated", false) ? "simulated " : "",
               fy_json_string_or(adapter, "problem", ""));
    return FY_EXIT_OK;
}

int fy_cmd_adapter_show(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/adapters/%s", cli->args[0]);
    if (doc == NULL)
        return fy_cli_fail(&err);
    fy_print_json(doc);
    return FY_EXIT_OK;
}

/* What a tool prints, line by line, as a document. */
static void print_lines(FILE *from, bool good)
{
    json_t *doc = json_pack("{s:b,s:[]}", "ok", good, "lines");
    char line[1024];
    while (fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        (void)json_array_append_new(json_object_get(doc, "lines"), json_string(line));
    }
    fy_print_json(doc);
    json_decref(doc);
}

/* Run ferry-host with these arguments; its exit code is ours. With --json what it prints goes to a file
 * first. */
static int run_host(const struct fy_cli *cli, const char *const *argv)
{
    static const char *const places[] = {"lib/ferry/ferry-host", "engine/host/ferry-host", NULL};
    FY_AUTO(fy_free_ptr) char *host = fy_find_beside(places);
    FILE *out = cli->json ? tmpfile() : NULL;
    struct fy_err err;
    int status = 0;
    if (host == NULL || (cli->json && out == NULL)) {
        (void)fy_fail(&err, FY_ERR_TRANSIENT, "ferry-host was not found beside this program");
        return fy_cli_fail(&err);
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (out == NULL || dup2(fileno(out), STDOUT_FILENO) >= 0)
            (void)execv(host, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    int code = ended ? WEXITSTATUS(status) : FY_EXIT_FAILED;
    if (out != NULL) {
        rewind(out);
        print_lines(out, code == FY_EXIT_OK);
        (void)fclose(out);
    }
    return code;
}

int fy_cmd_adapter_test(struct fy_cli *cli)
{
    const char *argv[] = {"ferry-host", "test", cli->args[0], cli->args[1], NULL};
    return run_host(cli, argv);
}

int fy_cmd_workflow_lint(struct fy_cli *cli)
{
    const char *argv[] = {"ferry-host", "lint", cli->args[0], NULL};
    return run_host(cli, argv);
}

int fy_cmd_workflow_test(struct fy_cli *cli)
{
    const char *argv[] = {"ferry-host", "workflow-test", cli->args[0], cli->args[1],
                          cli->args[2], cli->args[3],    NULL};
    return run_host(cli, argv);
}

int fy_cmd_workflow_list(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/workflows");
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *workflow = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(doc, "workflows"), index, workflow)(void) printf(
        "%-24s version %lld, API %lld, %zu texts\n", fy_json_string_or(workflow, "name", "?"),
        (long long)fy_json_int_or(workflow, "version", 0), (long long)fy_json_int_or(workflow, "api", 0),
        json_array_size(json_object_get(workflow, "texts")));
    return FY_EXIT_OK;
}

int fy_cmd_workflow_show(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/workflows/%s", cli->args[0]);
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *text = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(doc, "texts"), index,
                       text) if (strcmp(fy_json_string_or(text, "role", ""), "workflow") == 0)(void)
        fputs(fy_json_string_or(text, "text", ""), stdout);
    return FY_EXIT_OK;
}
