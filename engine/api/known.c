/* SPDX-License-Identifier: Apache-2.0 */
#include "api/known.h"

#include "api/server.h"
#include "base/mem.h"
#include "base/time.h"

/* An adapter that was not heard of yet may be of any kind; the run's checks meet it again. */
static unsigned kinds_of(const struct fy_adapter_info *info)
{
    static const struct {
        uint32_t declared;
        unsigned kind;
    } kinds[] = {
        {FERRY_KIND_VIM, FY_CONNECTION_VIM},
        {FERRY_KIND_NF, FY_CONNECTION_NF},
        {FERRY_KIND_KPI, FY_CONNECTION_KPI},
    };
    if (info->name == NULL)
        return ~0u;
    unsigned bits = 1u << FY_CONNECTION_EMS;
    for (size_t i = 0; i < FY_COUNT(kinds); i++)
        if ((info->kinds & kinds[i].declared) != 0)
            bits |= 1u << kinds[i].kind;
    return bits;
}

static size_t count_tenants(const struct fy_adapter_info *info)
{
    size_t count = 0;
    while (info->tenants != NULL && info->tenants[count] != NULL)
        count++;
    return count;
}

static struct fy_known_connection *known_connections(const struct fy_adapters *adapters, size_t *ret_count)
{
    const struct fy_adapter_info *info = NULL;
    size_t count = 0;
    while (adapters->at(adapters->self, count) != NULL)
        count++;
    struct fy_known_connection *known = FY_NEW_ARRAY(struct fy_known_connection, count + 1);
    for (size_t i = 0; i < count && (info = adapters->at(adapters->self, i)) != NULL; i++)
        known[i] = (struct fy_known_connection){.name = info->connection,
                                                .kinds = kinds_of(info),
                                                .tenants = info->tenants,
                                                .tenant_count = count_tenants(info)};
    *ret_count = count;
    return known;
}

bool fy_order_is_known(struct fy_api *api, const struct fy_order *order, int64_t now_ms,
                       struct fy_refusal *ret_refusal, struct fy_err *err)
{
    const struct fy_api_world *world = &api->world;
    struct fy_order_known known = {.now_ms = now_ms, .zone_exists = fy_zone_exists};
    FY_AUTO(fy_free_ptr)
    struct fy_known_connection *connections = known_connections(world->adapters, &known.connection_count);
    FY_AUTO(fy_free_ptr)
    struct fy_known_workflow *workflows = FY_NEW_ARRAY(struct fy_known_workflow, world->workflow_count + 1);
    for (size_t i = 0; i < world->workflow_count; i++)
        workflows[i] = (struct fy_known_workflow){.name = world->workflows[i].name,
                                                  .version = world->workflows[i].version};
    known.connections = connections;
    known.workflows = workflows;
    known.workflow_count = world->workflow_count;
    known.receivers = world->receivers;
    while (world->receivers != NULL && world->receivers[known.receiver_count] != NULL)
        known.receiver_count++;
    known.kpis = world->kpis;
    while (world->kpis != NULL && world->kpis[known.kpi_count] != NULL)
        known.kpi_count++;
    return fy_order_admit(order, &known, ret_refusal, err);
}

bool fy_order_connections_heard(struct fy_api *api, const struct fy_order *order)
{
    const struct fy_adapters *adapters = api->world.adapters;
    for (size_t i = 0; i < order->vnf.connection_count; i++) {
        const struct fy_adapter_info *info =
            adapters->describe(adapters->self, order->vnf.connections[i].ref);
        if (info != NULL && info->state == FY_ADAPTER_STARTING)
            return false;
    }
    return true;
}
