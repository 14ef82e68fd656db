/* SPDX-License-Identifier: Apache-2.0 */
/* ferry engine list, drain, resume: the engines that share a store. */
#include "cli/cli.h"
#include "cli/client.h"

#include "base/mem.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

/* What its lease says: a live engine renews it all the time. */
static void put_lease(const json_t *engine, char *text, size_t room)
{
    int64_t left_ms = fy_json_int_or(engine, "lease_left_ms", 0);
    if (strcmp(fy_json_string_or(engine, "state", ""), "fenced") == 0)
        (void)snprintf(text, room, "-");
    else if (left_ms < 0)
        (void)snprintf(text, room, "over for %lld s", (long long)(-left_ms / 1000));
    else
        (void)snprintf(text, room, "%lld of %lld s", (long long)((left_ms + 500) / 1000),
                       (long long)(fy_json_int_or(engine, "lease_ms", 0) / 1000));
}

int fy_cmd_engine_list(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/engines");
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *engine = NULL;
    size_t index = 0;
    (void)printf("%-20s %6s %-9s %6s %-16s %-9s %s\n", "engine", "epoch", "state", "runs", "lease", "version",
                 "since");
    json_array_foreach(json_object_get(doc, "engines"), index, engine)
    {
        char lease[64];
        put_lease(engine, lease, sizeof lease);
        (void)printf("%-20s %6lld %-9s %6lld %-16s %-9s %s%s\n", fy_json_string_or(engine, "name", "?"),
                     (long long)fy_json_int_or(engine, "epoch", 0), fy_json_string_or(engine, "state", "?"),
                     (long long)fy_json_int_or(engine, "runs", 0), lease,
                     fy_json_string_or(engine, "version", "?"), fy_json_string_or(engine, "started", "?"),
                     fy_json_bool_or(engine, "self", false) ? " (this one)" : "");
    }
    return FY_EXIT_OK;
}

static int tell(struct fy_cli *cli, const char *verb, const char *done)
{
    struct fy_err err = {0};
    const char *name = cli->args[0];
    if (name[strcspn(name, "/?#&% \t\r\n")] != '\0') {
        (void)fy_fail(&err, FY_ERR_INVALID, "%s: that is not the name of an engine", name);
        return fy_cli_fail(&err);
    }
    FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/engines/%s/%s", name, verb);
    const struct fy_request request = {.method = "POST", .path = path, .repeatable = true};
    struct fy_answer answer = {0};
    bool good = fy_client_ask(cli->client, &request, &answer, &err);
    fy_answer_free(&answer);
    if (!good)
        return fy_cli_fail(&err);
    if (!cli->json)
        (void)printf("engine %s %s\n", name, done);
    else
        (void)printf("{\"engine\":\"%s\",\"asked\":\"%s\"}\n", name, verb);
    return FY_EXIT_OK;
}

int fy_cmd_engine_drain(struct fy_cli *cli)
{
    return tell(
        cli, "drain",
        "gives its runs to the others and takes no orders; \"ferry engine list\" shows how far it is");
}

int fy_cmd_engine_resume(struct fy_cli *cli)
{
    return tell(cli, "resume", "takes runs and orders again");
}
