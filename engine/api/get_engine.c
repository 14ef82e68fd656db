/* SPDX-License-Identifier: Apache-2.0 */
/* The engine itself: is it up, what does it know. */
#include "api/auth.h"
#include "api/route.h"

#include "api/server.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

void fy_get_health(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_text(&buf, "{\"status\":\"ok\"}");
    fy_answer_json(exchange, 200, &buf);
}

void fy_get_ready(struct fy_exchange *exchange)
{
    const char *trouble = fy_journal_trouble(exchange->api->world.journal);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "status", trouble == NULL ? "ready" : "store unavailable");
    if (exchange->trusted)
        fy_buf_member(&buf, "store_trouble", trouble);
    fy_buf_close(&buf, '}');
    fy_answer_json(exchange, trouble == NULL ? 200 : 503, &buf);
}

struct run_counts {
    int64_t live, total;
};

static bool count_run(void *context, const struct fy_run_line *line)
{
    struct run_counts *counts = context;
    counts->total++;
    counts->live += line->final ? 0 : 1;
    return true;
}

void fy_get_engine(struct fy_exchange *exchange)
{
    struct fy_api_world *world = &exchange->api->world;
    struct run_counts counts = {0};
    struct fy_err err;
    if (!world->store->runs(world->store, false, count_run, &counts, &err)) {
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    uint64_t commits = 0;
    uint64_t rows = 0;
    fy_journal_counts(world->journal, &commits, &rows);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_open(&buf, '{');
    fy_buf_member(&buf, "version", FERRY_VERSION);
    fy_buf_member_int(&buf, "pid", getpid());
    fy_buf_member_int(&buf, "epoch", (int64_t)world->store->epoch);
    fy_buf_member_int(&buf, "started_ms", world->started_ms);
    fy_buf_member(&buf, "store", world->store->name);
    fy_buf_member(&buf, "store_trouble", fy_journal_trouble(world->journal));
    fy_buf_key(&buf, "runs");
    fy_buf_open(&buf, '{');
    fy_buf_member_int(&buf, "live", counts.live);
    fy_buf_member_int(&buf, "total", counts.total);
    fy_buf_close(&buf, '}');
    fy_buf_member_int(&buf, "commits", (int64_t)commits);
    fy_buf_member_int(&buf, "records", (int64_t)rows);
    fy_buf_close(&buf, '}');
    fy_answer_json(exchange, 200, &buf);
}

static void put_adapter(const struct fy_adapter_info *info, bool whole, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "connection", info->connection);
    fy_buf_member(buf, "plugin", info->plugin);
    fy_buf_member(buf, "state", fy_adapter_state_name(info->state));
    fy_buf_member(buf, "problem", info->problem);
    fy_buf_member(buf, "name", info->name);
    fy_buf_member(buf, "version", info->version);
    fy_buf_member(buf, "sha256", info->sha256);
    if (info->name != NULL) {
        fy_buf_member(buf, "mobility", fy_mobility_name(info->mobility));
        fy_buf_member_bool(buf, "simulated", info->simulated);
        fy_buf_member_int(buf, "verbs", (int64_t)info->verb_count);
    }
    fy_buf_key(buf, "tenants");
    fy_buf_open(buf, '[');
    for (const char *const *tenant = info->tenants; tenant != NULL && *tenant != NULL; tenant++) {
        if (tenant != info->tenants)
            fy_buf_put(buf, ",", 1);
        fy_buf_json_string(buf, *tenant, strlen(*tenant));
    }
    fy_buf_close(buf, ']');
    if (whole)
        fy_buf_member_raw(buf, "description", info->description);
    fy_buf_close(buf, '}');
}

void fy_get_catalogue(struct fy_exchange *exchange)
{
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_show_kpi_catalogue(&buf);
    fy_answer_json(exchange, 200, &buf);
}

void fy_get_adapters(struct fy_exchange *exchange)
{
    const struct fy_adapters *adapters = exchange->api->world.adapters;
    const struct fy_adapter_info *info = NULL;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_text(&buf, "{\"adapters\":[");
    for (size_t i = 0; (info = adapters->at(adapters->self, i)) != NULL; i++)
        if (fy_auth_sees_connection(exchange, info->tenants))
            put_adapter(info, false, &buf);
    fy_buf_text(&buf, "]}");
    fy_answer_json(exchange, 200, &buf);
}

void fy_get_adapter(struct fy_exchange *exchange)
{
    const struct fy_adapters *adapters = exchange->api->world.adapters;
    const struct fy_adapter_info *info = adapters->describe(adapters->self, exchange->args[0]);
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    struct fy_err err;
    if (info == NULL || !fy_auth_sees_connection(exchange, info->tenants)) {
        (void)fy_fail(&err, FY_ERR_NOT_FOUND, "there is no connection %.100s", exchange->args[0]);
        (void)fy_hint(&err, "connections are configured in connections.json beside the store");
        fy_answer_problem(exchange, &err, NULL);
        return;
    }
    put_adapter(info, true, &buf);
    fy_answer_json(exchange, 200, &buf);
}

static void put_workflow(const struct fy_workflow *workflow, bool whole, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "name", workflow->name);
    fy_buf_member_int(buf, "version", workflow->version);
    fy_buf_member_int(buf, "api", workflow->api);
    fy_buf_member_raw(buf, "needs", workflow->needs);
    fy_buf_member_raw(buf, "params", workflow->params);
    fy_buf_key(buf, "texts");
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < workflow->text_count; i++) {
        const struct fy_script_text *text = &workflow->texts[i];
        fy_buf_open(buf, '{');
        fy_buf_member(buf, "role", text->role);
        fy_buf_member(buf, "sha256", text->sha256);
        if (whole) {
            fy_buf_key(buf, "text");
            fy_buf_json_string(buf, text->bytes, text->length);
        }
        fy_buf_close(buf, '}');
    }
    fy_buf_close(buf, ']');
    fy_buf_close(buf, '}');
}

void fy_get_workflows(struct fy_exchange *exchange)
{
    const struct fy_api_world *world = &exchange->api->world;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    fy_buf_text(&buf, "{\"workflows\":[");
    for (size_t i = 0; i < world->workflow_count; i++)
        put_workflow(&world->workflows[i], false, &buf);
    fy_buf_text(&buf, "]}");
    fy_answer_json(exchange, 200, &buf);
}

void fy_get_workflow(struct fy_exchange *exchange)
{
    const struct fy_api_world *world = &exchange->api->world;
    FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
    for (size_t i = 0; i < world->workflow_count; i++)
        if (strcmp(world->workflows[i].name, exchange->args[0]) == 0) {
            put_workflow(&world->workflows[i], true, &buf);
            fy_answer_json(exchange, 200, &buf);
            return;
        }
    struct fy_err err;
    (void)fy_fail(&err, FY_ERR_NOT_FOUND, "there is no workflow %.100s in the catalogue", exchange->args[0]);
    (void)fy_hint(&err, "\"ferry workflow list\" shows what there is");
    fy_answer_problem(exchange, &err, NULL);
}
