/* SPDX-License-Identifier: Apache-2.0 */
/* ferry report: one page for the morning meeting. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/table1.h"

#include <stdio.h>
#include <string.h>

static void put_times(struct fy_page *page, const json_t *view)
{
    const json_t *window = json_object_get(view, "window");
    int64_t accepted_ms = fy_json_int_or(view, "accepted_ms", 0);
    int64_t ended_ms = fy_json_int_or(view, "ended_ms", 0);
    char first[32];
    char second[32];
    char took[32];
    fy_page_line(page, "window: %s to %s UTC", fy_date_words(fy_json_int_or(window, "start_ms", 0), first),
                 fy_date_words(fy_json_int_or(window, "end_ms", 0), second));
    if (ended_ms > 0)
        fy_page_line(page, "accepted %s, ended %s UTC, after %s", fy_date_words(accepted_ms, first),
                     fy_date_words(ended_ms, second), fy_left_words(ended_ms - accepted_ms, took));
    if (json_object_get(view, "waiting") != NULL)
        fy_page_line(page, "now: %s", fy_json_string_or(view, "waiting", ""));
}

static void put_outcome(struct fy_page *page, const json_t *view)
{
    const json_t *users = json_object_get(view, "users");
    const json_t *error = json_object_get(view, "error");
    char from[32];
    char to[32];
    fy_page_heading(page, "Outcome");
    fy_page_line(page, "%s: %s %s from %s to %s", fy_json_string_or(view, "state", "?"),
                 fy_json_string_or(view, "nf_type", ""), fy_json_string_or(view, "vnf_instance_id", "?"),
                 fy_json_string_or(view, "source", "?"), fy_json_string_or(view, "target", "?"));
    if (users != NULL)
        fy_page_line(page, "users: %s on the source version, %s on the target version",
                     fy_number_words(fy_json_int_or(users, "source", 0), from),
                     fy_number_words(fy_json_int_or(users, "target", 0), to));
    if (error != NULL)
        fy_page_line(page, "error: %s", fy_json_string_or(error, "message", "?"));
    put_times(page, view);
    if (fy_json_int_or(view, "scale", 1) > 1)
        fy_page_line(page, "a trial on a simulated network function, time x %lld",
                     (long long)fy_json_int_or(view, "scale", 1));
}

/* The records of these kinds, one sentence each, under a heading; nothing if there are none. */
static void put_records(struct fy_page *page, const json_t *records, const char *heading, const char *kinds)
{
    const json_t *record = NULL;
    size_t index = 0;
    bool headed = false;
    json_array_foreach(records, index, record)
    {
        char clock[32];
        FY_AUTO(fy_free_ptr) char *kind = fy_format("|%s|", fy_json_string_or(record, "name", "?"));
        if (strstr(kinds, kind) == NULL)
            continue;
        if (!headed)
            fy_page_heading(page, heading);
        headed = true;
        fy_page_line(page, "%s  %s", fy_date_words(fy_json_int_or(record, "time_ms", 0), clock),
                     fy_json_string_or(record, "text", ""));
    }
}

static void put_report(struct fy_page *page, const json_t *report, bool paper)
{
    const json_t *view = json_object_get(report, "upgrade");
    const json_t *records = json_object_get(report, "records");
    const json_t *audit = json_object_get(report, "audit");
    put_outcome(page, view);
    fy_page_heading(page,
                    paper ? "Table 1, and the paper's" : "Users and KPIs: L source, R target, success in %");
    fy_table1(page, json_object_get(report, "kpis"), paper);
    put_records(page, records, "Course", "|state changed|program started|phase|");
    put_records(page, records, "Checks and verdicts", "|checked|verdict|");
    put_records(page, records, "Decisions and hand work", "|approval asked|approval given|command|");
    put_records(page, records, "Guards", "|guard taken|guard released|");
    put_records(page, records, "Restarts of the engine", "|resumed|");
    fy_page_heading(page, "Audit");
    fy_page_line(page, "%lld records, the last with hash %s", (long long)fy_json_int_or(audit, "records", 0),
                 fy_json_string_or(audit, "hash", "?"));
}

int fy_cmd_report(struct fy_cli *cli)
{
    struct fy_err err = {0};
    struct fy_page page;
    FY_AUTO(fy_json_unref)
    json_t *report = fy_client_get(cli->client, &err, "/v1/upgrades/%s/report", cli->args[0]);
    if (report == NULL)
        return fy_cli_fail(&err);
    if (cli->json) {
        fy_print_json(report);
        return FY_EXIT_OK;
    }
    FY_AUTO(fy_free_ptr) char *title = fy_format("Upgrade %s", cli->args[0]);
    enum fy_page_format format = fy_cli_option(cli, "html") != NULL ? FY_PAGE_HTML
                                 : fy_cli_option(cli, "md") != NULL ? FY_PAGE_MARKDOWN
                                                                    : FY_PAGE_TEXT;
    fy_page_begin(&page, format, title);
    put_report(&page, report, fy_cli_option(cli, "paper") != NULL);
    fy_page_end(&page);
    fy_print_buf(&page.out);
    fy_buf_free(&page.out);
    return FY_EXIT_OK;
}
