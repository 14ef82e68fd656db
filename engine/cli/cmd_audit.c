/* SPDX-License-Identifier: Apache-2.0 */
/* ferry audit export, audit verify. A file is verified here, without any ferryd or store. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "journal/export.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_MAX (1024u * 1024 * 1024)

static bool fetch_export(struct fy_cli *cli, struct fy_answer *answer, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/upgrades/%s/export", cli->args[0]);
    return fy_client_ask(cli->client, &(struct fy_request){.method = "GET", .path = path}, answer, err);
}

int fy_cmd_audit_export(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (!fetch_export(cli, &answer, &err))
        return fy_cli_fail(&err);
    fy_print_buf(&answer.text);
    return FY_EXIT_OK;
}

static int report_bad(const struct fy_cli *cli, const struct fy_err *err)
{
    if (cli->json) {
        json_t *doc = json_pack("{s:b,s:s}", "ok", 0, "problem", err->message);
        fy_print_json(doc);
        json_decref(doc);
    }
    (void)fprintf(stderr, "audit verify: BAD: %s\n", err->message);
    return FY_EXIT_FAILED;
}

int fy_cmd_audit_verify(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_export_facts facts = {0};
    struct fy_err err = {0};
    bool is_file = access(cli->args[0], R_OK) == 0 || strchr(cli->args[0], '/') != NULL;
    if (is_file ? !fy_read_file(cli->args[0], EXPORT_MAX, &answer.text, &err)
                : !fetch_export(cli, &answer, &err))
        return err.kind == FY_ERR_INVALID ? report_bad(cli, &err) : fy_cli_fail(&err);
    if (!fy_export_verify(answer.text.data, answer.text.length, &facts, &err))
        return report_bad(cli, &err);
    (void)printf(cli->json ? "{\"ok\":true,\"run\":\"%s\",\"records\":%llu,\"hash\":\"%s\"}\n"
                           : "audit verify: ok (%s, %llu records, hash %s)\n",
                 facts.run, (unsigned long long)facts.records, facts.hash);
    free(facts.run);
    return FY_EXIT_OK;
}
