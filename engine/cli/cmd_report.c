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

/* What a list of the report holds, one sentence each, under a heading; nothing if it is empty. */
static void put_list(struct fy_page *page, const json_t *list, const char *heading)
{
    const json_t *line = NULL;
    size_t index = 0;
    char clock[32];
    if (json_array_size(list) > 0)
        fy_page_heading(page, heading);
    json_array_foreach(list, index, line)
    {
        fy_page_line(page, "%s  %s", fy_date_words(fy_json_int_or(line, "at_ms", 0), clock),
                     fy_json_string_or(line, "text", ""));
    }
}

static void put_figures(struct fy_page *page, const json_t *report)
{
    const json_t *upgrade = json_object_get(report, "upgrade");
    int64_t permille = fy_json_int_or(report, "permille", 0);
    int64_t planned_ms = fy_json_int_or(report, "planned_end_ms", 0);
    char words[32];
    fy_page_line(page, "ratio reached: %lld.%lld %%; %lld steps, plan revision %lld",
                 (long long)(permille / 10), (long long)(permille % 10),
                 (long long)fy_json_int_or(upgrade, "steps", 0),
                 (long long)fy_json_int_or(upgrade, "revision", 0));
    fy_page_line(page, "users at risk, as forecast: %s",
                 fy_number_words(fy_json_int_or(report, "users_at_risk", 0), words));
    if (planned_ms > 0)
        fy_page_line(page, "planned to end %s UTC", fy_date_words(planned_ms, words));
    if (fy_json_int_or(report, "restarts", 0) > 0)
        fy_page_line(page, "restarts of the engine that it went through: %lld",
                     (long long)fy_json_int_or(report, "restarts", 0));
}

/* What whoever took over a failed run needs, as "ferry show" has it. */
static void put_handed_over(struct fy_page *page, const json_t *view)
{
    const json_t *list = json_object_get(view, "hand_over");
    const json_t *freed = json_object_get(view, "freed");
    const json_t *one = NULL;
    size_t index = 0;
    if (list == NULL)
        return;
    fy_page_heading(page, "Hand-over");
    fy_page_line(page, "to %s: %s", fy_json_string_or(list, "to", "?"),
                 fy_json_string_or(list, "why", "no reason given"));
    json_array_foreach(json_object_get(list, "versions"), index, one)
        fy_page_line(page, "%lld instances on %s", (long long)fy_json_int_or(one, "instances", 0),
                     fy_json_string_or(one, "version", "?"));
    json_array_foreach(json_object_get(list, "backups"), index, one) fy_page_line(
        page, "backup %s (%s)", fy_json_string_or(one, "id", "?"), fy_json_string_or(one, "call", "?"));
    json_array_foreach(json_object_get(list, "owed"), index, one)
        fy_page_line(page, "owed: %s", json_string_value(one));
    if (freed != NULL)
        fy_page_line(page, "free for orders again: %s by %s", fy_json_string_or(freed, "how", "?"),
                     fy_json_string_or(freed, "who", "?"));
}

static double percent(const json_t *pair)
{
    const json_int_t users = json_integer_value(json_array_get(pair, 0));
    return users > 0 ? 100.0 * (double)json_integer_value(json_array_get(pair, 1)) / (double)users : 0;
}

/* What the last verdict stood on, a line for each KPI. */
static void put_verdict(struct fy_page *page, const json_t *verdict)
{
    const json_t *kpi = NULL;
    size_t index = 0;
    if (verdict == NULL)
        return;
    fy_page_heading(page, "What the last verdict stood on");
    fy_page_line(page, "%s: %s", fy_json_string_or(verdict, "verdict", "?"),
                 fy_json_string_or(verdict, "sentence", ""));
    json_array_foreach(json_object_get(json_object_get(verdict, "evidence"), "kpis"), index, kpi)
    {
        const json_t *source = json_object_get(kpi, "source"), *target = json_object_get(kpi, "target");
        const json_t *range = json_object_get(kpi, "odds_ratio_95");
        const char *high = json_string_value(json_array_get(range, 1));
        if (range != NULL)
            fy_page_line(page,
                         "%s: %.2f %% of %lld against %.2f %% of %lld failed, odds ratio %s (%s to %s), "
                         "evidence %s to 1; "
                         "%s points could be seen",
                         fy_json_string_or(kpi, "kpi", "?"), percent(target),
                         (long long)json_integer_value(json_array_get(target, 0)), percent(source),
                         (long long)json_integer_value(json_array_get(source, 0)),
                         fy_json_string_or(kpi, "odds_ratio", "?"),
                         json_string_value(json_array_get(range, 0)), high != NULL ? high : "any",
                         fy_json_string_or(kpi, "e", "?"), fy_json_string_or(kpi, "smallest_points", "?"));
    }
}

static void put_report(struct fy_page *page, const json_t *report, bool paper)
{
    static const char *const lists[][2] = {{"course", "Course"},
                                           {"verdicts", "Checks and verdicts"},
                                           {"people", "Decisions and hand work"},
                                           {"guards", "Guards"},
                                           {"observation", "Alarms and observation"},
                                           {"trouble", "What went wrong, and restarts of the engine"}};
    const json_t *audit = json_object_get(report, "audit");
    put_outcome(page, json_object_get(report, "upgrade"));
    put_figures(page, report);
    fy_page_heading(page,
                    paper ? "Table 1, and the paper's" : "Users and KPIs: L source, R target, success in %");
    fy_table1(page, json_object_get(report, "kpis"), paper);
    for (size_t i = 0; i < FY_COUNT(lists); i++)
        put_list(page, json_object_get(report, lists[i][0]), lists[i][1]);
    put_verdict(page, json_object_get(json_object_get(report, "upgrade"), "verdict"));
    put_handed_over(page, json_object_get(report, "upgrade"));
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
