/* SPDX-License-Identifier: Apache-2.0 */
/* ferry audit export, audit verify, audit checkpoint. A file is verified here, without any ferryd or store.
 */
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

static bool is_file(const char *name)
{
    return access(name, R_OK) == 0 || strchr(name, '/') != NULL;
}

/* The body of the last checkpoint in an export; NULL if there is none. It stands on a line of its own. */
static char *last_checkpoint(const struct fy_buf *file)
{
    static const char name[] = "\"name\":\"checkpoint\",";
    static const char body[] = "\"body\":";
    const char *found = NULL;
    for (const char *at = file->data; at != NULL && (at = strstr(at, name)) != NULL; at++)
        found = at;
    const char *from = found != NULL ? strstr(found, body) : NULL;
    const char *end = from != NULL ? strchr(from, '\n') : NULL;
    return end != NULL ? fy_strndup(from + sizeof body - 1, (size_t)(end - from) - sizeof body) : NULL;
}

int fy_cmd_audit_checkpoint(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    struct fy_err err = {0};
    if (!fetch_export(cli, &answer, &err))
        return fy_cli_fail(&err);
    FY_AUTO(fy_free_ptr) char *body = last_checkpoint(&answer.text);
    if (body == NULL) {
        (void)fy_fail(&err, FY_ERR_NOT_FOUND, "run %.100s has no checkpoint", cli->args[0]);
        (void)fy_hint(
            &err, "\"audit-key = FILE\" in ferryd.conf makes ferryd sign; the first comes within a minute");
        return fy_cli_fail(&err);
    }
    (void)puts(body);
    return FY_EXIT_OK;
}

struct against {
    struct fy_public_key *key;
    struct fy_checkpoint kept;
};

static void free_against(struct against *against)
{
    fy_public_key_free(against->key);
    free(against->kept.run);
}

static bool read_kept(const char *path, struct against *against, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    if (!fy_read_file(path, EXPORT_MAX, &text, err))
        return false;
    if (fy_checkpoint_read(text.data, text.length, against->key, &against->kept, err))
        return true;
    return fy_wrap(err, "%s", path);
}

static bool read_against(const struct fy_cli *cli, struct against *against, struct fy_err *err)
{
    const char *key = fy_cli_option(cli, "key");
    const char *kept = fy_cli_option(cli, "checkpoint");
    if (kept != NULL && key == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID, "--checkpoint is worth what its signature is");
        return fy_hint(err, "give the public key, too: --key FILE");
    }
    return (key == NULL || fy_public_key_open(key, &against->key, err)) &&
           (kept == NULL || read_kept(kept, against, err));
}

static void report_good(const struct fy_cli *cli, const struct fy_export_facts *facts, bool with_key)
{
    if (cli->json) {
        (void)printf("{\"ok\":true,\"run\":\"%s\",\"records\":%llu,\"hash\":\"%s\",\"checkpoints\":%llu,"
                     "\"signed_to\":%llu}\n",
                     facts->run, (unsigned long long)facts->records, facts->hash,
                     with_key ? (unsigned long long)facts->checkpoints : 0,
                     with_key ? (unsigned long long)facts->signed_to : 0);
        return;
    }
    (void)printf("audit verify: ok (%s, %llu records, hash %s)\n", facts->run,
                 (unsigned long long)facts->records, facts->hash);
    if (with_key)
        (void)printf("  %llu checkpoints fit the key, the last signs record %llu\n",
                     (unsigned long long)facts->checkpoints, (unsigned long long)facts->signed_to);
    if (facts->others > 0)
        (void)printf("  %llu checkpoints were signed with another key and were not verified\n",
                     (unsigned long long)facts->others);
}

int fy_cmd_audit_verify(struct fy_cli *cli)
{
    FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
    FY_AUTO(free_against) struct against against = {0};
    struct fy_export_facts facts = {0};
    struct fy_err err = {0};
    if (!read_against(cli, &against, &err))
        return fy_cli_fail(&err);
    if (is_file(cli->args[0]) ? !fy_read_file(cli->args[0], EXPORT_MAX, &answer.text, &err)
                              : !fetch_export(cli, &answer, &err))
        return err.kind == FY_ERR_INVALID ? report_bad(cli, &err) : fy_cli_fail(&err);
    const struct fy_export_against held = {.key = against.key,
                                           .kept = against.kept.run != NULL ? &against.kept : NULL};
    if (!fy_export_verify(answer.text.data, answer.text.length, &held, &facts, &err))
        return report_bad(cli, &err);
    report_good(cli, &facts, against.key != NULL);
    free(facts.run);
    return FY_EXIT_OK;
}
