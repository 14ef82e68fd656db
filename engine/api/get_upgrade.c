/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: their views, as the engine writes them, and their records. */
#include "api/route.h"

#include "api/auth.h"
#include "api/records.h"
#include "api/server.h"
#include "base/mem.h"
#include "journal/export.h"
#include "run/view/rejudge.h"

#include <string.h>

/* ?tenant= ?function= ?live=1 ?after=RUN ?limit=N: one page of what the asker may see. */
struct page {
    struct fy_exchange *exchange;
    const char *tenant, *function;
    const char *after; /* NULL once it was passed */
    int64_t left;
    char *last;
    bool more;
};

static bool is(const char *wanted, const char *value)
{
    return wanted == NULL || strcmp(wanted, value) == 0;
}

/* The index has no groups: they are looked up only where a right depends on one. */
static bool may_see(struct fy_exchange *exchange, const struct fy_run_line *line)
{
    struct fy_owner owner = {0};
    struct fy_err ignored;
    if (fy_auth_allows(exchange, line->tenant, NULL, line->vnf_instance_id))
        return true;
    if (!fy_principal_has_tenant(exchange->principal, line->tenant) ||
        !fy_engine_owner(exchange->api->world.engine, line->run, &owner, &ignored))
        return false;
    bool may = fy_auth_allows(exchange, owner.tenant, owner.group, owner.function);
    fy_owner_free(&owner);
    return may;
}

static bool on_page(void *context, const struct fy_run_line *line)
{
    struct page *page = context;
    if (page->after != NULL) {
        if (strcmp(page->after, line->run) == 0)
            page->after = NULL;
        return false;
    }
    if (page->more || !is(page->tenant, line->tenant) || !is(page->function, line->vnf_instance_id) ||
        !may_see(page->exchange, line))
        return false;
    page->more = page->left == 0;
    if (page->more)
        return false;
    page->left--;
    free(page->last);
    page->last = fy_strdup(line->run);
    return true;
}

static void link_next(struct fy_exchange *exchange, const struct page *page, int64_t limit)
{
    if (!page->more || page->last == NULL)
        return;
    FY_AUTO(fy_free_ptr)
    char *link =
        fy_format("</v1/upgrades?after=%s&limit=%lld%s%s%s%s%s>; rel=\"next\"", page->last, (long long)limit,
                  page->tenant != NULL ? "&tenant=" : "", page->tenant != NULL ? page->tenant : "",
                  page->function != NULL ? "&function=" : "", page->function != NULL ? page->function : "",
                  fy_exchange_query(exchange, "live") != NULL ? "&live=1" : "");
    (void)MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_LINK, link);
}

void fy_get_upgrades(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    struct page page = {.exchange = exchange,
                        .tenant = fy_exchange_query(exchange, "tenant"),
                        .function = fy_exchange_query(exchange, "function"),
                        .after = fy_exchange_query(exchange, "after")};
    const struct fy_list_wish wish = {
        .live_only = fy_exchange_query(exchange, "live") != NULL, .wanted = on_page, .context = &page};
    int64_t limit = 0;
    if (fy_exchange_number(exchange, "limit", 1, 1000, &limit, &err) &&
        (page.left = limit, fy_engine_list(exchange->api->world.engine, &wish, &buf, &err))) {
        fy_answer_json(exchange, 200, &buf);
        link_next(exchange, &page, limit);
    } else {
        fy_answer_problem(exchange, &err, NULL);
    }
    free(page.last);
}

static void answer_view(struct fy_exchange *exchange, bool (*show)(struct fy_engine *engine, const char *run,
                                                                   struct fy_buf *buf, struct fy_err *err))
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (show(exchange->api->world.engine, exchange->args[0], &buf, &err))
        fy_answer_json(exchange, 200, &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}

void fy_get_upgrade(struct fy_exchange *exchange)
{
    answer_view(exchange, fy_engine_show);
}

void fy_get_plan(struct fy_exchange *exchange)
{
    answer_view(exchange, fy_engine_show_plan);
}

void fy_get_instances(struct fy_exchange *exchange)
{
    answer_view(exchange, fy_engine_show_instances);
}

void fy_get_judge(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    struct fy_rejudge settings;
    if (fy_exchange_number(exchange, "margin_bp", 1, FY_REJUDGE_AS_IT_WAS, &settings.margin_bp, &err) &&
        fy_exchange_number(exchange, "alpha_bp", 1, FY_REJUDGE_AS_IT_WAS, &settings.alpha_bp, &err) &&
        fy_engine_rejudge(exchange->api->world.engine, exchange->args[0], &settings, &buf, &err))
        fy_answer_json(exchange, 200, &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}

void fy_get_kpis(struct fy_exchange *exchange)
{
    answer_view(exchange, fy_engine_show_kpis);
}

/* Where a reader wants to go on: ?after=, or what an event stream remembered. */
static bool read_cursor(struct fy_exchange *exchange, int64_t *ret_after, struct fy_err *err)
{
    const char *last = fy_exchange_header(exchange, "Last-Event-ID");
    int64_t otherwise = last != NULL ? strtoll(last, NULL, 10) : 0;
    return fy_exchange_number(exchange, "after", 0, otherwise < 0 ? 0 : otherwise, ret_after, err);
}

/* For a stream, whose answer begins before its first record is read. */
static bool run_exists(struct fy_exchange *exchange, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    uint64_t last = 0;
    return fy_records_read(exchange->api, exchange->args[0], 0, 1, fy_record_json, &buf, &last, err);
}

static bool put_journal(struct fy_exchange *exchange, int64_t after, struct fy_buf *buf, struct fy_err *err)
{
    int64_t limit = 0;
    uint64_t last = 0;
    FY_AUTO(fy_buf_free) struct fy_buf records = {0};
    if (!fy_exchange_number(exchange, "limit", 1, 1000, &limit, err) ||
        !fy_records_read(exchange->api, exchange->args[0], (uint64_t)after, (uint64_t)limit, fy_record_json,
                         &records, &last, err))
        return false;
    fy_buf_text(buf, "{\"records\":[");
    fy_buf_put(buf, records.data, records.length);
    fy_buf_format(buf, "],\"last\":%llu}", (unsigned long long)last);
    return true;
}

void fy_get_journal(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    int64_t after = 0;
    bool stream = fy_exchange_accepts(exchange, "text/event-stream");
    if (!read_cursor(exchange, &after, &err) || (stream && !run_exists(exchange, &err)))
        fy_answer_problem(exchange, &err, NULL);
    else if (stream)
        fy_stream_begin(exchange, exchange->args[0], (uint64_t)after);
    else if (put_journal(exchange, after, &buf, &err))
        fy_answer_json(exchange, 200, &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}

static bool put_piece(void *context, const char *bytes, size_t length)
{
    fy_buf_put(context, bytes, length);
    return true;
}

void fy_get_export(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (fy_export_run(exchange->api->world.store, exchange->args[0], put_piece, &buf, &err))
        fy_answer_text(exchange, 200, "application/x-ndjson", &buf);
    else
        fy_answer_problem(exchange, &err, NULL);
}
