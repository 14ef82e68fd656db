/* SPDX-License-Identifier: Apache-2.0 */
/* ferry list, show, and the verbs an operator may give. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/output.h"
#include "cli/verb_args.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US      100000
#define CHECK_LOOKS  300
#define EFFECT_LOOKS 50 /* a pause waits for its step, which may take hours: what is true by then is told */

int fy_cmd_list(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(cli->client, &err, "/v1/upgrades");
    if (doc == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(doc);
        return FY_EXIT_OK;
    }
    const json_t *runs = json_is_array(doc) ? doc : json_object_get(doc, "upgrades");
    const json_t *run = NULL;
    size_t index = 0;
    if (json_array_size(runs) == 0)
        (void)printf("no runs yet; \"ferry run ORDER.xml\" starts one\n");
    json_array_foreach(runs, index, run)
    {
        char share[32];
        (void)printf("%-20s %-12s %-16s %s -> %-10s %6s  %s\n", fy_json_string_or(run, "id", "?"),
                     fy_json_string_or(run, "state", "?"), fy_json_string_or(run, "vnf_instance_id", "?"),
                     fy_json_string_or(run, "source", "?"), fy_json_string_or(run, "target", "?"),
                     fy_permille_words(fy_json_int_or(run, "progress_permille", 0), share),
                     fy_json_string_or(run, "waiting", ""));
    }
    return FY_EXIT_OK;
}

int fy_cmd_show(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *view = fy_client_get(cli->client, &err, "/v1/upgrades/%s", cli->args[0]);
    if (view == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(view);
        return FY_EXIT_OK;
    }
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    fy_show_text(view, &text);
    fy_print_buf(&text);
    return FY_EXIT_OK;
}

/* A refused verb: the sentence, and the verbs that are possible. */
static int refuse(const struct fy_cli *cli, const struct fy_answer *answer, const struct fy_err *err)
{
    FY_AUTO(fy_json_unref)
    json_t *doc =
        answer->text.length > 0 ? json_loadb(answer->text.data, answer->text.length, 0, NULL) : NULL;
    if (cli->json && doc != NULL) {
        fy_print_json(doc);
        return fy_exit_of(err);
    }
    int code = fy_cli_fail(err);
    const json_t *verbs = json_object_get(doc, "verbs");
    const json_t *verb = NULL;
    size_t index = 0;
    if (json_array_size(verbs) == 0 || err->hint[0] != '\0')
        return code;
    (void)fprintf(stderr, "  now possible:");
    json_array_foreach(verbs, index, verb)(void) fprintf(stderr, " %s", json_string_value(verb));
    (void)fprintf(stderr, "\n");
    return code;
}

/* The checks that were asked for, or what a verb must look at first, are with the adapters. */
static bool checking(const struct fy_cli *cli, const json_t *view)
{
    (void)cli;
    return json_object_get(json_object_get(view, "checks"), "wanted") != NULL ||
           json_object_get(view, "wish") != NULL;
}

/* The verb is accepted and has not taken effect: a step is under way. */
static bool pending(const struct fy_cli *cli, const json_t *view)
{
    return strcmp(fy_json_string_or(view, "asked", ""), cli->command->name) == 0;
}

/* Look again while it is so, for a while. Takes the view and gives a later one. */
static json_t *await(const struct fy_cli *cli, json_t *view,
                     bool (*so)(const struct fy_cli *, const json_t *), int looks, struct fy_err *err)
{
    while (view != NULL && looks-- > 0 && so(cli, view)) {
        json_decref(view);
        (void)usleep(LOOK_US);
        view = fy_client_get(cli->client, err, "/v1/upgrades/%s", cli->args[0]);
    }
    return view;
}

static bool about_checks(const struct fy_cli *cli)
{
    static const char *const verbs[] = {"recheck", "amend", "waive", "unwaive", "clean"};
    for (size_t i = 0; i < FY_COUNT(verbs); i++)
        if (strcmp(verbs[i], cli->command->name) == 0)
            return true;
    return false;
}

static void say_state(const struct fy_cli *cli, const json_t *view)
{
    const json_t *step = json_object_get(view, "step");
    (void)printf("%s is %s", cli->args[0], fy_json_string_or(view, "state", "?"));
    if (!pending(cli, view))
        (void)printf("\n");
    else if (step == NULL)
        (void)printf("; %s is asked for and takes effect as soon as it can\n", cli->command->name);
    else
        (void)printf("; %s is asked for and takes effect after step %lld (%s)\n", cli->command->name,
                     (long long)fy_json_int_or(step, "number", 0), fy_json_string_or(step, "call", "?"));
}

int fy_cmd_verb(struct fy_cli *cli)
{
    struct fy_err err = {0};
    FY_AUTO(fy_json_unref) json_t *args = fy_verb_args(cli, &err);
    if (args == NULL)
        return fy_cli_fail(&err);
    FY_AUTO(fy_free_ptr) char *body = fy_json_text(args);
    FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/upgrades/%s/%s", cli->args[0], cli->command->name);
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    const struct fy_request request = {.method = "POST",
                                       .path = path,
                                       .body = body,
                                       .body_length = strlen(body),
                                       .content_type = "application/json",
                                       .once = true};
    if (!fy_client_ask(cli->client, &request, &answer, &err))
        return refuse(cli, &answer, &err);
    FY_AUTO(fy_json_unref)
    json_t *view = await(cli, fy_json_parse(answer.text.data, answer.text.length, "view", &err), pending,
                         EFFECT_LOOKS, &err);
    view = await(cli, view, checking, CHECK_LOOKS, &err);
    if (view == NULL)
        return fy_cli_fail(&err);
    const char *refusal = fy_json_string_or(view, "refusal", NULL);
    if (cli->json) {
        fy_print_json(view);
        return refusal != NULL ? FY_EXIT_FAILED : FY_EXIT_OK;
    }
    if (refusal != NULL) {
        (void)fprintf(stderr, "ferry: %s\n", refusal);
        return FY_EXIT_FAILED;
    }
    FY_AUTO(fy_buf_free) struct fy_buf checks = {0};
    say_state(cli, view);
    if (json_object_get(view, "dirty") != NULL)
        (void)printf("  it %s\n", fy_json_string_or(view, "waiting", "?"));
    if (about_checks(cli))
        fy_show_checks(view, &checks);
    if (checks.length > 0)
        fy_print_buf(&checks);
    return FY_EXIT_OK;
}
