/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send.h"

#include "base/mem.h"
#include "base/time.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define ORDER_MAX (64u * 1024)

/* "scale=60&epoch_ms=window". The caller frees it. */
static char *query_of(struct fy_cli *cli, struct fy_err *err)
{
    const char *at = fy_cli_option(cli, "at");
    const char *scale = fy_cli_option(cli, "scale");
    const char *commit = fy_cli_option(cli, "commit");
    struct fy_buf query = {0};
    int64_t ms = 0;
    fy_buf_text(&query, "");
    if (scale != NULL)
        fy_buf_format(&query, "scale=%ld&", strtol(scale, NULL, 10));
    if (commit != NULL && commit[strcspn(commit, "/?#&% \t\r\n")] != '\0') {
        (void)fy_fail(err, FY_ERR_INVALID, "--commit %s: that is not the name of a run", commit);
        fy_buf_free(&query);
        return NULL;
    }
    if (commit != NULL)
        fy_buf_format(&query, "commit=%s&", commit);
    if (at != NULL && strcmp(at, "window") == 0)
        fy_buf_text(&query, "epoch_ms=window");
    else if (at != NULL && !fy_time_parse(at, &ms, err)) {
        (void)fy_wrap(err, "--at %s", at);
        fy_buf_free(&query);
        return NULL;
    } else if (at != NULL)
        fy_buf_format(&query, "epoch_ms=%lld", (long long)ms);
    return fy_buf_take(&query);
}

bool fy_send_order(struct fy_cli *cli, const char *path, const char *accept, struct fy_answer *answer,
                   struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf xml = {0};
    int64_t scale = 0;
    if (!fy_cli_number(cli, "scale", 1, 1, &scale))
        return fy_fail(err, FY_ERR_INVALID, "the order was not sent");
    FY_AUTO(fy_free_ptr) char *query = query_of(cli, err);
    if (query == NULL || !fy_read_file(cli->args[0], ORDER_MAX, &xml, err))
        return false;
    FY_AUTO(fy_free_ptr) char *target = fy_format("%s%s", path, query);
    const struct fy_request request = {
        .method = "POST",
        .path = target,
        .body = xml.data,
        .body_length = xml.length,
        .content_type = "application/xml",
        .accept = accept,
        .repeatable = true, /* the same order twice is the same run */
    };
    return fy_client_ask(cli->client, &request, answer, err);
}

int fy_refuse_order(struct fy_cli *cli, const struct fy_answer *answer, const struct fy_err *err)
{
    FY_AUTO(fy_json_unref)
    json_t *doc =
        answer->text.length > 0 ? json_loadb(answer->text.data, answer->text.length, 0, NULL) : NULL;
    if (cli->json && doc != NULL) {
        fy_print_json(doc);
        return fy_exit_of(err);
    }
    if (fy_json_int_or(doc, "line", 0) == 0)
        return fy_cli_fail(err);
    (void)fprintf(stderr, "%s: %s\n", cli->args[0], err->message); /* begins with line and element */
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "  %s\n", err->hint);
    return fy_exit_of(err);
}

void fy_tell_known_order(const struct fy_answer *answer, const char *run)
{
    if (answer->status == 200) /* 202 when it was accepted now */
        (void)fprintf(stderr,
                      "ferry: this order is known: it is run %s, and nothing new was started\n"
                      "  another run needs a requestId of its own, or another store\n",
                      run);
}
