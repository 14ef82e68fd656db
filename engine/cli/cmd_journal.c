/* SPDX-License-Identifier: Apache-2.0 */
/* ferry journal: a line a record; with --follow for ever, through restarts of ferryd. */
#include "cli/client.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define RECORDS_AT_ONCE 1000

struct printing {
    bool json;
    int64_t last;
    bool final; /* the run will write no more */
};

static bool is_final(const json_t *record)
{
    static const char *const finals[] = {"COMMITTED", "ROLLED_BACK", "FAILED"};
    const json_t *body = json_object_get(record, "body");
    const char *to = fy_json_string_or(body, "to", "");
    if (strcmp(fy_json_string_or(record, "name", ""), "state changed") != 0)
        return false;
    for (size_t i = 0; i < FY_COUNT(finals); i++)
        if (strcmp(to, finals[i]) == 0)
            return true;
    return false;
}

static void print_record(struct printing *printing, const json_t *record)
{
    char clock[16];
    printing->last = fy_json_int_or(record, "seq", printing->last);
    printing->final = printing->final || is_final(record);
    if (printing->json) {
        (void)json_dumpf(record, stdout, JSON_COMPACT);
        (void)putchar('\n');
        return;
    }
    (void)printf("%6lld  %s  %-16s %s\n", (long long)printing->last,
                 fy_clock_words(fy_json_int_or(record, "time_ms", 0), clock),
                 fy_json_string_or(record, "name", "?"), fy_json_string_or(record, "text", ""));
}

static bool print_all(struct fy_cli *cli, struct printing *printing, struct fy_err *err)
{
    for (;;) {
        FY_AUTO(fy_json_unref)
        json_t *doc = fy_client_get(cli->client, err, "/v1/upgrades/%s/journal?after=%lld&limit=%d",
                                    cli->args[0], (long long)printing->last, RECORDS_AT_ONCE);
        if (doc == NULL)
            return false;
        const json_t *records = json_object_get(doc, "records");
        const json_t *record = NULL;
        size_t index = 0;
        json_array_foreach(records, index, record) print_record(printing, record);
        if (json_array_size(records) < RECORDS_AT_ONCE)
            return true;
    }
}

static bool on_line(void *context, const char *data)
{
    struct printing *printing = context;
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *record = fy_json_parse(data, strlen(data), "record", &err);
    if (record != NULL)
        print_record(printing, record);
    (void)fflush(stdout);
    return !printing->final && ferror(stdout) == 0;
}

int fy_cmd_journal(struct fy_cli *cli)
{
    struct printing printing = {.json = cli->json};
    struct fy_err err = {0};
    if (!fy_cli_number(cli, "after", 0, 0, &printing.last))
        return FY_EXIT_USAGE;
    if (fy_cli_option(cli, "follow") == NULL)
        return print_all(cli, &printing, &err) ? FY_EXIT_OK : fy_cli_fail(&err);
    while (!printing.final && ferror(stdout) == 0) {
        FY_AUTO(fy_free_ptr)
        char *path = fy_format("/v1/upgrades/%s/journal?after=%lld", cli->args[0], (long long)printing.last);
        if (!fy_client_follow(cli->client, path, on_line, &printing, &err))
            return fy_cli_fail(&err);
    }
    return FY_EXIT_OK;
}
