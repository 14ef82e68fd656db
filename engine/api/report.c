/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: what the morning meeting asks, gathered from the views and from the records that count
 * (decisions, verdicts, guards, checks). As JSON; the ferry command makes a page of it.
 */
#include "api/route.h"

#include "api/records.h"
#include "api/server.h"
#include "base/mem.h"

struct gathering {
    struct fy_buf records;
    uint64_t seq;
    char hash[FY_SHA256_HEX];
};

static bool belongs_in_report(uint32_t kind)
{
    static const enum fy_record_kind wanted[] = {
        FY_REC_STATE_CHANGED, FY_REC_COMMAND,         FY_REC_APPROVAL_ASKED, FY_REC_APPROVAL_GIVEN,
        FY_REC_VERDICT,       FY_REC_GUARD_TAKEN,     FY_REC_GUARD_RELEASED, FY_REC_RESUMED,
        FY_REC_CHECKED,       FY_REC_PROGRAM_STARTED, FY_REC_PHASE,
    };
    for (size_t i = 0; i < FY_COUNT(wanted); i++)
        if ((uint32_t)wanted[i] == kind)
            return true;
    return false;
}

static bool gather(void *context, const struct fy_row *row)
{
    struct gathering *gathering = context;
    if (belongs_in_report(row->kind))
        fy_record_json(row, &gathering->records);
    gathering->seq = row->seq;
    fy_sha256_hex(row->hash, gathering->hash);
    return true;
}

typedef bool show_function(struct fy_engine *engine, const char *run, struct fy_buf *buf, struct fy_err *err);

/* A view as a member; a run that has none yet (no plan before its start) has no such member. */
static void put_view(struct fy_exchange *exchange, const char *member, show_function *show,
                     struct fy_buf *buf)
{
    FY_AUTO(fy_buf_free) struct fy_buf view = {0};
    struct fy_err ignored;
    if (show(exchange->api->world.engine, exchange->args[0], &view, &ignored))
        fy_buf_member_raw(buf, member, view.data);
}

void fy_get_report(struct fy_exchange *exchange)
{
    struct fy_api_world *world = &exchange->api->world;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    FY_AUTO(fy_buf_free) struct fy_buf view = {0};
    struct gathering gathering = {.seq = 0};
    struct fy_err err;
    if (!fy_engine_show(world->engine, exchange->args[0], &view, &err) ||
        !world->store->read(world->store, exchange->args[0], 0, gather, &gathering, &err)) {
        fy_buf_free(&gathering.records);
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    fy_buf_open(&buf, '{');
    fy_buf_member_raw(&buf, "upgrade", view.data);
    put_view(exchange, "plan", fy_engine_show_plan, &buf);
    put_view(exchange, "kpis", fy_engine_show_kpis, &buf);
    put_view(exchange, "instances", fy_engine_show_instances, &buf);
    fy_buf_format(&buf, ",\"records\":[%s]", gathering.records.length > 0 ? gathering.records.data : "");
    fy_buf_format(&buf, ",\"audit\":{\"records\":%llu,\"hash\":\"%s\"}", (unsigned long long)gathering.seq,
                  gathering.hash);
    fy_buf_close(&buf, '}');
    fy_buf_free(&gathering.records);
    fy_answer_json(exchange, 200, &buf);
}
