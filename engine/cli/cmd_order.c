/* SPDX-License-Identifier: Apache-2.0 */
/* ferry order check, order new, plan, submit: everything that sends an order and shows one answer. */
#include "cli/send.h"

#include "base/mem.h"
#include "cli/live.h"
#include "cli/output.h"

#include <stdio.h>

/* Print the member "text" of a JSON answer, or all of it with --json. */
static int print_answer(const struct fy_cli *cli, const struct fy_answer *answer)
{
    struct fy_err err;
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_json_parse(answer->text.data, answer->text.length, "ferryd's answer", &err);
    if (doc == NULL)
        return fy_cli_fail(&err);
    const char *text = fy_json_string_or(doc, "text", NULL);
    if (cli->json || text == NULL)
        fy_print_json(doc);
    else
        (void)fputs(text, stdout);
    return FY_EXIT_OK;
}

static int send_and_print(struct fy_cli *cli, const char *path)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (!fy_send_order(cli, path, NULL, &answer, &err))
        return fy_refuse_order(cli, &answer, &err);
    return print_answer(cli, &answer);
}

int fy_cmd_order_check(struct fy_cli *cli)
{
    return send_and_print(cli, "/v1/orders/check?");
}

int fy_cmd_plan(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (cli->json)
        return send_and_print(cli, "/v1/plans?");
    if (!fy_send_order(cli, "/v1/plans?format=text&", NULL, &answer, &err))
        return fy_refuse_order(cli, &answer, &err);
    fy_print_buf(&answer.text);
    return FY_EXIT_OK;
}

int fy_cmd_order_new(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/orders/templates/%s", cli->args[0]);
    struct fy_err err = {0};
    if (!fy_client_ask(cli->client, &(struct fy_request){.method = "GET", .path = path}, &answer, &err))
        return fy_cli_fail(&err);
    fy_print_buf(&answer.text);
    return FY_EXIT_OK;
}

int fy_cmd_submit(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (!fy_send_order(cli, "/v1/upgrades?", NULL, &answer, &err))
        return fy_refuse_order(cli, &answer, &err);
    FY_AUTO(fy_json_unref) json_t *view = fy_json_parse(answer.text.data, answer.text.length, "view", &err);
    if (view == NULL)
        return fy_cli_fail(&err);
    fy_tell_known_order(&answer, fy_json_string_or(view, "id", "?"));
    if (fy_cli_option(cli, "wait") != NULL)
        return fy_live_watch(cli, fy_json_string_or(view, "id", "?"));
    if (cli->json)
        fy_print_json(view);
    else
        (void)printf("%s\n", fy_json_string_or(view, "id", "?"));
    return FY_EXIT_OK;
}
