/* SPDX-License-Identifier: Apache-2.0 */
/* ferry run, watch. */
#include "cli/live.h"

#include "base/mem.h"
#include "cli/send.h"

int fy_cmd_run(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (!fy_send_order(cli, "/v1/upgrades?", NULL, &answer, &err))
        return fy_refuse_order(cli, &answer, &err);
    FY_AUTO(fy_json_unref) json_t *view = fy_json_parse(answer.text.data, answer.text.length, "view", &err);
    const char *run = NULL;
    if (view == NULL || !fy_json_string(view, "id", &run, &err))
        return fy_cli_fail(&err);
    fy_tell_known_order(&answer, run);
    return fy_live_watch(cli, run);
}

int fy_cmd_watch(struct fy_cli *cli)
{
    return fy_live_watch(cli, cli->args[0]);
}
